// Bytes that wait to be written, in the order they came, joined where another system call would cost more than a copy.
import { join } from "./join.ts";

/** Chunks are joined up to so many bytes. */
const JOIN_UP_TO = 0x10000;

export class WriteQueue {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes that were pushed and not yet told to be {@link written}. */
  size: number = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** Takes what is to be written next: nothing when nothing waits. */
  next(): Uint8Array | undefined {
    const chunks = this.#chunks;
    let [length, count] = [0, 0];
    for (const chunk of chunks) {
      if (count > 0 && length + chunk.length > JOIN_UP_TO) break;
      length += chunk.length;
      count++;
    }
    return count <= 1 ? chunks.shift() : join(chunks.splice(0, count));
  }

  /** So many bytes were written. `rest` of what was taken was not, and is next again. */
  written(length: number, rest?: Uint8Array): void {
    this.size -= length;
    if (rest !== undefined) this.#chunks.unshift(rest);
  }

  clear(): void {
    this.#chunks.length = 0;
    this.size = 0;
  }
}
