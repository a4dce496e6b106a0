import { expect, test } from "vitest";
import { ReadBuffer } from "../../src/runtimes/deno/read-buffer.ts";

const SMALL = 0x400;
const LARGE = 0x10000;

test("ReadBuffer is small until it was full, and small again when little comes", () => {
  const buffer = new ReadBuffer();
  const sizes = [SMALL - 1, SMALL, LARGE, SMALL + 1, SMALL, 5].map((length) => {
    const size = buffer.next().length;
    expect(buffer.filled(length)).toHaveLength(length);
    return [size, buffer.wasFull];
  });
  expect(sizes).toEqual([
    [SMALL, false],
    [SMALL, true],
    [LARGE, true],
    [LARGE, false],
    [LARGE, false],
    [SMALL, false],
  ]);
});

test("ReadBuffer.giveAway() and release() leave its memory to others", () => {
  const buffer = new ReadBuffer();
  const first = buffer.next();
  buffer.filled(3);
  expect(buffer.next()).toBe(first);
  buffer.filled(3);
  buffer.giveAway();
  const second = buffer.next();
  expect(second).not.toBe(first);
  buffer.release();
  expect(buffer.next()).not.toBe(second);
});

test("only so many ReadBuffers are large at a time", () => {
  const buffers = Array.from({ length: 300 }, () => new ReadBuffer());
  const large = (): number => buffers.filter((buffer) => buffer.next().length === LARGE).length;
  for (const buffer of buffers) {
    buffer.next();
    buffer.filled(SMALL);
  }
  expect(large()).toBe(256);
  for (const buffer of buffers.slice(0, 50)) buffer.release();
  expect(large()).toBe(250);
  for (const buffer of buffers) buffer.release();
});
