// Messages that stay in the chunk they came in, with no memory of their own.
import { CONFIG_MASKED, EVENT_LENGTH_MASK, INPUT_OFFSET } from "../kernels/constants.ts";
import type { Kernels, ParserState } from "../kernels/kernels.ts";

/** A payload that fills at least this part of its chunk is a view of it. Four that fill it do, headers and all. */
const VIEW_FROM = 1 / 5;
/** Up to this length a loop is faster than making a view to copy with. */
const COPY_LOOP = 32;

/** Whether so much of a chunk may pin all of it. Never of shared memory: few APIs take bytes that others may change. */
export function mayPin(chunk: Uint8Array, length: number): chunk is Uint8Array<ArrayBuffer> {
  const { buffer } = chunk;
  return length > 0 && length >= buffer.byteLength * VIEW_FROM && buffer[Symbol.toStringTag] === "ArrayBuffer";
}

/** Where the payload of event `i` lies in its chunk, whose bytes from `chunkStart` on were staged. */
export function placeOf(kernels: Kernels, i: number, chunkStart: number): number {
  return chunkStart + (kernels.events[i * 2 + 1] as number) - INPUT_OFFSET;
}

/** Brings the payload of event `i` back to its chunk: if it was masked, it was unmasked in the parser's memory only. */
export function bringBack(kernels: Kernels, i: number, state: ParserState, chunk: Uint8Array, at: number): void {
  if ((state.config & CONFIG_MASKED) === 0) return;
  const { events, memory } = kernels;
  const offset = events[i * 2 + 1] as number;
  const length = (events[i * 2] as number) & EVENT_LENGTH_MASK;
  if (length > COPY_LOOP) {
    chunk.set(memory.subarray(offset, offset + length), at);
    return;
  }
  for (let k = 0; k < length; k++) chunk[at + k] = memory[offset + k] as number;
}
