// The thread of the connections, without a thread: the test is the other side, and reads the rings without blocking.
import { afterEach, describe, expect, test } from "vitest";
import type { Connect, ConnectionClosedError, ConnectOptions } from "../../src/node.ts";
import { connect, serve } from "../../src/node.ts";
import type { Handler } from "../../src/server/server.ts";
import type { Server } from "../../src/server/server-connection.ts";
import { hostConnections } from "../../src/sync/host.ts";
import type { Command, Job, Opened, Reply } from "../../src/sync/layout.ts";
import { ConnectionMemory, ConnectionWord, ThreadMemory, ThreadWord } from "../../src/sync/layout.ts";
import type { RingRecord } from "../../src/sync/records.ts";
import { CHUNK, Flag, Kind, type Ring } from "../../src/sync/records.ts";
import { portOf, until } from "../real/support.ts";
import { FakeHost, ScriptedThreads, type ScriptedThread } from "./scripted.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function listen(handler: Handler): Promise<string> {
  const server = await serve(handler, { host: "127.0.0.1", port: 0, compression: null, maxSize: null });
  servers.push(server);
  return `ws://127.0.0.1:${portOf(server)}`;
}

const echo: Handler = async (ws) => {
  for await (const message of ws) await ws.send(message);
};

const silent: Handler = async (ws) => {
  await ws.closed;
};

/** The blocking thread, which does not block. */
class Blocked {
  readonly host = new FakeHost();
  readonly memory = new ThreadMemory(this.host.memory);
  readonly connection = new ConnectionMemory();
  readonly threads = new ScriptedThreads(() => undefined);

  constructor(connectAs: Connect = connect) {
    hostConnections({
      host: this.host,
      connect: connectAs,
      serve,
      threads: this.threads,
      url: new URL("file:///handler.js"),
    });
  }

  async record(ring: Ring, wake: number): Promise<RingRecord> {
    await until("a record", () => !ring.isEmpty);
    const record = ring.read() as RingRecord;
    if (ring.takeWaiting()) this.host.send(wake);
    return record;
  }

  async call(command: Command): Promise<Reply> {
    this.host.send(command);
    let text = "";
    for (;;) {
      const { payload, flags } = await this.record(this.memory.replies, 0);
      text += new TextDecoder().decode(payload);
      if ((flags & Flag.LAST) !== 0) return JSON.parse(text) as Reply;
    }
  }

  async value(command: Command): Promise<unknown> {
    const reply = await this.call(command);
    if ("error" in reply) throw new Error(reply.error.message);
    return reply.value;
  }

  async open(uri: string, options: object = {}, optionsModule?: string): Promise<Opened> {
    const { buffer } = this.connection;
    const value = await this.value({ do: "connect", id: 1, buffer, uri, options, optionsModule });
    return value as Opened;
  }

  /** Puts a record into the ring, when there is room. */
  async send(kind: number, flags: number, payload: Uint8Array): Promise<void> {
    await until("room", () => this.connection.sent.hasRoom(payload.length));
    this.connection.sent.write(kind, flags, payload);
    this.host.send(1);
  }

  received(): Promise<RingRecord> {
    return this.record(this.connection.received, 1);
  }
}

const A = Uint8Array.of(0x41);

