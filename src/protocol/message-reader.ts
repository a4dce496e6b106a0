// Parsed frames to messages: strings straight from the parser's memory, bytes as views or copies.
import type { Allocate } from "../bytes/accumulator.ts";
import { Accumulator } from "../bytes/accumulator.ts";
import { codePointStart } from "../bytes/code-points.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import { PayloadTooBig } from "../errors/protocol.ts";
import type { Frame } from "../frames/frame.ts";
import { isControl, Opcode } from "../frames/opcode.ts";
import {
  CONFIG_VALIDATE_UTF8,
  EVENT_ASCII,
  EVENT_FIN,
  EVENT_FIRST,
  EVENT_FLAGS_SHIFT,
  EVENT_LAST,
  EVENT_LENGTH_MASK,
  EVENT_OPCODE,
  SCRATCH_CAPACITY,
  SCRATCH_OFFSET,
  UTF16_OFFSET,
} from "../kernels/constants.ts";
import type { Kernels, ParserState } from "../kernels/kernels.ts";
import { bringBack, mayPin, placeOf } from "./chunk-view.ts";
import type { Message, ProtocolEvent } from "./events.ts";
import { MessagePiece } from "./events.ts";
import { copyOf, FrameAssembler, InboundReader } from "./inbound.ts";

/**
 * Neighbours are decoded or copied together up to this size, or to so many times the smallest of them: a kept message
 * pins no more of its group.
 */
const GROUP_SIZE = 1024;
const GROUP_FACTOR = 4;
/** V8's, the shortest of the engines. */
const LONGEST_STRING = 0x1fffffe8;
/** Bytes of text that become a string in one step. */
const TEXT_IN_STEP = 0x100000;

const WHOLE = EVENT_FIRST | EVENT_LAST | EVENT_FIN;
/** Flags of a whole message in one frame: opcode, FIN, both ends, no reserved bits. */
const WHOLE_MASK = 0x7ff & ~EVENT_ASCII;
const WHOLE_TEXT = WHOLE | Opcode.TEXT;
const WHOLE_ASCII = WHOLE_TEXT | EVENT_ASCII;
const WHOLE_BINARY = WHOLE | Opcode.BINARY;
/** Flags of the first part of such a message. */
const FIRST_OF_TEXT = WHOLE_TEXT & ~EVENT_LAST;
const FIRST_OF_BINARY = WHOLE_BINARY & ~EVENT_LAST;

/** Reads whole messages, and control frames between them. */
export class MessageReader extends InboundReader {
  readonly #codec: TextCodec;
  /** Text becomes strings; otherwise all messages are bytes. */
  readonly #isDecoding: boolean;
  /** Payload bytes of data frames ever read. */
  payloadLength = 0;
  /** Chunks are only lent: no message may be a view of one. */
  isLent = false;
  #control: FrameAssembler | undefined;
  /** Opcode of the message that was last begun in fragments or pieces. */
  #opcode = 0;
  /** What there is of a message in fragments or pieces. Made with the first of these, as its memory is. */
  #partial: Accumulator | undefined;
  readonly #allocate: Allocate | undefined;
  #isAscii = true;
  /** The message under way, or the next one, is given out in pieces. */
  isStreaming = false;
  /** Where the message under way begins in the chunk, if it stays there; or -1. */
  #spanStart = -1;

  constructor(codec: TextCodec, isDecoding: boolean, maxFragments: number, allocate?: Allocate) {
    super(maxFragments);
    this.#allocate = allocate;
    this.#codec = codec;
    this.#isDecoding = isDecoding;
  }

  /** Gives out the message under way, or the next one, in pieces as they arrive. Returns what there is of it, if any. */
  stream(): MessagePiece | undefined {
    this.isStreaming = true;
    if (this.#collected === 0) return undefined;
    const { isText, bytes } = this.#nextPiece();
    // Room for the whole message was made, perhaps in memory with old bytes in it: nobody may see those.
    return new MessagePiece(isText, bytes.slice(), false);
  }

  /** Goes back to whole messages; no piece may have been given out. */
  stopStreaming(): void {
    this.isStreaming = false;
  }

  /** What arrived of a message that is given out in pieces, once the chunk is read. */
  takePiece(): MessagePiece | undefined {
    return this.isStreaming && this.#collected > 0 ? this.#nextPiece() : undefined;
  }

  #nextPiece(): MessagePiece {
    return new MessagePiece(this.#opcode === Opcode.TEXT, this.#parts.take(), false);
  }

  get #parts(): Accumulator {
    this.#partial ??= new Accumulator(this.#allocate);
    return this.#partial;
  }

