// The body of a response (RFC 9112 6 and 7): of a given length, chunked, or up to the end of the connection.
import { Accumulator } from "../bytes/accumulator.ts";
import { HeaderLineTooLong, SecurityError, TooManyHeaders } from "../errors/handshake.ts";
import { isFieldText, quote, trimWhitespace } from "./grammar.ts";
import { appendHeaderLine } from "./head-reader.ts";
import { Headers } from "./headers.ts";
import type { HttpLimits } from "./limits.ts";
import { type ByteCursor, LineReader } from "./line-reader.ts";

// 10^18 - 1 and 16^15 - 1 do not overflow anywhere; a number that is longer is an attack, not a length.
const MOST_LENGTH_DIGITS = 18;
const MOST_CHUNK_DIGITS = 15;

/** Reads one body. */
export interface BodyReader {
  /** What has been read of it. */
  readonly body: BodyBuffer;
  /** Whether the end of the connection ends the body. */
  readonly endsAtEof: boolean;
  /** Reads on. Returns whether the body is complete, or as long as the limit lets it be. */
  read(cursor: ByteCursor): boolean;
}

/** A body as it grows, up to a limit. */
export class BodyBuffer {
  readonly #limit: number;
  readonly #bytes = new Accumulator();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.#bytes.length >= this.#limit;
  }

  /** Moves bytes from the chunk here, at most `most` and at most up to the limit. Returns how many. */
  fill(cursor: ByteCursor, most: number): number {
    const start = cursor.position;
    const count = Math.min(most, cursor.bytes.length - start, this.#limit - this.#bytes.length);
    cursor.position = start + count;
    this.#bytes.append(cursor.bytes, start, cursor.position, 0);
    return count;
  }

  /** The bytes, which are no longer here then. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.take();
  }
}

/** A body without framing of its own: all bytes, up to a length or to the end of the connection. */
class PlainReader implements BodyReader {
  readonly body: BodyBuffer;
  readonly endsAtEof: boolean;

  constructor(length: number, endsAtEof: boolean) {
    this.body = new BodyBuffer(length);
    this.endsAtEof = endsAtEof;
  }

  read(cursor: ByteCursor): boolean {
    this.body.fill(cursor, Infinity);
    return this.body.isFull;
  }
}

// chunked-body = *chunk last-chunk trailer-section CRLF
class ChunkedReader implements BodyReader {
  readonly body: BodyBuffer;
  readonly endsAtEof = false;
  readonly #lines = new LineReader();
  readonly #limits: HttpLimits;
  readonly #trailers = new Headers();
  #expected: "size" | "data" | "data-end" | "trailer" = "size";
  /** Bytes of the chunk that are still to come. */
  #remaining = 0;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
    this.body = new BodyBuffer(limits.body);
  }

  read(cursor: ByteCursor): boolean {
    while (!this.body.isFull) {
      if (this.#expected === "data") {
        this.#remaining -= this.body.fill(cursor, this.#remaining);
        if (this.#remaining > 0) return this.body.isFull;
        this.#expected = "data-end";
      }
      const line = this.#lines.read(cursor, this.#limits.line, HeaderLineTooLong);
      if (line === undefined) return false;
      if (this.#receiveLine(line)) return true;
    }
    return true;
  }

  /** Returns whether the line is the last. */
  #receiveLine(line: string): boolean {
    if (this.#expected === "size") {
      this.#remaining = parseChunkSize(line);
      this.#expected = this.#remaining > 0 ? "data" : "trailer";
      return false;
    }
    if (this.#expected === "data-end") {
      if (line !== "") throw new SyntaxError("chunk is longer than its size");
      this.#expected = "size";
      return false;
    }
    if (line === "") return true;
    if (this.#trailers.size >= this.#limits.headers)
      throw new TooManyHeaders(`more than ${this.#limits.headers} trailers`);
    appendHeaderLine(this.#trailers, line);
    return false;
  }
}

// chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
// chunk-size = 1*HEXDIG
function parseChunkSize(line: string): number {
  const [size = ""] = line.split(";", 1);
  const digits = trimWhitespace(size);
  if (digits.length > MOST_CHUNK_DIGITS) throw new SecurityError(`chunk size of ${digits.length} characters`);
  if (!/^[0-9A-Fa-f]+$/.test(digits) || !isFieldText(line)) throw new SyntaxError(`invalid chunk size ${quote(line)}`);
  return Number.parseInt(digits, 16);
}

// Content-Length = 1*DIGIT
function parseLength(values: readonly string[]): number {
  const [value = ""] = values;
  if (values.length > 1) throw new SyntaxError("multiple Content-Length headers");
  if (!/^[0-9]+$/.test(value)) throw new SyntaxError(`invalid Content-Length ${quote(value)}`);
  if (value.length > MOST_LENGTH_DIGITS) throw new SecurityError(`Content-Length of ${value.length} digits`);
  return Number(value);
}

/** Whether a response with this status has no body, whatever its headers say (RFC 9112 6.3). */
export function isBodiless(statusCode: number): boolean {
  return statusCode < 200 || statusCode === 204 || statusCode === 304;
}

/**
 * Picks the reader for the body that these headers announce (RFC 9112 6.3).
 *
 * @throws {SecurityError} For a length that no body has.
 * @throws {SyntaxError} For a malformed length or an unsupported transfer coding.
 */
export function bodyReader(statusCode: number, headers: Headers, limits: HttpLimits): BodyReader {
  if (isBodiless(statusCode)) return new PlainReader(0, false);
  const codings = headers.getAll("Transfer-Encoding");
  if (codings.length > 0) {
    const coding = codings.join(", ");
    if (coding.toLowerCase() !== "chunked") throw new SyntaxError(`unsupported transfer coding ${quote(coding)}`);
    return new ChunkedReader(limits);
  }
  const lengths = headers.getAll("Content-Length");
  if (lengths.length === 0) return new PlainReader(limits.body, true);
  return new PlainReader(Math.min(parseLength(lengths), limits.body), false);
}
