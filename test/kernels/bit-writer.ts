// Writes deflate streams by hand, right and wrong ones (RFC 1951).

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** The codes of a prefix code, by symbol, from its code lengths (RFC 1951 3.2.2); first bit highest. */
function codesOf(lengths: readonly number[]): number[] {
  const next = [0, 0];
  for (let length = 1; length < 15; length++) {
    next.push(((next[length] as number) + lengths.filter((other) => other === length).length) << 1);
  }
  return lengths.map((length) => {
    const code = next[length] as number;
    if (length > 0) next[length] = code + 1;
    return code;
  });
}

/** Code lengths by symbol, of those that have one. */
export type Lengths = Readonly<Record<number, number>>;

function toArray(lengths: Lengths, count: number): number[] {
  return Array.from({ length: count }, (_, symbol) => lengths[symbol] ?? 0);
}

const FIXED_LITERALS = Array.from({ length: 288 }, (_, symbol) => {
  if (symbol < 144) return 8;
  if (symbol < 256) return 9;
  return symbol < 280 ? 7 : 8;
});
const FIXED_DISTANCES = Array.from({ length: 32 }, () => 5);

/** Bits, low ones first, put together by chained calls. */
export class BitWriter {
  readonly #bits: number[] = [];
  #literals: readonly number[] = FIXED_LITERALS;
  #distances: readonly number[] = FIXED_DISTANCES;

  /** The low `count` bits of `value`. */
  bits(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bits.push((value >>> i) & 1);
    return this;
  }

  /** Zeros (or ones) up to a whole byte. */
  align(bit = 0): this {
    while (this.#bits.length % 8 !== 0) this.#bits.push(bit);
    return this;
  }

  bytes(bytes: Iterable<number>): this {
    for (const byte of bytes) this.bits(byte, 8);
    return this;
  }

  /** A whole block. */
  stored(bytes: readonly number[], { isFinal = false, complement = ~bytes.length & 0xffff } = {}): this {
    return this.bits(Number(isFinal), 3).align().bits(bytes.length, 16).bits(complement, 16).bytes(bytes);
  }

  /** Header of a block with fixed codes. */
  fixed(isFinal = false): this {
    this.#literals = FIXED_LITERALS;
    this.#distances = FIXED_DISTANCES;
    return this.bits(2 | Number(isFinal), 3);
  }

  /** Header of a block with these codes; the code lengths are sent one by one in codes of four bits. */
  dynamic(
    literals: Lengths,
    distances: Lengths,
    { isFinal = false, literalCount = 286, distanceCount = 30 } = {},
  ): this {
    this.#literals = toArray(literals, literalCount);
    this.#distances = toArray(distances, distanceCount);
    this.codeCounts(
      literalCount,
      distanceCount,
      Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i, 4])),
      isFinal,
    );
    // The code of length n is n, first bit highest.
    for (const length of [...this.#literals, ...this.#distances]) this.code(length, 4);
    return this;
  }

  /** The first part of such a header. */
  codeCounts(literalCount: number, distanceCount: number, codeLengths: Lengths, isFinal = false): this {
    this.bits(4 | Number(isFinal), 3)
      .bits(literalCount - 257, 5)
      .bits(distanceCount - 1, 5)
      .bits(15, 4);
    for (const symbol of ORDER) this.bits(codeLengths[symbol] ?? 0, 3);
    return this;
  }

  /** A code, first bit highest. */
  code(code: number, length: number): this {
    for (let i = length - 1; i >= 0; i--) this.#bits.push((code >>> i) & 1);
    return this;
  }

  /** Literals, lengths (from 257 on) or the end of the block (256). */
  symbols(...symbols: readonly number[]): this {
    const codes = codesOf(this.#literals);
    for (const symbol of symbols) this.code(codes[symbol] as number, this.#literals[symbol] as number);
    return this;
  }

  distance(symbol: number, extra = 0, extraBits = 0): this {
    const codes = codesOf(this.#distances);
    return this.code(codes[symbol] as number, this.#distances[symbol] as number).bits(extra, extraBits);
  }

  /** A length of 3 to 258 and any distance, in the codes of a fixed block. */
  match(length: number, distance: number): this {
    const lengthBits = length === 258 ? 0 : Math.max(0, 29 - Math.clz32(length - 3));
    const lengthSymbol = 257 + 4 * lengthBits + ((length - 3) >> lengthBits);
    this.symbols(length === 258 ? 285 : lengthSymbol).bits(length - 3, lengthBits);
    const extraBits = Math.max(0, 30 - Math.clz32(distance - 1));
    const top = (distance - 1) >> extraBits;
    const symbol = extraBits === 0 ? distance - 1 : 2 * extraBits + top;
    return this.distance(symbol, (distance - 1) & ((1 << extraBits) - 1), extraBits);
  }

  end(): this {
    return this.symbols(256);
  }

  /** What has been written, and zeros to a whole byte. */
  done(): Uint8Array<ArrayBuffer> {
    this.align();
    const bytes = new Uint8Array(this.#bits.length / 8);
    for (const [i, bit] of this.#bits.entries()) bytes[i >> 3] = (bytes[i >> 3] as number) | (bit << (i & 7));
    return bytes;
  }
}