describe("a connection", () => {
  test("is opened, and messages go both ways, in one piece and in fragments", async () => {
    const thread = new Blocked();
    expect(await thread.open(await listen(echo), { compression: null })).toMatchObject({
      isDecoding: true,
      username: null,
    });
    await thread.send(Kind.MESSAGE, Flag.TEXT, A);
    expect(await thread.received()).toEqual({ kind: Kind.PIECE, flags: Flag.TEXT | Flag.LAST, payload: A });
    await thread.send(Kind.MESSAGE, Flag.COMPRESS, new Uint8Array(CHUNK));
    let length = 0;
    for (let isLast = false; !isLast;) {
      const { flags, payload } = await thread.received();
      length += payload.length;
      isLast = (flags & Flag.LAST) !== 0;
    }
    expect(length).toBe(CHUNK);
    await thread.send(Kind.FRAGMENT, Flag.FIRST | Flag.NO_COMPRESS, A);
    await thread.send(Kind.FRAGMENT, Flag.LAST, A);
    let text = "";
    while (text.length < 2) text += new TextDecoder().decode((await thread.received()).payload);
    expect(text).toBe("AA");
    thread.host.send({ do: "forget", id: 1 });
    thread.host.send(1);
    expect(await thread.value({ do: "status", id: 1 })).toBeNull();
  });

  test("answers what is asked about it", async () => {
    const thread = new Blocked();
    await thread.open(await listen(echo));
    expect(await thread.value({ do: "ping", id: 1, data: A })).toBe(1);
    await until("the pong", () => Atomics.load(thread.connection.words, ConnectionWord.ANSWERED) === 1);
    expect(await thread.call({ do: "ping", id: 1, data: new Uint8Array(126) })).toMatchObject({
      error: { name: "RangeError" },
    });
    expect(await thread.value({ do: "pong", id: 1, data: undefined })).toBeNull();
    expect(await thread.value({ do: "status", id: 1 })).toMatchObject({ state: "open", closeCode: null });
    expect(await thread.value({ do: "poll", id: 1 })).toBeNull();
    expect(await thread.value({ do: "flush" })).toEqual([null]);
    await thread.send(Kind.MESSAGE, Flag.TEXT, A);
    expect(await thread.value({ do: "close", id: 1, code: 1000, reason: "" })).toMatchObject({ state: "closed" });
    expect(await thread.value({ do: "end", id: 1 })).toMatchObject({
      closeCode: 1000,
      error: { name: "ConnectionClosedOK" },
    });
    expect(Atomics.load(thread.connection.words, ConnectionWord.OVER)).toBe(1);
    await thread.send(Kind.MESSAGE, Flag.TEXT, A); // too late
    thread.host.send({ do: "live" });
    expect(Atomics.load(thread.memory.words, ThreadWord.ALIVE)).toBe(1);
  });

  test("tells its end as the last record", async () => {
    const thread = new Blocked();
    await thread.open(await listen((ws) => ws.close(1011, "x")));
    const { kind, payload } = await thread.received();
    expect(kind).toBe(Kind.END);
    expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({ closeCode: 1011, closeReason: "x" });
  });

  test("fails when fragments are aborted; fragments of no message are nothing", async () => {
    const thread = new Blocked();
    await thread.open(await listen(echo));
    await thread.send(Kind.FRAGMENT, 0, A);
    await thread.send(Kind.ABORT, 0, A);
    await thread.send(Kind.FRAGMENT, Flag.FIRST | Flag.TEXT, A);
    await thread.send(Kind.ABORT, 0, A);
    expect(await thread.value({ do: "end", id: 1 })).toMatchObject({ error: { fields: { sent: { code: 1011 } } } });
  });

  test.each([true, false])(
    "close() sends all fragments first; of a message without end (%s) it says so",
    async (isWhole) => {
      let received: unknown;
      const thread = new Blocked();
      await thread.open(
        await listen(async (ws) => {
          received = await ws.recv().catch((error: ConnectionClosedError) => error.received?.code);
        }),
      );
      const { sent } = thread.connection;
      const last = 9;
      for (let i = 0; i <= last; i++) {
        const flags = (i === 0 ? Flag.FIRST | Flag.TEXT : 0) | (i === last && isWhole ? Flag.LAST : 0);
        sent.write(Kind.FRAGMENT, flags, A);
      }
      await thread.value({ do: "close", id: 1, code: 1000, reason: "" });
      await until("the end of the server's side", () => received !== undefined);
      expect(received).toBe(isWhole ? "A".repeat(last + 1) : 1011);
    },
  );

  test("ends sending, and not the thread, for a fault of an extension", async () => {
    const thread = new Blocked((async (uri: string, options?: ConnectOptions) => {
      const ws = await connect(uri, options);
      ws.trySend = () => {
        throw new Error("a fault");
      };
      return ws;
    }) as never);
    await thread.open(await listen(echo));
    await thread.send(Kind.MESSAGE, Flag.TEXT, A);
    await until("the end of sending", () => Atomics.load(thread.connection.words, ConnectionWord.OVER) === 1);
    expect(await thread.value({ do: "close", id: 1, code: 1000, reason: "" })).toMatchObject({ closeCode: 1000 });
  });

  test("close() and flush() do not wait for a peer that reads nothing", async () => {
    const thread = new Blocked();
    await thread.open(await listen(silent), { compression: null, closeTimeout: 300 });
    for (let i = 0; i < 400 && thread.connection.sent.hasRoom(CHUNK); i++) {
      await thread.send(Kind.MESSAGE, 0, new Uint8Array(CHUNK));
      await new Promise(setImmediate);
    }
    thread.connection.sent.announceWaiting();
    expect(await thread.value({ do: "flush" })).toEqual([null]);
    expect(await thread.value({ do: "close", id: 1, code: 1000, reason: "" })).toMatchObject({ closeCode: 1006 });
    const other = new Blocked();
    await other.open(await listen(silent), { compression: null });
    expect(await other.value({ do: "abort", id: 1 })).toMatchObject({ closeCode: 1006 });
    expect(await other.value({ do: "flush" })).toEqual([null]);
  });
});

