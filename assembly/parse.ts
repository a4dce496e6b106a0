// The parser of frames: a whole chunk of input a call. It walks headers, checks the rules of RFC 6455 and the limits,
// unmasks payloads in place, validates text, and writes an event for each piece of payload.
//
// A header (RFC 6455 5.2); its length is in network byte order:
//
//    byte 0                byte 1               0, 2 or 8 bytes        0 or 4 bytes
//   ┌───┬────────┬──────┐ ┌────┬─────────────┐ ┌────────────────────┐ ┌─────────────┐
//   │FIN│RSV1 2 3│opcode│ │MASK│ length code │ │ payload length, if │ │ masking key,│
//   │ 1 │ 1  1 1 │  4   │ │ 1  │      7      │ │ code is 126 or 127 │ │ if MASK     │
//   └───┴────────┴──────┘ └────┴─────────────┘ └────────────────────┘ └─────────────┘
import {
  CONFIG_MASKED,
  CONFIG_VALIDATE_UTF8,
  EVENT_ASCII,
  EVENT_FIN,
  EVENT_FIRST,
  EVENT_FLAGS_SHIFT,
  EVENT_LAST,
  EVENT_OPCODE,
  EVENTS_OFFSET,
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
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_TEXT,
  REGISTER_CONFIG,
  REGISTER_CONSUMED,
  REGISTER_FAULT,
  REGISTER_FAULT_DETAIL,
  REGISTER_FRAME_FLAGS,
  REGISTER_HEADER,
  REGISTER_HEADER_LENGTH,
  REGISTER_MASKING_KEY,
  REGISTER_MAX_FRAGMENT,
  REGISTER_MAX_MESSAGE,
  REGISTER_MESSAGE,
  REGISTER_MESSAGE_LENGTH,
  REGISTER_REMAINING,
  REGISTER_UTF8,
  REGISTERS_OFFSET,
  UTF8_INVALID,
} from "./constants";
import { highBits } from "./high-bits";
import { mask } from "./mask";
import { EVENT_SIZE, EVENTS_END, LANES } from "./memory";
import { validateUtf8 } from "./validate-utf8";

const FIN: u32 = 0x80;
const RSV: u32 = 0x70;
const OPCODE: u32 = 0x0f;
const LENGTH_CODE: u32 = 0x7f;
const LENGTH_16_BITS: u32 = 126;
const LENGTH_64_BITS: u32 = 127;

/** The longest payload of a control frame (RFC 6455 5.5). */
const MAX_CONTROL_PAYLOAD: u32 = 125;
/** Number.MAX_SAFE_INTEGER: JavaScript cannot count further, so messages above it are too big where there is no limit. */
const MAX_SAFE_INTEGER: u64 = 0x1fffffffffffff;

/** No value of REGISTER_MESSAGE. */
const NO_MESSAGE: u32 = 0xffffffff;

/** Records what a fault is about, and returns it. */
function faulty(fault: u32, detail: f64): u32 {
  store<f64>(REGISTERS_OFFSET, detail, REGISTER_FAULT_DETAIL);
  return fault;
}

/** Checks what the first two bytes of a header tell. */
function headerFault(byte0: u32, byte1: u32, config: u32, message: u32): u32 {
  const opcode = byte0 & OPCODE;
  // RFC 6455 5.2: 0-2 are data, 8-10 control frames.
  if ((opcode & 7) > 2) return faulty(FAULT_OPCODE, opcode);
  // RFC 6455 5.1: a client masks, a server does not.
  if (byte1 >> 7 != (config & CONFIG_MASKED)) return faulty(FAULT_MASKING, 0);
  // RFC 6455 5.2: a reserved bit is 0 unless an extension defines it. CONFIG_RSV1 to 3 are in place.
  if (byte0 & RSV & ~config) return faulty(FAULT_RSV, byte0);
  if (opcode >= OPCODE_CLOSE) {
    // RFC 6455 5.5: control frames are not fragmented and have short payloads.
    if (!(byte0 & FIN)) return faulty(FAULT_CONTROL_FRAGMENTED, 0);
    const lengthCode = byte1 & LENGTH_CODE;
    if (lengthCode > MAX_CONTROL_PAYLOAD) return faulty(FAULT_CONTROL_TOO_LONG, lengthCode);
  } else if (opcode == OPCODE_CONTINUATION) {
    // RFC 6455 5.4: fragments of messages are not interleaved.
    if (!message) return faulty(FAULT_UNEXPECTED_CONTINUATION, 0);
  } else if (message) {
    return faulty(FAULT_EXPECTED_CONTINUATION, 0);
  }
  return 0;
}

