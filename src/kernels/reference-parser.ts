// The parser of frames in plain TypeScript: the same rules, events and states as assembly/parse.ts, where a header is
// drawn. It is written to be compared with, one frame at a time, and not for speed.
import {
  CONFIG_MASKED,
  CONFIG_VALIDATE_UTF8,
  EVENT_ASCII,
  EVENT_CAPACITY,
  EVENT_FIN,
  EVENT_FIRST,
  EVENT_FLAGS_SHIFT,
  EVENT_LAST,
  EVENT_OPCODE,
  EVENT_RSV1,
  EVENT_RSV2,
  EVENT_RSV3,
  FAULT_CONTROL_FRAGMENTED,
  FAULT_CONTROL_TOO_LONG,
  FAULT_EXPECTED_CONTINUATION,
  FAULT_FRAGMENT_TOO_BIG,
  FAULT_LENGTH_NOT_MINIMAL,
  FAULT_LENGTH_TOP_BIT,
  FAULT_MASKING,
  FAULT_MESSAGE_TOO_BIG,
  FAULT_OPCODE,
  FAULT_RSV,
  FAULT_UNEXPECTED_CONTINUATION,
  FAULT_UTF8,
  INPUT_OFFSET,
  MESSAGE_HAS_RSV,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  UTF8_INVALID,
} from "./constants.ts";
import type { ParserState } from "./kernels.ts";
import { isAscii, validateUtf8 } from "./reference-utf8.ts";
import { xorInto } from "./xor.ts";

const FIN = 0x80;
const RSV = 0x70;

/** Room before the input for a header that the last chunk ended inside of. */
const CARRIED_ROOM = 16;

/** A header, as far as the bytes go. */
interface Header {
  readonly opcode: number;
  readonly byte0: number;
  readonly payloadLength: number;
  readonly maskingKey: number;
  /** Where the payload begins. */
  readonly end: number;
}

/** One call of `Kernels.parse`. */
export class ReferenceParser {
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #events: Uint32Array<ArrayBuffer>;
  readonly #state: ParserState;
  #count = 0;
  /** The next byte to parse. */
  #position: number;
  #end: number;

