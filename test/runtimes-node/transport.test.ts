import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { NodeTransport } from "../../src/runtimes/node/transport.ts";
import { RecordingSink, socketPair, until } from "./sockets.ts";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Scene {
  readonly ours: Socket;
  readonly peer: Socket;
  readonly transport: NodeTransport;
  readonly sink: RecordingSink;
  /** What the peer has read, and what happened to it. */
  readonly seen: { text: string; length: number; ended: boolean; closed: boolean };
}

async function scene(options: { readonly reads?: boolean; readonly attached?: boolean } = {}): Promise<Scene> {
  const { ours, peer } = await socketPair();
  sockets.push(ours, peer);
  const transport = new NodeTransport(ours);
  const sink = new RecordingSink();
  if (options.attached !== false) transport.attach(sink);
  const seen = { text: "", length: 0, ended: false, closed: false };
  if (options.reads !== false) {
    peer.on("data", (chunk: Buffer) => {
      if (seen.length < 1000) seen.text += chunk.toString("latin1");
      seen.length += chunk.length;
    });
  }
  peer.on("end", () => {
    seen.ended = true;
  });
  peer.on("close", () => {
    seen.closed = true;
  });
  return { ours, peer, transport, sink, seen };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("NodeTransport has the addresses of its socket, also after its end", async () => {
  const { ours, transport, sink, peer } = await scene();
  const local = { host: "127.0.0.1", port: ours.localPort };
  const remote = { host: "127.0.0.1", port: peer.localPort };
  expect([transport.localAddress, transport.remoteAddress]).toEqual([local, remote]);
  expect(transport.peerCertificate).toBeNull();
  transport.abort();
  await until(() => sink.isClosed);
  expect([transport.localAddress, transport.remoteAddress]).toEqual([local, remote]);
});

test("NodeTransport of a socket without addresses has an empty path", () => {
  const transport = new NodeTransport(new Socket());
  expect([transport.localAddress, transport.remoteAddress]).toEqual([{ path: "" }, { path: "" }]);
});

test("NodeTransport keeps what arrives until a sink is attached", async () => {
  const { peer, transport, sink } = await scene({ attached: false });
  peer.write("Spam");
  await new Promise((resolve) => setImmediate(resolve));
  transport.attach(sink);
  await until(() => sink.received === 4);
  expect(sink.text()).toBe("Spam");
});

test("NodeTransport.attach() hands over to another sink", async () => {
  const { peer, transport, sink } = await scene();
  peer.write("1");
  await until(() => sink.received === 1);
  const next = new RecordingSink();
  transport.attach(next);
  peer.write("2");
  await until(() => next.received === 1);
  transport.abort();
  await until(() => next.isClosed);
  expect(sink.events).toEqual(["data"]);
  expect(next.events).toEqual(["data", "close"]);
});

test("NodeTransport.attach() to a socket that is gone says so, once", async () => {
  const { ours, transport, sink } = await scene({ attached: false });
  ours.destroy();
  await until(() => ours.closed);
  transport.attach(sink);
  await until(() => sink.isClosed);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sink.events).toEqual(["close"]);
});

test("NodeTransport.attach() to a socket that is just being destroyed says so once", async () => {
  const { ours, transport, sink } = await scene({ attached: false });
  ours.destroy();
  transport.attach(sink);
  await until(() => ours.closed);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sink.events).toEqual(["close"]);
});

test("NodeTransport.write() gives other streams than sockets bytes of their own: their writes are over before those are gone", () => {
  const written: Uint8Array[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, callback) {
      written.push(chunk);
      callback();
    },
  });
  const transport = new NodeTransport(stream);
  for (const chunks of [[bytes("one ")], [bytes("two "), bytes("three ")]]) {
    transport.write(chunks);
    expect(transport.bufferedAmount).toBe(0);
    for (const chunk of chunks) chunk.fill(0);
  }
  expect(Buffer.concat(written).toString()).toBe("one two three ");
});

test("NodeTransport.write() writes one chunk, and many in order", async () => {
  const { transport, seen } = await scene();
  transport.write([bytes("one ")]);
  expect(transport.bufferedAmount).toBe(0);
  transport.write([bytes("two "), bytes("three "), bytes("four")]);
  expect(transport.bufferedAmount).toBe(0);
  transport.write([]);
  await until(() => seen.length === 18);
  expect(seen.text).toBe("one two three four");
});

