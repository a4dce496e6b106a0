// The response of an opening handshake (RFC 9112 4), both ways. What it answers is checked in src/protocol.
import { encodeLatin1 } from "../bytes/ascii.ts";
import { InvalidMessage, InvalidProtocol, StatusLineTooLong } from "../errors/handshake.ts";
import { InvalidState } from "../errors/protocol.ts";
import { type BodyReader, bodyReader } from "./body-reader.ts";
import { isFieldText, quote } from "./grammar.ts";
import { eofError, HeadReader, messageError } from "./head-reader.ts";
import { Headers, type HeadersLike } from "./headers.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import type { ByteCursor } from "./line-reader.ts";

/** One for all, so it is never given out: who transfers its buffer would take it from everybody. */
const NO_BYTES: Uint8Array = new Uint8Array(0);
const SWITCHING_PROTOCOLS = "Switching Protocols";
const LOWEST_STATUS = 100;
const HIGHEST_STATUS = 599;

// status-line = HTTP-version SP status-code SP [ reason-phrase ]
// status-code = 3DIGIT
// Many servers leave out the space before an empty reason-phrase: both are read.
const STATUS_LINE = /^HTTP\/([0-9]\.[0-9]) ([1-5][0-9]{2})(?: (.*))?$/;

/**
 * An HTTP response. `body` is what follows the headers, as it is: set Content-Length yourself.
 *
 * @example
 * new HandshakeResponse(200, "OK", { "Content-Length": "3" }, new TextEncoder().encode("OK\n"));
 */
export class HandshakeResponse {
  /** From 100 to 599. */
  readonly statusCode: number;
  readonly reasonPhrase: string;
  readonly headers: Headers;
  readonly #body: Uint8Array;

