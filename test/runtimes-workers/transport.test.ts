// A socket of streams as a Transport.
import { expect, test, vi } from "vitest";
import type { Address } from "../../src/connection/transport.ts";
import { WorkersTransport } from "../../src/runtimes/workers/transport.ts";

const ADDRESS: Address = { host: "example.com", port: 80 };

function scene() {
  let source!: ReadableByteStreamController;
  const written: Uint8Array[] = [];
  let release: (() => void) | undefined;
  const state = { isStuck: false, isWriteClosed: false, closes: 0, fault: undefined as Error | undefined };
  const socket = {
    readable: new ReadableStream({
      type: "bytes",
      start(controller) {
        source = controller;
      },
    }),
    writable: new WritableStream<Uint8Array>({
      async write(chunk) {
        if (state.fault !== undefined) throw state.fault;
        if (state.isStuck) await new Promise<void>((resolve) => (release = resolve));
        written.push(chunk);
      },
      close: () => void (state.isWriteClosed = true),
    }),
    close: () => {
      state.closes++;
      return Promise.reject(new Error("closed already"));
    },
  };
  const transport = new WorkersTransport(socket, ADDRESS);
  const heard: unknown[][] = [];
  const sink = {
    onData: (chunk: Uint8Array) => heard.push(["data", chunk]),
    onEnd: () => heard.push(["end"]),
    onDrain: () => heard.push(["drain"]),
    onClose: (error?: Error) => heard.push(["close", error?.message]),
  };
  transport.attach(sink);
  return { transport, source, written, state, heard, sink, release: () => release?.() };
}

const bytes = (length: number, value = 1): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(value);
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test("delivers small chunks as copies and large ones as they are", async () => {
  const { source, heard, transport } = scene();
  source.enqueue(bytes(3));
  await vi.waitFor(() => expect(heard.length).toBe(1));
  source.enqueue(bytes(0x9000, 2));
  await vi.waitFor(() => expect(heard.length).toBe(2));
  source.enqueue(bytes(1, 3));
  await vi.waitFor(() => expect(heard.length).toBe(3));
  expect(heard).toEqual([
    ["data", bytes(3)],
    ["data", bytes(0x9000, 2)],
    ["data", bytes(1, 3)],
  ]);
  expect([transport.remoteAddress, transport.localAddress, transport.peerCertificate]).toEqual([
    ADDRESS,
    { path: "" },
    null,
  ]);
});

test("does not read while it is paused", async () => {
  const { transport, source, heard } = scene();
  source.enqueue(bytes(1));
  await settle();
  transport.pause();
  transport.pause();
  source.enqueue(bytes(2));
  await settle();
  source.enqueue(bytes(3));
  await settle();
  transport.pause(); // who reads waits by now
  const before = heard.length;
  expect(before).toBeLessThanOrEqual(2); // one read was under way
  transport.resume();
  transport.resume();
  await vi.waitFor(() => expect(heard.reduce((sum, [, chunk]) => sum + (chunk as Uint8Array).length, 0)).toBe(6));
});

test("counts what is not written, and tells of room", async () => {
  const { transport, state, heard, written, release } = scene();
  state.isStuck = true;
  transport.write([bytes(2), bytes(3)]);
  expect(transport.bufferedAmount).toBe(5);
  await settle();
  state.isStuck = false;
  release();
  await vi.waitFor(() => expect(heard).toEqual([["drain"]]));
  expect([transport.bufferedAmount, written.length]).toEqual([0, 2]);
});

test("closes when both sides have ended, in any order", async () => {
  const first = scene();
  first.transport.closeWrite();
  first.transport.closeWrite();
  first.transport.write([bytes(1)]);
  await settle();
  expect([first.state.isWriteClosed, first.heard]).toEqual([true, []]);
  first.source.close();
  first.source.byobRequest?.respond(0);
  await vi.waitFor(() => expect(first.heard).toEqual([["end"], ["close", undefined]]));
  const second = scene();
  second.source.close();
  second.source.byobRequest?.respond(0);
  await vi.waitFor(() => expect(second.heard).toEqual([["end"]]));
  second.transport.closeWrite();
  await vi.waitFor(() => expect(second.heard).toEqual([["end"], ["close", undefined]]));
  second.transport.closeWrite();
  expect(second.state.closes).toBe(1);
});

test("abort ends it, asynchronously and once", async () => {
  const { transport, heard, source, state } = scene();
  transport.abort();
  transport.abort();
  expect(heard).toEqual([]);
  await settle();
  source.enqueue(bytes(1));
  transport.write([bytes(1)]);
  await settle();
  expect([heard, state.closes, transport.bufferedAmount]).toEqual([[["close", undefined]], 1, 0]);
});

test("a fault of reading or writing ends it", async () => {
  const reading = scene();
  reading.source.error("reset");
  await vi.waitFor(() => expect(reading.heard).toEqual([["close", "Cannot go on: reset"]]));
  const writing = scene();
  writing.state.fault = new Error("broken");
  writing.transport.write([bytes(1)]);
  await vi.waitFor(() => expect(writing.heard).toEqual([["close", "Cannot go on: broken"]]));
  const closing = scene();
  closing.state.fault = new Error("broken");
  closing.transport.write([bytes(1)]);
  closing.transport.closeWrite();
  await vi.waitFor(() => expect(closing.heard).toEqual([["close", "Cannot go on: broken"]]));
});

test("hands over to another sink, calls back in a later event, and keeps nothing alive", async () => {
  const { transport, source, heard } = scene();
  const other: unknown[] = [];
  transport.attach({ onData: (chunk) => other.push(chunk), onEnd() {}, onDrain() {}, onClose() {} });
  transport.keepAlive();
  source.enqueue(bytes(1));
  await vi.waitFor(() => expect(other).toEqual([bytes(1)]));
  expect(heard).toEqual([]);
  await new Promise<void>((resolve) => transport.endOfTurn(resolve));
});

test("the end of a turn comes, however much there is to read", async () => {
  const { transport, source } = scene();
  let received = 0;
  let isPausing = false;
  const onData = (chunk: Uint8Array): void => {
    received += chunk.length;
    if (isPausing) return;
    isPausing = true;
    transport.endOfTurn(() => {});
    transport.endOfTurn(() => transport.pause());
  };
  transport.attach({ onData, onEnd() {}, onDrain() {}, onClose() {} });
  const length = 100 * 0x10000;
  source.enqueue(bytes(length));
  await settle();
  expect(received).toBeLessThanOrEqual(5 * 0x10000);
  transport.resume();
  await vi.waitFor(() => expect(received).toBe(length));
});