describe("the thread", () => {
  test("tells what connecting rejects with, and takes options from a module", async () => {
    const thread = new Blocked();
    await expect(thread.open("ws://127.0.0.1:1")).rejects.toThrow("Cannot connect");
    const quiet = new URL("./quiet.mjs", import.meta.url).href;
    expect(await thread.open(await listen(echo), { decode: false }, quiet)).toMatchObject({ isDecoding: false });
    const wrong = new URL("./no-options.mjs", import.meta.url).href;
    await expect(thread.open("ws://127.0.0.1:1", {}, wrong)).rejects.toThrow("no object");
    thread.host.exit();
    expect(Atomics.load(thread.memory.words, ThreadWord.DEAD)).toBe(1);
  });

  test("has a server, whose handlers are in threads", async () => {
    const thread = new Blocked();
    expect(await thread.value({ do: "count" })).toBe(0);
    thread.host.send({ do: "shutdown", options: {} });
    thread.host.send({ do: "done", error: undefined });
    const started = thread.call({
      do: "serve",
      handlerModule: "file:///h.js",
      threads: 1,
      options: { host: "127.0.0.1", port: 0 },
      optionsModule: undefined,
    });
    await until("a thread", () => thread.threads.started.length === 1);
    const [handler] = thread.threads.started as [ScriptedThread];
    await until("a job", () => handler.posted.length === 1);
    handler.fromInside({ do: "done", error: undefined });
    const [{ port }] = ((await started) as { value: [{ port: number }] }).value;
    const ws = await connect(`ws://127.0.0.1:${port}`);
    const waiting = await connect(`ws://127.0.0.1:${port}`);
    await until("another job", () => handler.posted.length === 2);
    const job = handler.posted[1] as unknown as Job;
    expect(job.connection?.opened.request?.path).toBe("/");
    expect(await thread.value({ do: "count" })).toBe(2);
    handler.fromInside({
      do: "done",
      error: { name: "Error", message: "oops", fields: {}, stack: "Error: oops at h.js" },
    });
    expect((await ws.closed).code).toBe(1011);
    expect(thread.host.errors).toEqual(["! connection handler failed Error: oops at h.js"]);
    await until("the next job", () => handler.posted.length === 3);
    handler.fromInside({ do: "shutdown", options: { code: 1012, reason: "r", closeConnections: true, timeout: 50 } });
    expect(await waiting.closed).toMatchObject({ code: 1012 });
    await until("the end", () => thread.host.isClosed);
    expect(Atomics.load(thread.memory.words, ThreadWord.FINISHED)).toBe(1);
    expect(handler.isTerminated).toBe(true);
  });

  test("tells when the module of the handler cannot be loaded, or its thread has gone", async () => {
    const thread = new Blocked();
    const command: Command = {
      do: "serve",
      handlerModule: "file:///h.js",
      threads: 1,
      options: {},
      optionsModule: undefined,
    };
    const started = thread.call(command);
    await until("a thread", () => thread.threads.started.length === 1);
    thread.threads.started[0]?.fromInside({
      do: "done",
      error: { name: "TypeError", message: "none", fields: {}, stack: undefined },
    });
    expect(await started).toMatchObject({ error: { name: "TypeError", message: "none" } });
    const again = thread.call(command);
    await until("another thread", () => thread.threads.started.length === 2);
    thread.threads.started[1]?.exitNow();
    expect(await again).toMatchObject({ error: { name: "NetworkError" } });
  });
});