/** Checks a payload length that does not fit in the length code (RFC 6455 5.2). */
function lengthFault(lengthCode: u32, payloadLength: u64): u32 {
  const minimum: u64 = lengthCode == LENGTH_16_BITS ? LENGTH_16_BITS : 0x10000;
  if (payloadLength < minimum) return faulty(FAULT_LENGTH_NOT_MINIMAL, 0);
  if (payloadLength >> 63) return faulty(FAULT_LENGTH_TOP_BIT, 0);
  return 0;
}

/** Checks the payload length of a data frame against the limits. `messageLength` is that of the frames before. */
function limitFault(payloadLength: u64, maxFragment: u64, messageLength: u64, maxMessage: u64): u32 {
  if (payloadLength > maxFragment) return faulty(FAULT_FRAGMENT_TOO_BIG, <f64>payloadLength);
  // The sum does not wrap: both are below 2^63.
  if (messageLength + payloadLength > maxMessage) return faulty(FAULT_MESSAGE_TOO_BIG, <f64>payloadLength);
  return 0;
}

/** The event flags that the first byte of a header gives. */
function flagsOf(byte0: u32): u32 {
  const flags = (byte0 & OPCODE) | ((byte0 & FIN) >> 3);
  return flags | ((byte0 & 0x40) << 2) | ((byte0 & 0x20) << 4) | ((byte0 & 0x10) << 6);
}

/** Puts the bytes of a header that the last chunk ended inside of right before the input; returns their number. */
function takeCarriedHeader(): usize {
  const headerLength = load<u32>(REGISTERS_OFFSET, REGISTER_HEADER_LENGTH);
  if (headerLength) {
    v128.store(INPUT_OFFSET - LANES, v128.load(REGISTERS_OFFSET, REGISTER_HEADER));
    store<u32>(REGISTERS_OFFSET, 0, REGISTER_HEADER_LENGTH);
  }
  return headerLength;
}

/** Keeps the header that the input ends inside of. */
function carryHeader(headerPtr: usize, end: usize): void {
  // At most 13 bytes. What is loaded before them does not matter.
  v128.store(REGISTERS_OFFSET, v128.load(end - LANES), REGISTER_HEADER);
  store<u32>(REGISTERS_OFFSET, <u32>(end - headerPtr), REGISTER_HEADER_LENGTH);
}

/** A register of a length or limit as an integer. Infinity, for no limit, becomes the greatest one. */
function loadLength(register: usize): u64 {
  return <u64>(<i64>load<f64>(REGISTERS_OFFSET + register));
}

/**
 * Parses the input in [from, length) with the state in the registers.
 *
 * @returns The number of events.
 */
