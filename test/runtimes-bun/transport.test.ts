import { expect, test } from "vitest";
import { BunTransport, HANDLERS } from "../../src/runtimes/bun/transport.ts";
import { RecordingSink } from "../runtimes-node/sockets.ts";
import { FakeSocket, settle } from "./fake-bun.ts";

interface Scene {
  readonly socket: FakeSocket;
  readonly transport: BunTransport;
  readonly sink: RecordingSink;
}

function scene(): Scene {
  const socket = new FakeSocket();
  const transport = new BunTransport(socket);
  const sink = new RecordingSink();
  transport.attach(sink);
  socket.calls.length = 0;
  return { socket, transport, sink };
}

const bytes = (length: number, fill: number = 0x61): Uint8Array => new Uint8Array(length).fill(fill);

test("BunTransport has addresses, no certificate, TCP_NODELAY, and is paused until it has a sink", async () => {
  const socket = new FakeSocket();
  const transport = new BunTransport(socket);
  expect(transport.localAddress).toEqual({ host: "127.0.0.1", port: 1 });
  expect(transport.remoteAddress).toEqual({ host: "127.0.0.1", port: 2 });
  expect(transport.peerCertificate).toBeNull();
  expect(socket.calls).toEqual(["setNoDelay(true)", "pause"]);
  const [first, second] = [new RecordingSink(), new RecordingSink()];
  transport.attach(first);
  transport.attach(second);
  HANDLERS.data?.(socket, bytes(3));
  expect([first.text(), second.text()]).toEqual(["", "aaa"]);
  expect(socket.calls).toEqual(["setNoDelay(true)", "pause", "resume"]);
});

test.each([
  ["localAddress", "remoteAddress"],
  ["localPort", "remotePort"],
] as const)("BunTransport of a socket without %s has an empty path", (local, remote) => {
  const transport = new BunTransport(Object.assign(new FakeSocket(), { [local]: undefined, [remote]: undefined }));
  expect([transport.localAddress, transport.remoteAddress]).toEqual([{ path: "" }, { path: "" }]);
});

test("events of sockets that have no transport yet mean nothing", () => {
  const socket = new FakeSocket();
  HANDLERS.data?.(socket, bytes(1));
  HANDLERS.drain?.(socket);
  HANDLERS.end?.(socket);
  HANDLERS.error?.(socket, new Error("x"));
  HANDLERS.close?.(socket);
  expect(socket.calls).toEqual([]);
});

test("BunTransport.write() keeps what the kernel does not take, joins it, and tells when it is over", () => {
  const { socket, transport, sink } = scene();
  socket.room = 4;
  transport.write([bytes(10)]);
  transport.write([bytes(5, 0x62), bytes(5, 0x63)]);
  expect([transport.bufferedAmount, socket.text()]).toEqual([16, "aaaa"]);
  socket.room = 8;
  HANDLERS.drain?.(socket);
  expect([transport.bufferedAmount, sink.events]).toEqual([8, []]);
  socket.room = Infinity;
  HANDLERS.drain?.(socket);
  expect([transport.bufferedAmount, sink.events]).toEqual([0, ["drain"]]);
  expect(socket.text()).toBe("aaaaaaaaaabbbbbccccc");
  HANDLERS.drain?.(socket);
  expect(sink.events).toEqual(["drain"]);
});

test("BunTransport.write() to a socket that is gone waits for its end", () => {
  const { socket, transport, sink } = scene();
  socket.room = -1;
  transport.write([bytes(10)]);
  expect(transport.bufferedAmount).toBe(10);
  HANDLERS.close?.(socket, Object.assign(new Error("x"), { code: "ECONNRESET" }));
  expect([sink.events, transport.bufferedAmount]).toEqual([["close"], Infinity]);
  expect(sink.error).toMatchObject({ reason: "reset" });
  HANDLERS.drain?.(socket);
  HANDLERS.close?.(socket, new Error("again"));
  expect(sink.events).toEqual(["close"]);
});

test("BunTransport.pause() and resume() are those of the socket, until it is gone", () => {
  const { socket, transport } = scene();
  transport.pause();
  transport.resume();
  transport.abort();
  transport.pause();
  transport.resume();
  expect(socket.calls).toEqual(["pause", "resume", "terminate"]);
});

