// The last bytes of a connection's output, kept for later messages to refer to.

/** What a connection that has not received anything has. */
const EMPTY = new Uint8Array(0);

/** The first buffer, if the window is not smaller. */
const MIN_CAPACITY = 256;

/** A ring of at most `size` bytes; its buffer grows with what is put in. */
export class InflateWindow {
  readonly size: number;
  #buffer: Uint8Array<ArrayBuffer> = EMPTY;
  /** Bytes in the buffer: all of it, once it is as long as the window. */
  #length = 0;
  /** Where the next byte goes, and the oldest one is when the buffer is full. */
  #end = 0;

  /** @param size A power of two, at least 256. */
  constructor(size: number) {
    this.size = size;
  }

  /** Bytes that a window takes now. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Forgets everything and gives the buffer back. */
  clear(): void {
    this.#buffer = EMPTY;
    this.#length = 0;
    this.#end = 0;
  }

  /** Appends `source[start, end)`; the oldest bytes fall out. */
  append(source: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const { size } = this;
    const from = Math.max(start, end - size);
    this.#reserve(Math.min(size, this.#length + end - from));
    const buffer = this.#buffer;
    const first = Math.min(end - from, buffer.length - this.#end);
    buffer.set(source.subarray(from, from + first), this.#end);
    buffer.set(source.subarray(from + first, end), 0);
    this.#end = (this.#end + end - from) & (size - 1);
    this.#length = Math.min(size, this.#length + end - from);
  }

  /** Copies the bytes to `target` from `offset` on, the oldest first, and returns their number. */
  copyTo(target: Uint8Array, offset: number): number {
    const length = this.#length;
    if (length === 0) return 0;
    const oldest = length < this.size ? 0 : this.#end;
    target.set(this.#buffer.subarray(oldest, length), offset);
    if (oldest > 0) target.set(this.#buffer.subarray(0, oldest), offset + length - oldest);
    return length;
  }

  /** Makes the buffer at least `needed` bytes long, at most the window. */
  #reserve(needed: number): void {
    if (needed <= this.#buffer.length) return;
    let capacity = Math.max(MIN_CAPACITY, this.#buffer.length);
    while (capacity < needed) capacity *= 2;
    const buffer = new Uint8Array(capacity);
    buffer.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = buffer;
    this.#end = this.#length; // it was not full, or as long as the window already
  }
}