  /**
   * @param headers Kept if these are `Headers`, copied otherwise.
   * @throws {RangeError} If the status is not an integer from 100 to 599.
   * @param body Text is encoded as UTF-8.
   * @throws {TypeError} If the reason phrase has a control character, or one above U+00FF; or if the body is something else.
   * @throws {InvalidHeaderValue} For an invalid header.
   */
  constructor(statusCode: number, reasonPhrase: string, headers: HeadersLike, body: Uint8Array | string = NO_BYTES) {
    if (!Number.isInteger(statusCode) || statusCode < LOWEST_STATUS || statusCode > HIGHEST_STATUS) {
      throw new RangeError(`Cannot make a response: invalid status ${String(statusCode)}`);
    }
    if (!isFieldText(reasonPhrase))
      throw new TypeError(`Cannot make a response: invalid reason ${quote(reasonPhrase)}`);
    this.statusCode = statusCode;
    this.reasonPhrase = reasonPhrase;
    this.headers = headers instanceof Headers ? headers : new Headers(headers);
    this.#body = typeof body === "string" ? new TextEncoder().encode(body) : body;
    if (!(this.#body instanceof Uint8Array))
      throw new TypeError("Cannot make a response: expected bytes or text as body");
  }

  /** Decoded from chunks, and cut at `httpLimits.body`, in a response that was received. */
  get body(): Uint8Array {
    return this.#body === NO_BYTES ? new Uint8Array(0) : this.#body;
  }

  /** @internal Status line and headers as they go on the wire, a character for each byte. */
  get head(): string {
    return `HTTP/1.1 ${this.statusCode} ${this.reasonPhrase}\r\n${this.headers.toString()}`;
  }

  /** The bytes on the wire. */
  serialize(): Uint8Array<ArrayBuffer> {
    const head = encodeLatin1(this.head);
    if (this.body.length === 0) return head;
    const bytes = new Uint8Array(head.length + this.body.length);
    bytes.set(head);
    bytes.set(this.body, head.length);
    return bytes;
  }
}

/** The first line of a response. */
export interface StatusLine {
  readonly statusCode: number;
  readonly reasonPhrase: string;
}

/**
 * Parses the first line of a response.
 *
 * @throws {SyntaxError} If it is malformed.
 * @throws {InvalidProtocol} If the HTTP version is none of `versions`.
 */
export function parseStatusLine(line: string, versions: readonly string[]): StatusLine {
  const [, version = "", statusCode, reasonPhrase = ""] = STATUS_LINE.exec(line) ?? [];
  if (statusCode === undefined || !isFieldText(reasonPhrase))
    throw new SyntaxError(`invalid status line ${quote(line)}`);
  if (!versions.includes(version)) throw new InvalidProtocol(`HTTP/${version}`);
  // One string for all connections, where a part of the line would keep the whole of it.
  const isUsual = reasonPhrase === SWITCHING_PROTOCOLS;
  return { statusCode: Number(statusCode), reasonPhrase: isUsual ? SWITCHING_PROTOCOLS : reasonPhrase };
}

// RFC 6455 4.1: the status line of an opening handshake is one of HTTP/1.1.
function parseHandshakeStatus(line: string): StatusLine {
  try {
    return parseStatusLine(line, ["1.1"]);
  } catch (cause) {
    if (!(cause instanceof InvalidProtocol)) throw cause;
    throw new InvalidMessage(`did not receive a valid HTTP response: ${cause.message}`, { cause });
  }
}

/** A response whose head is there. */
interface PartialResponse {
  readonly status: StatusLine;
  readonly headers: Headers;
  readonly body: BodyReader;
}

/** Whether a response only says that the final one follows (RFC 9110 15.2). */
export function isInterim({ statusCode }: StatusLine): boolean {
  return statusCode >= 100 && statusCode < 200 && statusCode !== 101;
}

/**
 * Reads one response from chunks of any size, in time linear in their sum.
 *
 * The first response is the final one: an interim one (100, 102, 103) is returned like any other, without a body. To wait
 * for what may follow would let a server hold the client until `openTimeout`, where RFC 6455 4.1 wants 101 or nothing.
 */
export class ResponseReader {
  readonly #limits: HttpLimits;
  readonly #head: HeadReader<StatusLine>;
  #partial: PartialResponse | undefined;
  #rest: Uint8Array | undefined;

  constructor(limits: HttpLimits = DEFAULT_HTTP_LIMITS) {
    this.#limits = limits;
    this.#head = new HeadReader(limits, { parse: parseHandshakeStatus, TooLong: StatusLineTooLong });
  }

  /**
   * The bytes that came behind the response: a view of the last chunk. Empty before it is complete. After 101 these are
   * frames; after a body that was cut at `httpLimits.body` they mean nothing.
   */
  get rest(): Uint8Array {
    return this.#rest ?? NO_BYTES;
  }

  /**
   * Takes the next bytes. Returns the response once it is complete; the reader is used up then, and after an error.
   *
   * A body that passes `limits.body` is cut there, and the response is complete.
   *
   * @throws {StatusLineTooLong | HeaderLineTooLong | TooManyHeaders | SecurityError} As soon as a limit is passed.
   * @throws {InvalidMessage} For everything else that is not a response of HTTP/1.1; `cause` says what.
   */
  push(bytes: Uint8Array): HandshakeResponse | undefined {
    if (this.#rest !== undefined) throw new InvalidState("Cannot read a response: it is complete");
    const cursor = { bytes, position: 0 };
    try {
      this.#partial ??= this.#readHead(cursor);
      if (this.#partial === undefined || !this.#partial.body.read(cursor)) return undefined;
      return this.#complete(this.#partial, bytes.subarray(cursor.position));
    } catch (error) {
      throw messageError("response", error);
    }
  }

  /**
   * Takes note that no more bytes will come. Returns the response if its body ends there.
   *
   * @throws {InvalidMessage} If the response is incomplete. Its cause is a NetworkError with the reason `"eof"`.
   */
  eof(): HandshakeResponse {
    if (this.#partial === undefined || !this.#partial.body.endsAtEof) throw eofError("response");
    return this.#complete(this.#partial, NO_BYTES);
  }

  #readHead(cursor: ByteCursor): PartialResponse | undefined {
    const head = this.#head.read(cursor);
    if (head === undefined) return undefined;
    const body = bodyReader(head.startLine.statusCode, head.headers, this.#limits);
    return { status: head.startLine, headers: head.headers, body };
  }

  #complete({ status, headers, body }: PartialResponse, rest: Uint8Array): HandshakeResponse {
    this.#rest = rest;
    const bytes = body.body.take();
    return new HandshakeResponse(status.statusCode, status.reasonPhrase, headers, bytes.length > 0 ? bytes : NO_BYTES);
  }
}
