// The kernels in plain TypeScript: for where WebAssembly is missing or forbidden, and for tests to compare with.
import { EVENT_CAPACITY, EVENTS_OFFSET, INPUT_OFFSET, PAGES, UTF16_OFFSET } from "./constants.ts";
import type { Kernels, ParserState } from "./kernels.ts";
import { ReferenceParser } from "./reference-parser.ts";
import { sha1 } from "./reference-sha1.ts";
import { transcodeUtf8, validateUtf8 } from "./reference-utf8.ts";
import { xorInto } from "./xor.ts";

const PAGE = 0x10000;

/** The same memory map and results as `WasmKernels`. */
export class ReferenceKernels implements Kernels {
  readonly name = "reference";
  readonly memory: Uint8Array<ArrayBuffer> = new Uint8Array(PAGES * PAGE);
  readonly events: Uint32Array<ArrayBuffer> = new Uint32Array(this.memory.buffer, EVENTS_OFFSET, 2 * EVENT_CAPACITY);

  stage(chunk: Uint8Array): void {
    this.memory.set(chunk, INPUT_OFFSET);
  }

  parse(state: ParserState, from: number, length: number): number {
    return new ReferenceParser(this.memory, this.events, state, from, length).run();
  }

  mask(bytes: Uint8Array, start: number, end: number, maskingKey: number): void {
    xorInto(bytes, start, end, bytes, start, maskingKey);
  }

  maskInto(source: Uint8Array, target: Uint8Array, start: number, maskingKey: number): void {
    xorInto(source, 0, source.length, target, start, maskingKey);
  }

  validateUtf8(bytes: Uint8Array, state: number): number {
    return validateUtf8(bytes, 0, bytes.length, state);
  }

  validateAt(offset: number, length: number, state: number): number {
    return validateUtf8(this.memory, offset, offset + length, state);
  }

  transcode(offset: number, length: number): number {
    return transcodeUtf8(this.memory, offset, length, UTF16_OFFSET);
  }

  sha1(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    return sha1(bytes);
  }
}
