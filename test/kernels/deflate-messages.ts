// Messages to compress: like those of applications, and such that are hard on a compressor.
import type { Prng } from "../support/prng.ts";

const WORDS = "the of and to in is that for it with as was on be at by this had not are but from or have an they".split(
  " ",
);
const NAMES = ["id", "name", "price", "quantity", "timestamp", "tags", "status", "owner"];

function text(prng: Prng, length: number): Uint8Array {
  let written = "";
  while (written.length < length) written += `${prng.pick(WORDS)}${prng.chance(0.1) ? ". " : " "}`;
  return new TextEncoder().encode(written.slice(0, length));
}

function json(prng: Prng, length: number): Uint8Array {
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
  text,
  json,
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
    const bytes = text(prng, length);
    bytes.set(prng.bytes(length >> 1), prng.below(length >> 1));
    return bytes;
  },
];

/** A message of any kind, mostly short. */
export function randomMessage(prng: Prng, most: number): Uint8Array {
  const length = Math.min(most, Math.floor(2 ** ((prng.below(1000) / 1000) * Math.log2(most + 1)))) - prng.below(2);
  return prng.pick(KINDS)(prng, Math.max(0, length));
}
