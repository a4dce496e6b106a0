// Inflate of assembly/deflate, behind objects: which connection's state and window are in linear memory.
import {
  CODE_LENGTHS_CAPACITY,
  CODE_LENGTHS_OFFSET,
  INFLATE_FAULT_TRUNCATED,
  INFLATE_INPUT_CAPACITY,
  INFLATE_INPUT_OFFSET,
  INFLATE_IS_FULL,
  INFLATE_NEEDS_INPUT,
  INFLATE_OUTPUT_OFFSET,
  INFLATE_REGISTERS_OFFSET,
  MODE_BLOCK,
  MODE_STORED_LENGTH,
  PIECE_CAPACITY,
  REGISTER_BIT_COUNT,
  REGISTER_HISTORY,
  REGISTER_INPUT,
  REGISTER_MODE,
  REGISTER_OUTPUT,
  REGISTER_PIECE,
  REGISTER_WINDOW_SIZE,
} from "./deflate-constants.ts";
import { InflateWindow } from "./inflate-window.ts";

/** What of assembly/deflate/index.ts is for inflating. */
interface Exports {
  readonly inflate: (inputPtr: number, inputLength: number, limit: number) => number;
  readonly restoreTables: () => void;
}

/** Behind what is put away of an open message: registers and, a little further, code lengths. */
const STATE_END = CODE_LENGTHS_OFFSET + CODE_LENGTHS_CAPACITY;

const NO_INPUT = new Uint8Array(0);

/** Index of a register in a view of words. */
const word = (register: number): number => register >> 2;

/** All that an inflater has between two calls. A connection owns one; it is small when nothing was received. */
export class InflateState {
  readonly keepsContext: boolean;
  /** What was output, as far as it is not in linear memory. */
  readonly window: InflateWindow;
  /** Bytes of output that are only in linear memory, while the state is resident. */
  unsaved = 0;
  /** Registers and code lengths, when the state was put away inside a message. */
  registers: Uint8Array<ArrayBuffer> | null = null;

  input: Uint8Array = NO_INPUT;
  /** Bytes of the input that are used up. */
  position = 0;
  isLast = false;
  /** All of the input is used up, and there is no output left. */
  isDone = true;
  /** One of `INFLATE_FAULT_*`; 0 when all is well. */
  fault = 0;

  constructor(windowSize: number, keepsContext: boolean) {
    this.window = new InflateWindow(windowSize);
    this.keepsContext = keepsContext;
  }
}

/**
 * Inflates for all connections of a thread. The state that ran last stays resident, as its window costs more to copy
 * than a small message does to inflate.
 */
export class InflateKernel {
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #registers: Int32Array<ArrayBuffer>;
  readonly #exports: Exports;
  #resident: InflateState | null = null;
  /** The input that is staged, if any, and which part of it: where it would begin and where that part ends. */
  #staged: Uint8Array | null = null;
  #stagedStart = 0;
  #stagedEnd = 0;

  constructor(memory: Uint8Array<ArrayBuffer>, exports: WebAssembly.Exports) {
    this.#memory = memory;
    this.#registers = new Int32Array(memory.buffer, INFLATE_REGISTERS_OFFSET, word(REGISTER_PIECE) + 1);
    this.#exports = exports as unknown as Exports;
  }

  /** Where the last piece is. */
  get outputOffset(): number {
    return this.#registers[word(REGISTER_PIECE)] as number;
  }

  start(state: InflateState, input: Uint8Array, isLast: boolean): void {
    state.input = input;
    state.position = 0;
    state.isLast = isLast;
    state.isDone = false;
  }

