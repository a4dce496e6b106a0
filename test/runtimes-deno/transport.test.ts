import { expect, test } from "vitest";
import type { TransportSink } from "../../src/connection/transport.ts";
import { DenoTransport } from "../../src/runtimes/deno/transport.ts";
import { RecordingSink } from "../runtimes-node/sockets.ts";
import { FakeConnection, settle } from "./fake-deno.ts";

function scene(): { connection: FakeConnection; transport: DenoTransport; sink: RecordingSink } {
  const connection = new FakeConnection();
  const transport = new DenoTransport(connection);
  const sink = new RecordingSink();
  transport.attach(sink);
  return { connection, transport, sink };
}

const bytes = (length: number, fill: number = 0x61): Uint8Array => new Uint8Array(length).fill(fill);

test("DenoTransport has addresses, no certificate, and TCP_NODELAY", () => {
  const { connection, transport } = scene();
  expect(transport.localAddress).toEqual({ host: "127.0.0.1", port: 1 });
  expect(transport.remoteAddress).toEqual({ host: "127.0.0.1", port: 2 });
  expect(transport.peerCertificate).toBeNull();
  expect(connection.calls).toEqual(["setNoDelay(true)"]);
});

test("DenoTransport reads once it has a sink, and hands over to another one", async () => {
  const connection = new FakeConnection();
  const transport = new DenoTransport(connection);
  transport.resume();
  expect(connection.reads).toHaveLength(0);
  const [first, second] = [new RecordingSink(), new RecordingSink()];
  transport.attach(first);
  transport.attach(second);
  expect(connection.reads).toHaveLength(1);
  connection.arrive(3);
  await settle();
  expect([first.text(), second.text()]).toEqual(["", "aaa"]);
});

test("DenoTransport.pause() stops reading, and resume() goes on", async () => {
  const { connection, transport, sink } = scene();
  transport.pause();
  connection.arrive(2);
  await settle();
  expect([sink.text(), connection.reads.length]).toEqual(["aa", 0]);
  transport.resume();
  transport.resume();
  expect(connection.reads).toHaveLength(1);
  transport.abort();
  transport.pause();
  await settle();
});

test("DenoTransport gives other connections a turn where there is more to read", async () => {
  const { connection, sink } = scene();
  const size = connection.arrive(256);
  expect(size).toBe(256);
  await Promise.resolve();
  await Promise.resolve();
  expect([sink.received, connection.reads.length]).toEqual([256, 0]);
  await settle();
  expect(connection.reads[0]?.bytes).toHaveLength(0x1000);
});

test("DenoTransport reads on when its memory is free, though its sink resumes before", async () => {
  const connection = new FakeConnection();
  const transport = new DenoTransport(connection);
  const reads: number[] = [];
  class Resuming extends RecordingSink {
    override onData(chunk: Uint8Array): void {
      super.onData(chunk);
      transport.pause();
      transport.resume();
      reads.push(connection.reads.length);
    }
  }
  transport.attach(new Resuming());
  connection.arrive(3);
  await settle();
  expect([...reads, connection.reads.length]).toEqual([0, 1]);
  transport.abort();
  await settle();
});

test("DenoTransport uses memory again of which nothing is kept", async () => {
  class Copying extends RecordingSink implements TransportSink {
    readonly hasKept = false;
  }
  const [connection, sink] = [new FakeConnection(), new Copying()];
  new DenoTransport(connection).attach(sink);
  const memory = connection.reads[0]?.bytes.buffer;
  connection.arrive(3);
  await settle();
  expect(connection.reads[0]?.bytes.buffer).toBe(memory);
  const { connection: other } = scene();
  const theirs = other.reads[0]?.bytes.buffer;
  other.arrive(3);
  await settle();
  expect(other.reads[0]?.bytes.buffer).not.toBe(theirs);
});

test("DenoTransport.write() goes on after short writes, joins what waits, and tells when it is over", async () => {
  const { connection, transport, sink } = scene();
  transport.write([bytes(10)]);
  transport.write([bytes(5, 0x62), bytes(5, 0x63)]);
  expect([transport.bufferedAmount, connection.writes.length]).toEqual([20, 1]);
  connection.take(4);
  await settle();
  expect(transport.bufferedAmount).toBe(16);
  expect(Buffer.from(connection.take()).toString()).toBe("aaaaaabbbbbccccc");
  await settle();
  expect([transport.bufferedAmount, sink.events]).toEqual([0, ["drain"]]);
});

