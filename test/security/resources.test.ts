// What hostile peers cost a server: memory, descriptors, and the time of an innocent bystander. The server is a process of its own.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { constants, deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAsClient } from "../conformance/handshake.mjs";
import { Session } from "../conformance/session.mjs";
import { runtime, startServer } from "../conformance/subjects.mjs";
import { Prng } from "../support/prng.ts";

const MIB = 0x100000;
const PATIENCE = 20_000;
/** Noise of a busy machine: the best of so many runs counts. */
const RUNS = 3;
/** Worst echo time of a bystander while a flood is on, in milliseconds. */
const BYSTANDER = 250;
const DEFLATE = "permessage-deflate; client_max_window_bits";

let target: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  // A small young generation, so that what grows is what is kept.
  target = await startServer([...(runtime("node") as string[]), "--max-semi-space-size=1"], "target.mjs", ["2000"]);
});

afterAll(async () => {
  expect(target.hasExited()).toBe(false);
  expect(target.errors.join("")).toBe("");
  await target.stop();
});

interface Usage {
  rss: number;
  used: number;
  descriptors: number;
}

async function open(path = "/", offer?: string): Promise<Session> {
  return new Session(await openAsClient(target.url + path, { offer, patience: PATIENCE }), true);
}

async function usage(): Promise<Usage> {
  const session = await open("/memory");
  session.isRecording = false;
  await session.send("81 2a");
  const message = await session.receive(PATIENCE);
  session.destroy();
  return JSON.parse(message.payload.toString()) as Usage;
}

