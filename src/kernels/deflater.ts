// Deflate for many connections by one kernel: whose window is in linear memory, and what is kept of the others.
import {
  DEFLATE_CARRIED,
  DEFLATE_HISTORY,
  DEFLATE_INPUT_CAPACITY,
  DEFLATE_OUTPUT_OFFSET,
  DEFLATE_POSITION,
  DEFLATE_REGISTERS_OFFSET,
  DEFLATE_TAKEN,
  DEFLATE_WINDOW_OFFSET,
  FLUSH_NONE,
  FLUSH_SYNC,
  FLUSH_WITHOUT_TAIL,
} from "./deflate-constants.ts";

/** What a deflater needs to know. */
export interface DeflaterOptions {
  /** Base-2 logarithm of the window, 8 to 15. */
  readonly windowBits: number;
  /** 1 to 9: a larger hash table finds more. It is shared, so that a connection takes no more memory. */
  readonly memLevel: number;
  /** 0 (only stores) to 9 (searches longest). */
  readonly level: number;
  /** Messages may refer to those before them (RFC 7692 7.1.1). */
  readonly keepsContext: boolean;
}

/** Deflates the messages of one connection, one after another. */
export interface Deflater {
  /**
   * Gives the next bytes of a message; only once `next` has returned 0 for those before. They are read, never written,
   * until then. The output for them ends with a sync flush, 00 00 ff ff, which is left out when `isLast` (RFC 7692
   * 7.2.1).
   */
  start(input: Uint8Array, isLast: boolean): void;

  /**
   * Returns the length of the next piece of output, at most 64 KiB, at `memory[outputOffset, outputOffset + length)`
   * until any codec or kernel runs again; 0: done. A call does a bounded amount of work, so that the caller can let
   * others run between two.
   *
   * @throws {TypeError} The input was transferred or its buffer resized: the message cannot be ended any more.
   */
  next(): number;

  /** Where the last piece is in `memory`. */
  readonly outputOffset: number;

  /** Forgets the history, and what is left of a message: the next one is compressed as the first. */
  reset(): void;
}

/** The exports of assembly/deflate that compress. */
interface Exports {
  readonly beginWindow: (history: number, windowBits: number, hashBits: number, step: number) => void;
  readonly makeRoom: (length: number) => number;
  readonly deflate: (length: number, level: number, flush: number, carried: number) => number;
}

const NOTHING = new Uint8Array(0);

/** Levels up to this one index every other byte of a history that comes back to memory: half the time, 1 % longer. */
const LAST_QUICK_LEVEL = 4;

/** The compressor of a thread: one window at a time is in its memory. */
export class DeflateKernel {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly exports: Exports;
  readonly registers: Int32Array<ArrayBuffer>;
  /** Whose window is in memory. */
  resident: WasmDeflater | undefined;

  /** @internal */
  constructor(memory: Uint8Array<ArrayBuffer>, exports: WebAssembly.Exports) {
    this.memory = memory;
    this.exports = exports as unknown as Exports;
    this.registers = new Int32Array(memory.buffer, DEFLATE_REGISTERS_OFFSET, 4);
  }
}

/**
 * Deflates the messages of one connection.
 *
 * While its window is not in linear memory, a deflater that keeps its context holds a copy of it: at most
 * 2^windowBits bytes (4 KiB by default). The hash table is made anew when the window comes back, because that takes
 * less than a message, and keeping it would take four times the memory of the window. A deflater that does not keep
 * its context holds nothing between messages.
 */
export class WasmDeflater implements Deflater {
  readonly outputOffset: number = DEFLATE_OUTPUT_OFFSET;
  readonly #kernel: DeflateKernel;
  readonly #windowBits: number;
  readonly #hashBits: number;
  readonly #level: number;
  readonly #keepsContext: boolean;
  /** The window while it is not in memory, and how much of it is filled. */
  #history: Uint8Array<ArrayBuffer> = NOTHING;
  #historyLength = 0;
  #input: Uint8Array = NOTHING;
  /** Bytes of the input that are compressed. */
  #taken = 0;
  #isLast = true;
  #isDone = true;
  /** Bits of the last block that have no whole byte yet. */
  #carried = 0;

  constructor(kernel: DeflateKernel, { windowBits, memLevel, level, keepsContext }: DeflaterOptions) {
    this.#kernel = kernel;
    this.#windowBits = windowBits;
    this.#hashBits = memLevel + 7;
    this.#level = level;
    this.#keepsContext = keepsContext;
  }

  start(input: Uint8Array, isLast: boolean): void {
    this.#input = input;
    this.#taken = 0;
    this.#isLast = isLast;
    this.#isDone = false;
  }

  next(): number {
    if (this.#isDone) return 0;
    const { memory, exports, registers } = this.#kernel;
    const input = this.#input;
    const left = input.length - this.#taken;
    if (left < 0) throw new TypeError("Cannot deflate message: its buffer was detached or shrunk meanwhile");
    const length = Math.min(left, DEFLATE_INPUT_CAPACITY);
    this.#enter();
    memory.set(
      length === input.length ? input : input.subarray(this.#taken, this.#taken + length),
      exports.makeRoom(length),
    );
    const produced = exports.deflate(length, this.#level, length === left ? this.#flush() : FLUSH_NONE, this.#carried);
    this.#carried = registers[DEFLATE_CARRIED >> 2] as number;
    this.#taken += registers[DEFLATE_TAKEN >> 2] as number;
    if (this.#taken === input.length) this.#finish();
    return produced;
  }

  reset(): void {
    if (this.#kernel.resident === this) this.#kernel.resident = undefined;
    this.#history = NOTHING;
    this.#historyLength = 0;
    this.#input = NOTHING;
    this.#isLast = true;
    this.#isDone = true;
    this.#carried = 0;
  }

  #flush(): number {
    return this.#isLast ? FLUSH_WITHOUT_TAIL : FLUSH_SYNC;
  }

  #finish(): void {
    this.#input = NOTHING; // do not hold the caller's bytes
    this.#isDone = true;
    if (this.#isLast && !this.#keepsContext) this.reset();
  }

  /** Brings the window to memory, unless it is there. */
  #enter(): void {
    const kernel = this.#kernel;
    if (kernel.resident === this) return;
    if (kernel.resident !== undefined) kernel.resident.#leave();
    kernel.resident = this;
    const length = this.#historyLength;
    if (length > 0) kernel.memory.set(this.#history.subarray(0, length), DEFLATE_WINDOW_OFFSET);
    const step = this.#level <= LAST_QUICK_LEVEL ? 2 : 1;
    kernel.exports.beginWindow(length, this.#windowBits, this.#hashBits, step);
  }

  /** Keeps a copy of the window, as another one takes its place. */
  #leave(): void {
    const { memory, registers } = this.#kernel;
    const end = registers[DEFLATE_POSITION >> 2] as number;
    const length = registers[DEFLATE_HISTORY >> 2] as number;
    if (this.#history.length < length) {
      // Doubling, so that a connection of few and short messages takes less than a whole window.
      const capacity = Math.min(Math.max(length, 2 * this.#history.length), 1 << this.#windowBits);
      this.#history = new Uint8Array(capacity);
    }
    this.#history.set(memory.subarray(end - length, end));
    this.#historyLength = length;
  }
}
