// Memory for reads of one connection: little while it is idle, much while it receives much.

/** What an idle connection holds. */
const SMALL = 0x100;

/** A read under way cannot be taken back to shrink its buffer: so only so many may be long, in all of the thread. */
interface Long {
  readonly size: number;
  readonly most: number;
  users: number;
}

/** Few calls for long messages; what one call brings of most bursts, with the headers of 64 KiB; and for all others, a little. */
const LONG: readonly Long[] = [
  { size: 0x40000, most: 32, users: 0 },
  { size: 0x10400, most: 256, users: 0 },
  { size: 0x1000, most: Infinity, users: 0 },
];

/** A read holds its buffer until bytes come: there is one small one, or one of a limited number of long ones. */
export class ReadBuffer {
  #bytes: Uint8Array | undefined;
  /** The kind of its long buffer, while it has one. */
  #long: Long | undefined;
  #wantsLong = false;
  /** The last read was as long as it could be. */
  wasFull = false;

  /** The memory for the next read. */
  next(): Uint8Array {
    if (!this.#wantsLong) this.#change(undefined);
    else if (this.#long === undefined || this.wasFull) this.#change(this.#longest());
    this.#bytes ??= new Uint8Array(this.#long?.size ?? SMALL);
    return this.#bytes;
  }

  /** The longest kind that is to be had, or its own. */
  #longest(): Long | undefined {
    return LONG.find((long) => long === this.#long || long.users < long.most);
  }

  #change(long: Long | undefined): void {
    if (long === this.#long) return;
    if (this.#long !== undefined) this.#long.users--;
    if (long !== undefined) long.users++;
    this.#long = long;
    this.#bytes = undefined;
  }

  /** What a read of `length` bytes put there. */
  filled(length: number): Uint8Array {
    const bytes = this.#bytes as Uint8Array;
    const wasFull = this.wasFull;
    this.wasFull = length === bytes.length;
    // Little behind a full read is the end of a burst, and the next one may be like it.
    this.#wantsLong = this.wasFull || (this.#long !== undefined && (wasFull || length > SMALL));
    return bytes.subarray(0, length);
  }

  /** Somebody keeps what was filled: the next read gets other memory. */
  giveAway(): void {
    this.#bytes = undefined;
  }

  /** Gives everything back. */
  release(): void {
    this.#change(undefined);
    this.#bytes = undefined;
    this.#wantsLong = false;
  }
}
