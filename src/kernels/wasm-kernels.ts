// The kernels of assembly/, behind the interface: what goes in and comes out of linear memory.
import {
  EVENT_CAPACITY,
  EVENTS_OFFSET,
  INPUT_OFFSET,
  PAGES,
  REGISTER_CONFIG,
  REGISTER_CONSUMED,
  REGISTER_FAULT,
  REGISTER_FAULT_DETAIL,
  REGISTER_FRAME_FLAGS,
  REGISTER_HEADER,
  REGISTER_HEADER_LENGTH,
  REGISTER_MASKING_KEY,
  REGISTER_MAX_FRAGMENT,
  REGISTER_MAX_MESSAGE,
  REGISTER_MESSAGE,
  REGISTER_MESSAGE_LENGTH,
  REGISTER_REMAINING,
  REGISTER_UTF8,
  REGISTERS_OFFSET,
  SCRATCH_CAPACITY,
  SCRATCH_OFFSET,
  SHA1_STATE_OFFSET,
  UTF16_OFFSET,
  UTF8_INVALID,
} from "./constants.ts";
import type { Kernels, ParserState } from "./kernels.ts";
import { padEnd, serializeDigest, SHA1_INITIAL_STATE, wholeBlocks } from "./sha1-padding.ts";
import { xorInto } from "./xor.ts";

/** Payloads up to this length are masked in JavaScript: below, copying in and out costs more than it saves. */
const XOR_MAX_LENGTH = 64;

/** The exports of assembly/index.ts. */
interface Exports {
  readonly parse: (from: number, length: number) => number;
  readonly mask: (ptr: number, length: number, maskingKey: number) => number;
  readonly validateUtf8: (ptr: number, length: number, state: number) => number;
  readonly transcode: (ptr: number, length: number, targetPtr: number) => number;
  readonly sha1: (blocksPtr: number, blocksLength: number) => void;
}

/** Index of a register of 32 bits in a view of words. */
const word = (register: number): number => register >> 2;
/** Index of a register of 64 bits in a view of floating point numbers. */
const double = (register: number): number => register >> 3;

/** What fits in the scratch area, from `start` on. A new view costs as much as the work on a small piece. */
function pieceOf(bytes: Uint8Array, start: number): Uint8Array {
  return bytes.length <= SCRATCH_CAPACITY ? bytes : bytes.subarray(start, start + SCRATCH_CAPACITY);
}

/** Where in the scratch area to put a piece that begins, or will end up, at `start` of `bytes`. */
function scratchFor(bytes: Uint8Array, start: number): number {
  // JavaScriptCore copies up to twenty times slower when the target's address is 1 to 63 above the source's, modulo
  // 4096 (Bun 1.4 on AMD Zen 4). A piece at the same place in its cache line is never there.
  return SCRATCH_OFFSET + ((bytes.byteOffset + start) & 63);
}

/** One instance of the module, with the memory that it imports. */
export class WasmKernels implements Kernels {
  readonly name = "wasm";
  readonly memory: Uint8Array<ArrayBuffer>;
  /** The same, for other modules to import. */
  readonly linearMemory: WebAssembly.Memory;
  readonly events: Uint32Array<ArrayBuffer>;
  readonly #exports: Exports;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #doubles: Float64Array<ArrayBuffer>;
  readonly #sha1State: Uint32Array<ArrayBuffer>;

  constructor(module: WebAssembly.Module) {
    // Initial and maximum are equal: growing would detach the views.
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
    const { buffer } = memory;
    this.linearMemory = memory;
    this.memory = new Uint8Array(buffer);
    this.events = new Uint32Array(buffer, EVENTS_OFFSET, 2 * EVENT_CAPACITY);
    this.#words = new Int32Array(buffer, REGISTERS_OFFSET, 12);
    this.#doubles = new Float64Array(buffer, REGISTERS_OFFSET, 11);
    this.#sha1State = new Uint32Array(buffer, SHA1_STATE_OFFSET, 5);
    this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  }

  stage(chunk: Uint8Array): void {
    this.memory.set(chunk, INPUT_OFFSET);
  }

  parse(state: ParserState, from: number, length: number): number {
    this.#load(state);
    const count = this.#exports.parse(from, length);
    this.#save(state);
    return count;
  }

  mask(bytes: Uint8Array, start: number, end: number, maskingKey: number): void {
    if (end - start <= XOR_MAX_LENGTH) {
      xorInto(bytes, start, end, bytes, start, maskingKey);
    } else {
      this.#maskThroughScratch(bytes, start, end, bytes, start, maskingKey);
    }
  }

  maskInto(source: Uint8Array, target: Uint8Array, start: number, maskingKey: number): void {
    if (source.length <= XOR_MAX_LENGTH) {
      xorInto(source, 0, source.length, target, start, maskingKey);
    } else {
      this.#maskThroughScratch(source, 0, source.length, target, start, maskingKey);
    }
  }

