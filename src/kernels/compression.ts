// The interface of the DEFLATE codecs (RFC 1951), one instance of them a thread.

/** Both codecs of this thread. */
export interface Compression {
  /** Where output lies until the next call of any codec. */
  readonly memory: Uint8Array<ArrayBuffer>;
  createInflater(windowBits: number, keepsContext: boolean): Inflater;
  createDeflater(options: { windowBits: number; memLevel: number; level: number; keepsContext: boolean }): Deflater;
}

/** Decompresses the messages of one connection, frame by frame. */
export interface Inflater {
  /** Takes the payload of a frame; with `isLast`, the tail of RFC 7692 7.2.2 follows it. */
  start(input: Uint8Array, isLast: boolean): void;
  /**
   * Makes output, at most `limit` bytes and at most 64 KiB, and returns how many; 0 when all input is used.
   *
   * @throws {InflateError} For input that is not DEFLATE.
   */
  next(limit: number): number;
  readonly outputOffset: number;
}

/** Compresses the messages of one connection, frame by frame. */
export interface Deflater {
  /** Takes the payload of a frame; with `isLast`, its output ends without the tail of RFC 7692 7.2.1. */
  start(input: Uint8Array, isLast: boolean): void;
  /** Makes output and returns how many bytes; 0 when all input is used. */
  next(): number;
  readonly outputOffset: number;
  /** Forgets the messages so far: what comes next does not refer to them. */
  reset(): void;
}

/** The input of an {@link Inflater} is not valid. */
export class InflateError extends Error {}

/** Returns the codecs of this thread; `null` where WebAssembly is missing. */
export function getCompression(): Compression | null {
  return null;
}