test("DenoTransport.closeWrite() comes after what was written, and both ends close it", async () => {
  const { connection, transport, sink } = scene();
  transport.write([bytes(10)]);
  transport.closeWrite();
  transport.closeWrite();
  transport.write([bytes(1)]);
  await settle();
  expect(connection.calls).not.toContain("closeWrite");
  connection.take();
  await settle();
  expect(connection.calls.filter((call) => call === "closeWrite")).toHaveLength(1);
  expect([transport.bufferedAmount, sink.events]).toEqual([0, ["drain"]]);
  connection.end();
  await settle();
  expect(sink.events).toEqual(["drain", "end", "close"]);
  expect(sink.error).toBeUndefined();
  expect(transport.bufferedAmount).toBe(Infinity);
});

test("DenoTransport closes when our end follows theirs", async () => {
  const { connection, transport, sink } = scene();
  connection.end();
  await settle();
  expect(sink.events).toEqual(["end"]);
  transport.closeWrite();
  await settle();
  expect(sink.events).toEqual(["end", "close"]);
});

test.each<[string, (scene: FakeConnection, transport: DenoTransport) => void]>([
  ["reading", (connection) => connection.reads.shift()?.reject(Object.assign(new Error("x"), { code: "ECONNRESET" }))],
  [
    "writing",
    (connection, transport) => {
      transport.write([bytes(1)]);
      connection.writes.shift()?.reject(Object.assign(new Error("x"), { code: "EPIPE" }));
    },
  ],
  [
    "ending",
    (connection, transport) => {
      connection.closeWriteError = Object.assign(new Error("x"), { code: "ECONNRESET" });
      transport.closeWrite();
    },
  ],
])("DenoTransport is lost by a fault of %s", async (_what, fail) => {
  const { connection, transport, sink } = scene();
  fail(connection, transport);
  await settle();
  expect(sink.events).toEqual(["close"]);
  expect(sink.error).toMatchObject({ code: "NETWORK_ERROR", reason: "reset" });
  expect(connection.calls.filter((call) => call === "close")).toHaveLength(1);
});

test("DenoTransport.abort() drops all, once, and what is under way ends in silence", async () => {
  const { connection, transport, sink } = scene();
  transport.write([bytes(1)]);
  transport.abort();
  transport.abort();
  transport.write([bytes(1)]);
  transport.closeWrite();
  connection.arrive(1);
  connection.take();
  await settle();
  expect(sink.events).toEqual(["close"]);
  expect(connection.calls.filter((call) => call === "close")).toHaveLength(1);
  const late = new RecordingSink();
  transport.attach(late);
  await settle();
  expect(late.events).toEqual(["close"]);
  connection.reads.push();
});

test("DenoTransport that is aborted while it reads hears no more of the read", async () => {
  const { connection, transport, sink } = scene();
  transport.abort();
  connection.reads.shift()?.reject(new Error("operation canceled"));
  await settle();
  expect([sink.events, sink.error]).toEqual([["close"], undefined]);
});

test("DenoTransport that is aborted by its sink reads no more", async () => {
  const connection = new FakeConnection();
  const transport = new DenoTransport(connection);
  transport.attach({ onData: () => transport.abort(), onEnd() {}, onDrain() {}, onClose() {} });
  connection.arrive(1);
  await settle();
  expect(connection.reads).toHaveLength(0);
});

test("DenoTransport.keepAlive() passes on to the connection, and keeps the process while it is not read", async () => {
  const { connection, transport } = scene();
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
  expect(connection.calls).toEqual(["setNoDelay(true)", "unref", "ref", "close"]);
});

test("DenoTransport.endOfTurn() comes after the promise reactions that are under way", async () => {
  const { transport } = scene();
  const order: string[] = [];
  await Promise.resolve().then(() => {
    transport.endOfTurn(() => order.push("end of turn"));
    void Promise.resolve().then(() => Promise.resolve().then(() => order.push("reaction")));
  });
  await settle();
  expect(order).toEqual(["reaction", "end of turn"]);
});
