// Messages to compress: like those of applications, and such that are hard on a compressor.
import type { Prng } from "../support/prng.ts";

const WORDS = "the of and to in is that for it with as was on be at by this had not are but from or have an they".split(
  " ",
);
const NAMES = ["id", "name", "price", "quantity", "timestamp", "tags", "status", "owner"];

export function plainText(prng: Prng, length: number): Uint8Array {
  let written = "";
  while (written.length < length) written += `${prng.pick(WORDS)}${prng.chance(0.1) ? ". " : " "}`;
  return new TextEncoder().encode(written.slice(0, length));
}

export function jsonText(prng: Prng, length: number): Uint8Array {
  let written = "[";
  while (written.length < length) {
    const fields = NAMES.map((name) => [name, prng.chance(0.5) ? prng.below(100_000) : prng.pick(WORDS)]);
    written += `${JSON.stringify(Object.fromEntries(fields))},`;
  }
  return new TextEncoder().encode(written.slice(0, length));
}

/** Every string of `order` letters once, for as long as it lasts (by the greedy rule: a letter that makes a new one). */
export function deBruijn(letters: number, order: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const seen = new Set<number>();
  const modulus = letters ** order;
  let state = 0;
  for (let i = 0; i < length; i++) {
    let letter = letters - 1;
    while (letter > 0 && seen.has((state * letters + letter) % modulus)) letter--;
    state = (state * letters + letter) % modulus;
    seen.add(state);
    bytes[i] = letter;
  }
  return bytes;
}

/** Words of four bytes in random order: as many matches as there can be. */
export function shortMatches(prng: Prng, length: number): Uint8Array {
  const words = Array.from({ length: 600 }, () => prng.bytes(4));
  const bytes = new Uint8Array(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.set(prng.pick(words), i);
  return bytes;
}

/**
 * Matches whose distances have symbols as frequent as the numbers of Fibonacci: the worst that there is for the length
 * of codes. Every match is of random bytes that occur only twice.
 */
export function fibonacciDistances(prng: Prng): Uint8Array {
  const pending: number[] = [];
  const counts = [1, 1];
  while (counts.length < 17) counts.push((counts.at(-1) as number) + (counts.at(-2) as number));
  const bytes = new Uint8Array(65_000);
  let at = 0;
  const write = (piece: Uint8Array): void => {
    bytes.set(piece, at);
    at += piece.length;
  };
  // The most frequent symbol stands for the nearest distances.
  const symbolOf = (distance: number): number => {
    const bits = 31 - Math.clz32(distance - 1);
    return 2 * bits + (((distance - 1) >> (bits - 1)) & 1);
  };
  const left = new Map(counts.toReversed().map((count, i) => [8 + i, count]));
  while (at < bytes.length - 20 && [...left.values()].some((count) => count > 0)) {
    const found = pending.findLastIndex((from) => (left.get(symbolOf(at - from)) ?? 0) > 0);
    if (found === -1) {
      pending.push(at);
      write(prng.bytes(4));
    } else {
      const [from = 0] = pending.splice(found, 1);
      const symbol = symbolOf(at - from);
      left.set(symbol, (left.get(symbol) ?? 0) - 1);
      write(bytes.slice(from, from + 4));
      write(prng.bytes(1)); // so that two matches do not become one
    }
  }
  return bytes.subarray(0, at);
}

/** Random bytes of which parts come again from about `distance` back. */
function echoes(prng: Prng, length: number, distance: number): Uint8Array {
  const bytes = prng.bytes(length);
  for (let at = 0; at < length; at += prng.between(4, 400)) {
    const from = at - distance + prng.between(-2, 2);
    if (from >= 0) bytes.copyWithin(at, from, from + prng.between(3, 300));
  }
  return bytes;
}

/** Random bytes of few values, some of them more frequent than others. */
function skewed(prng: Prng, length: number): Uint8Array {
  const weight = prng.between(1, 6);
  return Uint8Array.from({ length }, () => {
    let value = 0;
    while (value < 255 && prng.below(8) >= weight) value++;
    return value;
  });
}

const KINDS: readonly ((prng: Prng, length: number) => Uint8Array)[] = [
  plainText,
  jsonText,
  (prng, length) => prng.bytes(length),
  (_prng, length) => new Uint8Array(length),
  (prng, length) => new Uint8Array(length).fill(prng.below(256)),
  (prng, length) => echoes(prng, length, 2 ** prng.between(8, 15)),
  (prng, length) => shortMatches(prng, length),
  (prng, length) => skewed(prng, length),
  (prng, length) => deBruijn(prng.between(2, 4), prng.between(4, 8), length),
  // The same over and over, with a mistake now and then.
  (prng, length) => {
    const unit = prng.bytes(prng.between(1, 300));
    return Uint8Array.from({ length }, (_, i) =>
      prng.chance(0.003) ? prng.below(256) : (unit[i % unit.length] as number),
    );
  },
  // Half of it random: the kind of block changes inside the message.
  (prng, length) => {
    const bytes = plainText(prng, length);
    bytes.set(prng.bytes(length >> 1), prng.below(length >> 1));
    return bytes;
  },
];

/** A message of any kind, mostly short. */
export function randomMessage(prng: Prng, most: number): Uint8Array {
  const length = Math.min(most, Math.floor(2 ** ((prng.below(1000) / 1000) * Math.log2(most + 1)))) - prng.below(2);
  return prng.pick(KINDS)(prng, Math.max(0, length));
}
