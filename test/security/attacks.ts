// Attacks on a victim, server or client, each with the memory that it may cost (in the worst moment, and kept for good).
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { constants, deflateRawSync } from "node:zlib";
import { expect } from "vitest";
import { FrameReader } from "../conformance/wire.mjs";
import type { Prng } from "../support/prng.ts";
import { PATIENCE, type Victim } from "./victim.ts";

export const MIB = 0x100000;
/** Without it, as in continuous integration, floods are a tenth as long and fewer connections are dropped. */
export const IS_FULL: boolean = process.env["WSASM_FULL"] === "1";
const MANY = IS_FULL ? 1_000_000 : 100_000;
const DROPS = IS_FULL ? 10_000 : 2000;

export interface Attack {
  readonly what: string;
  /** Most growth of resident memory, in MiB. */
  readonly bound: number;
  /** Whether that is what is left at the end, and not the most that there was. */
  readonly isLasting?: boolean;
  /** Most growth of the memory in use, in MiB. */
  readonly kept?: number;
  /** Connections that stay for a while, as nobody reads them: keepalive gives them up. */
  readonly left?: number;
  readonly run: (victim: Victim) => Promise<void>;
}

/** Writes octets so many times, as far as they are taken: gives up where nothing moves for `patience` milliseconds. */
async function flood(socket: Socket, octets: Buffer, times: number, patience: number): Promise<number> {
  for (let i = 0; i < times; i++) {
    if (socket.destroyed) return i;
    if (socket.write(octets)) continue;
    const aborting = new AbortController();
    const drained = once(socket, "drain", { signal: aborting.signal }).then(
      () => true,
      () => false,
    );
    const closed = once(socket, "close", { signal: aborting.signal }).then(
      () => false,
      () => false,
    );
    const hasRoom = await Promise.race([drained, closed, sleep(patience, false, { ref: false })]);
    aborting.abort();
    if (!hasRoom) return i;
  }
  return times;
}

const repeat = (octets: Buffer, times: number): Buffer => Buffer.concat(Array.from({ length: times }, () => octets));

const BLOCK = 1000;
/** How long nothing moves when a victim does not read any more. */
const STILL = 500;

const ZEROS = deflateRawSync(Buffer.alloc(MIB), { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
const BOMB = repeat(ZEROS, 512);

async function bomb(victim: Victim): Promise<void> {
  const session = await victim.session(true);
  await session.send({ first: 0xc1, payload: BOMB });
  await session.until(() => session.hasEnded, PATIENCE);
  expect(session.closeCode).toBe(1009);
  session.destroy();
}

const bombs = async (victim: Victim, count: number): Promise<void> => {
  await Promise.all(Array.from({ length: count }, () => bomb(victim)));
};

const NOTHING = Buffer.alloc(0);
const OCTET = Buffer.of(97);
const SIGN_OF_LIFE = Buffer.from("alive");

/** Sends frames, then asks for a sign of life in the same connection: everything was taken by then. */
async function expectTaken(victim: Victim, first: Buffer, repeated: Buffer, times: number, path: "/" | "/deaf" = "/") {
  const { socket } = await victim.open(path);
  const reader = new FrameReader();
  const alive = new Promise<boolean>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      for (let answer = reader.next(); answer !== null; answer = reader.next()) {
        if (answer.payload.equals(SIGN_OF_LIFE)) resolve(true);
      }
    });
  });
  socket.write(first);
  await flood(socket, repeat(repeated, BLOCK), times / BLOCK, PATIENCE);
  socket.write(victim.frame(0x89, SIGN_OF_LIFE));
  expect(await Promise.race([alive, sleep(PATIENCE, false, { ref: false })])).toBe(true);
  socket.destroy();
}

const fragments = (victim: Victim, payload: Buffer, times: number): Promise<void> =>
  expectTaken(victim, victim.frame(0x01, payload), victim.frame(0x00, payload), times);

/** Floods a connection and never reads from it. Returns how much was taken. */
async function floodDeaf(victim: Victim, octets: Buffer, times: number, path: "/" | "/deaf" = "/"): Promise<number> {
  const { socket } = await victim.open(path);
  socket.pause();
  const taken = await flood(socket, octets, times, STILL);
  socket.destroy();
  return taken;
}

const ping = (victim: Victim): Buffer => victim.frame(0x89, Buffer.alloc(125, 97));

async function unread(victim: Victim, path: "/" | "/deaf"): Promise<void> {
  const taken = await floodDeaf(victim, victim.frame(0x82, Buffer.alloc(MIB / 2)), 1024, path);
  expect(taken).toBeLessThan(1024);
}

/** Opens sockets, writes to each, and lets go of them. */
async function hold(sockets: readonly Socket[], octets: Buffer): Promise<void> {
  for (const socket of sockets) socket.write(octets);
  await sleep(300);
  for (const socket of sockets) socket.destroy();
}

const times = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make));

/** A message of HTTP that never ends: a request, or a response. */
const endless = (victim: Victim, bytes: number): Buffer => {
  const start = victim.role === "server" ? "GET / HTTP/1.1\r\n" : "HTTP/1.1 101 Switching Protocols\r\n";
  return Buffer.from(start + `X: ${"y".repeat(1000)}\r\n`.repeat(Math.floor(bytes / 1005)));
};

async function expectDropped(socket: Socket): Promise<void> {
  const closed = new Promise<boolean>((resolve) => socket.resume().on("close", () => resolve(true)));
  expect(socket.destroyed || (await Promise.race([closed, sleep(PATIENCE, false, { ref: false })]))).toBe(true);
}

