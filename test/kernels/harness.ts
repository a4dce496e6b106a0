// Drives kernels as a connection does, and writes down what came out.
import {
  CONFIG_MASKED,
  EVENT_ASCII,
  EVENT_FIN,
  EVENT_FIRST,
  EVENT_FLAGS_SHIFT,
  EVENT_LAST,
  EVENT_LENGTH_MASK,
  EVENT_OPCODE,
  EVENT_RSV1,
  EVENT_RSV2,
  EVENT_RSV3,
  INPUT_CAPACITY,
  OPCODE_CLOSE,
} from "../../src/kernels/constants.ts";
import type { Kernels, ParserState } from "../../src/kernels/kernels.ts";
import { loadModule } from "../../src/kernels/module.inline.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import { WasmKernels } from "../../src/kernels/wasm-kernels.ts";
import { parseHex, toHex } from "../support/hex.ts";

/** For `describe.each`: the name of an implementation, and one instance. */
export const IMPLEMENTATIONS: readonly (readonly [name: string, kernels: Kernels])[] = [
  ["wasm", new WasmKernels(loadModule())],
  ["reference", new ReferenceKernels()],
];

/** For `describe.each`: the name of a role, and what it adds to ParserState.config. */
export const ROLES: readonly (readonly [name: string, config: number])[] = [
  ["server", CONFIG_MASKED],
  ["client", 0],
];

/** Multiplies the iterations of random tests. */
export const FUZZ_FACTOR = Number(process.env["WSASM_FUZZ"] ?? 1);

/** Options of random tests. */
export const FUZZ_OPTIONS = { timeout: 20_000 * FUZZ_FACTOR };

/** An event, with a copy of its payload. */
export interface Piece {
  readonly flags: number;
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** Parses chunks one after another until they end, a fault, or behind a Close frame. */
export function parseChunks(kernels: Kernels, state: ParserState, chunks: readonly Uint8Array[]): Piece[] {
  const pieces: Piece[] = [];
  for (const chunk of chunks) {
    const more = parseChunk(kernels, state, chunk);
    pieces.push(...more);
    if (state.fault !== 0 || more.some(endsClose)) break;
  }
  return pieces;
}

/** Parses a chunk, in as many calls as its number of events needs. */
export function parseChunk(kernels: Kernels, state: ParserState, chunk: Uint8Array): Piece[] {
  if (chunk.length > INPUT_CAPACITY) throw new RangeError("Cannot stage chunk: too long");
  const pieces: Piece[] = [];
  kernels.stage(chunk);
  let count = kernels.parse(state, 0, chunk.length);
  for (;;) {
    pieces.push(...readEvents(kernels, count));
    if (state.fault !== 0 || state.consumed === chunk.length || pieces.some(endsClose)) return pieces;
    count = kernels.parse(state, state.consumed, chunk.length);
  }
}

function readEvents({ events, memory }: Kernels, count: number): Piece[] {
  return Array.from({ length: count }, (_, i) => {
    const word = events[2 * i] as number;
    const offset = events[2 * i + 1] as number;
    const payload = memory.slice(offset, offset + (word & EVENT_LENGTH_MASK));
    return { flags: word >>> EVENT_FLAGS_SHIFT, offset, payload };
  });
}

/** Whether nothing comes behind a piece. */
function endsClose({ flags }: Piece): boolean {
  return (flags & EVENT_OPCODE) === OPCODE_CLOSE && (flags & EVENT_LAST) !== 0;
}

const NAMES: Readonly<Record<number, string>> = {
  0: "cont",
  1: "text",
  2: "binary",
  8: "close",
  9: "ping",
  10: "pong",
};

/** One line for each frame, such as `text fin 53 70 61 6d`; `...` at the end of one that is not whole. */
export function framesOf(pieces: readonly Piece[]): string[] {
  const frames: Piece[][] = [];
  for (const piece of pieces) {
    if ((piece.flags & EVENT_FIRST) !== 0) frames.push([]);
    frames[frames.length - 1]?.push(piece);
  }
  return frames.map(describeFrame);
}

function describeFrame(pieces: readonly Piece[]): string {
  const { flags } = pieces[pieces.length - 1] as Piece;
  const words = [
    NAMES[flags & EVENT_OPCODE],
    (flags & EVENT_FIN) !== 0 ? "fin" : "",
    (flags & EVENT_RSV1) !== 0 ? "rsv1" : "",
    (flags & EVENT_RSV2) !== 0 ? "rsv2" : "",
    (flags & EVENT_RSV3) !== 0 ? "rsv3" : "",
    toHex(concat(pieces.map(({ payload }) => payload))),
    (flags & EVENT_LAST) !== 0 ? "" : "...",
  ];
  return words.filter((word) => word !== "").join(" ");
}

/** Whether each piece has the flag ASCII. */
export function asciiOf(pieces: readonly Piece[]): boolean[] {
  return pieces.map(({ flags }) => (flags & EVENT_ASCII) !== 0);
}

const KEY = parseHex("a5 3c 81 7e");

/**
 * Wire bytes of frames written as `header|payload, header|payload` in hexadecimal and without masks.
 * Masks them when the peer is a client.
 */
export function wire(frames: string, config: number): Uint8Array {
  const parts = frames.split(",").map((frame) => {
    const [header = "", payload = ""] = frame.split("|");
    const headerBytes = parseHex(header);
    const payloadBytes = parseHex(payload);
    if ((config & CONFIG_MASKED) === 0) return [...headerBytes, ...payloadBytes];
    headerBytes[1] = (headerBytes[1] as number) | 0x80;
    return [...headerBytes, ...KEY, ...payloadBytes.map((byte, i) => byte ^ (KEY[i % 4] as number))];
  });
  return Uint8Array.from(parts.flat());
}

/** Each byte as a chunk of its own. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(chunks));
}
