// Bytes that wait to be written, in the order they came, joined where another system call would cost more than a copy.

/** Chunks are joined up to so many bytes. */
const JOIN_UP_TO = 0x10000;
/** Blocks for joining that are kept for all queues of the thread. */
const MAX_SPARE = 8;

const spare: Uint8Array[] = [];

/** Of all queues that are empty, as nearly all are nearly always. */
const NONE: never[] = [];

export class WriteQueue {
  #chunks: Uint8Array[] = NONE;
  /** The block that holds what was taken, when it was joined. */
  #block: Uint8Array | undefined;
  /** Bytes that were pushed and not yet told to be {@link written}. */
  size: number = 0;

  push(chunk: Uint8Array): void {
    if (this.#chunks.length === 0) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** Takes what is to be written next: nothing when nothing waits. It is lent until it was {@link written}. */
  next(): Uint8Array | undefined {
    const chunks = this.#chunks;
    if (chunks.length <= 1) {
      this.#chunks = NONE;
      return chunks[0];
    }
    let [length, count] = [0, 0];
    for (const chunk of chunks) {
      if (length + chunk.length > JOIN_UP_TO) break;
      length += chunk.length;
      count++;
    }
    return count <= 1 || this.#block !== undefined ? chunks.shift() : this.#join(chunks.splice(0, count), length);
  }

  #join(chunks: readonly Uint8Array[], length: number): Uint8Array {
    this.#block = spare.pop() ?? new Uint8Array(JOIN_UP_TO);
    let at = 0;
    for (const chunk of chunks) {
      this.#block.set(chunk, at);
      at += chunk.length;
    }
    return this.#block.subarray(0, length);
  }

  /** So many bytes of what was taken were written. `rest` of it was not, and is next again. */
  written(length: number, rest?: Uint8Array): void {
    this.size -= length;
    if (rest !== undefined) {
      this.#chunks = [rest, ...this.#chunks];
    } else if (this.#block !== undefined) {
      if (spare.length < MAX_SPARE) spare.push(this.#block);
      this.#block = undefined;
    }
  }

  /** Forgets all. What was taken may still be under way: its memory is left to the garbage collector. */
  clear(): void {
    this.#chunks = NONE;
    this.#block = undefined;
    this.size = 0;
  }
}
