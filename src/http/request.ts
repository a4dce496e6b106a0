// The request of an opening handshake (RFC 9112 3), both ways. What it asks for is checked in src/protocol.
import { encodeLatin1 } from "../bytes/ascii.ts";
import { InvalidProtocol, RequestLineTooLong } from "../errors/handshake.ts";
import { InvalidState } from "../errors/protocol.ts";
import { isToken, quote } from "./grammar.ts";
import { eofError, HeadReader, messageError } from "./head-reader.ts";
import { Headers, type HeadersLike } from "./headers.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import type { DecodeLatin1 } from "./line-reader.ts";
import { isTarget, originForm, targetAuthority } from "./target.ts";

// HTTP-version = "HTTP/" DIGIT "." DIGIT
const HTTP_VERSION = /^HTTP\/[0-9]\.[0-9]$/;
const GET = "GET";
const HTTP_1_1 = "HTTP/1.1";
const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * An HTTP request without a body.
 *
 * @example
 * const request = new HandshakeRequest("/chat", { Host: "example.com" });
 */
export class HandshakeRequest {
  /** The request target as the peer sent it; see `pathAndQuery`. */
  readonly path: string;
  readonly headers: Headers;
  readonly method: string;
  readonly protocol: string;

  /**
   * @param headers Kept if these are `Headers`, copied otherwise.
   * @throws {TypeError} If method, path or protocol could not be sent as they are, such as a path with a space.
   * @throws {InvalidHeaderValue} For an invalid header.
   */
  constructor(path: string, headers: HeadersLike, method: string = GET, protocol: string = HTTP_1_1) {
    if (!isToken(method)) throw new TypeError(`Cannot make a request: invalid method ${quote(method)}`);
    if (!isTarget(method, path)) throw new TypeError(`Cannot make a request: invalid path ${quote(path)}`);
    if (!HTTP_VERSION.test(protocol)) throw new TypeError(`Cannot make a request: invalid protocol ${quote(protocol)}`);
    this.path = path;
    this.headers = headers instanceof Headers ? headers : new Headers(headers);
    this.method = method;
    this.protocol = protocol;
  }

  /** Path and query, such as `/chat?room=1`, for a `path` in absolute-form too (`http://example.com/chat?room=1`). */
  get pathAndQuery(): string {
    return originForm(this.path);
  }

  /**
   * Host and port that the request is for; `null` when it says none.
   *
   * RFC 9112 3.2.2: those in an absolute-form `path` count, and not those in the Host header.
   *
   * @throws {MultipleValuesError} If there are several Host headers.
   */
  get host(): string | null {
    return targetAuthority(this.path) ?? this.headers.get("Host");
  }

  /** The bytes on the wire. */
  serialize(): Uint8Array<ArrayBuffer> {
    return encodeLatin1(`${this.method} ${this.path} ${this.protocol}\r\n${this.headers.toString()}`);
  }
}

interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly protocol: string;
}

// request-line = method SP request-target SP HTTP-version
function parseRequestLine(line: string): RequestLine {
  const [method = "", path = "", protocol = "", more] = line.split(" ", 4);
  if (!isToken(method) || more !== undefined || !HTTP_VERSION.test(protocol)) {
    throw new SyntaxError(`invalid request line ${quote(line)}`);
  }
  if (protocol !== HTTP_1_1 && protocol !== "HTTP/1.0") throw new InvalidProtocol(protocol);
  if (!isTarget(method, path)) throw new SyntaxError(`invalid request target ${quote(path)}`);
  // Nearly always these two: one string for all connections in place of one for each.
  return { method: method === GET ? GET : method, path, protocol: protocol === HTTP_1_1 ? HTTP_1_1 : protocol };
}

// A body would be taken for frames: an opening handshake has none, so whoever sends one wants something else.
function checkBodiless(headers: Headers): void {
  if (headers.single("transfer-encoding") !== null) throw new SyntaxError("unsupported Transfer-Encoding in request");
  const length = headers.single("content-length");
  if (length !== null && length !== "0") throw new SyntaxError("unsupported body in request");
}

const REQUEST_LINE = { parse: parseRequestLine, TooLong: RequestLineTooLong };

/**
 * Reads one request from chunks of any size, in time linear in their sum.
 *
 * @example
 * const reader = new RequestReader();
 * const request = reader.push(chunk); // undefined: more bytes are needed
 */
export class RequestReader {
  readonly #head: HeadReader<RequestLine>;
  #rest: Uint8Array | undefined;

  /** @param decode Defaults to what works everywhere. */
  constructor(limits: HttpLimits = DEFAULT_HTTP_LIMITS, decode?: DecodeLatin1) {
    this.#head = new HeadReader(limits, REQUEST_LINE, decode);
  }

  /** The bytes that came behind the request: a view of the last chunk. Empty before it is complete. */
  get rest(): Uint8Array {
    return this.#rest ?? NO_BYTES;
  }

  /**
   * Takes the next bytes. Returns the request once it is complete; the reader is used up then, and after an error.
   *
   * @throws {RequestLineTooLong | HeaderLineTooLong | TooManyHeaders} As soon as a limit is passed.
   * @throws {InvalidProtocol} If the HTTP version is neither 1.1 nor 1.0. (The opening handshake refuses 1.0.)
   * @throws {InvalidMessage} For everything else that is not a request without a body; `cause` says what.
   */
  push(bytes: Uint8Array): HandshakeRequest | undefined {
    if (this.#rest !== undefined) throw new InvalidState("Cannot read a request: it is complete");
    const cursor = { bytes, position: 0 };
    try {
      const head = this.#head.read(cursor);
      if (head === undefined) return undefined;
      checkBodiless(head.headers);
      const { method, path, protocol } = head.startLine;
      const request = new HandshakeRequest(path, head.headers, method, protocol);
      this.#rest = bytes.subarray(cursor.position);
      return request;
    } catch (error) {
      throw messageError("request", error);
    }
  }

  /**
   * Takes note that no more bytes will come.
   *
   * @throws {InvalidMessage} Always: the request is incomplete. Its cause is a NetworkError with the reason `"eof"`.
   */
  eof(): never {
    throw eofError("request");
  }
}
