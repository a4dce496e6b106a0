// Nothing is lost between a fast sender and a slow reader: all arrives in order, TCP holds the sender up, memory stays
// bounded, and who does not read can still close.
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ROOT } from "../../build/project.mjs";
import type { Connection } from "../../src/node.ts";
import { connect, serve } from "../support/plain.ts";
import { GOOD_REQUEST, goodResponse, masked } from "../support/network.ts";
import { start } from "../repo/programs.ts";
import { memoryInUse, ROUTES, run } from "./million.mjs";
import { Peer, PeerServer, portOf, turn, until, untilStill, within } from "./support.ts";

const MIB = 0x100000;
const COUNT = 20_000;
const TOTAL = 64 * MIB;
/** More than the system holds between two sockets, and much less than all. */
const HELD_BY_TCP = TOTAL / 2;
/** What the queue of received messages may hold by default, twice; a chunk, and what moves. */
const MEMORY = 6 * MIB;
const SLACK = 1500;
/** Without compression: zeros would be gone before TCP sees them. */
const OPTIONS = { pingInterval: null, compression: null };

describe("numbered messages through a slow reader", () => {
  test.each(
    Object.keys(ROUTES).flatMap((route) =>
      [1, 4].flatMap((maxQueue) =>
        [false, true].map((pauses) => ({ route: route as keyof typeof ROUTES, maxQueue, pauses })),
      ),
    ),
  )("$route, queue of $maxQueue, pauses: $pauses", async ({ route, maxQueue, pauses }) => {
    const { stalls } = await run({ connect, serve }, route, { count: COUNT, maxQueue, pauses, tls: undefined });
    expect(stalls > 0).toBe(pauses);
  });

  test("as a program of its own, which finds memory flat", { tags: ["external"] }, async () => {
    const program = start(process.execPath, ["test/real/million.mjs", "--count", String(COUNT)], ROOT);
    const status = await program.exited(60_000);
    expect(program.output()).not.toMatch(/Error/);
    const lines = program.output().trim().split("\n");
    expect(status).toBe(0);
    expect(lines).toHaveLength(4 * Object.keys(ROUTES).length);
    for (const line of lines) expect((JSON.parse(line) as { growth: number }).growth).toBeLessThan(8 * MIB);
  });
});

/** A connection of ours that receives, and the way to send to it: resolves when the sender may go on. */
interface Pair {
  readonly ours: Connection;
  readonly send: (payload: Uint8Array) => Promise<void>;
  readonly close: () => Promise<unknown>;
}

interface Settings {
  readonly compression?: null;
  readonly pingInterval: number | null;
  readonly pingTimeout?: number;
  readonly closeTimeout?: number;
}

async function ourServer(
  settings: Settings,
): Promise<{ port: number; accepted: Promise<Connection>; close: () => Promise<void> }> {
  let accept: (ws: Connection) => void = () => {};
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  const server = await serve(async (ws) => (accept(ws), void (await ws.closed)), { ...settings, host: "127.0.0.1" });
  return { port: portOf(server), accepted, close: () => server.close() };
}

function throughTheirs(ws: WebSocket): Pair["send"] {
  return (payload) =>
    new Promise((resolve, reject) => {
      ws.send(payload, (error) => (error == null ? resolve() : reject(error)));
    });
}

function throughSocket(socket: Socket, isMasking: boolean): Pair["send"] {
  return async (payload) => {
    const header = Uint8Array.of(
      0x82,
      127,
      0,
      0,
      0,
      0,
      0,
      payload.length >> 16,
      (payload.length >> 8) & 255,
      payload.length & 255,
    );
    const short = Uint8Array.of(0x82, 126, payload.length >> 8, payload.length & 255);
    const frame = Buffer.concat([payload.length < 0x10000 ? short : header, payload]);
    if (!socket.write(isMasking ? masked(frame) : frame)) await once(socket, "drain");
  };
}

