import { expect, test } from "vitest";
import { ReadBuffer } from "../../src/runtimes/deno/read-buffer.ts";

const SMALL = 0x400;
const LONG = 0x40000;
const LESS_LONG = 0x10000;

test("ReadBuffer is small until it was full, and small again when little comes", () => {
  const buffer = new ReadBuffer();
  const sizes = [SMALL - 1, SMALL, LONG, SMALL + 1, SMALL, 5].map((length) => {
    const size = buffer.next().length;
    expect(buffer.filled(length)).toHaveLength(length);
    return [size, buffer.wasFull];
  });
  expect(sizes).toEqual([
    [SMALL, false],
    [SMALL, true],
    [LONG, true],
    [LONG, false],
    [LONG, false],
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

test("only so many ReadBuffers are long at a time", () => {
  const buffers = Array.from({ length: 400 }, () => new ReadBuffer());
  const counts = (): number[] => {
    const sizes = buffers.map((buffer) => buffer.next().length);
    return [SMALL, LESS_LONG, LONG].map((size) => sizes.filter((each) => each === size).length);
  };
  counts();
  for (const buffer of buffers) buffer.filled(SMALL);
  expect(counts()).toEqual([112, 256, 32]);
  for (const buffer of buffers.slice(0, 50)) {
    buffer.release();
    buffer.release();
  }
  // Those who waited for it get what was given back; nobody who has a long one changes it.
  expect(counts()).toEqual([112, 256, 32]);
  for (const buffer of buffers) buffer.release();
  expect(counts()).toEqual([400, 0, 0]);
});
