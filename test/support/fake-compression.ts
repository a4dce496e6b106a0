// The DEFLATE codecs on node:zlib: slow, and for tests only.
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { Compression, Inflater } from "../../src/kernels/compression.ts";
import type { Deflater } from "../../src/kernels/deflater.ts";
import { InflateError } from "../../src/kernels/inflate-error.ts";
import { concat } from "./splits.ts";

const MOST_OUTPUT = 0x10000;
const OFFSET = 16;
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
const NOTHING = new Uint8Array(0);
/** zlib has no raw window of 8 bits; its window of 9 keeps distances within 2^8. */
const zlibBits = (windowBits: number): number => Math.max(9, windowBits);

/** Hands out bytes in pieces, through the memory that all codecs share. */
class Outlet {
  readonly outputOffset: number = OFFSET;
  readonly #memory: Uint8Array;
  readonly #pieceSize: number;
  #rest: Uint8Array = NOTHING;

  constructor(memory: Uint8Array, pieceSize: number) {
    this.#memory = memory;
    this.#pieceSize = pieceSize;
  }

  fill(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  take(limit: number): number {
    // Whoever still looks at the last piece sees this.
    this.#memory.fill(0xee);
    const piece = this.#rest.subarray(0, Math.min(limit, this.#pieceSize));
    this.#memory.set(piece, OFFSET);
    this.#rest = this.#rest.subarray(piece.length);
    return piece.length;
  }
}

/** What of `history` and `more` a window still reaches. */
function windowOf(history: Uint8Array, more: Uint8Array, windowBits: number): Uint8Array {
  return concat([history, more]).slice(-(2 ** windowBits));
}

class FakeInflater implements Inflater {
  readonly outputOffset: number = OFFSET;
  readonly #outlet: Outlet;
  readonly #windowBits: number;
  readonly #keepsContext: boolean;
  readonly #tell: (made: number) => void;
  #history: Uint8Array = NOTHING;
  /** What the message consists of so far, and how much of it was taken. */
  #input: Uint8Array = NOTHING;
  #made = 0;
  #error: Error | undefined;

  constructor(outlet: Outlet, windowBits: number, keepsContext: boolean, tell: (made: number) => void) {
    this.#outlet = outlet;
    this.#windowBits = windowBits;
    this.#keepsContext = keepsContext;
    this.#tell = tell;
  }

  start(input: Uint8Array, isLast: boolean): void {
    this.#input = concat(isLast ? [this.#input, input, TAIL] : [this.#input, input]);
    const message = this.#inflateOrFail();
    this.#outlet.fill(message.subarray(this.#made));
    this.#made = message.length;
    if (!isLast) return;
    this.#history = this.#keepsContext ? windowOf(this.#history, message, this.#windowBits) : NOTHING;
    this.#input = NOTHING;
    this.#made = 0;
  }

  #inflateOrFail(): Uint8Array {
    try {
      return this.#inflate(this.#input, this.#history);
    } catch (error) {
      this.#error = new InflateError("not DEFLATE", { cause: error });
      return NOTHING;
    }
  }

  /** Goes on behind a block that says it is the last one (RFC 7692 7.2.3.4). */
  #inflate(input: Uint8Array, history: Uint8Array): Uint8Array {
    const options = { windowBits: zlibBits(this.#windowBits), finishFlush: constants.Z_SYNC_FLUSH, info: true };
    const dictionary = history.length > 0 ? { dictionary: history } : {};
    const { buffer, engine } = inflateRawSync(input, { ...options, ...dictionary }) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    const rest = input.subarray(engine.bytesWritten);
    const output = new Uint8Array(buffer);
    if (rest.length === 0 || engine.bytesWritten === 0) return output;
    return concat([output, this.#inflate(rest, windowOf(history, output, this.#windowBits))]);
  }

  next(limit: number): number {
    if (this.#error !== undefined) throw this.#error;
    const made = this.#outlet.take(limit);
    this.#tell(made);
    return made;
  }
}

class FakeDeflater implements Deflater {
  readonly outputOffset: number = OFFSET;
  readonly #outlet: Outlet;
  readonly #options: Parameters<Compression["createDeflater"]>[0];
  #history: Uint8Array = NOTHING;

  constructor(outlet: Outlet, options: Parameters<Compression["createDeflater"]>[0]) {
    this.#outlet = outlet;
    this.#options = options;
  }

  start(input: Uint8Array, isLast: boolean): void {
    const { windowBits, memLevel, level, keepsContext } = this.#options;
    const settings = { windowBits: zlibBits(windowBits), memLevel, level, finishFlush: constants.Z_SYNC_FLUSH };
    const dictionary = this.#history.length > 0 ? { dictionary: this.#history } : {};
    const output = new Uint8Array(deflateRawSync(input, { ...settings, ...dictionary }));
    this.#outlet.fill(isLast ? output.subarray(0, -TAIL.length) : output);
    this.#history = isLast && !keepsContext ? NOTHING : windowOf(this.#history, input, windowBits);
  }

  next(): number {
    return this.#outlet.take(MOST_OUTPUT);
  }

  reset(): void {
    this.#history = NOTHING;
  }
}

/** Codecs, and what was asked of them. */
export class FakeCompression implements Compression {
  readonly memory: Uint8Array<ArrayBuffer> = new Uint8Array(OFFSET + MOST_OUTPUT);
  /** As they were asked for: `inflater 15 true`, `deflater 12 false 5 3` (window, context, memLevel, level). */
  readonly made: string[] = [];
  /** Sizes of everything that inflaters put out. */
  readonly inflated: number[] = [];
  resets = 0;
  readonly #pieceSize: number;

  /** @param pieceSize Most bytes that a codec hands out at once. */
  constructor(pieceSize: number = MOST_OUTPUT) {
    this.#pieceSize = pieceSize;
  }

  createInflater(windowBits: number, keepsContext: boolean): Inflater {
    this.made.push(`inflater ${windowBits} ${keepsContext}`);
    const outlet = new Outlet(this.memory, this.#pieceSize);
    return new FakeInflater(outlet, windowBits, keepsContext, (made) => this.inflated.push(made));
  }

  createDeflater(options: Parameters<Compression["createDeflater"]>[0]): Deflater {
    const { windowBits, keepsContext, memLevel, level } = options;
    this.made.push(`deflater ${windowBits} ${keepsContext} ${memLevel} ${level}`);
    const deflater = new FakeDeflater(new Outlet(this.memory, this.#pieceSize), options);
    const reset = deflater.reset.bind(deflater);
    deflater.reset = () => {
      this.resets++;
      reset();
    };
    return deflater;
  }
}