async function rawToServer(settings: Settings): Promise<Pair & { peer: Peer }> {
  const { port, accepted, close } = await ourServer(settings);
  const peer = await Peer.connect(port);
  peer.send(GOOD_REQUEST);
  return {
    ours: await accepted,
    send: throughSocket(peer.socket, true),
    close: () => (peer.socket.destroy(), close()),
    peer,
  };
}

async function rawToClient(settings: Settings): Promise<Pair & { peer: Peer }> {
  const server = await PeerServer.listen();
  const asked = server.nextRequest();
  const opening = connect(server.uri, settings).then((ws) => ws);
  const peer = await asked;
  peer.send(goodResponse(peer.text));
  return {
    ours: await opening,
    send: throughSocket(peer.socket, false),
    close: () => server[Symbol.asyncDispose](),
    peer,
  };
}

const PAIRS: Readonly<Record<string, () => Promise<Pair>>> = {
  async "a client of ws to our server"() {
    const { port, accepted, close } = await ourServer(OPTIONS);
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`);
    await once(ws, "open");
    return { ours: await accepted, send: throughTheirs(ws), close };
  },
  async "a server of ws to our client"() {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    const accepted = once(server, "connection") as Promise<[WebSocket]>;
    await once(server, "listening");
    const ours = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, OPTIONS);
    const [ws] = await accepted;
    return { ours, send: throughTheirs(ws), close: async () => (ws.terminate(), server.close(), ours.closed) };
  },
  async "our client to our server"() {
    const { port, accepted, close } = await ourServer(OPTIONS);
    const ws = await connect(`ws://127.0.0.1:${port}/`, OPTIONS);
    return { ours: await accepted, send: (payload) => ws.send(payload), close };
  },
  async "our server to our client"() {
    const { port, accepted, close } = await ourServer(OPTIONS);
    const ours = await connect(`ws://127.0.0.1:${port}/`, OPTIONS);
    const ws = await accepted;
    return { ours, send: (payload) => ws.send(payload), close };
  },
  "a plain socket to our server": () => rawToServer(OPTIONS),
  "a plain socket to our client": () => rawToClient(OPTIONS),
};

describe("64 MiB to a reader that sleeps", () => {
  test.each(Object.keys(PAIRS).flatMap((name) => [1024, 0x10000].map((size) => [name, size] as const)))(
    "%s, messages of %d bytes",
    async (name, size) => {
      const { ours, send, close } = await (PAIRS[name] as () => Promise<Pair>)();
      const before = await memoryInUse();
      let sent = 0;
      const sending = (async () => {
        for (; sent < TOTAL / size; sent++) {
          const payload = new Uint8Array(size);
          new DataView(payload.buffer).setUint32(0, sent);
          await send(payload);
        }
      })();
      expect((await untilStill(() => sent)) * size).toBeLessThan(HELD_BY_TCP);
      expect((await memoryInUse()) - before).toBeLessThan(MEMORY);
      let wrong = 0;
      for (let i = 0; i < TOTAL / size; i++) {
        const message = (await ours.recv()) as Uint8Array;
        if (message.length !== size || new DataView(message.buffer, message.byteOffset).getUint32(0) !== i) wrong++;
      }
      expect(wrong).toBe(0);
      await sending;
      expect((await memoryInUse()) - before).toBeLessThan(MEMORY);
      await within("the end", close());
    },
  );
});

test("a client that does not wait for the response: all arrives, and what comes early is bounded", async () => {
  const count = 256;
  let answer: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const received: number[] = [];
  const server = await serve(
    async (ws) => {
      for await (const message of ws) received.push((message as Uint8Array).length);
    },
    { ...OPTIONS, host: "127.0.0.1", processRequest: () => asked },
  );
  const peer = await Peer.connect(portOf(server));
  peer.send(GOOD_REQUEST);
  const before = await memoryInUse();
  let sent = 0;
  const send = throughSocket(peer.socket, true);
  const sending = (async () => {
    for (; sent < count; sent++) await send(new Uint8Array(0x10000 + sent));
  })();
  expect(await untilStill(() => sent)).toBeLessThan(count);
  expect((await memoryInUse()) - before).toBeLessThan(MEMORY);
  answer();
  await within("the sender", sending);
  await until("all messages", () => received.length === count);
  expect(received).toEqual(Array.from({ length: count }, (_, i) => 0x10000 + i));
  peer.socket.destroy();
  await within("the server to close", server.close());
});

