// One growable buffer for the payload of a message that comes in pieces.
import { join } from "./join.ts";

/** Makes memory. What it holds at first does not matter: it is overwritten before anybody sees it. */
export type Allocate = (size: number) => Uint8Array<ArrayBuffer>;

/** One for all, so it is never given out: who transfers its buffer would take it from everybody. */
export const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const FIRST_CAPACITY = 64;
const TRUSTED_CAPACITY = 0x10000;
const TRUSTED_FACTOR = 8;
/** Pieces of this size are kept as they are; smaller ones are collected up to the other one. */
const KEEP_FROM = 0x1000;
const COLLECT_UP_TO = 0x8000;

/** A little more than double while more is announced, as chunks of 64 KiB come short of it by the length of a header. */
function doubled(needed: number, expected: number): number {
  return expected > 0 ? needed * 2 + FIRST_CAPACITY : Math.max(FIRST_CAPACITY, needed * 2);
}

function zeroed(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size);
}

/**
 * Collects pieces in one buffer, so that a fragment costs its bytes and nothing more.
 *
 * What the peer announces is believed up to 64 KiB or eight times what it sent: a header of 14 bytes cannot
 * reserve a gigabyte.
 */
export class Accumulator {
  readonly #allocate: Allocate;
  #bytes = NO_BYTES;
  #length = 0;
  /** What comes before `#bytes`, if pieces were kept. */
  #kept: Uint8Array<ArrayBuffer>[] | undefined;
  #keptLength = 0;

  constructor(allocate: Allocate = zeroed) {
    this.#allocate = allocate;
  }

  /** Bytes collected so far. */
  get length(): number {
    return this.#keptLength + this.#length;
  }

  /** Adds `source[start, end)`; `expected` more bytes have been announced to follow, and `atHand` of them are there. */
  append(source: Uint8Array, start: number, end: number, expected: number, atHand: number = 0): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#bytes = this.#grown(length, expected, atHand);
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length = length;
  }

  #grown(needed: number, expected: number, atHand: number): Uint8Array<ArrayBuffer> {
    const announced = needed + expected;
    const isTrusted = announced <= Math.max(TRUSTED_CAPACITY, (needed + atHand) * TRUSTED_FACTOR);
    // Doubling where nothing is announced keeps a million fragments linear.
    const size = expected > 0 && isTrusted ? announced : doubled(needed, expected);
    // Only memory that will be full to its last byte, or given up before that, may come with old bytes in it: the buffer of
    // a message can be seen.
    const grown = expected > 0 ? this.#allocate(size) : new Uint8Array(size);
    grown.set(this.#bytes.subarray(0, this.#length));
    return grown;
  }

  /**
   * Adds a piece that is the accumulator's from now on. Such pieces are joined at the end and no earlier, so that until then
   * they take their own length and at most 64 KiB more: they may have been small on the wire, and be refused.
   */
  keep(piece: Uint8Array<ArrayBuffer>): void {
    if (piece.length < KEEP_FROM && this.#length + piece.length <= COLLECT_UP_TO) {
      return this.append(piece, 0, piece.length, 0);
    }
    if (this.#length > 0) this.#keepWhole(this.#takeBytes().slice());
    if (piece.length < KEEP_FROM) this.append(piece, 0, piece.length, 0);
    else this.#keepWhole(piece);
  }

  #keepWhole(piece: Uint8Array<ArrayBuffer>): void {
    this.#kept ??= [];
    this.#kept.push(piece);
    this.#keptLength += piece.length;
  }

  /** Returns what was collected and starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const pieces = this.#kept ?? [];
    if (this.#length > 0) pieces.push(this.#takeBytes());
    this.#kept = undefined;
    this.#keptLength = 0;
    return join(pieces);
  }

  #takeBytes(): Uint8Array<ArrayBuffer> {
    const bytes = this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
    this.#bytes = NO_BYTES;
    this.#length = 0;
    return bytes;
  }
}
