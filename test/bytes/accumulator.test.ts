import { expect, test } from "vitest";
import { Accumulator } from "../../src/bytes/accumulator.ts";
import { hex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";

const GIB = 2 ** 30;

/** Memory with old bytes in it, which nobody may see. */
function dirty(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).fill(0xdd);
}

test("append() collects, take() starts anew", () => {
  const accumulator = new Accumulator();
  expect(accumulator.take()).toEqual(hex``);
  accumulator.append(hex`00 01 02 03`, 1, 3, 0);
  accumulator.append(hex`04`, 0, 0, 0);
  accumulator.append(hex`05 06`, 0, 2, 0);
  expect(accumulator.length).toBe(4);
  const first = accumulator.take();
  expect(first).toEqual(hex`01 02 05 06`);
  expect(accumulator.length).toBe(0);
  accumulator.append(hex`07`, 0, 1, 0);
  expect(accumulator.take()).toEqual(hex`07`);
  expect(first).toEqual(hex`01 02 05 06`);
});

test("nothing is memory of its own, too: who gets it may transfer its buffer", () => {
  const accumulator = new Accumulator();
  const empty = accumulator.take();
  structuredClone(empty, { transfer: [empty.buffer] });
  for (const other of [accumulator, new Accumulator()]) {
    other.append(hex`01 02`, 0, 2, 0);
    expect(other.take()).toEqual(hex`01 02`);
  }
  accumulator.append(hex`03`, 0, 0, 0);
  expect(accumulator.take().buffer.byteLength).toBe(0);
});

test("append() allocates what was announced, exactly, where that is little", () => {
  const sizes: number[] = [];
  const accumulator = new Accumulator((size) => {
    sizes.push(size);
    return dirty(size);
  });
  accumulator.append(hex`01`, 0, 1, 65_535);
  accumulator.append(new Uint8Array(65_535).fill(2), 0, 65_535, 0);
  expect(sizes).toEqual([65_536]);
  const bytes = accumulator.take();
  expect(bytes.buffer.byteLength).toBe(65_536);
  expect(bytes[0]).toBe(1);
  expect(bytes.subarray(1).every((byte) => byte === 2)).toBe(true);
});

test("append() believes what is at hand as what was sent", () => {
  const sizes: number[] = [];
  const accumulator = new Accumulator((size) => {
    sizes.push(size);
    return new Uint8Array(size);
  });
  const [piece, announced] = [new Uint8Array(65_536), 2 ** 20];
  accumulator.append(piece, 0, 65_536, announced - 65_536, 65_535);
  expect(sizes.splice(0)).toEqual([2 * 65_536 + 64]);
  accumulator.take();
  accumulator.append(piece, 0, 65_536, announced - 65_536, 65_536);
  expect(sizes).toEqual([announced]);
});

test("append() allocates zeroed memory where nothing else is given", () => {
  const accumulator = new Accumulator();
  accumulator.append(hex`01`, 0, 1, 9);
  const bytes = accumulator.take();
  expect(bytes).toEqual(hex`01`);
  expect(new Uint8Array(bytes.buffer)).toEqual(hex`01 00 00 00 00 00 00 00 00 00`);
});

test("append() does not believe an announcement of a gigabyte", () => {
  const sizes: number[] = [];
  const accumulator = new Accumulator((size) => {
    sizes.push(size);
    return dirty(size);
  });
  accumulator.append(hex``, 0, 0, GIB);
  expect(accumulator.take().buffer.byteLength).toBe(0);
  accumulator.append(hex`01`, 0, 1, GIB - 1);
  expect(sizes.every((size) => size <= 65_536)).toBe(true);
  expect(accumulator.take().buffer.byteLength).toBeLessThanOrEqual(65_536);
});

test("append() holds at most eight times what was sent, or 64 KiB", () => {
  const prng = new Prng();
  for (let run = 0; run < 50; run++) {
    let largest = 0;
    const accumulator = new Accumulator((size) => {
      largest = Math.max(largest, size);
      return dirty(size);
    });
    let left = prng.below(3_000_000);
    const chunk = new Uint8Array(65_536);
    while (accumulator.length < 300_000 && left > 0) {
      const length = Math.min(left, prng.between(1, 65_536));
      left -= length;
      accumulator.append(chunk, 0, length, left);
      expect(largest, `seed ${prng.seed}`).toBeLessThanOrEqual(Math.max(65_536, accumulator.length * 8));
    }
    const total = accumulator.length;
    const bytes = accumulator.take();
    expect(bytes).toHaveLength(total);
  }
});

test("append() is linear for a million fragments of one byte", () => {
  const accumulator = new Accumulator();
  const byte = hex`41`;
  for (let i = 0; i < 1_000_000; i++) accumulator.append(byte, 0, 1, 0);
  const bytes = accumulator.take();
  expect(bytes).toHaveLength(1_000_000);
  expect(bytes.buffer.byteLength).toBeLessThanOrEqual(2_000_000);
  expect(bytes.every((value) => value === 0x41)).toBe(true);
});

test.each([
  [300, [4, 200, 3000]],
  [20, [4, 70_000, 700_000]],
])("take() gives what was appended, and no old bytes behind it: %i of %j", (runs, sizes) => {
  const prng = new Prng();
  const accumulator = new Accumulator(dirty);
  for (let run = 0; run < runs; run++) {
    const parts: Uint8Array[] = [];
    for (let fragment = prng.between(1, 4); fragment > 0; fragment--) {
      const payload = prng.bytes(prng.below(prng.pick(sizes)));
      let left = payload.length;
      for (const piece of prng.chunks(payload, prng.pick([7, 100, 3000]))) {
        left -= piece.length;
        accumulator.append(piece, 0, piece.length, left);
      }
      parts.push(payload);
    }
    const expected = concat(parts);
    const bytes = accumulator.take();
    expect(Buffer.compare(bytes, expected), `seed ${prng.seed}`).toBe(0);
    const behind = new Uint8Array(bytes.buffer).subarray(bytes.length);
    expect(
      behind.every((value) => value === 0),
      `seed ${prng.seed}`,
    ).toBe(true);
    expect(bytes.buffer.byteLength, `seed ${prng.seed}`).toBeLessThanOrEqual(Math.max(64, 2 * bytes.length));
  }
});

test("keep() joins pieces of any size, between others, in their order", () => {
  const prng = new Prng();
  const accumulator = new Accumulator();
  for (let run = 0; run < 300; run++) {
    const parts: Uint8Array[] = [];
    for (let count = prng.below(20); count > 0; count--) {
      const piece = prng.bytes(prng.below(prng.pick([4, 4096, 4098, 40_000])));
      parts.push(piece.slice());
      if (prng.chance(0.2)) accumulator.append(piece, 0, piece.length, 0);
      else accumulator.keep(piece);
    }
    const expected = concat(parts);
    expect(accumulator.length, `seed ${prng.seed}`).toBe(expected.length);
    expect(Buffer.compare(accumulator.take(), expected), `seed ${prng.seed}`).toBe(0);
    expect(accumulator.length).toBe(0);
  }
});

test("keep() does not copy a large piece that comes alone", () => {
  const accumulator = new Accumulator();
  const piece = new Uint8Array(4096);
  accumulator.keep(piece);
  expect(accumulator.take()).toBe(piece);
});
