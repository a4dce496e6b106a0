import { expect, test } from "vitest";
import { WriteQueue } from "../../src/bytes/write-queue.ts";

const bytes = (length: number, fill: number = 0): Uint8Array => new Uint8Array(length).fill(fill);

test("WriteQueue joins small chunks, and leaves large ones as they are", () => {
  const queue = new WriteQueue();
  const large = bytes(0x10001);
  for (const chunk of [bytes(1, 1), bytes(2, 2), large, bytes(0xffff), bytes(1, 3), bytes(1, 4)]) queue.push(chunk);
  expect(queue.size).toBe(0x10001 + 0xffff + 5);
  expect(queue.next()).toEqual(Uint8Array.of(1, 2, 2));
  expect(queue.next()).toBe(large);
  expect(queue.next()).toHaveLength(0x10000);
  expect(queue.next()).toEqual(Uint8Array.of(4));
  expect(queue.next()).toBeUndefined();
});

test("WriteQueue.written() counts what is left, and takes the rest back", () => {
  const queue = new WriteQueue();
  queue.push(bytes(10));
  queue.push(bytes(5, 1));
  const first = queue.next() as Uint8Array;
  queue.written(12, first.subarray(12));
  expect([queue.size, queue.next()]).toEqual([3, Uint8Array.of(1, 1, 1)]);
  queue.written(3);
  expect([queue.size, queue.next()]).toEqual([0, undefined]);
});

test("WriteQueue.clear() forgets all", () => {
  const queue = new WriteQueue();
  queue.push(bytes(10));
  queue.clear();
  expect([queue.size, queue.next()]).toEqual([0, undefined]);
});
