// Inflate in plain TypeScript, bit by bit, to compare with: it tells how far back a stream reaches, which zlib does not.

/** What became of the bytes of a message. */
export interface Inflated {
  readonly output: Uint8Array;
  /**
   * "wrong": no continuation could make it right. "cut": right so far, but not whole. "whole": the message may end
   * here, which is behind the header of a stored block, or behind a block and a whole byte.
   */
  readonly state: "wrong" | "cut" | "whole";
  /** For each match that reaches back further than all before it: the output before it, and how far. */
  readonly reaches: readonly (readonly [position: number, distance: number])[];
}

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

class Wrong extends Error {}
class Cut extends Error {}

interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

/** The symbols of a code by length and then value; refuses what zlib refuses. */
function makeCode(lengths: readonly number[], mayBeAlone: boolean): Code {
  const counts = Array.from({ length: 16 }, (_, length) => lengths.filter((other) => other === length).length);
  counts[0] = 0;
  let left = 1;
  for (let length = 1; length <= 15; length++) {
    left = 2 * left - (counts[length] as number);
    if (left < 0) throw new Wrong();
  }
  if (left > 0 && !(mayBeAlone && counts.every((count, length) => count === 0 || length === 1))) throw new Wrong();
  const symbols = counts.flatMap((_, length) =>
    length === 0 ? [] : [...lengths.keys()].filter((symbol) => lengths[symbol] === length),
  );
  return { counts, symbols };
}

const FIXED_LITERALS = makeCode(
  Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
  false,
);
const FIXED_DISTANCES = makeCode(
  Array.from({ length: 32 }, () => 5),
  false,
);

/** The base and the number of extra bits of a length symbol, from 0 for 257. */
function lengthOf(symbol: number): [base: number, extraBits: number] {
  if (symbol > 28) throw new Wrong();
  if (symbol === 28) return [258, 0];
  if (symbol < 8) return [3 + symbol, 0];
  const extraBits = (symbol >> 2) - 1;
  return [3 + ((4 + (symbol & 3)) << extraBits), extraBits];
}

function distanceOf(symbol: number): [base: number, extraBits: number] {
  if (symbol > 29) throw new Wrong();
  if (symbol < 4) return [1 + symbol, 0];
  const extraBits = (symbol >> 1) - 1;
  return [1 + ((2 + (symbol & 1)) << extraBits), extraBits];
}

class Reference {
  readonly #input: Uint8Array;
  readonly output: number[];
  readonly reaches: [number, number][] = [];
  #position = 0; // in bits
  /** What would be written if the bits ended here is in the output; here is where the message may end. */
  mayEnd = false;

  constructor(input: Uint8Array, before: Uint8Array) {
    this.#input = input;
    this.output = [...before];
  }

  run(): void {
    for (;;) {
      this.mayEnd = this.#position === 8 * this.#input.length;
      const isFinal = this.#bits(1) === 1;
      this.mayEnd = false;
      const type = this.#bits(2);
      if (type === 3) throw new Wrong();
      if (type === 0) this.#stored();
      else if (type === 1) this.#codes(FIXED_LITERALS, FIXED_DISTANCES);
      else this.#dynamic();
      if (isFinal) this.#align();
    }
  }

  #bits(count: number): number {
    if (this.#position + count > 8 * this.#input.length) throw new Cut();
    let value = 0;
    for (let i = 0; i < count; i++, this.#position++) {
      value |= (((this.#input[this.#position >> 3] as number) >> (this.#position & 7)) & 1) << i;
    }
    return value;
  }

  #align(): void {
    this.#position = (this.#position + 7) & ~7;
  }

  #stored(): void {
    this.#align();
    this.mayEnd = this.#position === 8 * this.#input.length;
    const length = this.#bits(16);
    this.mayEnd = false;
    if (this.#bits(16) !== (length ^ 0xffff)) throw new Wrong();
    for (let i = 0; i < length; i++) this.output.push(this.#bits(8));
  }

  #symbol({ counts, symbols }: Code): number {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length <= 15; length++) {
      code |= this.#bits(1);
      const count = counts[length] as number;
      if (code - count < first) return symbols[index + code - first] as number;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
      if (symbols.length <= 1) throw new Wrong(); // a code that stands for nothing
    }
    throw new Wrong();
  }

  #dynamic(): void {
    const [literals, distances, count] = [this.#bits(5) + 257, this.#bits(5) + 1, this.#bits(4) + 4];
    if (literals > 286 || distances > 30) throw new Wrong();
    const codeLengths = Array.from({ length: 19 }, () => 0);
    for (const symbol of ORDER.slice(0, count)) codeLengths[symbol] = this.#bits(3);
    const code = makeCode(codeLengths, false);
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths.push(symbol);
        continue;
      }
      if (symbol === 16 && lengths.length === 0) throw new Wrong();
      const value = symbol === 16 ? (lengths.at(-1) as number) : 0;
      const times = symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7);
      if (lengths.length + times > literals + distances) throw new Wrong();
      for (let i = 0; i < times; i++) lengths.push(value);
    }
    if (lengths[256] === 0) throw new Wrong();
    this.#codes(makeCode(lengths.slice(0, literals), true), makeCode(lengths.slice(literals), true));
  }

  #codes(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        this.output.push(symbol);
        continue;
      }
      const [length, lengthBits] = lengthOf(symbol - 257);
      const whole = length + this.#bits(lengthBits);
      const [distance, distanceBits] = distanceOf(this.#symbol(distances));
      this.#copy(whole, distance + this.#bits(distanceBits));
    }
  }

  #copy(length: number, distance: number): void {
    const { output } = this;
    if (distance > output.length) throw new Wrong();
    if (distance > (this.reaches.at(-1)?.[1] ?? 0)) this.reaches.push([output.length, distance]);
    for (let i = 0; i < length; i++) output.push(output[output.length - distance] as number);
  }
}

/** Inflates the bytes of one message, without the 00 00 ff ff that RFC 7692 7.2.2 adds, given the output before it. */
export function inflateReference(input: Uint8Array, before: Uint8Array = new Uint8Array(0)): Inflated {
  const reference = new Reference(input, before);
  let state: Inflated["state"] = "cut";
  try {
    reference.run();
  } catch (error) {
    if (error instanceof Wrong) state = "wrong";
    else if (!(error instanceof Cut)) throw error;
    else if (reference.mayEnd) state = "whole";
  }
  const output = Uint8Array.from(reference.output.slice(before.length));
  return { output, state, reaches: reference.reaches };
}