  /** Returns the length of the next piece, 0 when there is none, or a negated `INFLATE_FAULT_*`. */
  next(state: InflateState, limit: number): number {
    if (state.fault !== 0) return -state.fault;
    if (state.isDone) return 0;
    if (this.#resident !== state) this.#makeResident(state);
    const registers = this.#registers;
    const room = Math.min(limit, PIECE_CAPACITY);
    for (;;) {
      this.#stage(state);
      const start = this.#stagedStart + state.position;
      const status = this.#exports.inflate(start, this.#stagedEnd - start, room);
      if (status > INFLATE_IS_FULL) return this.#fail(state, status);
      state.position = (registers[word(REGISTER_INPUT)] as number) - this.#stagedStart;
      const length = (registers[word(REGISTER_OUTPUT)] as number) - this.outputOffset;
      state.unsaved += length;
      if (status === INFLATE_NEEDS_INPUT && state.position === state.input.length) {
        return this.#finishInput(state) ? length : this.#fail(state, INFLATE_FAULT_TRUNCATED);
      }
      if (length > 0) return length;
    }
  }

  /** Copies the input from where it stands on, as much as fits, unless it is there already. */
  #stage(state: InflateState): void {
    const { input, position } = state;
    if (this.#staged === input && this.#stagedStart + position < this.#stagedEnd) return;
    // At the same place in a cache line as the source, see wasm-kernels.ts.
    const ptr = INFLATE_INPUT_OFFSET + ((input.byteOffset + position) & 63);
    const end = Math.min(input.length, position + INFLATE_INPUT_CAPACITY);
    this.#memory.set(end - position === input.length ? input : input.subarray(position, end), ptr);
    this.#staged = input;
    this.#stagedStart = ptr - position;
    this.#stagedEnd = ptr + end - position;
  }

  /** All input is used up: lets go of it, and of the message when it was the last. Returns false if that is not whole. */
  #finishInput(state: InflateState): boolean {
    state.isDone = true;
    state.input = NO_INPUT;
    this.#staged = null;
    if (!state.isLast) return true;
    const registers = this.#registers;
    // RFC 7692 7.2.1: of the empty stored block at the end only the header was sent, and 00 00 ff ff would follow. A
    // message may also end behind a block and a whole byte: behind BFINAL, or where zlib had nothing left to flush.
    const mode = registers[word(REGISTER_MODE)];
    if (registers[word(REGISTER_BIT_COUNT)] !== 0 || (mode !== MODE_STORED_LENGTH && mode !== MODE_BLOCK)) return false;
    registers[word(REGISTER_MODE)] = MODE_BLOCK;
    if (!state.keepsContext) this.#forget(state);
    return true;
  }

  #fail(state: InflateState, fault: number): number {
    this.#resident = null;
    this.#staged = null;
    state.fault = fault;
    state.input = NO_INPUT;
    state.window.clear();
    return -fault;
  }

  #makeResident(state: InflateState): void {
    if (this.#resident !== null) this.#putAway(this.#resident);
    this.#resident = state;
    const registers = this.#registers;
    if (state.registers !== null) this.#memory.set(state.registers, INFLATE_REGISTERS_OFFSET);
    else registers.fill(0);
    registers[word(REGISTER_WINDOW_SIZE)] = state.window.size;
    registers[word(REGISTER_HISTORY)] = INFLATE_OUTPUT_OFFSET;
    registers[word(REGISTER_OUTPUT)] = INFLATE_OUTPUT_OFFSET + state.window.copyTo(this.#memory, INFLATE_OUTPUT_OFFSET);
    if (state.registers !== null) this.#exports.restoreTables();
    state.registers = null;
  }

  /** Keeps what the next state would overwrite. */
  #putAway(state: InflateState): void {
    const registers = this.#registers;
    const output = registers[word(REGISTER_OUTPUT)] as number;
    state.window.append(this.#memory, output - Math.min(state.unsaved, state.window.size), output);
    state.unsaved = 0;
    const isBetweenBlocks = registers[word(REGISTER_MODE)] === MODE_BLOCK && registers[word(REGISTER_BIT_COUNT)] === 0;
    if (!isBetweenBlocks) state.registers = this.#memory.slice(INFLATE_REGISTERS_OFFSET, STATE_END);
  }

  /** Without context takeover nothing outlives a message. */
  #forget(state: InflateState): void {
    state.unsaved = 0;
    state.window.clear();
    this.#registers[word(REGISTER_HISTORY)] = INFLATE_OUTPUT_OFFSET;
    this.#registers[word(REGISTER_OUTPUT)] = INFLATE_OUTPUT_OFFSET;
  }
}
