// Memory for reads of one connection: little while it is idle, much while it receives much.

/** What an idle connection holds. */
const SMALL = 0x400;
/** As much as one read takes. */
const LARGE = 0x10000;
/** A read under way cannot be taken back to shrink its buffer: so only so many may be large, in all of the thread. */
const MAX_LARGE = 256;

let large = 0;

/** A read holds its buffer until bytes come: there is one small one, or one of a limited number of large ones. */
export class ReadBuffer {
  #bytes: Uint8Array | undefined;
  #isLarge = false;
  #wantsLarge = false;
  /** The last read was as long as it could be. */
  wasFull = false;

  /** The memory for the next read. */
  next(): Uint8Array {
    const isLarge = this.#wantsLarge && (this.#isLarge || large < MAX_LARGE);
    if (isLarge !== this.#isLarge) {
      large += isLarge ? 1 : -1;
      this.#isLarge = isLarge;
      this.#bytes = undefined;
    }
    this.#bytes ??= new Uint8Array(isLarge ? LARGE : SMALL);
    return this.#bytes;
  }

  /** What a read of `length` bytes put there. */
  filled(length: number): Uint8Array {
    const bytes = this.#bytes as Uint8Array;
    this.wasFull = length === bytes.length;
    this.#wantsLarge = this.wasFull || (this.#isLarge && length > SMALL);
    return bytes.subarray(0, length);
  }

  /** Somebody keeps what was filled: the next read gets other memory. */
  giveAway(): void {
    this.#bytes = undefined;
  }

  /** Gives everything back. */
  release(): void {
    this.#bytes = undefined;
    if (this.#isLarge) large--;
    this.#isLarge = false;
    this.#wantsLarge = false;
  }
}
