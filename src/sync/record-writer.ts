// Writes into a ring from a thread that must not block: waits for room without blocking.
import type { Ring } from "./records.ts";
import { CHUNK, Flag } from "./records.ts";

/** Writes payloads of any size as records of at most `CHUNK` bytes. One write at a time. */
export class RecordWriter {
  readonly #ring: Ring;
  readonly #onWritten: () => void;
  #wake: (() => void) | undefined;
  #isStopped = false;

  constructor(ring: Ring, onWritten: () => void) {
    this.#ring = ring;
    this.#onWritten = onWritten;
  }

  /** The reader made room. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** What is not written yet, and what comes later, is dropped. */
  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  /** The last record of the payload has `Flag.LAST`, unless `isLast` is false. */
  async write(kind: number, flags: number, payload: Uint8Array, isLast = true): Promise<void> {
    for (let start = 0, end = 0; start === 0 || start < payload.length; start = end) {
      end = Math.min(payload.length, start + CHUNK);
      while (!this.#isStopped && !this.#ring.hasRoom(end - start)) await this.#room(end - start);
      if (this.#isStopped) return;
      const last = isLast && end === payload.length ? Flag.LAST : 0;
      this.#ring.write(kind, flags | last, payload.subarray(start, end));
      this.#onWritten();
      if (end === 0) return;
    }
  }

  #room(length: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#ring.announceWaiting();
      // The reader may have made it just before.
      if (this.#ring.hasRoom(length)) this.wake();
    });
  }
}
