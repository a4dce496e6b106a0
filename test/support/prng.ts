// A seeded generator of random numbers, so that a failure can be repeated.

/** xorshift32 with a multiplication (Marsaglia): small, and good enough to make test data of. */
export class Prng {
  readonly seed: number;
  #state: number;

  /** The default seed is another one in each run: print it with a failure. */
  constructor(seed: number = (Math.random() * 0x1_0000_0000) >>> 0) {
    this.seed = seed;
    this.#state = (seed ^ 0x9e37_79b9) | 0 || 1;
  }

  /** An integer from 0 up to 2^32, exclusive. */
  uint32(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.imul(this.#state, 0x2c1b_3c6d) >>> 0;
  }

  /** An integer from 0 up to `bound`, exclusive. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * bound);
  }

  /** An integer from `least` to `most`, both inclusive. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.uint32() >>> 24);
  }

  /** `bytes` in pieces of random length, at most `most`; none is empty. */
  chunks(bytes: Uint8Array, most: number): Uint8Array[] {
    const chunks = [];
    for (let start = 0; start < bytes.length; start += chunks[chunks.length - 1]?.length ?? 0) {
      chunks.push(bytes.subarray(start, start + this.between(1, most)));
    }
    return chunks;
  }
}