test("BunTransport.closeWrite() comes after what was written, and both ends close it", async () => {
  const { socket, transport, sink } = scene();
  socket.room = 0;
  transport.write([bytes(3)]);
  transport.closeWrite();
  transport.closeWrite();
  transport.write([bytes(1)]);
  expect(socket.calls).toEqual([]);
  socket.room = 3;
  HANDLERS.drain?.(socket);
  expect(socket.calls).toEqual(["shutdown"]);
  expect([transport.bufferedAmount, sink.events]).toEqual([0, ["drain"]]);
  HANDLERS.end?.(socket);
  HANDLERS.end?.(socket);
  await settle();
  expect(socket.calls).toEqual(["shutdown", "close"]);
  expect([sink.events, sink.error]).toEqual([["drain", "end", "close"], undefined]);
});

test("BunTransport tells that all is written before it closes for it, and may be dropped then", async () => {
  for (const isDropped of [false, true]) {
    const { socket, transport, sink } = scene();
    const buffered: number[] = [];
    sink.onDrain = () => {
      buffered.push(transport.bufferedAmount);
      if (isDropped) transport.abort();
    };
    socket.room = 0;
    transport.write([bytes(3)]);
    transport.closeWrite();
    HANDLERS.end?.(socket);
    socket.room = 3;
    HANDLERS.drain?.(socket);
    await settle();
    expect([buffered, sink.events]).toEqual([[0], ["end", "close"]]);
    expect(socket.calls).toEqual(isDropped ? ["terminate"] : ["shutdown", "close"]);
  }
});

test("BunTransport closes when our end follows theirs", async () => {
  const { socket, transport, sink } = scene();
  HANDLERS.end?.(socket);
  expect(sink.events).toEqual(["end"]);
  transport.closeWrite();
  await settle();
  expect([socket.calls, sink.events]).toEqual([
    ["shutdown", "close"],
    ["end", "close"],
  ]);
});

test("BunTransport that Bun closes without a fault ends without one", () => {
  const { socket, sink } = scene();
  HANDLERS.close?.(socket);
  expect([sink.events, sink.error]).toEqual([["close"], undefined]);
  HANDLERS.end?.(socket);
  expect(sink.events).toEqual(["close"]);
});

test("BunTransport is lost by an error", async () => {
  const { socket, sink } = scene();
  HANDLERS.error?.(socket, Object.assign(new Error("x"), { code: "EPIPE" }));
  await settle();
  expect([sink.events, socket.calls]).toEqual([["close"], ["terminate"]]);
  expect(sink.error).toMatchObject({ code: "NETWORK_ERROR", reason: "reset" });
});

test("BunTransport.abort() drops all, once, and tells who comes late", async () => {
  const { socket, transport, sink } = scene();
  transport.abort();
  transport.abort();
  transport.write([bytes(1)]);
  transport.closeWrite();
  await settle();
  expect([sink.events, socket.calls]).toEqual([["close"], ["terminate"]]);
  const late = new RecordingSink();
  transport.attach(late);
  await settle();
  expect(late.events).toEqual(["close"]);
});

test("BunTransport.abort() by its sink, at the end of the peer, closes once", async () => {
  const socket = new FakeSocket();
  const transport = new BunTransport(socket);
  transport.attach({
    onData() {},
    onEnd: () => (transport.closeWrite(), transport.abort()),
    onDrain() {},
    onClose() {},
  });
  HANDLERS.end?.(socket);
  await settle();
  expect(socket.calls.filter((call) => call === "close" || call === "terminate")).toHaveLength(1);
});

test("BunTransport.keepAlive() passes on to the socket, and keeps the process while it is not read", () => {
  const { socket, transport } = scene();
  const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
  const before = timers();
  transport.pause();
  const paused = timers();
  transport.keepAlive(false);
  const forgotten = timers();
  transport.keepAlive(true);
  transport.abort();
  transport.keepAlive(true);
  expect([paused - before, forgotten - before, timers() - before]).toEqual([1, 0, 0]);
  expect(socket.calls).toEqual(["pause", "unref", "ref", "terminate"]);
});

test("BunTransport.endOfTurn() comes after the promise reactions that are under way", async () => {
  const { transport } = scene();
  const order: string[] = [];
  transport.endOfTurn(() => order.push("end of turn"));
  for (let i = 0; i < 100; i++) await Promise.resolve();
  order.push("reactions");
  await settle();
  expect(order).toEqual(["reactions", "end of turn"]);
});