test.each([
  ["one chunk", (size: number) => [new Uint8Array(size)]],
  ["many chunks", (size: number) => Array.from({ length: 8 }, () => new Uint8Array(size / 8))],
])("NodeTransport.write() of more than the kernel takes drains once it has left: %s", async (_what, make) => {
  const size = 32 * 0x100000;
  const { peer, transport, sink, seen } = await scene({ reads: false });
  transport.write(make(size));
  expect(transport.bufferedAmount).toBeGreaterThan(0);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(sink.events).toEqual([]);
  peer.on("data", (chunk: Buffer) => {
    seen.length += chunk.length;
  });
  await until(() => sink.events.includes("drain"));
  expect(transport.bufferedAmount).toBe(0);
  await until(() => seen.length === size);
  expect(sink.events).toEqual(["drain"]);
});

test("NodeTransport.write() of more than the kernel takes drains each time", async () => {
  const size = 16 * 0x100000;
  const { peer, transport, sink, seen } = await scene();
  for (let round = 1; round <= 3; round++) {
    peer.pause();
    transport.write([new Uint8Array(size)]);
    expect(transport.bufferedAmount).toBeGreaterThan(0);
    peer.resume();
    await until(() => sink.events.length === round);
    expect(transport.bufferedAmount).toBe(0);
    await until(() => seen.length === size * round);
  }
  expect(sink.events).toEqual(["drain", "drain", "drain"]);
});

test("NodeTransport.write() after closeWrite() or abort() does nothing", async () => {
  const { transport, sink, seen } = await scene();
  transport.write([bytes("Spam")]);
  transport.closeWrite();
  transport.write([bytes("too late")]);
  await until(() => seen.ended);
  expect(seen.text).toBe("Spam");
  transport.abort();
  transport.write([bytes("too late")]);
  transport.closeWrite();
  transport.abort();
  await until(() => sink.isClosed);
  expect(sink.error).toBeUndefined();
});

test("NodeTransport.closeWrite() closes one half: reading goes on", async () => {
  const { peer, transport, sink, seen } = await scene();
  transport.closeWrite();
  await until(() => seen.ended);
  peer.write("still here");
  await until(() => sink.received === 10);
  expect(sink.events).toEqual(["data"]);
  peer.end();
  await until(() => sink.isClosed);
  expect(sink.events).toEqual(["data", "end", "close"]);
  expect(sink.error).toBeUndefined();
});

test("NodeTransport can write after the peer has closed its half", async () => {
  const { peer, transport, sink, seen } = await scene();
  peer.end("bye");
  await until(() => sink.events.includes("end"));
  transport.write([bytes("Spam")]);
  await until(() => seen.length === 4);
  expect(sink.events).toEqual(["data", "end"]);
  transport.closeWrite();
  await until(() => sink.isClosed);
});

test("NodeTransport.closeWrite() comes after what was written, however much", async () => {
  const size = 16 * 0x100000;
  const { peer, transport, sink, seen } = await scene();
  peer.end();
  transport.write([new Uint8Array(size)]);
  transport.closeWrite();
  await until(() => sink.isClosed);
  await until(() => seen.ended);
  expect(seen.length).toBe(size);
});

test.each(["", "after the peer's FIN"])(
  "NodeTransport.closeWrite() %s ends with FIN, behind what was written",
  async (when) => {
    const { ours, peer, transport, sink, seen } = await scene({ reads: false });
    if (when !== "") peer.end();
    await until(() => when === "" || sink.events.includes("end"));
    const errors: Error[] = [];
    peer.on("error", (error) => errors.push(error));
    transport.write([bytes("Spam")]);
    transport.closeWrite();
    // Nothing is left to be done: it does not wait for the system to say that both sides have ended.
    expect(ours.destroyed).toBe(when !== "");
    peer.on("data", (chunk: Buffer) => (seen.text += chunk.toString()));
    await until(() => seen.ended);
    peer.end();
    await until(() => seen.closed && sink.isClosed);
    expect([seen.text, errors, sink.error]).toEqual(["Spam", [], undefined]);
  },
);

