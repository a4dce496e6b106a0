// One growable buffer for the payload of a message that comes in pieces.

const FIRST_CAPACITY = 64;
const TRUSTED_CAPACITY = 0x10000;
const TRUSTED_FACTOR = 8;

/**
 * Collects pieces in one buffer, so that a fragment costs its bytes and nothing more.
 *
 * What the peer announces is believed up to 64 KiB or eight times what it sent: a header of 14 bytes cannot
 * reserve a gigabyte.
 */
export class Accumulator {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;

  /** Bytes collected so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds `source[start, end)`; `expected` more bytes have been announced to follow. */
  append(source: Uint8Array, start: number, end: number, expected: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#grow(length, expected);
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length = length;
  }

  #grow(needed: number, expected: number): void {
    // Doubling where nothing is announced keeps a million fragments linear.
    const wanted = expected > 0 ? needed + expected : Math.max(FIRST_CAPACITY, needed * 2);
    const trusted = Math.max(TRUSTED_CAPACITY, needed * TRUSTED_FACTOR);
    const grown = new Uint8Array(Math.max(needed, Math.min(wanted, trusted)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** Returns what was collected and starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    return bytes;
  }
}