/** Resident memory now: of the kernel on Linux, so that a blocked server cannot delay the answer. */
function resident(): number {
  if (process.platform !== "linux") return 0;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${target.pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}

/** Echoes of a bystander, one after the other, until it is stopped: the longest took so many milliseconds. */
async function watchBystander(): Promise<() => Promise<number>> {
  const session = await open();
  session.isRecording = false;
  const state = { isOver: false };
  let worst = 0;
  const watching = (async () => {
    while (!state.isOver) {
      const start = performance.now();
      await session.send("81 2a");
      if ((await session.receive(PATIENCE)) === null) throw new Error("no echo for the bystander");
      worst = Math.max(worst, performance.now() - start);
      await sleep(5);
    }
  })();
  return async () => {
    state.isOver = true;
    await watching;
    session.destroy();
    return worst;
  };
}

interface Cost {
  growth: number;
  kept: number;
  worst: number;
}

/** Runs an attack: how much memory grew at most, how much is still in use afterwards, how long a bystander waited. */
async function costOf(attack: () => Promise<void>): Promise<Cost> {
  const before = await usage();
  const stop = await watchBystander();
  let most = before.rss;
  const timer = setInterval(() => (most = Math.max(most, resident())), 5);
  try {
    await attack();
  } finally {
    clearInterval(timer);
  }
  const worst = await stop();
  const after = await usage();
  return { growth: most - before.rss, kept: after.used - before.used, worst };
}

async function expectCost(attack: () => Promise<void>, mebibytes: number, keptMebibytes = 2): Promise<void> {
  const best: Cost = { growth: Infinity, kept: Infinity, worst: Infinity };
  for (let i = 0; i < RUNS; i++) {
    const cost = await costOf(attack);
    best.growth = Math.min(best.growth, cost.growth);
    best.kept = Math.min(best.kept, cost.kept);
    best.worst = Math.min(best.worst, cost.worst);
    if (best.growth <= mebibytes * MIB && best.worst < BYSTANDER) break;
  }
  if (process.env["WSASM_FIGURES"]) console.log(JSON.stringify(best));
  expect(best.growth / MIB).toBeLessThanOrEqual(mebibytes);
  expect(best.kept / MIB).toBeLessThanOrEqual(keptMebibytes);
  expect(best.worst).toBeLessThan(BYSTANDER);
}

/** An open connection that does not read, as a plain socket. */
async function openDeaf(path = "/"): Promise<Socket> {
  const { socket } = await openAsClient(target.url + path, { offer: undefined, patience: PATIENCE });
  socket.on("error", () => {});
  socket.pause();
  return socket;
}

/** Writes octets so many times, as far as they are taken; gives up where nothing moves for a while. */
async function flood(socket: Socket, octets: Buffer, times: number): Promise<number> {
  for (let i = 0; i < times; i++) {
    if (socket.destroyed) return i;
    if (socket.write(octets)) continue;
    const drained = await Promise.race([once(socket, "drain").then(() => true), sleep(300).then(() => false)]);
    if (!drained) return i;
  }
  return times;
}

const frame = (first: number, payload: Buffer): Buffer => {
  const { head, body } = encode(first, payload);
  return Buffer.concat([head, body]);
};

/** A frame with the masking key 0. */
function encode(first: number, payload: Buffer): { head: Buffer; body: Buffer } {
  const length = payload.length;
  const field = Buffer.alloc(length < 126 ? 1 : length < 0x10000 ? 3 : 9);
  if (field.length === 1) field[0] = length;
  else if (field.length === 3) field.writeUInt16BE(length, 1);
  else field.writeBigUInt64BE(BigInt(length), 1);
  field[0] = (field.length === 1 ? length : field.length === 3 ? 126 : 127) | 0x80;
  return { head: Buffer.concat([Buffer.of(first), field, Buffer.alloc(4)]), body: payload };
}

const repeat = (octets: Buffer, times: number): Buffer => Buffer.concat(Array.from({ length: times }, () => octets));

const ZEROS = deflateRawSync(Buffer.alloc(MIB), { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
const BOMB = repeat(ZEROS, 512);

async function bomb(): Promise<void> {
  const session = await open("/", DEFLATE);
  await session.send({ first: 0xc1, payload: BOMB });
  await session.until(() => session.hasEnded, PATIENCE);
  expect(session.closeCode).toBe(1009);
  session.destroy();
}

/** Sends octets so many times, then asks for a sign of life in the same connection: everything was taken by then. */
async function floodThenPing(octets: Buffer, times: number, before: Buffer = Buffer.alloc(0)): Promise<void> {
  const { socket } = await openAsClient(target.url, { offer: undefined, patience: PATIENCE });
  let tail = "";
  const seen = { pong: false };
  socket
    .on("error", () => {})
    .on("data", (chunk: Buffer) => {
      tail += chunk.toString("latin1");
      seen.pong ||= tail.includes("alive");
      tail = tail.slice(-4);
    });
  socket.resume();
  socket.write(before);
  await flood(socket, octets, times);
  socket.write(frame(0x89, Buffer.from("alive")));
  const deadline = performance.now() + PATIENCE;
  while (!seen.pong && performance.now() < deadline) await sleep(5);
  expect(seen.pong).toBe(true);
  socket.destroy();
}

describe("memory and the bystander, in the worst moment", { tags: ["slow"] }, () => {
  beforeAll(async () => {
    // What is loaded and compiled with the first of its kind is no growth.
    await bomb();
    await floodThenPing(repeat(frame(0x81, Buffer.alloc(60_000, 97)), 10), 10);
  });

  test("a bomb of 512 MiB: 8 MiB", () => expectCost(bomb, 8));

  test("20 of them at once: 40 MiB", () =>
    expectCost(async () => void (await Promise.all(Array.from({ length: 20 }, bomb))), 40));

  test("1 MB in fragments of an octet: 3 MiB", () =>
    expectCost(() => floodThenPing(repeat(frame(0x00, Buffer.of(97)), 10_000), 100, frame(0x01, Buffer.of(97))), 3));

  test("a million empty fragments: 8 MiB", () =>
    expectCost(
      () => floodThenPing(repeat(frame(0x00, Buffer.alloc(0)), 10_000), 100, frame(0x01, Buffer.alloc(0))),
      8,
    ));

  test("a million pings whose pongs are not read: 16 MiB", () =>
    expectCost(async () => {
      const socket = await openDeaf();
      await flood(socket, repeat(frame(0x89, Buffer.alloc(125, 97)), 1000), 1000);
      socket.destroy();
    }, 16));

  test("100,000 pings to an application that does not read: 16 MiB", () =>
    expectCost(async () => {
      const socket = await openDeaf("/deaf");
      await flood(socket, repeat(frame(0x89, Buffer.alloc(125, 97)), 1000), 100);
      socket.destroy();
    }, 16));

  test("a client that asks for 512 MiB and does not read: 16 MiB", () =>
    expectCost(async () => {
      const socket = await openDeaf();
      const sent = await flood(socket, frame(0x82, Buffer.alloc(MIB / 2)), 1024);
      expect(sent).toBeLessThan(1024);
      socket.destroy();
    }, 16));

  test("512 MiB to an application that does not read: 16 MiB", () =>
    expectCost(
      async () => {
        const socket = await openDeaf("/deaf");
        const sent = await flood(socket, frame(0x82, Buffer.alloc(MIB / 2)), 1024);
        expect(sent).toBeLessThan(1024);
        // It is not read to its end, so it stays with its queue of 1 MiB and more until keepalive gives it up.
        socket.destroy();
      },
      16,
      4,
    ));

  test("100 frames of 1 MiB that are announced and not sent: 8 MiB", () =>
    expectCost(async () => {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => openDeaf()));
      for (const socket of sockets) socket.write(encode(0x82, Buffer.alloc(MIB)).head);
      await sleep(200);
      for (const socket of sockets) socket.destroy();
    }, 8));

  test("100 requests of 60 KiB that do not end: 16 MiB", () =>
    expectCost(async () => {
      const { port } = new URL(target.url);
      const head = `GET / HTTP/1.1\r\n${`X: ${"y".repeat(1000)}\r\n`.repeat(59)}`;
      const sockets = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = connect({ host: "127.0.0.1", port: Number(port) });
          socket.on("error", () => {});
          await once(socket, "connect");
          socket.write(head);
          return socket;
        }),
      );
      await sleep(200);
      for (const socket of sockets) socket.destroy();
    }, 16));
});