test("NodeTransport.abort() drops what is buffered", async () => {
  const { peer, transport, sink, seen } = await scene({ reads: false });
  transport.write([new Uint8Array(32 * 0x100000)]);
  transport.abort();
  expect(sink.events).toEqual([]);
  await until(() => sink.isClosed);
  expect(sink.error).toBeUndefined();
  peer.resume();
  await until(() => seen.closed || seen.ended);
});

test("NodeTransport closes with a NetworkError when the peer resets", async () => {
  const { peer, sink } = await scene();
  peer.resetAndDestroy();
  await until(() => sink.isClosed);
  expect(sink.error).toBeInstanceOf(NetworkError);
  expect(sink.error).toMatchObject({ reason: "reset", message: "Cannot go on: connection reset by peer" });
});

test("NodeTransport closes with a NetworkError when it writes to a peer that is gone", async () => {
  const { peer, transport, sink } = await scene();
  transport.pause();
  peer.resetAndDestroy();
  await until(() => {
    transport.write([bytes("Spam")]);
    return sink.isClosed;
  });
  expect(sink.error).toMatchObject({ reason: "reset" });
});

test("NodeTransport.pause() stops reading, and resume() starts it again", async () => {
  const { peer, transport, sink } = await scene();
  transport.pause();
  peer.write("Spam");
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(sink.received).toBe(0);
  transport.resume();
  await until(() => sink.received === 4);
});

test("NodeTransport.endOfTurn() comes after all promise reactions, and before the next event", async () => {
  const { transport } = await scene();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      setImmediate(() => {
        order.push("next event");
        resolve();
      });
      void Promise.resolve().then(async () => {
        for (const name of ["end of turn", "another"]) transport.endOfTurn(() => order.push(name));
        for (let i = 0; i < 20; i++) await Promise.resolve();
        order.push("reactions");
      });
    });
  });
  expect(order).toEqual(["reactions", "end of turn", "another", "next event"]);
});

test("NodeTransport.endOfTurn() goes on behind what throws, and keep it no secret", async () => {
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const thrown: unknown[] = [];
  process.on("uncaughtException", (error) => thrown.push(error));
  try {
    const { transport } = await scene();
    const order: string[] = [];
    transport.endOfTurn(() => {
      throw new Error("turn");
    });
    transport.endOfTurn(() => order.push("next"));
    await until(() => order.length === 1 && thrown.length === 1);
    expect(thrown).toEqual([new Error("turn")]);
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
});

test("NodeTransport.endOfReading() is for TLS: it comes after the turns of all records, before the next wait", async () => {
  const { ours, transport } = await scene();
  expect(transport.endOfReading(() => expect.unreachable())).toBe(false);
  Object.assign(ours, { encrypted: true });
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      for (const name of ["first", "second"]) {
        expect(transport.endOfReading(() => void order.push(name))).toBe(true);
      }
      process.nextTick(() => order.push("end of turn"));
      setImmediate(() => setImmediate(resolve));
    });
  });
  expect(order).toEqual(["end of turn", "first", "second"]);
});

test("NodeTransport.keepAlive() refs and unrefs the socket", async () => {
  const { ours, transport } = await scene();
  const calls: string[] = [];
  ours.ref = () => (calls.push("ref"), ours);
  ours.unref = () => (calls.push("unref"), ours);
  transport.keepAlive(false);
  transport.keepAlive(true);
  expect(calls).toEqual(["unref", "ref"]);
});

test("NodeTransport keeps the process alive while it does not read, unless it is told not to", async () => {
  const { transport, sink } = await scene();
  const isHeld = (): boolean => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length > before;
  const before = process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
  const states: boolean[] = [isHeld()];
  const look = (): number => states.push(isHeld());
  transport.pause();
  look();
  transport.resume();
  look();
  transport.pause();
  transport.keepAlive(false);
  look();
  transport.keepAlive(true);
  look();
  transport.abort();
  await until(() => sink.isClosed);
  look();
  transport.pause();
  look();
  expect(states).toEqual([false, true, false, false, true, false, false]);
});

test("NodeTransport.release() keeps no process alive", async () => {
  const { transport } = await scene();
  const before = process.getActiveResourcesInfo().length;
  transport.pause();
  transport.release();
  expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
});
