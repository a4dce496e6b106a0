import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { NodeTransport } from "../../src/runtimes/node/transport.ts";
import { leftOf, showsProgress } from "../../src/runtimes/node/write-progress.ts";
import { RecordingSink, socketPair, until } from "./sockets.ts";

const SIZE = 32 * 0x100000;
const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

test("what leaves during a write is seen on Node, and the memory is free no earlier than its end", async () => {
  const { ours, peer } = await socketPair();
  sockets.push(ours, peer);
  const transport = new NodeTransport(ours);
  const sink = new RecordingSink();
  transport.attach(sink);
  transport.write([new Uint8Array(SIZE)]);
  let received = 0;
  const seen = new Set([transport.bufferedAmount]);
  peer.on("data", (chunk: Uint8Array) => {
    received += chunk.length;
    seen.add(transport.bufferedAmount);
    if (sink.events.length === 0) expect(transport.bufferedAmount).toBeGreaterThan(0);
  });
  await until(() => received === SIZE && sink.events.length > 0);
  expect(transport.bufferedAmount).toBe(0);
  expect(transport.partSize).toBe(isNode ? 0x100000 : undefined);
  if (isNode) expect(seen.size).toBeGreaterThan(4);
});

const state = { writelen: 100 };
const writing = (writeQueueSize: number): object => ({ _handle: { writeQueueSize }, _writableState: state });

test.runIf(isNode).each([
  ["libuv", writing(30), 70, true],
  ["libuv that is done", writing(0), 100, true],
  ["libuv that holds more than this write", writing(130), 0, true],
  ["TLS", { ...writing(30), encrypted: true }, 0, false],
  ["a handle of another kind", { _handle: {}, _writableState: state }, 0, false],
  ["a socket that is lost", { _handle: null, _writableState: state }, 0, false],
  ["a state of another kind", { _handle: { writeQueueSize: 30 } }, 0, true],
  ["a stream", new Duplex(), 0, false],
])("leftOf() and showsProgress() of %s", (_, socket, left, isShown) => {
  expect([leftOf(socket), showsProgress(socket)]).toEqual([left, isShown]);
});
