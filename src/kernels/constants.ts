// Numbers that both sides of the WebAssembly boundary use. assembly/constants.ts is generated from this file.

// Bits of ParserState.config.
/** The peer must mask (we are the server); otherwise it must not (RFC 6455 5.1). */
export const CONFIG_MASKED = 0x01;
/** Text of messages without reserved bits is validated as UTF-8. */
export const CONFIG_VALIDATE_UTF8 = 0x02;
/** Reserved bits that negotiated extensions use, in the place that they have in the first header byte. */
export const CONFIG_RSV3 = 0x10;
export const CONFIG_RSV2 = 0x20;
export const CONFIG_RSV1 = 0x40;

// The opcodes that the parser tells apart (RFC 6455 5.2); those from OPCODE_CLOSE on are control frames.
export const OPCODE_CONTINUATION = 0;
export const OPCODE_TEXT = 1;
export const OPCODE_BINARY = 2;
export const OPCODE_CLOSE = 8;

// Flags of an event, above EVENT_FLAGS_SHIFT in its first word; the length of the piece is below.
export const EVENT_FLAGS_SHIFT = 20;
export const EVENT_LENGTH_MASK = 0xfffff;
export const EVENT_OPCODE = 0x00f;
export const EVENT_FIN = 0x010;
/** Text piece of ASCII only, with no code point open before it. Set for validated text alone. */
export const EVENT_ASCII = 0x020;
/** First piece of its frame. */
export const EVENT_FIRST = 0x040;
/** Last piece of its frame. */
export const EVENT_LAST = 0x080;
export const EVENT_RSV1 = 0x100;
export const EVENT_RSV2 = 0x200;
export const EVENT_RSV3 = 0x400;

/** Beside the opcode in ParserState.message: the first frame of the message had a reserved bit set. */
export const MESSAGE_HAS_RSV = 0x10;

// ParserState.fault, in the order in which a header is checked; detail: what ParserState.faultDetail holds.
/** Opcode 3-7 or 11-15; detail: the opcode. */
export const FAULT_OPCODE = 1;
/** Masked where it must not be, or the reverse. */
export const FAULT_MASKING = 2;
/** A reserved bit that no extension uses; detail: the first header byte. */
export const FAULT_RSV = 3;
/** A control frame without FIN. */
export const FAULT_CONTROL_FRAGMENTED = 4;
/** A control frame of more than 125 bytes; detail: the 7-bit length, 126 or 127. */
export const FAULT_CONTROL_TOO_LONG = 5;
/** A continuation with no message to continue. */
export const FAULT_UNEXPECTED_CONTINUATION = 6;
/** Text or binary inside an unfinished message. */
export const FAULT_EXPECTED_CONTINUATION = 7;
/** A length in more bytes than it needs (RFC 6455 5.2). */
export const FAULT_LENGTH_NOT_MINIMAL = 8;
/** A 64-bit length with its top bit set (RFC 6455 5.2). */
export const FAULT_LENGTH_TOP_BIT = 9;
/** Over maxFragment; detail: the payload length. */
export const FAULT_FRAGMENT_TOO_BIG = 10;
/** Over maxMessage; detail: the payload length of the frame that passes it. */
export const FAULT_MESSAGE_TOO_BIG = 11;
/** Text that is not UTF-8, as soon as the wrong byte is there. */
export const FAULT_UTF8 = 12;

/** Returned by validateUtf8 for text that is not UTF-8. */
export const UTF8_INVALID = 0xffffffff;

// Linear memory, 16 pages; drawn in assembly/memory.ts. The second half is that of deflate-constants.ts.
export const PAGES = 16;
/** Most bytes that one call of stage() takes. */
export const INPUT_CAPACITY = 0x10000;
/** Events that the table holds. */
export const EVENT_CAPACITY = 3584;
/** The register file: ParserState while a call of parse runs. */
export const REGISTERS_OFFSET = 0x400;
/** Five words of SHA-1 state, and below the message schedule. */
export const SHA1_STATE_OFFSET = 0x480;
/** The event table. */
export const EVENTS_OFFSET = 0x800;
/** The staging area; the 16 bytes before it take a header that was carried over from the last chunk. */
export const INPUT_OFFSET = 0x8000;
/** What transcode writes: at most twice INPUT_CAPACITY. */
export const UTF16_OFFSET = 0x19000;
/** Where bytes are masked, validated and hashed that are no input of the parser. */
export const SCRATCH_OFFSET = 0x3a000;
export const SCRATCH_CAPACITY = 0x10000;

// Registers, in bytes from REGISTERS_OFFSET: first those of 32 bits, then those of 64 (floating point).
export const REGISTER_CONFIG = 0;
export const REGISTER_MESSAGE = 4;
export const REGISTER_UTF8 = 8;
export const REGISTER_MASKING_KEY = 12;
export const REGISTER_FRAME_FLAGS = 16;
export const REGISTER_HEADER_LENGTH = 20;
export const REGISTER_FAULT = 24;
export const REGISTER_CONSUMED = 28;
export const REGISTER_HEADER = 32; // 16 bytes
export const REGISTER_MAX_MESSAGE = 48;
export const REGISTER_MAX_FRAGMENT = 56;
export const REGISTER_MESSAGE_LENGTH = 64;
export const REGISTER_REMAINING = 72;
export const REGISTER_FAULT_DETAIL = 80;