  constructor(
    memory: Uint8Array<ArrayBuffer>,
    events: Uint32Array<ArrayBuffer>,
    state: ParserState,
    from: number,
    length: number,
  ) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
    this.#events = events;
    this.#state = state;
    this.#position = INPUT_OFFSET + from;
    this.#end = INPUT_OFFSET + length;
  }

  /** Parses until the input or the table ends, a fault, or behind a Close frame. Returns the number of events. */
  run(): number {
    const state = this.#state;
    this.#takeCarriedHeader();
    while (this.#position < this.#end && this.#count < EVENT_CAPACITY) {
      let first = 0;
      if (state.remaining === 0) {
        const header = this.#parseHeader();
        if (header === undefined) {
          if (state.fault === 0) this.#carryHeader();
          break;
        }
        this.#beginFrame(header);
        first = EVENT_FIRST;
      }
      if (!this.#takePiece(first)) break;
    }
    if (state.fault !== 0) this.#position = this.#end;
    state.consumed = this.#position - INPUT_OFFSET;
    return this.#count;
  }

  /** Puts a header that the last chunk ended inside of right before the input. */
  #takeCarriedHeader(): void {
    const state = this.#state;
    if (state.headerLength === 0) return;
    this.#view.setInt32(INPUT_OFFSET - 16, state.header0, true);
    this.#view.setInt32(INPUT_OFFSET - 12, state.header1, true);
    this.#view.setInt32(INPUT_OFFSET - 8, state.header2, true);
    this.#view.setInt32(INPUT_OFFSET - 4, state.header3, true);
    this.#position -= state.headerLength;
    state.headerLength = 0;
  }

  #carryHeader(): void {
    const state = this.#state;
    const start = this.#end - CARRIED_ROOM;
    state.headerLength = this.#end - this.#position;
    state.header0 = this.#view.getInt32(start, true);
    state.header1 = this.#view.getInt32(start + 4, true);
    state.header2 = this.#view.getInt32(start + 8, true);
    state.header3 = this.#view.getInt32(start + 12, true);
    this.#position = this.#end;
  }

  /** Reads and checks the header at the position; `undefined` at a fault, and when the bytes do not suffice. */
  #parseHeader(): Header | undefined {
    const start = this.#position;
    const available = this.#end - start;
    if (available < 2) return undefined;
    const byte0 = this.#view.getUint8(start);
    const byte1 = this.#view.getUint8(start + 1);
    if (!this.#checkFirstBytes(byte0, byte1)) return undefined;

    const opcode = byte0 & EVENT_OPCODE;
    const lengthCode = byte1 & 0x7f;
    let end = start + 2;
    let payloadLength = lengthCode;
    if (lengthCode >= 126) {
      const size = lengthCode === 126 ? 2 : 8;
      if (available < 2 + size) return undefined;
      const extended = size === 2 ? BigInt(this.#view.getUint16(end)) : this.#view.getBigUint64(end);
      if (!this.#checkLength(lengthCode, extended)) return undefined;
      payloadLength = Number(extended);
      end += size;
    }
    if (opcode < OPCODE_CLOSE && !this.#checkLimits(payloadLength)) return undefined;

    let maskingKey = 0;
    if ((this.#state.config & CONFIG_MASKED) !== 0) {
      if (this.#end - end < 4) return undefined;
      maskingKey = this.#view.getInt32(end, true);
      end += 4;
    }
    return { opcode, byte0, payloadLength, maskingKey, end };
  }

  #checkFirstBytes(byte0: number, byte1: number): boolean {
    const { config, message } = this.#state;
    const opcode = byte0 & EVENT_OPCODE;
    const isControl = opcode >= OPCODE_CLOSE;
    const lengthCode = byte1 & 0x7f;
    // RFC 6455 5.2: 0-2 are data, 8-10 control frames.
    if (opcode > (isControl ? OPCODE_CLOSE + 2 : OPCODE_BINARY)) return this.#fail(FAULT_OPCODE, opcode);
    // RFC 6455 5.1: a client masks, a server does not.
    if (byte1 >= 0x80 !== ((config & CONFIG_MASKED) !== 0)) return this.#fail(FAULT_MASKING);
    // RFC 6455 5.2: a reserved bit is 0 unless an extension defines it.
    if ((byte0 & RSV & ~config) !== 0) return this.#fail(FAULT_RSV, byte0);
    // RFC 6455 5.5: control frames are not fragmented and have short payloads.
    if (isControl && (byte0 & FIN) === 0) return this.#fail(FAULT_CONTROL_FRAGMENTED);
    if (isControl && lengthCode > 125) return this.#fail(FAULT_CONTROL_TOO_LONG, lengthCode);
    // RFC 6455 5.4: fragments of messages are not interleaved.
    if (opcode === OPCODE_CONTINUATION && message === 0) return this.#fail(FAULT_UNEXPECTED_CONTINUATION);
    if (!isControl && opcode !== OPCODE_CONTINUATION && message !== 0) return this.#fail(FAULT_EXPECTED_CONTINUATION);
    return true;
  }

  /** RFC 6455 5.2: the minimal number of bytes, and the top bit of 64 is 0. */
  #checkLength(lengthCode: number, payloadLength: bigint): boolean {
    if (payloadLength < (lengthCode === 126 ? 126n : 0x10000n)) return this.#fail(FAULT_LENGTH_NOT_MINIMAL);
    if (payloadLength >= 0x8000_0000_0000_0000n) return this.#fail(FAULT_LENGTH_TOP_BIT);
    return true;
  }

  #checkLimits(payloadLength: number): boolean {
    const { maxFragment, maxMessage, messageLength } = this.#state;
    // Without a limit, lengths that JavaScript cannot count are the messages that are too big.
    const most = Math.min(maxMessage, Number.MAX_SAFE_INTEGER);
    if (payloadLength > maxFragment) return this.#fail(FAULT_FRAGMENT_TOO_BIG, payloadLength);
    if (messageLength + payloadLength > most) return this.#fail(FAULT_MESSAGE_TOO_BIG, payloadLength);
    return true;
  }

  #beginFrame({ opcode, byte0, payloadLength, maskingKey, end }: Header): void {
    const state = this.#state;
    if (opcode < OPCODE_CLOSE) {
      if (opcode !== OPCODE_CONTINUATION) state.message = opcode | ((byte0 & RSV) !== 0 ? MESSAGE_HAS_RSV : 0);
      state.messageLength += payloadLength;
    }
    state.remaining = payloadLength;
    state.maskingKey = maskingKey;
    state.frameFlags = flagsOf(byte0);
    this.#position = end;
  }

  /** Takes what is there of the payload of the open frame. Returns whether parsing goes on. */
  #takePiece(first: number): boolean {
    const state = this.#state;
    const start = this.#position;
    const length = Math.min(state.remaining, this.#end - start);
    const isLast = length === state.remaining;
    const opcode = state.frameFlags & EVENT_OPCODE;
    const endsMessage = isLast && opcode < OPCODE_CLOSE && (state.frameFlags & EVENT_FIN) !== 0;
    if ((state.config & CONFIG_MASKED) !== 0) {
      xorInto(this.#memory, start, start + length, this.#memory, start, state.maskingKey);
    }
    const ascii = this.#validatePiece(opcode, start, length, endsMessage);
    if (state.fault !== 0) return false;

    const flags = state.frameFlags | first | ascii | (isLast ? EVENT_LAST : 0);
    this.#events[2 * this.#count] = (flags << EVENT_FLAGS_SHIFT) | length;
    this.#events[2 * this.#count + 1] = start;
    this.#count += 1;
    this.#position += length;
    state.remaining -= length;
    if (!isLast) state.maskingKey = rotateKey(state.maskingKey, length);
    if (endsMessage) {
      state.message = 0;
      state.messageLength = 0;
    }
    // RFC 6455 1.4: what follows a Close is discarded.
    return !(isLast && opcode === OPCODE_CLOSE);
  }

  /** Validates a piece of text; a piece of anything else is right. Returns EVENT_ASCII or 0. */
  #validatePiece(opcode: number, start: number, length: number, endsMessage: boolean): number {
    const state = this.#state;
    // Text of a message with reserved bits is what an extension makes of it.
    const isText = opcode < OPCODE_CLOSE && state.message === OPCODE_TEXT;
    if (!isText || (state.config & CONFIG_VALIDATE_UTF8) === 0) return 0;
    if (state.utf8 === 0 && isAscii(this.#memory, start, start + length)) return EVENT_ASCII;
    const open = validateUtf8(this.#memory, start, start + length, state.utf8);
    if (open === UTF8_INVALID || (open !== 0 && endsMessage)) this.#fail(FAULT_UTF8);
    else state.utf8 = open | 0; // signed, as words of the other kernel are
    return 0;
  }

  #fail(fault: number, detail = 0): false {
    this.#state.fault = fault;
    this.#state.faultDetail = detail;
    return false;
  }
}

/** The event flags that the first byte of a header gives. */
function flagsOf(byte0: number): number {
  let flags = byte0 & EVENT_OPCODE;
  if ((byte0 & FIN) !== 0) flags |= EVENT_FIN;
  if ((byte0 & 0x40) !== 0) flags |= EVENT_RSV1;
  if ((byte0 & 0x20) !== 0) flags |= EVENT_RSV2;
  if ((byte0 & 0x10) !== 0) flags |= EVENT_RSV3;
  return flags;
}

/** Turns a key so that its low byte masks the byte `length` bytes on. */
function rotateKey(maskingKey: number, length: number): number {
  const bits = 8 * (length % 4);
  return bits === 0 ? maskingKey : (maskingKey >>> bits) | (maskingKey << (32 - bits));
}
