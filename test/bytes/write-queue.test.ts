import { expect, test } from "vitest";
import { WriteQueue } from "../../src/bytes/write-queue.ts";

const bytes = (length: number, fill: number = 0): Uint8Array => new Uint8Array(length).fill(fill);

test("WriteQueue joins small chunks, and leaves large ones as they are", () => {
  const queue = new WriteQueue();
  const large = bytes(0x10001);
  for (const chunk of [bytes(1, 1), bytes(2, 2), large, bytes(0xffff), bytes(1, 3), bytes(1, 4)]) queue.push(chunk);
  expect(queue.size).toBe(0x10001 + 0xffff + 5);
  const next = (): Uint8Array | undefined => {
    const taken = queue.next();
    const copy = taken === large ? taken : taken?.slice();
    if (taken !== undefined) queue.written(taken.length);
    return copy;
  };
  expect(next()).toEqual(Uint8Array.of(1, 2, 2));
  expect(next()).toBe(large);
  expect(next()).toHaveLength(0x10000);
  expect(next()).toEqual(Uint8Array.of(4));
  expect([next(), queue.size]).toEqual([undefined, 0]);
});

test("WriteQueue.written() counts what is left, and takes the rest back", () => {
  const queue = new WriteQueue();
  queue.push(bytes(10));
  queue.push(bytes(5, 1));
  const first = queue.next() as Uint8Array;
  queue.push(bytes(2, 2));
  queue.written(12, first.subarray(12));
  // Not joined with what is still in the block.
  expect([queue.size, queue.next()]).toEqual([5, Uint8Array.of(1, 1, 1)]);
  queue.written(3);
  expect([queue.size, queue.next()]).toEqual([2, Uint8Array.of(2, 2)]);
  queue.written(2);
  expect([queue.size, queue.next()]).toEqual([0, undefined]);
});

test("WriteQueue uses the memory of joined chunks again, once they are written", () => {
  const queues = Array.from({ length: 10 }, () => new WriteQueue());
  const joined = (queue: WriteQueue): Uint8Array => {
    queue.push(bytes(1, 1));
    queue.push(bytes(1, 2));
    return queue.next() as Uint8Array;
  };
  const memory = new Set(queues.map((queue) => joined(queue).buffer));
  expect(memory.size).toBe(10);
  for (const queue of queues) queue.written(2);
  const again = queues.filter((queue) => memory.has(joined(queue).buffer));
  expect(again).toHaveLength(8);
  for (const queue of queues) queue.clear();
});

test("WriteQueue.clear() forgets all", () => {
  const queue = new WriteQueue();
  queue.push(bytes(10));
  queue.clear();
  expect([queue.size, queue.next()]).toEqual([0, undefined]);
});
