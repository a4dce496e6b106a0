// The one interface of the kernels: what src/ may ask of WebAssembly, or of its plain stand-in.

/**
 * Where the parser of one connection stands between two calls: a few plain numbers that a kernel
 * loads before it works and stores after. Who is inside a frame or a message owns one; a kernel keeps none.
 */
export class ParserState {
  /** Bits `CONFIG_*` of constants.ts: role, allowed reserved bits, UTF-8 validation. */
  config: number;
  /** Limit of a message in bytes, over all its fragments; `Infinity` for none. */
  maxMessage: number;
  /** Limit of one fragment (the payload of one data frame) in bytes; `Infinity` for none. */
  maxFragment: number;

  /** Opcode of the unfinished message (text or binary), with `MESSAGE_HAS_RSV` when its first frame had a reserved bit set; 0 when there is none. */
  message = 0;
  /** Payload bytes announced by the frames of the unfinished message so far. */
  messageLength = 0;
  /** The bytes of a code point that the last piece of text left open, last byte highest (a signed word); 0 for none. */
  utf8 = 0;

  /** Payload bytes of the open frame that are still to come; 0 when the next byte begins a header. */
  remaining = 0;
  /** Masking key of the open frame, turned so that its low byte masks the next payload byte (a signed word). */
  maskingKey = 0;
  /** Event flags of the open frame, without FIRST, LAST and ASCII. Means nothing, like the key, when none is open. */
  frameFlags = 0;

  /** Length of a header that a chunk ended inside of, at most 13; 0 when there is none. */
  headerLength = 0;
  /** 16 bytes as four little-endian words; the header is at their end, and what is before it means nothing. */
  header0 = 0;
  header1 = 0;
  header2 = 0;
  header3 = 0;

  /** One of `FAULT_*` of constants.ts; 0 when all is well. Once set, the state must not be parsed with again. */
  fault = 0;
  /** What the fault is about: the opcode, the first header byte, or the length, as `FAULT_*` says; else 0. */
  faultDetail = 0;
  /** Up to where the last call consumed the staged bytes; all of them at a fault. */
  consumed = 0;

  constructor(config: number, maxMessage: number = Infinity, maxFragment: number = Infinity) {
    this.config = config;
    this.maxMessage = maxMessage;
    this.maxFragment = maxFragment;
  }
}

/** Kernels over one fixed block of memory, shared by all connections of a thread. */
export interface Kernels {
  readonly name: "wasm" | "reference";

  /** The memory. Offsets of events and of `transcode` index into it. It is never grown or replaced. */
  readonly memory: Uint8Array<ArrayBuffer>;

  /**
   * Events of the last `parse`, two words each.
   * Word 0: `flags << 20 | length`, flags `EVENT_*` of constants.ts. Word 1: offset of the payload in `memory`.
   */
  readonly events: Uint32Array<ArrayBuffer>;

  /** Copies a chunk of at most `INPUT_CAPACITY` bytes into the staging area of `memory`. */
  stage(chunk: Uint8Array): void;

  /**
   * Parses the staged bytes `[from, length)`: checks headers and limits, unmasks payloads in place and validates text.
   * Writes one event per piece of a frame and returns their number.
   *
   * The first piece of a frame comes with its header, and has length 0 when the header ends the chunk or the payload
   * is empty. Later pieces have bytes. A chunk that ends inside a header gives no event for it. A header's fault is
   * told as soon as the bytes that show it are there, invalid text at once, even inside a frame or fragment; events
   * before the fault are in the table.
   *
   * Stops early (`state.consumed < length`) when the table of events is full: read the events, then call again with
   * `from = state.consumed` (0 for a new chunk). Stops for good at a fault, and behind a whole Close frame.
   */
  parse(state: ParserState, from: number, length: number): number;

  /** Masks (or unmasks) `bytes[start, end)` in place. The low byte of the key masks the first byte (RFC 6455 5.3). */
  mask(bytes: Uint8Array, start: number, end: number, maskingKey: number): void;

  /** Writes `source`, masked, to `target` from `start` on. `source` is not changed. They must not overlap. */
  maskInto(source: Uint8Array, target: Uint8Array, start: number, maskingKey: number): void;

  /**
   * Validates a piece of UTF-8. `state` is 0 at the beginning, then what the call for the piece before returned.
   * Returns 0, the state of an open code point (invalid if the text ends here), or `UTF8_INVALID`.
   */
  validateUtf8(bytes: Uint8Array, state: number): number;

  /** The same for `memory[offset, offset + length)`, in place: what another module wrote there is not copied. */
  validateAt(offset: number, length: number, state: number): number;

  /**
   * Transcodes valid UTF-8 at `memory[offset, offset + length)`, at most `INPUT_CAPACITY` bytes, to UTF-16LE at
   * `memory[UTF16_OFFSET]`. Returns the number of bytes written, at most twice `length`.
   */
  transcode(offset: number, length: number): number;

  /** SHA-1 of `bytes` (any length), 20 bytes. For `Sec-WebSocket-Accept` only: Web Crypto has no synchronous digest. */
  sha1(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}
