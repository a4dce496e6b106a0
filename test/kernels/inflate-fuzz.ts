// Random streams through inflate and zlib: the same output, or both refuse.
import { setImmediate as nextTurn } from "node:timers/promises";
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { compose, compress, mutate, noise, randomData } from "./inflate-generator.ts";
import { Canaries, newCompression, tryInflateMessage, zlibMayEnd, zlibOutput } from "./inflate-harness.ts";
import { inflateReference } from "./inflate-reference.ts";

/** Streams that are mutated again and again, as making them takes longer than inflating. */
function makePool(random: Prng): Uint8Array[] {
  const most = random.chance(0.1) ? 150_000 : 2000;
  return Array.from({ length: 12 }, (_, i) => (i < 8 ? compress(random, randomData(random, most)) : compose(random)));
}

const { kernels, compression } = newCompression();
const canaries = new Canaries(kernels.memory);

/** Another connection, which must not notice. */
class Neighbour {
  readonly #inflater = compression.createInflater(15, true);
  readonly #data: Uint8Array;
  readonly #compressed: Uint8Array;
  #position = 0;
  #received = 0;

  constructor(random: Prng) {
    this.#data = randomData(random, 2000);
    this.#compressed = compress(new Prng(random.seed), this.#data);
  }

  /** Inflates a little more of its message, which repeats. */
  run(): void {
    const bytes = this.#compressed.subarray(this.#position, this.#position + 7);
    this.#position += bytes.length;
    const isLast = this.#position === this.#compressed.length;
    this.#inflater.start(bytes, isLast);
    for (let length; (length = this.#inflater.next(100)) > 0; this.#received += length) {
      const { outputOffset } = this.#inflater;
      const expected = Buffer.from(this.#data.subarray(this.#received, this.#received + length));
      if (!expected.equals(kernels.memory.subarray(outputOffset, outputOffset + length)))
        throw new Error("another connection got other bytes");
    }
    if (!isLast) return;
    strictEqual(this.#received, this.#data.length);
    this.#position = 0;
    this.#received = 0;
  }
}

/** Whether a message reaches out of a window that zlib would not enforce. */
function reachesOut(stream: Uint8Array, before: Uint8Array, windowBits: number): boolean {
  if (windowBits === 15) return false;
  return inflateReference(stream, before).reaches.some(([, distance]) => distance > 2 ** windowBits);
}

/** One stream, compared. Returns how it ended. */
function compare(
  random: Prng,
  stream: Uint8Array,
  before: Uint8Array,
  neighbour: Neighbour,
): "refused" | "cut" | "whole" {
  const windowBits = random.chance(0.9) ? 15 : random.between(8, 14);
  const chunks = random.chance(0.5) ? [stream] : random.chunks(stream, random.pick([1, 3, 30]));
  const limit = random.pick([Infinity, Infinity, 1, 5, 259, 300]);
  const options = {
    limit: stream.length > 3000 ? Infinity : limit,
    ...(random.chance(0.2) ? { between: () => neighbour.run() } : {}),
  };

  const inflater = compression.createInflater(windowBits, true);
  if (before.length > 0) tryInflateMessage(compression, inflater, [storedBefore(before)]);
  // First all bytes, then the end of the message by itself: zlib knows no such end.
  const actual = tryInflateMessage(compression, inflater, chunks, { ...options, isLast: false });
  const isWhole = actual !== null && tryInflateMessage(compression, inflater, [new Uint8Array(0)], options) !== null;

  const refused = reachesOut(stream, before, windowBits);
  const expected = refused ? null : zlibOutput(stream, before);
  if (actual === null) {
    if (expected !== null) ok(refusesAnyway(stream, before), "refused, but not by zlib");
    return "refused";
  }
  if (expected === null || !Buffer.from(actual).equals(expected)) deepStrictEqual(Buffer.from(actual), expected);
  if (random.chance(0.25)) strictEqual(isWhole, zlibMayEnd(stream, actual, before));
  return isWhole ? "whole" : "cut";
}

/** Codes for code lengths that are none are refused at once; zlib takes them all for length 0 and complains after. */
function refusesAnyway(stream: Uint8Array, before: Uint8Array): boolean {
  return [0, 0xff].every((byte) => zlibOutput(Buffer.concat([stream, Buffer.alloc(200, byte)]), before) === null);
}

/** A message of one stored block. */
function storedBefore(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  return Buffer.concat([
    Buffer.from([0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255]),
    bytes,
    Buffer.of(0),
  ]);
}

/** Compares streams, and throws at the first difference. Tells how many were refused, cut short and whole. */
export async function fuzzInflate(
  random: Prng,
  rounds: number,
): Promise<{ refused: number; cut: number; whole: number }> {
  const ends = { refused: 0, cut: 0, whole: 0 };
  let pool: Uint8Array[] = [];
  let before: Uint8Array = new Uint8Array(0);
  let neighbour = new Neighbour(random);
  for (let i = 0; i < rounds; i++) {
    if (i % 200 === 0) {
      await nextTurn(); // zlib gives its memory back then
      pool = makePool(random);
      before = random.chance(0.5) ? new Uint8Array(0) : randomData(random, random.chance(0.1) ? 40_000 : 500);
      neighbour = new Neighbour(new Prng(random.uint32()));
    }
    const stream = random.chance(0.15) ? noise(random) : mutate(random, random.pick(pool));
    try {
      ends[compare(random, stream, before, neighbour)] += 1;
      canaries.check(i % 500 === 0);
    } catch (error) {
      throw new Error(`seed ${random.seed}, round ${i}: ${toHex(stream.subarray(0, 2000))}`, { cause: error });
    }
  }
  return ends;
}