export function parse(from: usize, length: usize): usize {
  const config = load<u32>(REGISTERS_OFFSET, REGISTER_CONFIG);
  const masked = (config & CONFIG_MASKED) != 0;
  // The messages that are validated: text, but not what an extension has yet to make into text.
  const validated = config & CONFIG_VALIDATE_UTF8 ? OPCODE_TEXT : NO_MESSAGE;
  const maxFragment = loadLength(REGISTER_MAX_FRAGMENT);
  const maxMessage = min<u64>(loadLength(REGISTER_MAX_MESSAGE), MAX_SAFE_INTEGER);
  let message = load<u32>(REGISTERS_OFFSET, REGISTER_MESSAGE);
  let messageLength = loadLength(REGISTER_MESSAGE_LENGTH);
  let utf8 = load<u32>(REGISTERS_OFFSET, REGISTER_UTF8);
  let remaining = loadLength(REGISTER_REMAINING);
  let maskingKey = load<u32>(REGISTERS_OFFSET, REGISTER_MASKING_KEY);
  let frameFlags = load<u32>(REGISTERS_OFFSET, REGISTER_FRAME_FLAGS);

  let ptr = INPUT_OFFSET + from - takeCarriedHeader();
  let end = INPUT_OFFSET + length;
  let eventPtr = EVENTS_OFFSET;
  let fault: u32 = 0;
  while (ptr < end && eventPtr < EVENTS_END) {
    let flags = frameFlags;

    if (remaining == 0) {
      // No frame is open. A header that is not whole leaves nothing changed and is parsed again with the next chunk;
      // what is wrong with it is told as soon as it shows.
      if (ptr + 2 > end) break;
      const byte0 = <u32>load<u8>(ptr, 0);
      const byte1 = <u32>load<u8>(ptr, 1);
      fault = headerFault(byte0, byte1, config, message);
      if (fault) break;

      const lengthCode = byte1 & LENGTH_CODE;
      let payloadLength: u64 = lengthCode;
      let payloadPtr = ptr + 2;
      if (lengthCode >= LENGTH_16_BITS) {
        payloadPtr += lengthCode == LENGTH_16_BITS ? 2 : 8;
        if (payloadPtr > end) break;
        payloadLength = lengthCode == LENGTH_16_BITS ? bswap<u16>(load<u16>(ptr, 2)) : bswap<u64>(load<u64>(ptr, 2));
        fault = lengthFault(lengthCode, payloadLength);
        if (fault) break;
      }
      const opcode = byte0 & OPCODE;
      if (opcode < OPCODE_CLOSE) {
        fault = limitFault(payloadLength, maxFragment, messageLength, maxMessage);
        if (fault) break;
      }
      if (masked) {
        payloadPtr += 4;
        if (payloadPtr > end) break;
        maskingKey = load<u32>(payloadPtr - 4);
      }

      // The header is whole and right.
      if (opcode < OPCODE_CLOSE) {
        if (opcode != OPCODE_CONTINUATION) message = byte0 & RSV ? opcode | MESSAGE_HAS_RSV : opcode;
        messageLength += payloadLength;
      }
      remaining = payloadLength;
      frameFlags = flagsOf(byte0);
      flags = frameFlags | EVENT_FIRST;
      ptr = payloadPtr;
    }

    // A frame is open: take what is there of its payload.
    let pieceLength = end - ptr;
    const isLast = remaining <= pieceLength;
    if (isLast) {
      pieceLength = <usize>remaining;
      flags |= EVENT_LAST;
    }
    const isData = (flags & EVENT_OPCODE) < OPCODE_CLOSE;
    const isText = isData && message == validated;
    const seen = masked ? mask(ptr, pieceLength, maskingKey) : isText ? highBits(ptr, pieceLength) : 0;
    if (isText) {
      if (seen | utf8) {
        utf8 = validateUtf8(ptr, pieceLength, utf8);
        const isOpen = utf8 != 0 && isLast && (flags & EVENT_FIN) != 0; // inside a code point, at the end of the message
        if (utf8 == UTF8_INVALID || isOpen) {
          fault = faulty(FAULT_UTF8, 0);
          break;
        }
      } else {
        flags |= EVENT_ASCII;
      }
    }

    // The two words of an event in one store.
    store<u64>(eventPtr, <u64>((flags << EVENT_FLAGS_SHIFT) | <u32>pieceLength) | (<u64>ptr << 32));
    eventPtr += EVENT_SIZE;
    ptr += pieceLength;
    remaining -= pieceLength;
    if (!isLast) {
      maskingKey = rotr<u32>(maskingKey, (<u32>pieceLength & 3) << 3);
    } else if (isData) {
      if (flags & EVENT_FIN) {
        message = 0;
        messageLength = 0;
      }
    } else if ((flags & EVENT_OPCODE) == OPCODE_CLOSE) {
      end = ptr; // RFC 6455 1.4: what follows a Close is discarded
    }
  }

  if (fault) {
    ptr = end;
  } else if (ptr < end && eventPtr < EVENTS_END) {
    carryHeader(ptr, end);
    ptr = end;
  }
  store<u32>(REGISTERS_OFFSET, message, REGISTER_MESSAGE);
  store<f64>(REGISTERS_OFFSET, <f64>(<i64>messageLength), REGISTER_MESSAGE_LENGTH);
  store<u32>(REGISTERS_OFFSET, utf8, REGISTER_UTF8);
  store<f64>(REGISTERS_OFFSET, <f64>(<i64>remaining), REGISTER_REMAINING);
  store<u32>(REGISTERS_OFFSET, maskingKey, REGISTER_MASKING_KEY);
  store<u32>(REGISTERS_OFFSET, frameFlags, REGISTER_FRAME_FLAGS);
  store<u32>(REGISTERS_OFFSET, fault, REGISTER_FAULT);
  store<u32>(REGISTERS_OFFSET, <u32>(ptr - INPUT_OFFSET), REGISTER_CONSUMED);
  return (eventPtr - EVENTS_OFFSET) / EVENT_SIZE;
}
