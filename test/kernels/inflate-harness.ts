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
const OPTIONS = { finishFlush: constants.Z_SYNC_FLUSH, windowBits: 15 };

/** A stored block that nothing is likely to end with by chance, and what stands for its header when that was sent. */
const PROBE = Buffer.from("probe, 16 bytes!");
const PROBE_BLOCK = Buffer.concat([Buffer.from([0, 16, 0, 0xef, 0xff]), PROBE]);
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

/** Whether zlib takes the bytes for a message that may end: another block can follow, with or without 00 00 ff ff. */
export function zlibMayEnd(input: Uint8Array, output: Uint8Array, before: Uint8Array = new Uint8Array(0)): boolean {
  const expected = Buffer.concat([output, PROBE]);
  return [Buffer.concat([input, EMPTY_LENGTH, PROBE_BLOCK]), Buffer.concat([input, PROBE_BLOCK])].some((probed) => {
    const probedOutput = zlibOutput(probed, before);
    return probedOutput !== null && expected.equals(probedOutput);
  });
}