  validateUtf8(bytes: Uint8Array, state: number): number {
    let open = state;
    for (let start = 0; start < bytes.length; start += SCRATCH_CAPACITY) {
      const piece = pieceOf(bytes, start);
      const ptr = scratchFor(bytes, start);
      this.memory.set(piece, ptr);
      open = this.#exports.validateUtf8(ptr, piece.length, open) >>> 0;
      if (open === UTF8_INVALID) break;
    }
    return open;
  }

  validateAt(offset: number, length: number, state: number): number {
    return this.#exports.validateUtf8(offset, length, state) >>> 0;
  }

  transcode(offset: number, length: number): number {
    return this.#exports.transcode(offset, length, UTF16_OFFSET);
  }

  sha1(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#sha1State.set(SHA1_INITIAL_STATE);
    const whole = wholeBlocks(bytes);
    for (let start = 0; start < whole; start += SCRATCH_CAPACITY) {
      const piece = bytes.subarray(start, Math.min(start + SCRATCH_CAPACITY, whole));
      this.memory.set(piece, SCRATCH_OFFSET);
      this.#exports.sha1(SCRATCH_OFFSET, piece.length);
    }
    this.#exports.sha1(SCRATCH_OFFSET, padEnd(bytes, this.memory, SCRATCH_OFFSET));
    return serializeDigest(this.#sha1State);
  }

  /** Registers that mean nothing in this state keep what another connection left there. */
  #load(state: ParserState): void {
    const words = this.#words;
    const doubles = this.#doubles;
    words[word(REGISTER_CONFIG)] = state.config;
    doubles[double(REGISTER_MAX_MESSAGE)] = state.maxMessage;
    doubles[double(REGISTER_MAX_FRAGMENT)] = state.maxFragment;
    words[word(REGISTER_MESSAGE)] = state.message;
    doubles[double(REGISTER_MESSAGE_LENGTH)] = state.messageLength;
    words[word(REGISTER_UTF8)] = state.utf8;
    doubles[double(REGISTER_REMAINING)] = state.remaining;
    if (state.remaining !== 0) {
      words[word(REGISTER_MASKING_KEY)] = state.maskingKey;
      words[word(REGISTER_FRAME_FLAGS)] = state.frameFlags;
    }
    words[word(REGISTER_HEADER_LENGTH)] = state.headerLength;
    if (state.headerLength !== 0) {
      words[word(REGISTER_HEADER)] = state.header0;
      words[word(REGISTER_HEADER) + 1] = state.header1;
      words[word(REGISTER_HEADER) + 2] = state.header2;
      words[word(REGISTER_HEADER) + 3] = state.header3;
    }
  }

  #save(state: ParserState): void {
    const words = this.#words;
    const doubles = this.#doubles;
    state.message = words[word(REGISTER_MESSAGE)] as number;
    state.messageLength = doubles[double(REGISTER_MESSAGE_LENGTH)] as number;
    state.utf8 = words[word(REGISTER_UTF8)] as number;
    state.remaining = doubles[double(REGISTER_REMAINING)] as number;
    if (state.remaining !== 0) {
      state.maskingKey = words[word(REGISTER_MASKING_KEY)] as number;
      state.frameFlags = words[word(REGISTER_FRAME_FLAGS)] as number;
    }
    state.headerLength = words[word(REGISTER_HEADER_LENGTH)] as number;
    if (state.headerLength !== 0) {
      state.header0 = words[word(REGISTER_HEADER)] as number;
      state.header1 = words[word(REGISTER_HEADER) + 1] as number;
      state.header2 = words[word(REGISTER_HEADER) + 2] as number;
      state.header3 = words[word(REGISTER_HEADER) + 3] as number;
    }
    state.consumed = words[word(REGISTER_CONSUMED)] as number;
    state.fault = words[word(REGISTER_FAULT)] as number;
    if (state.fault !== 0) state.faultDetail = doubles[double(REGISTER_FAULT_DETAIL)] as number;
  }

  #maskThroughScratch(
    source: Uint8Array,
    sourceStart: number,
    sourceEnd: number,
    target: Uint8Array,
    targetStart: number,
    maskingKey: number,
  ): void {
    const shift = targetStart - sourceStart;
    // The capacity is a multiple of 4, so every piece begins with the low byte of the key.
    for (let start = sourceStart; start < sourceEnd; start += SCRATCH_CAPACITY) {
      const end = Math.min(start + SCRATCH_CAPACITY, sourceEnd);
      const ptr = scratchFor(target, start + shift);
      this.memory.set(source.subarray(start, end), ptr);
      this.#exports.mask(ptr, end - start, maskingKey);
      target.set(this.memory.subarray(ptr, ptr + end - start), start + shift);
    }
  }
}
