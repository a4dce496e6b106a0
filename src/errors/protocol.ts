// Errors about frames, messages and the order of calls after the opening handshake.
import { WebSocketException } from "./base.ts";

/** A rule of RFC 6455 was broken. Thrown to callers by the Sans-I/O API alone; elsewhere it is a `cause`. */
export class ProtocolError extends WebSocketException {
  readonly code: "PROTOCOL_ERROR" = "PROTOCOL_ERROR";
}

/** Text that is not valid UTF-8 (RFC 6455 8.1). It fails the connection with 1007. */
export class InvalidUtf8 extends WebSocketException {
  readonly code: "INVALID_UTF8" = "INVALID_UTF8";
}

/** Compressed data that cannot be decompressed (RFC 7692 7.2.2). It fails the connection with 1007. */
export class InvalidCompressedData extends WebSocketException {
  readonly code: "INVALID_COMPRESSED_DATA" = "INVALID_COMPRESSED_DATA";
}

/** A message or a fragment that is larger than its limit. It fails the connection with 1009. */
export class PayloadTooBig extends WebSocketException {
  readonly code: "PAYLOAD_TOO_BIG" = "PAYLOAD_TOO_BIG";
  /** Size in bytes of the frame that passes the limit, or `null` when it is not known. */
  readonly size: number | null;
  /** The limit, in bytes. */
  readonly maxSize: number;
  /** Bytes that earlier fragments of the same message took. */
  readonly currentSize: number;

  constructor(size: number | null, maxSize: number, currentSize = 0) {
    const what = size === null ? "message" : `frame with ${size} bytes`;
    const after = currentSize > 0 ? ` after reading ${currentSize} bytes` : "";
    super(`${what}${after} exceeds limit of ${maxSize} bytes`);
    this.size = size;
    this.maxSize = maxSize;
    this.currentSize = currentSize;
  }
}

/** A message of more fragments than its limit. It fails the connection with 1009. */
export class TooManyFragments extends WebSocketException {
  readonly code: "TOO_MANY_FRAGMENTS" = "TOO_MANY_FRAGMENTS";
  readonly maxFragments: number;

  constructor(maxFragments: number) {
    super(`message exceeds limit of ${maxFragments} fragments`);
    this.maxFragments = maxFragments;
  }
}

/**
 * More messages wait to be read than `maxQueue` lets, on a WebSocket of the runtime, which cannot be made to wait. It fails
 * the connection with 1009, in browsers with 4009.
 */
export class QueueOverflow extends WebSocketException {
  readonly code: "QUEUE_OVERFLOW" = "QUEUE_OVERFLOW";

  constructor() {
    super("more messages wait than maxQueue lets");
  }
}

/** A call that the state of the connection does not allow. */
export class InvalidState extends WebSocketException {
  readonly code: "INVALID_STATE" = "INVALID_STATE";
}

/** Two calls at once where only one may run, such as two `recv()`. */
export class ConcurrencyError extends WebSocketException {
  readonly code: "CONCURRENCY_ERROR" = "CONCURRENCY_ERROR";
}
