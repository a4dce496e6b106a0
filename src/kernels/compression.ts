// The codecs of permessage-deflate (RFC 7692): synchronous, bounded, and all of a thread in one block of memory.
import { loadDeflateModule } from "#deflate";
import { type Deflater, DeflateKernel, type DeflaterOptions, WasmDeflater } from "./deflater.ts";
import type { Kernels } from "./kernels.ts";
import {
  INFLATE_FAULT_BLOCK_TYPE,
  INFLATE_FAULT_CODE_COUNT,
  INFLATE_FAULT_CODE_LENGTHS,
  INFLATE_FAULT_DISTANCE,
  INFLATE_FAULT_DISTANCE_SYMBOL,
  INFLATE_FAULT_LENGTH_SYMBOL,
  INFLATE_FAULT_NO_END,
  INFLATE_FAULT_REPEAT,
  INFLATE_FAULT_STORED_LENGTH,
  INFLATE_FAULT_TRUNCATED,
} from "./deflate-constants.ts";
import { InflateError } from "./inflate-error.ts";
import { InflateKernel, InflateState } from "./inflate-kernel.ts";
import { getKernels } from "./select.ts";
import { WasmKernels } from "./wasm-kernels.ts";

/** The codecs of a thread. */
export interface Compression {
  /** The memory of the protocol kernels: output lies in it, where `Kernels.validateAt` and `transcode` can reach it. */
  readonly memory: Uint8Array<ArrayBuffer>;

  /**
   * Makes an inflater. It holds nothing between messages, or with context takeover the end of the output so far: at most
   * the window, in a buffer that grows with it. Inside a message it holds that end in any case, and 600 bytes more.
   *
   * @param windowBits Base-2 logarithm of the window, 8 to 15.
   * @param keepsContext Messages may refer to those before them (RFC 7692 7.1.1).
   */
  createInflater(windowBits: number, keepsContext: boolean): Inflater;

  createDeflater(options: DeflaterOptions): Deflater;
}

/** Inflates the messages of one connection, one after another. */
export interface Inflater {
  /**
   * Gives the next compressed bytes of a message, of any number; only once `next` has returned 0 for those before.
   * They are read, never written, until `next` returns 0. `isLast`: the message ends with them. The bytes 00 00 ff ff
   * of RFC 7692 7.2.2 are not among them.
   *
   * A call of `next` may read all of them and give nothing, so hand over pieces of 64 KiB or so: they take about a millisecond.
   */
  start(input: Uint8Array, isLast: boolean): void;

  /**
   * Inflates the next piece of the message, at most `limit` and at most 64 KiB bytes, and returns its length. It is at
   * `memory[outputOffset, outputOffset + length)` until the next call for any inflater; kernels and deflaters do not
   * write there. 0: all input is used up and, when it was the last, the message is complete.
   *
   * A limit of 0 could not tell "full" from "done", so `limit` is at least 1. To hold a message to `max` bytes, ask
   * for `max - received + 1`: a message that is too big is then found by `received > max`, after one byte too many.
   *
   * @throws {InflateError} The inflater is of no more use then: fail the connection.
   */
  next(limit: number): number;

  /** Where the last piece is in `memory`. */
  readonly outputOffset: number;
}

/** What is wrong, by `INFLATE_FAULT_*`. */
const INFLATE_FAULTS: Readonly<Record<number, string>> = {
  [INFLATE_FAULT_BLOCK_TYPE]: "there is no block type 3",
  [INFLATE_FAULT_STORED_LENGTH]: "length of a stored block and its complement differ",
  [INFLATE_FAULT_CODE_COUNT]: "more codes than symbols",
  [INFLATE_FAULT_REPEAT]: "repeated code length has nothing to repeat, or no room",
  [INFLATE_FAULT_CODE_LENGTHS]: "code lengths make no complete prefix code",
  [INFLATE_FAULT_NO_END]: "no code for the end of the block",
  [INFLATE_FAULT_LENGTH_SYMBOL]: "code stands for no literal or length",
  [INFLATE_FAULT_DISTANCE_SYMBOL]: "code stands for no distance",
  [INFLATE_FAULT_DISTANCE]: "distance reaches out of the window",
  [INFLATE_FAULT_TRUNCATED]: "message ends inside its compressed data",
};

let compression: Compression | null | undefined;

/** Returns the codecs of this thread, or null where WebAssembly is missing; the first call makes them. */
export function getCompression(): Compression | null {
  if (compression === undefined) compression = createCompression(getKernels());
  return compression;
}

function createCompression(kernels: Kernels): Compression | null {
  if (!(kernels instanceof WasmKernels)) return null;
  try {
    return new WasmCompression(kernels.linearMemory, loadDeflateModule());
  } catch {
    return null; // the first module was allowed to compile, so this is a limit of the runtime
  }
}

/** One instance of the second module, in the memory of the first. */
export class WasmCompression implements Compression {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly #inflate: InflateKernel;
  readonly #deflate: DeflateKernel;

  /** @internal */
  constructor(memory: WebAssembly.Memory, module: WebAssembly.Module) {
    this.memory = new Uint8Array(memory.buffer);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.#inflate = new InflateKernel(this.memory, exports);
    this.#deflate = new DeflateKernel(this.memory, exports);
  }

  createInflater(windowBits: number, keepsContext: boolean): Inflater {
    if (!(windowBits >= 8 && windowBits <= 15)) {
      throw new RangeError(`Cannot create inflater: windowBits is ${windowBits}, expected 8 to 15`);
    }
    return new WasmInflater(this.#inflate, new InflateState(2 ** windowBits, keepsContext));
  }

  createDeflater(options: DeflaterOptions): Deflater {
    return new WasmDeflater(this.#deflate, options);
  }
}

/** An inflater is its state; the kernel has the rest. */
class WasmInflater implements Inflater {
  readonly #kernel: InflateKernel;
  readonly #state: InflateState;

  constructor(kernel: InflateKernel, state: InflateState) {
    this.#kernel = kernel;
    this.#state = state;
  }

  get outputOffset(): number {
    return this.#kernel.outputOffset;
  }

  start(input: Uint8Array, isLast: boolean): void {
    this.#kernel.start(this.#state, input, isLast);
  }

  next(limit: number): number {
    if (!(limit >= 1)) throw new RangeError(`Cannot inflate: limit is ${limit}, expected at least 1`);
    const length = this.#kernel.next(this.#state, limit);
    if (length < 0) throw new InflateError(`Cannot inflate: ${INFLATE_FAULTS[-length]}`);
    return length;
  }
}