describe("who does not read", () => {
  const DEADLINES = { ...OPTIONS, pingInterval: 200, pingTimeout: 200, closeTimeout: 300 };
  const RAW = [
    ["a server", rawToServer],
    ["a client", rawToClient],
  ] as const;

  const MANY = 200;
  let sending: Promise<void>;

  /** Fills the queue, until the socket is not read any more. */
  async function fill({ ours, send }: Pair): Promise<void> {
    sending = (async () => {
      for (let i = 0; i < MANY; i++) await send(new Uint8Array(0x10000));
    })().catch(() => {});
    await until("reading to be paused", () => ours.link.isPaused === true);
  }

  test.each(RAW)("%s learns of a reset from its own ping", async (_role, open) => {
    const pair = await open(DEADLINES);
    await fill(pair);
    const began = performance.now();
    pair.peer.reset();
    expect(await within("the end", pair.ours.closed)).toMatchObject({
      code: 1006,
      sent: null,
      error: { code: "CONNECTION_CLOSED_ERROR", cause: { code: "NETWORK_ERROR", reason: "reset" } },
    });
    expect(performance.now() - began).toBeLessThan(DEADLINES.pingInterval + SLACK);
    await within("all closed", pair.close());
  });

  test.each(
    RAW.flatMap(([role, open]) => (["silence", "half-close"] as const).map((fault) => [role, fault, open] as const)),
  )("%s stays open over %s, and can close in time", async (_role, fault, open) => {
    const pair = await open(DEADLINES);
    await fill(pair);
    if (fault === "half-close") pair.peer.socket.end();
    await new Promise((resolve) => setTimeout(resolve, DEADLINES.pingInterval + DEADLINES.pingTimeout + 100));
    expect(pair.ours.state).toBe("open");
    const began = performance.now();
    await within("the close", pair.ours.close());
    expect(performance.now() - began).toBeLessThan(DEADLINES.closeTimeout + SLACK);
    const cause = fault === "silence" ? { code: "TIMEOUT" } : { reason: "eof" };
    expect(await pair.ours.closed).toMatchObject({
      code: 1006,
      sent: { code: 1000 },
      received: null,
      error: { cause },
    });
    await within("all closed", pair.close());
  });

  test.each(RAW)("%s can close in time over a peer who does not read", async (_role, open) => {
    const { ours, peer, close } = await open(DEADLINES);
    peer.socket.pause();
    const stuck = ours.send(new Uint8Array(16 * MIB));
    const began = performance.now();
    await within("the close", ours.close());
    expect(performance.now() - began).toBeLessThan(DEADLINES.closeTimeout + SLACK);
    const { error } = await ours.closed;
    await expect(stuck).rejects.toBe(error);
    expect(error).toMatchObject({ sent: { code: 1000 }, received: null, cause: { code: "TIMEOUT" } });
    await within("all closed", close());
  });

  test.each(RAW)("%s that closes and reads on gets messages without a gap", async (_role, open) => {
    const { ours, send, close } = await open(DEADLINES);
    const numbering = (async () => {
      for (let i = 0; i < MANY; i++) {
        const payload = new Uint8Array(0x10000);
        new DataView(payload.buffer).setUint32(0, i);
        await send(payload);
      }
    })().catch(() => {});
    await until("reading to be paused", () => ours.link.isPaused === true);
    void ours.close();
    const read: number[] = [];
    for (;;) {
      const message = await ours.recv().catch(() => undefined);
      if (message === undefined) break;
      read.push(new DataView((message as Uint8Array).buffer, (message as Uint8Array).byteOffset).getUint32(0));
      // Others arrive between two that are read.
      for (let i = 0; i < 3; i++) await turn();
    }
    expect(read.length).toBeGreaterThan(16);
    expect(read).toEqual(read.map((_, i) => i));
    await numbering;
    await within("all closed", close());
  });

  test.each(RAW)("%s still gets what came before the end", async (_role, open) => {
    const pair = await open(DEADLINES);
    await fill(pair);
    void sending.then(() => pair.peer.socket.end());
    const read = [];
    for (;;) {
      try {
        read.push(await pair.ours.recv());
      } catch (error) {
        expect(error).toBe((await pair.ours.closed).error);
        break;
      }
    }
    expect(read).toHaveLength(MANY);
    await within("all closed", pair.close());
  });
});

