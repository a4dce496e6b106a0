// A slow and strict decoder of DEFLATE (RFC 1951), written from the RFC: it refuses what some peer might refuse.

/** A set of codes: how many there are of each length, and their symbols in order. */
interface Codes {
  readonly counts: number[];
  readonly symbols: number[];
}

const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** What a stream was made of. */
export interface Tally {
  readonly blocks: { stored: number; fixed: number; dynamic: number };
  farthest: number;
  longestMatch: number;
  longestCode: number;
}

/** Decodes the messages of a connection. */
export class StrictInflater {
  readonly tally: Tally = {
    blocks: { stored: 0, fixed: 0, dynamic: 0 },
    farthest: 0,
    longestMatch: 0,
    longestCode: 0,
  };
  readonly #windowSize: number;
  readonly #keepsContext: boolean;
  #output = new Uint8Array(1024);
  /** Bytes of output, and how many of them are of earlier messages. */
  #length = 0;
  #input = new Uint8Array(0);
  #position = 0;
  #held = 0;
  #heldCount = 0;

  constructor(windowBits: number, keepsContext: boolean) {
    this.#windowSize = 1 << windowBits;
    this.#keepsContext = keepsContext;
  }

  /** Decodes all blocks of `input`, which has to end with that of a flush. */
  inflate(input: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#begin(input);
    const from = this.#length;
    let wasEmptyStored = false;
    while (this.#position < input.length) {
      if (this.#bits(1) !== 0) throw new Error("a final block");
      const kind = this.#bits(2);
      const before = this.#length;
      if (kind === 0) this.#stored();
      else if (kind === 1) this.#symbols(FIXED_LITERALS, FIXED_DISTANCES, "fixed");
      else if (kind === 2) this.#dynamic();
      else throw new Error("a block of the reserved kind");
      wasEmptyStored = kind === 0 && this.#length === before;
    }
    if (!wasEmptyStored) throw new Error("no flush at the end");
    return this.#output.slice(from, this.#length);
  }

  #begin(input: Uint8Array): void {
    this.#input = new Uint8Array(input);
    this.#position = 0;
    if (!this.#keepsContext) {
      this.#length = 0;
    } else if (this.#length > 4 * this.#windowSize + 100_000) {
      this.#output.copyWithin(0, this.#length - this.#windowSize, this.#length);
      this.#length = this.#windowSize;
    }
  }

  #bits(count: number): number {
    while (this.#heldCount < count) {
      if (this.#position === this.#input.length) throw new Error("the end of input inside a block");
      this.#held |= (this.#input[this.#position++] as number) << this.#heldCount;
      this.#heldCount += 8;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#heldCount -= count;
    return value;
  }

  #stored(): void {
    if (this.#held !== 0) throw new Error("padding that is not zero");
    this.#heldCount = 0;
    const length = this.#bits(16);
    if (this.#bits(16) !== (length ^ 0xffff)) throw new Error("a stored length that is not repeated");
    if (this.#position + length > this.#input.length) throw new Error("a stored block that is cut short");
    this.#reserve(length);
    this.#output.set(this.#input.subarray(this.#position, this.#position + length), this.#length);
    this.#length += length;
    this.#position += length;
    this.tally.blocks.stored++;
  }

  #dynamic(): void {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const own = this.#bits(4) + 4;
    if (literals > 286 || distances > 30) throw new Error("too many codes");
    const ownLengths = Array.from({ length: 19 }, () => 0);
    for (const symbol of ORDER.slice(0, own)) ownLengths[symbol] = this.#bits(3);
    const codes = makeCodes(ownLengths);
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const symbol = this.#decode(codes);
      if (symbol < 16) lengths.push(symbol);
      else if (symbol === 16) lengths.push(...repeat(lengths.at(-1), 3 + this.#bits(2)));
      else lengths.push(...repeat(0, symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7)));
    }
    if (lengths.length !== literals + distances) throw new Error("too many lengths of codes");
    this.tally.longestCode = Math.max(this.tally.longestCode, ...lengths);
    this.#symbols(makeCodes(lengths.slice(0, literals)), makeCodes(lengths.slice(literals)), "dynamic");
  }

  #symbols(literals: Codes, distances: Codes, kind: "fixed" | "dynamic"): void {
    this.tally.blocks[kind]++;
    for (;;) {
      const symbol = this.#decode(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        this.#reserve(1);
        this.#output[this.#length++] = symbol;
      } else {
        const length = (LENGTH_BASE[symbol - 257] as number) + this.#bits(LENGTH_EXTRA[symbol - 257] as number);
        const code = this.#decode(distances);
        this.#copy(length, (DISTANCE_BASE[code] as number) + this.#bits(DISTANCE_EXTRA[code] as number));
      }
    }
  }

  #copy(length: number, distance: number): void {
    if (distance > this.#windowSize) throw new Error(`a distance of ${distance} in a window of ${this.#windowSize}`);
    if (distance > this.#length) throw new Error(`a distance of ${distance} after ${this.#length} bytes`);
    this.#reserve(length);
    for (let i = 0; i < length; i++, this.#length++) {
      this.#output[this.#length] = this.#output[this.#length - distance] as number;
    }
    this.tally.farthest = Math.max(this.tally.farthest, distance);
    this.tally.longestMatch = Math.max(this.tally.longestMatch, length);
  }

  #decode({ counts, symbols }: Codes): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= 15; length++) {
      code |= this.#bits(1);
      const count = counts[length] as number;
      if (code - count < first) return symbols[index + (code - first)] as number;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new Error("no such code");
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#output.length) return;
    const larger = new Uint8Array(2 * (this.#length + more));
    larger.set(this.#output);
    this.#output = larger;
  }
}

function repeat(value: number | undefined, times: number): number[] {
  if (value === undefined) throw new Error("nothing to repeat");
  return Array.from({ length: times }, () => value);
}

function makeCodes(lengths: readonly number[]): Codes {
  const counts = Array.from({ length: 16 }, (_, length) => lengths.filter((other) => other === length).length);
  const taken = counts.slice(1).reduce((sum, count, i) => sum + count * 2 ** (14 - i), 0);
  if (taken !== 2 ** 15) throw new Error("a set of codes that is not complete");
  const symbols = Array.from(lengths.keys())
    .filter((symbol) => lengths[symbol] !== 0)
    .toSorted((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  return { counts, symbols };
}

const FIXED_LITERALS = makeCodes([...repeat(8, 144), ...repeat(9, 112), ...repeat(7, 24), ...repeat(8, 8)]);
const FIXED_DISTANCES = makeCodes(repeat(5, 32));
