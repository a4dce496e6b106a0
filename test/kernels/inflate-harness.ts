// Drives inflaters as a connection does, and asks zlib the same.
import { constants, inflateRawSync } from "node:zlib";
import { type Compression, InflateError, type Inflater, WasmCompression } from "../../src/kernels/compression.ts";
import { loadDeflateModule, loadModule } from "../../src/kernels/module.inline.ts";
import { WasmKernels } from "../../src/kernels/wasm-kernels.ts";
import { concat } from "../support/splits.ts";

/** Codecs in a memory of their own. */
export function newCompression(): { kernels: WasmKernels; compression: Compression } {
  const kernels = new WasmKernels(loadModule());
  return { kernels, compression: new WasmCompression(kernels.linearMemory, loadDeflateModule()) };
}

export interface MessageOptions {
  /** What each call of next() is given. */
  readonly limit?: number;
  readonly isLast?: boolean;
  /** Called between two calls. */
  readonly between?: () => void;
}

/** All output for the chunks of a message. */
export function inflateMessage(
  { memory }: Compression,
  inflater: Inflater,
  chunks: readonly Uint8Array[],
  { limit = Infinity, isLast = true, between }: MessageOptions = {},
): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  for (const [i, chunk] of chunks.entries()) {
    inflater.start(chunk, isLast && i === chunks.length - 1);
    for (;;) {
      between?.();
      const length = inflater.next(limit);
      if (length === 0) break;
      if (length > limit || length > 0x10000) throw new Error(`next(${limit}) gave ${length} bytes`);
      pieces.push(memory.slice(inflater.outputOffset, inflater.outputOffset + length));
    }
  }
  return concat(pieces);
}

/** The same, or null where inflating fails. */
export function tryInflateMessage(...parameters: Parameters<typeof inflateMessage>): Uint8Array | null {
  try {
    return inflateMessage(...parameters);
  } catch (error) {
    if (error instanceof InflateError) return null;
    throw error;
  }
}

const WINDOW = 32768;
const OPTIONS = { finishFlush: constants.Z_SYNC_FLUSH, windowBits: 15, chunkSize: 4096 };

/**
 * A stored block that nothing is likely to end with by chance, a final one and one that is not: the first bit of either
 * alone could also pass for the end of what was begun.
 */
const PROBE = Buffer.from("probe, 16 bytes!");
const PROBE_BLOCKS = [0, 1].map((header) => Buffer.concat([Buffer.from([header, 16, 0, 0xef, 0xff]), PROBE]));
/** What is not sent of the empty stored block at the end (RFC 7692 7.2.1). */
const EMPTY_LENGTH = Buffer.from([0, 0, 0xff, 0xff]);

/**
 * What zlib makes of all the bytes, which need not be a whole message; null where it refuses them. It stops behind a
 * final block: then what follows begins another stream, with the window of the output before (RFC 7692 7.2.3.4).
 */
export function zlibOutput(input: Uint8Array, before: Uint8Array = new Uint8Array(0)): Uint8Array | null {
  let output = Buffer.from(before);
  let rest = input;
  try {
    for (;;) {
      const dictionary = output.length > 0 ? { dictionary: output.subarray(-WINDOW) } : {};
      const { buffer, engine } = inflateRawSync(rest, { ...OPTIONS, ...dictionary, info: true }) as unknown as {
        buffer: Buffer;
        engine: { bytesWritten: number };
      };
      output = Buffer.concat([output, buffer]);
      if (engine.bytesWritten >= rest.length) break;
      rest = rest.subarray(engine.bytesWritten);
    }
  } catch {
    return null;
  }
  return output.subarray(before.length);
}

/**
 * Whether zlib takes the bytes, for which it gave `output`, for a message that may end: another block can follow, with
 * 00 00 ff ff between them or without.
 */
export function zlibMayEnd(input: Uint8Array, output: Uint8Array, before: Uint8Array = new Uint8Array(0)): boolean {
  const expected = Buffer.concat([output, PROBE]);
  return [EMPTY_LENGTH, Buffer.alloc(0)].some((between) =>
    PROBE_BLOCKS.every((block) => {
      const probed = zlibOutput(Buffer.concat([input, between, block]), before);
      return probed !== null && expected.equals(probed);
    }),
  );
}

const CANARY = 0xcc;

/** What inflate may write, from its registers on; see assembly/deflate/memory.ts. Wide copies go up to 15 bytes further. */
const REGIONS: readonly (readonly [name: string, start: number, length: number])[] = [
  ["registers", 0x62000, 96],
  ["code lengths", 0x62100, 352 + 15],
  ["sorted entries", 0x62300, 64 + 288 * 4],
  ["literal table", 0x62800, 1334 * 4 + 15],
  ["distance table", 0x65000, 402 * 4 + 15],
  ["fixed literal table", 0x65800, 512 * 4 + 15],
  ["fixed distance table", 0x66100, 32 * 4 + 15],
  ["input", 0x67000, 0x8000 + 63],
  ["output", 0x6f100, 0x20e00 + 15],
];

/** Bytes between the regions, and all around them, that must stay as they are. */
export class Canaries {
  readonly #memory: Uint8Array;
  readonly #gaps: (readonly [name: string, start: number, before: Buffer])[] = [];

  constructor(memory: Uint8Array) {
    this.#memory = memory;
    let start = 0;
    for (const [name, regionStart, length] of [...REGIONS, ["the end", memory.length, 0] as const]) {
      if (start > 0) memory.fill(CANARY, start, regionStart);
      this.#gaps.push([`before ${name}`, start, Buffer.from(memory.subarray(start, regionStart))]);
      start = regionStart + length;
    }
  }

  /** Throws when one was changed. All of them, or only up to 512 bytes at their ends. */
  check(all: boolean): void {
    for (const [name, start, before] of this.#gaps) {
      const now = this.#memory.subarray(start, start + before.length);
      const same =
        all || before.length <= 1024
          ? before.equals(now)
          : before.subarray(0, 512).equals(now.subarray(0, 512)) && before.subarray(-512).equals(now.subarray(-512));
      if (!same) throw new Error(`bytes ${name} were written`);
    }
  }
}