async function headerFlood(victim: Victim): Promise<void> {
  const socket = await victim.reach();
  socket.resume();
  socket.write(endless(victim, 2000));
  await flood(socket, repeat(Buffer.from("a: b\r\n"), 10_000), 170, PATIENCE);
  await expectDropped(socket);
}

/** A refusal whose body does not end, for a client; a body that is no part of a request, for a server. */
async function endlessBody(victim: Victim): Promise<void> {
  const socket = await victim.reach();
  socket.resume();
  socket.write(victim.role === "server" ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : "HTTP/1.1 400 Bad Request\r\n\r\n");
  await flood(socket, Buffer.alloc(MIB), 64, PATIENCE);
  await expectDropped(socket);
}

async function declared(victim: Victim): Promise<void> {
  for (const length of [MIB + 1, 2n ** 32n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n]) {
    const session = await victim.session();
    await session.sendRaw(victim.head(0x82, length));
    await session.until(() => session.hasEnded, PATIENCE);
    expect(session.closeCode).toBe(1009);
    session.destroy();
  }
}

/** Opens a connection and drops it anywhere in a session. */
async function drop(victim: Victim, prng: Prng): Promise<void> {
  const { socket, head } = await victim.reachWithHead();
  socket.resume();
  const session = Buffer.concat([
    head,
    victim.frame(0x81, Buffer.from("hello")),
    victim.frame(0x02, Buffer.alloc(3000)),
    victim.frame(0x89, Buffer.alloc(9)),
    victim.frame(0x80, Buffer.alloc(300)),
    victim.frame(0x88, Buffer.from([3, 232])),
  ]);
  socket.write(session.subarray(0, prng.between(0, session.length)));
  if (prng.chance(0.5)) await sleep(prng.below(5));
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const ending = prng.pick(["resetAndDestroy", "destroy", "end"] as const);
  socket[ending]();
  if (!socket.closed) await Promise.race([closed, sleep(3000, null, { ref: false })]);
  socket.destroy();
}

/** Drops connections, 50 at a time. */
export async function drops(victim: Victim, prng: Prng, count: number = DROPS): Promise<void> {
  for (let i = 0; i < count; i += 50) await times(50, () => drop(victim, prng));
}

/** A little of everything, for what must not climb. */
export async function mixture(victim: Victim, prng: Prng): Promise<void> {
  await bombs(victim, 4);
  await fragments(victim, OCTET, MANY / 10);
  await fragments(victim, NOTHING, MANY / 10);
  await floodDeaf(victim, repeat(ping(victim), BLOCK), MANY / 10 / BLOCK);
  await hold(await times(50, async () => (await victim.open()).socket), victim.head(0x82, MIB));
  await hold(await times(50, () => victim.reach()), endless(victim, 60_000));
  await drops(victim, prng, 200);
}

const count = MANY.toLocaleString("en");

export const ATTACKS: readonly Attack[] = [
  { what: "a message that inflates to 512 MiB", bound: 8, run: bomb },
  { what: "20 of them at once", bound: 40, run: (victim) => bombs(victim, 20) },
  {
    what: `${count} fragments of an octet`,
    bound: 8,
    run: (victim) => fragments(victim, OCTET, MANY),
  },
  { what: `${count} empty fragments`, bound: 8, run: (victim) => fragments(victim, NOTHING, MANY) },
  {
    what: "50 connections that send fragments at once",
    bound: 16,
    run: async (victim) => void (await times(50, () => fragments(victim, OCTET, MANY / 50))),
  },
  {
    what: `${count} pings, no pong read`,
    bound: 16,
    run: async (victim) => void (await floodDeaf(victim, repeat(ping(victim), BLOCK), MANY / BLOCK)),
  },
  {
    what: `${count} pings, for an application that reads nothing`,
    bound: 16,
    run: (victim) => expectTaken(victim, NOTHING, ping(victim), MANY, "/deaf"),
  },
  {
    what: "the same, and no pong read",
    bound: 16,
    left: 1,
    run: async (victim) => void (await floodDeaf(victim, repeat(ping(victim), BLOCK), MANY / BLOCK, "/deaf")),
  },
  { what: "a peer that wants 512 MiB and reads nothing", bound: 16, run: (victim) => unread(victim, "/") },
  {
    what: "512 MiB for an application that reads nothing",
    bound: 16,
    // It is not read to its end, so it stays with its queue of 1 MiB and more until keepalive gives it up; Bun counts buffers twice.
    kept: 8,
    left: 1,
    run: (victim) => unread(victim, "/deaf"),
  },
  {
    what: "100 frames of 1 MiB, announced and not sent",
    bound: 8,
    run: async (victim) => {
      await hold(await times(100, async () => (await victim.open()).socket), victim.head(0x82, MIB));
    },
  },
  { what: "frames of up to 2^63 octets, announced", bound: 8, run: declared },
  {
    what: "100 heads of 60 KiB that do not end",
    bound: 16,
    run: async (victim) => hold(await times(100, () => victim.reach()), endless(victim, 60_000)),
  },
  { what: "1.7 million headers", bound: 8, run: headerFlood },
  { what: "a body of 64 MiB", bound: 8, run: endlessBody },
];

/** Sends an octet now and then, on all sockets, for so many milliseconds; and waits until all are dropped. */
export async function drip(sockets: readonly Socket[], duration: number): Promise<void> {
  const dropped = Promise.all(sockets.map(expectDropped));
  const timer = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write("a");
  }, 50);
  const stopping = setTimeout(() => clearInterval(timer), duration);
  try {
    await dropped;
  } finally {
    clearTimeout(stopping);
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  }
}