  get #collected(): number {
    return this.#partial?.length ?? 0;
  }

  override read(kernels: Kernels, count: number, state: ParserState, chunk: Uint8Array, chunkStart: number): void {
    const { events } = kernels;
    let i = this.isStreaming ? this.#readPieces(kernels, count, state) : 0;
    while (i < count) {
      const flags = (events[i * 2] as number) >>> EVENT_FLAGS_SHIFT;
      const isText = (flags & WHOLE_MASK) === WHOLE_TEXT;
      if (isText && this.#isDecoding) {
        i = flags === WHOLE_ASCII ? this.#readAscii(kernels, i, count) : this.#readText(kernels, i, state);
      } else if (isText || flags === WHOLE_BINARY) {
        i = this.#readBytes(kernels, i, count, state, chunk, chunkStart);
      } else {
        this.#readPart(kernels, i, flags, state, chunk, chunkStart);
        i++;
      }
    }
  }

  /** Reads on to the end of the message that is given out in pieces, and returns the event behind it. */
  #readPieces(kernels: Kernels, count: number, state: ParserState): number {
    let i = 0;
    for (; i < count && this.isStreaming; i++) {
      this.#readPiece(kernels, i, (kernels.events[i * 2] as number) >>> EVENT_FLAGS_SHIFT, state, 0);
    }
    return i;
  }

  /** `events`, for many. */
  #openList(): ProtocolEvent[] {
    if (this.events.length === 0) this.events = [];
    return this.events;
  }

  /** Whether what was received of the message under way takes its time to become a string. */
  get isLong(): boolean {
    return this.#collected >= TEXT_IN_STEP;
  }

  /**
   * Adds a data frame that extensions decoded, its text validated. Returns the bytes of the message that it completes, for
   * {@link messageOf} or {@link messageInSteps}, or the last piece of one that is given out in pieces.
   */
  addFrame(frame: Frame): Uint8Array<ArrayBuffer> | MessagePiece | undefined {
    const { opcode } = frame;
    const payload = frame.payload as Uint8Array<ArrayBuffer>;
    if (opcode !== Opcode.CONTINUATION) this.#begin(opcode);
    this.#isAscii = false;
    this.payloadLength += payload.length;
    // Made for this message by whoever decoded it: there is nothing to join.
    if (frame.fin && opcode !== Opcode.CONTINUATION && !this.isStreaming) return payload;
    this.#parts.keep(payload);
    if (!frame.fin) return undefined;
    const bytes = this.#parts.take();
    return this.isStreaming ? this.#endPieces(bytes) : bytes;
  }

  /** One decode for a run of small messages, then one cut a message. Headers between them are decoded too: it is cheaper. */
  #readAscii(kernels: Kernels, first: number, count: number): number {
    const { events, memory } = kernels;
    const start = events[first * 2 + 1] as number;
    const next = groupEnd(events, first, count);
    const end = (events[next * 2 - 1] as number) + ((events[next * 2 - 2] as number) & EVENT_LENGTH_MASK);
    const text = this.#codec.decodeLatin1(memory, start, end);
    if (next === first + 1) {
      this.push(text);
      this.payloadLength += text.length;
      return next;
    }
    let total = 0;
    const list = this.#openList();
    for (let i = first; i < next; i++) {
      const from = (events[i * 2 + 1] as number) - start;
      const length = (events[i * 2] as number) & EVENT_LENGTH_MASK;
      list.push(text.substring(from, from + length));
      total += length;
    }
    this.payloadLength += total;
    return next;
  }

  #readText(kernels: Kernels, i: number, state: ParserState): number {
    const offset = kernels.events[i * 2 + 1] as number;
    const length = (kernels.events[i * 2] as number) & EVENT_LENGTH_MASK;
    this.payloadLength += length;
    if (length <= this.#codec.transcodeUpTo && isValid(state)) {
      const size = kernels.transcode(offset, length);
      this.push(this.#codec.decodeUtf16(kernels.memory, UTF16_OFFSET, UTF16_OFFSET + size));
    } else {
      this.push(this.#codec.decodeUtf8(kernels.memory, offset, offset + length));
    }
    return i + 1;
  }

  #readBytes(
    kernels: Kernels,
    first: number,
    count: number,
    state: ParserState,
    chunk: Uint8Array,
    chunkStart: number,
  ): number {
    const { events } = kernels;
    const length = (events[first * 2] as number) & EVENT_LENGTH_MASK;
    if (!this.isLent && mayPin(chunk, length)) {
      const at = placeOf(kernels, first, chunkStart);
      bringBack(kernels, first, state, chunk, at);
      this.push(new Uint8Array(chunk.buffer, chunk.byteOffset + at, length));
      this.payloadLength += length;
      return first + 1;
    }
    return this.#readGroup(kernels, first, groupEnd(events, first, count));
  }

  /** One copy for a run of small messages, then one view a message. */
  #readGroup(kernels: Kernels, first: number, next: number): number {
    const { events, memory } = kernels;
    const start = events[first * 2 + 1] as number;
    const end = (events[next * 2 - 1] as number) + ((events[next * 2 - 2] as number) & EVENT_LENGTH_MASK);
    const group = copyOf(memory, start, end - start);
    if (next === first + 1) {
      this.push(group);
      this.payloadLength += group.length;
      return next;
    }
    let total = 0;
    const list = this.#openList();
    for (let i = first; i < next; i++) {
      const from = (events[i * 2 + 1] as number) - start;
      const length = (events[i * 2] as number) & EVENT_LENGTH_MASK;
      list.push(new Uint8Array(group.buffer, from, length));
      total += length;
    }
    this.payloadLength += total;
    return next;
  }

  /** Where a message lies in its chunk but was parsed in parts, it is not put together in other memory. */
  #readPart(
    kernels: Kernels,
    i: number,
    flags: number,
    state: ParserState,
    chunk: Uint8Array,
    chunkStart: number,
  ): void {
    const at = placeOf(kernels, i, chunkStart);
    const length = (kernels.events[i * 2] as number) & EVENT_LENGTH_MASK;
    if (this.#isSpan(flags, chunk, at, length + state.remaining)) {
      this.#begin(flags & EVENT_OPCODE);
      this.#spanStart = at;
    }
    const start = this.#spanStart;
    if (start < 0) return this.#readPiece(kernels, i, flags, state, chunk.length - at - length);
    this.#count(flags, length);
    bringBack(kernels, i, state, chunk, at);
    if ((flags & EVENT_LAST) === 0) return;
    this.#spanStart = -1;
    // Shared only where the message becomes a string.
    const bytes = new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset + start, at + length - start);
    this.push(this.messageOf(bytes, isValid(state) ? kernels : undefined));
  }

  /** Whether a part is the first of a whole message that lies in the chunk, and may stay there. */
  #isSpan(flags: number, chunk: Uint8Array, at: number, length: number): boolean {
    const kind = flags & WHOLE_MASK;
    if (kind !== FIRST_OF_TEXT && kind !== FIRST_OF_BINARY) return false;
    if (at + length > chunk.length) return false;
    return (this.#isDecoding && kind === FIRST_OF_TEXT) || (!this.isLent && mayPin(chunk, length));
  }

  #count(flags: number, length: number): void {
    if (length > 0 && (flags & EVENT_ASCII) === 0) this.#isAscii = false;
    this.payloadLength += length;
  }

  /** `atHand` bytes follow in the chunk. */
  #readPiece(kernels: Kernels, i: number, flags: number, state: ParserState, atHand: number): void {
    const opcode = flags & EVENT_OPCODE;
    if (isControl(opcode)) {
      this.#control ??= new FrameAssembler();
      const frame = this.#control.add(kernels, i, state);
      if (frame !== undefined) this.pushControl(frame);
      return;
    }
    if ((flags & EVENT_FIRST) !== 0) {
      this.countFragment(opcode);
      if (opcode !== Opcode.CONTINUATION) this.#begin(opcode);
    }
    const offset = kernels.events[i * 2 + 1] as number;
    const length = (kernels.events[i * 2] as number) & EVENT_LENGTH_MASK;
    this.#count(flags, length);
    const isLast = (flags & EVENT_LAST) !== 0;
    const expected = isLast || this.isStreaming ? 0 : state.remaining;
    this.#parts.append(kernels.memory, offset, offset + length, expected, atHand);
    if (isLast && (flags & EVENT_FIN) !== 0) this.push(this.#finish(isValid(state) ? kernels : undefined));
  }

  #begin(opcode: number): void {
    this.#opcode = opcode;
    this.#isAscii = true;
  }

  /** `kernels` may be used to transcode where that is faster; not for text that was not validated. */
  #finish(kernels: Kernels | undefined): Message | MessagePiece {
    const bytes = this.#parts.take();
    return this.isStreaming ? this.#endPieces(bytes) : this.messageOf(bytes, kernels);
  }

  #endPieces(bytes: Uint8Array<ArrayBuffer>): MessagePiece {
    this.isStreaming = false;
    return new MessagePiece(this.#opcode === Opcode.TEXT, bytes, true);
  }

  /** The message of all bytes of the last one. `kernels` as for text that was validated. */
  messageOf(bytes: Uint8Array<ArrayBuffer>, kernels: Kernels | undefined): Message {
    if (!this.#isText) return bytes;
    try {
      return this.#decode(kernels, bytes);
    } catch {
      // Valid text has one way to fail: no string may be so long.
      throw new PayloadTooBig(bytes.length, LONGEST_STRING);
    }
  }

  /** {@link messageOf} in short steps, for text that was validated. It becomes a piece when {@link stream} is called meanwhile. */
  *messageInSteps(
    bytes: Uint8Array<ArrayBuffer>,
    kernels: Kernels,
  ): Generator<undefined, Message | MessagePiece, undefined> {
    if (!this.#isText) return bytes;
    let text = "";
    for (let start = 0; start < bytes.length;) {
      if (start > 0) yield;
      if (this.isStreaming) return this.#endPieces(bytes);
      const end = codePointStart(bytes, start + TEXT_IN_STEP);
      const piece = this.#decode(kernels, bytes.subarray(start, end));
      if (text.length + piece.length > LONGEST_STRING) throw new PayloadTooBig(bytes.length, LONGEST_STRING);
      text += piece;
      start = end;
    }
    return text;
  }

  get #isText(): boolean {
    return this.#opcode === Opcode.TEXT && this.#isDecoding;
  }

  #decode(kernels: Kernels | undefined, bytes: Uint8Array): string {
    if (this.#isAscii) return this.#codec.decodeLatin1(bytes, 0, bytes.length);
    if (kernels !== undefined && bytes.length <= this.#codec.transcodeUpTo) return this.#transcode(kernels, bytes);
    return this.#codec.decodeUtf8(bytes, 0, bytes.length);
  }

  /** In the scratch area: the input has events that are still to be read. */
  #transcode(kernels: Kernels, bytes: Uint8Array): string {
    let text = "";
    let start = 0;
    while (start < bytes.length) {
      const end = codePointStart(bytes, start + SCRATCH_CAPACITY);
      kernels.memory.set(bytes.subarray(start, end), SCRATCH_OFFSET);
      const size = kernels.transcode(SCRATCH_OFFSET, end - start);
      // ASCII: strings of one byte a character take half the memory.
      const isAscii = size === (end - start) * 2;
      text += isAscii
        ? this.#codec.decodeLatin1(bytes, start, end)
        : this.#codec.decodeUtf16(kernels.memory, UTF16_OFFSET, UTF16_OFFSET + size);
      start = end;
    }
    return text;
  }
}

/** Where the group ends that begins with event `first`: messages of the same kind that are worth one decode or copy. */
function groupEnd(events: Uint32Array, first: number, count: number): number {
  const flags = (events[first * 2] as number) >>> EVENT_FLAGS_SHIFT;
  const start = events[first * 2 + 1] as number;
  let smallest = (events[first * 2] as number) & EVENT_LENGTH_MASK;
  let next = first + 1;
  for (; next < count; next++) {
    const word = events[next * 2] as number;
    const length = word & EVENT_LENGTH_MASK;
    const size = (events[next * 2 + 1] as number) + length - start;
    if (length < smallest) smallest = length;
    if (word >>> EVENT_FLAGS_SHIFT !== flags || size > Math.max(GROUP_SIZE, smallest * GROUP_FACTOR)) break;
  }
  return next;
}

/** Whether text was validated before it gets here; the kernel transcodes valid text only. */
function isValid(state: ParserState): boolean {
  return (state.config & CONFIG_VALIDATE_UTF8) !== 0;
}
