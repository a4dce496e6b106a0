import { expect, test } from "vitest";
import { ReadBuffer } from "../../src/runtimes/deno/read-buffer.ts";

const SMALL = 0x100;
const MEDIUM = 0x400;
const LONG = 0x40000;
const LESS_LONG = 0x10400;
const SHORT = 0x1000;

/** Fills a buffer as often, and tells how long it was each time and whether that was all of it. */
function fill(buffer: ReadBuffer, lengths: readonly number[]): (readonly [size: number, wasFull: boolean])[] {
  return lengths.map((length) => {
    const size = buffer.next().length;
    expect(buffer.filled(length)).toHaveLength(length);
    return [size, buffer.wasFull];
  });
}

test.each<[string, [number, number, boolean][]]>([
  [
    "is small for who gets little",
    [
      [SMALL, 1, false],
      [SMALL, SMALL - 1, false],
      [SMALL, 5, false],
    ],
  ],
  [
    "grows when it was full, and is long as long as much comes",
    [
      [SMALL, SMALL, true],
      [SHORT, SHORT, true],
      [LONG, LONG, true],
      [LONG, SHORT + 1, false],
      [LONG, LONG, true],
    ],
  ],
  [
    "fits what the last message brought, in all of its reads",
    [
      [SMALL, SMALL, true],
      [SHORT, 44, false],
      [MEDIUM, 300, false],
      [MEDIUM, SMALL, false],
      [SMALL, 5, false],
    ],
  ],
  [
    "takes a message of 1 KiB at once the next time",
    [
      [SMALL, SMALL, true],
      [SHORT, 776, false],
      [SHORT, MEDIUM, false],
    ],
  ],
  [
    "grows from its middle, too",
    [
      [SMALL, SMALL, true],
      [SHORT, 9, false],
      [MEDIUM, MEDIUM, true],
      [SHORT, 9, false],
    ],
  ],
  [
    "is not long while it waits for a burst like one that ended with little",
    [
      [SMALL, SMALL, true],
      [SHORT, SHORT, true],
      [LONG, LONG, true],
      [LONG, 5, false],
      [SHORT, 5, false],
      [SMALL, 5, false],
    ],
  ],
])("ReadBuffer %s", (_what, reads) => {
  const buffer = new ReadBuffer();
  expect(
    fill(
      buffer,
      reads.map(([, length]) => length),
    ),
  ).toEqual(reads.map(([size, , wasFull]) => [size, wasFull]));
  buffer.release();
  expect(buffer.next()).toHaveLength(SMALL);
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

test("only so many ReadBuffers are long at a time, and who receives much gets one when there is one again", () => {
  const buffers = Array.from({ length: 400 }, () => new ReadBuffer());
  const counts = (): number[] => {
    const sizes = buffers.map((buffer) => buffer.next().length);
    return [SMALL, SHORT, LESS_LONG, LONG].map((size) => sizes.filter((each) => each === size).length);
  };
  counts();
  for (const buffer of buffers) buffer.filled(SMALL);
  expect(counts()).toEqual([0, 400, 0, 0]);
  for (const buffer of buffers) buffer.filled(SHORT);
  expect(counts()).toEqual([0, 112, 256, 32]);
  const given = buffers.slice(0, 50);
  for (const buffer of given) {
    buffer.release();
    buffer.release();
  }
  // Nobody changes who has what is enough.
  const others = buffers.slice(50);
  for (const buffer of others) buffer.filled(Math.min(buffer.next().length - 1, SHORT + 1));
  expect(counts()).toEqual([50, 112, 238, 0]);
  const [waiting] = others.filter((buffer) => buffer.next().length === SHORT);
  waiting?.filled(SHORT);
  expect(counts()).toEqual([50, 111, 238, 1]);
  // Who has one goes on with it, or with a longer one.
  const [longer] = others.filter((buffer) => buffer.next().length === LESS_LONG);
  longer?.filled(LESS_LONG);
  waiting?.filled(LONG);
  expect(counts()).toEqual([50, 111, 237, 2]);
  for (const buffer of buffers) buffer.release();
  expect(counts()).toEqual([400, 0, 0, 0]);
});