test("handshakes and a byte now and then are dropped at openTimeout", { tags: ["slow"] }, async () => {
  const { port } = new URL(target.url);
  const sockets = Array.from({ length: 100 }, () => {
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.on("error", () => {}).resume();
    return socket;
  });
  const closed = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on("close", resolve))));
  const drip = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write("G");
  }, 50);
  const isClosed = await Promise.race([closed.then(() => true), sleep(15_000).then(() => false)]);
  clearInterval(drip);
  for (const socket of sockets) socket.destroy();
  expect(isClosed).toBe(true);
});

test("2,000 connections dropped in any state leave nothing", { tags: ["slow"] }, async () => {
  const prng = new Prng();
  const { port, host } = new URL(target.url);
  const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
  const session = Buffer.concat([
    Buffer.from(request),
    frame(0x81, Buffer.from("hello")),
    frame(0x02, Buffer.alloc(3000)),
    frame(0x89, Buffer.alloc(9)),
    frame(0x80, Buffer.alloc(300)),
    frame(0x88, Buffer.from([3, 232])),
  ]);
  const drop = async (): Promise<void> => {
    const socket = connect({ host: "127.0.0.1", port: Number(port) });
    socket.on("error", () => {}).resume();
    await once(socket, "connect");
    socket.write(session.subarray(0, prng.between(0, session.length)));
    if (prng.chance(0.5)) await sleep(prng.below(5));
    const ending = prng.pick(["resetAndDestroy", "destroy", "end"] as const);
    socket[ending]();
    await Promise.race([new Promise((resolve) => socket.on("close", resolve)), sleep(socket.closed ? 0 : 3000)]);
    socket.destroy();
  };
  const round = async (count: number): Promise<Usage> => {
    for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, drop));
    let seen = await usage();
    for (let i = 0; i < 40 && seen.descriptors > before.descriptors; i++) {
      await sleep(100);
      seen = await usage();
    }
    return seen;
  };
  let before: Usage = { rss: 0, used: 0, descriptors: Infinity };
  await round(200);
  before = await usage();
  const after = await round(2000);
  expect(after.descriptors, `seed ${prng.seed}`).toBeLessThanOrEqual(before.descriptors);
  expect((after.rss - before.rss) / MIB, `seed ${prng.seed}`).toBeLessThanOrEqual(16);
  expect((after.used - before.used) / MIB, `seed ${prng.seed}`).toBeLessThanOrEqual(4);
});
