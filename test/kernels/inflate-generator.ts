// Compressed messages for random tests: what zlib makes, what it never would, and what the network makes of both.
import { constants, deflateRawSync } from "node:zlib";
import type { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";
import { BitWriter, type Lengths } from "./bit-writer.ts";

/** Bytes of one of several kinds, at most `most` of them. */
export function randomData(random: Prng, most: number): Uint8Array {
  const length = random.below(random.pick([4, 40, 400, most]) + 1);
  const kind = random.below(5);
  if (kind === 0) return random.bytes(length);
  if (kind === 1) return new Uint8Array(length).fill(random.below(256));
  const words = Array.from({ length: random.between(1, 30) }, () => random.bytes(random.between(1, kind * kind)));
  const data = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const word = random.pick(words).subarray(0, length - at);
    data.set(word, at);
    at += word.length;
  }
  return data;
}

/** A message as zlib compresses it, without 00 00 ff ff at the end; or a final block, now and then. */
export function compress(random: Prng, data: Uint8Array): Uint8Array {
  const isFinal = random.chance(0.15);
  const compressed = deflateRawSync(data, {
    level: random.between(0, 9),
    strategy: random.pick([0, 0, 0, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FIXED]),
    windowBits: random.between(9, 15),
    memLevel: random.between(1, 9),
    finishFlush: isFinal ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
  });
  if (!isFinal) return random.chance(0.9) ? compressed.subarray(0, -4) : compressed;
  return random.chance(0.5) ? compressed : concat([compressed, Uint8Array.of(0)]);
}

/** Code lengths of a complete prefix code for some of `count` symbols, or nearly. */
function randomLengths(random: Prng, count: number, must: number): Lengths {
  const leaves = [0];
  for (const size = random.between(1, random.pick([2, 10, 60, 250])); leaves.length < size;) {
    const at = random.chance(0.5) ? random.below(leaves.length) : leaves.length - 1;
    const depth = (leaves[at] as number) + 1;
    if (depth > 15) break;
    leaves.splice(at, 1, depth, depth);
  }
  const lengths: Record<number, number> = {};
  for (const [i, depth] of leaves.entries()) lengths[i === 0 ? must : random.below(count)] = Math.max(1, depth);
  return lengths;
}

const someSymbols = (lengths: Lengths, random: Prng): number[] => {
  const symbols = Object.keys(lengths).map(Number);
  return Array.from({ length: random.below(12) }, () => random.pick(symbols));
};

/** Blocks that no encoder would make: odd codes, long distances, symbols that stand for nothing. */
export function compose(random: Prng): Uint8Array {
  const writer = new BitWriter();
  for (let blocks = random.between(1, 3); blocks > 0; blocks--) {
    const isFinal = random.chance(0.2);
    const kind = random.below(4);
    if (kind === 0) {
      writer.stored([...random.bytes(random.below(9))], { isFinal });
    } else {
      const distances: Lengths =
        kind === 1 ? Object.fromEntries(Array.from({ length: 32 }, (_, i) => [i, 5])) : randomLengths(random, 30, 0);
      const literals =
        kind === 1 ? { 65: 8, 66: 8, 256: 7, 257: 7, 264: 7, 285: 8, 286: 8 } : randomLengths(random, 286, 256);
      if (kind === 1) writer.fixed(isFinal);
      else writer.dynamic(literals, distances, { isFinal });
      for (const symbol of someSymbols(literals, random)) {
        if (symbol === 256) continue;
        writer.symbols(symbol);
        if (symbol > 256)
          writer.bits(random.uint32(), extraBitsOfLength(symbol)).distance(...randomDistance(random, distances));
      }
      writer.end();
    }
    if (isFinal) writer.align(random.below(2));
  }
  return random.chance(0.8) ? writer.bits(0, 3).done() : writer.done();
}

function extraBitsOfLength(symbol: number): number {
  return symbol < 265 || symbol >= 285 ? 0 : (symbol - 261) >> 2;
}

function randomDistance(random: Prng, distances: Lengths): [symbol: number, extra: number, extraBits: number] {
  const symbol = Number(random.pick(Object.keys(distances)));
  const small = random.chance(0.7) ? Math.min(symbol, 3) : symbol;
  const known = small in distances ? small : symbol;
  return [known, random.uint32(), known < 4 || known > 29 ? 0 : (known >> 1) - 1];
}

/** A copy with a few faults. */
export function mutate(random: Prng, bytes: Uint8Array): Uint8Array {
  let mutated = bytes.slice();
  for (let faults = random.pick([0, 1, 1, 1, 2, 3, 8]); faults > 0; faults--) {
    const at = random.chance(0.5) ? random.below(mutated.length + 1) : random.below(Math.min(mutated.length + 1, 20));
    const kind = random.below(6);
    if (kind < 3) mutated[at] = (mutated[at] ?? 0) ^ (1 << random.below(8));
    else if (kind === 3) mutated[at] = random.pick([0, 0xff, random.below(256)]);
    else if (kind === 4)
      mutated = concat([
        mutated.subarray(0, at),
        random.bytes(random.below(4)),
        mutated.subarray(at + random.below(3)),
      ]);
    else mutated = random.chance(0.5) ? mutated.slice(0, at) : concat([mutated, random.bytes(random.below(6))]);
  }
  return mutated;
}

/** Bytes that begin like a block. */
export function noise(random: Prng): Uint8Array {
  const bytes = random.bytes(random.between(1, 60));
  if (random.chance(0.7)) bytes[0] = ((bytes[0] as number) & 0xf8) | random.pick([2, 3, 4, 5, 4, 5]);
  return bytes;
}
