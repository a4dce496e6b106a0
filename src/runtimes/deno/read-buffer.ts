// Memory for reads of one connection: little while it is idle, much while it receives much.

/** What a connection holds while it waits, as long as its last message was: one of these. */
const SMALL = 0x100;
const MEDIUM = 0x400;
const SHORT = 0x1000;

/** A read under way cannot be taken back to shrink its buffer: so only so many may be long, in all of the thread. */
interface Long {
  readonly size: number;
  readonly most: number;
  users: number;
}

/** Few calls for long messages; and for those who come later, what one call brings of most bursts: 64 KiB and headers. */
const LONG: readonly Long[] = [
  { size: 0x40000, most: 32, users: 0 },
  { size: 0x10400, most: 256, users: 0 },
];

/** For the next message, which may be as long as the last: that took `length` bytes in all of its reads. */
function fitting(length: number): number {
  if (length <= SMALL) return SMALL;
  return length <= MEDIUM ? MEDIUM : SHORT;
}

/**
 * A read holds its buffer until bytes come. So one that was full is followed by a longer one, and one that brought little by
 * one that fits; who wants a long one while all are in use reads into a short one.
 */
export class ReadBuffer {
  #bytes: Uint8Array | undefined;
  /** The kind of its long buffer, while it has one. */
  #long: Long | undefined;
  #size = SMALL;
  /** What reads brought since one found less than it could take. */
  #burst = 0;
  /** The last read was as long as it could be. */
  wasFull = false;

  /** The memory for the next read. */
  next(): Uint8Array {
    this.#bytes ??= new Uint8Array(this.#size);
    return this.#bytes;
  }

  /** What a read of `length` bytes put there. */
  filled(length: number): Uint8Array {
    const bytes = this.#bytes as Uint8Array;
    this.wasFull = length === bytes.length;
    this.#burst += length;
    if (this.wasFull) {
      this.#grow();
    } else {
      if (length <= SHORT) this.#change(undefined, fitting(this.#burst));
      this.#burst = 0;
    }
    return bytes.subarray(0, length);
  }

  #grow(): void {
    if (this.#size < SHORT) return this.#change(undefined, SHORT);
    const longest = LONG.find((long) => long === this.#long || long.users < long.most);
    if (longest !== undefined) this.#change(longest, longest.size);
  }

  #change(long: Long | undefined, size: number): void {
    if (size === this.#size) return;
    if (this.#long !== undefined) this.#long.users--;
    if (long !== undefined) long.users++;
    this.#long = long;
    this.#size = size;
    this.#bytes = undefined;
  }

  /** Somebody keeps what was filled: the next read gets other memory. */
  giveAway(): void {
    this.#bytes = undefined;
  }

  /** Gives everything back. */
  release(): void {
    this.#change(undefined, SMALL);
    this.#bytes = undefined;
    this.#burst = 0;
  }
}