test.each([
  ["a server", rawToServer],
  ["a client", rawToClient],
] as const)("%s does not give a peer up that reads slowly, but reads", async (_role, open) => {
  const { ours, peer, close } = await open({ pingInterval: 100, pingTimeout: 1000, closeTimeout: 300 });
  let read = 0;
  peer.socket.on("data", ({ length }: Buffer) => {
    read += length;
    peer.socket.pause();
    setTimeout(() => peer.socket.resume(), 2);
  });
  const outcome = await within(
    "the end",
    Promise.race([ours.send(new Uint8Array(TOTAL)).then(() => "sent"), ours.closed]),
  );
  peer.socket.destroy();
  await within("all closed", close());
  expect(read).toBeGreaterThan(0);
  expect(outcome).toBe("sent");
});

test("a process lives as long as its connection, although it does not read", { tags: ["external"] }, async () => {
  const { port, accepted, close } = await ourServer(OPTIONS);
  const script = `
    import { connect } from "wsasm";
    const ws = await connect("ws://127.0.0.1:${port}/");
    await ws.closed;
  `;
  const program = start(process.execPath, ["--input-type=module", "--eval", script], ROOT);
  const ws = await within("the client", accepted);
  for (let i = 0; i < 40; i++) void ws.send(new Uint8Array(0x10000));
  const exit = await program.exited(1500).catch(() => "still running");
  await program.kill();
  await within("all closed", close());
  expect(exit).toBe("still running");
});

describe("MiBs of frames that are no messages", () => {
  const RAW = [
    ["a server", rawToServer, true],
    ["a client", rawToClient, false],
  ] as const;
  const PING = Uint8Array.of(0x89, 125, ...new Uint8Array(125));
  const FLOODS = [
    ["pings to who reads, by who does not", PING],
    ["pongs that nobody asked for", Uint8Array.of(0x8a, 125, ...new Uint8Array(125))],
    ["empty fragments", Uint8Array.of(0x00, 0)],
  ] as const;

  test.each(
    RAW.flatMap(([role, open, isMasking]) =>
      FLOODS.map(([what, frame]) => [role, what, frame, open, isMasking] as const),
    ),
  )("%s: %s", async (_role, _what, frame, open, isMasking) => {
    const { ours, peer, close } = await open(OPTIONS);
    const before = await memoryInUse();
    const onWire = (bytes: Uint8Array): Uint8Array => (isMasking ? masked(bytes) : bytes);
    peer.socket.pause();
    peer.send(onWire(Uint8Array.of(0x01, 1, 0x61)));
    const one = onWire(frame);
    const chunk = Buffer.concat(Array.from({ length: Math.ceil(0x10000 / one.length) }, () => one));
    // With two bytes a frame, 4 MiB are two million frames.
    for (let sent = 0; sent < TOTAL / (frame.length < 10 ? 16 : 4); sent += chunk.length) {
      if (!peer.socket.write(chunk)) await once(peer.socket, "drain");
    }
    peer.send(onWire(Uint8Array.of(0x80, 1, 0x62)));
    expect(await within("the message", ours.recv())).toBe("ab");
    expect((await memoryInUse()) - before).toBeLessThan(MEMORY);
    expect(ours.link.backlog).toBeLessThan(MIB);
    await within("the end", close());
  });
});
