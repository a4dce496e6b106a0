// The head of an HTTP/1.1 message (RFC 9112 2.1): start line and headers, resumable at every byte, within limits.
import {
  HeaderLineTooLong,
  InvalidHeader,
  InvalidMessage,
  type SecurityError,
  TooManyHeaders,
} from "../errors/handshake.ts";
import { NetworkError } from "../errors/network.ts";
import { quote } from "./grammar.ts";
import { Headers } from "./headers.ts";
import type { HttpLimits } from "./limits.ts";
import { type ByteCursor, type DecodeLatin1, LineReader } from "./line-reader.ts";

/** A parsed start line, and the headers behind it. */
export interface Head<StartLine> {
  readonly startLine: StartLine;
  readonly headers: Headers;
}

/** The start line that a reader expects. */
export interface StartLineRules<StartLine> {
  /** Called as soon as the line is there: whoever speaks another protocol may wait for us then. */
  readonly parse: (line: string) => StartLine;
  /** The error of a line beyond the limit. */
  readonly TooLong: new (message: string) => SecurityError;
  /** Whether the head is only there to say that another one follows. */
  readonly isInterim?: (startLine: StartLine) => boolean;
}

/** Reads one head. */
export class HeadReader<StartLine extends object> {
  readonly #lines: LineReader;
  readonly #limits: HttpLimits;
  readonly #rules: StartLineRules<StartLine>;
  #headers = new Headers();
  #startLine: StartLine | undefined;
  /** Bytes of the lines read so far. */
  #length = 0;

  constructor(limits: HttpLimits, rules: StartLineRules<StartLine>, decode?: DecodeLatin1) {
    this.#lines = new LineReader(decode);
    this.#limits = limits;
    this.#rules = rules;
  }

  /**
   * Reads on, up to the byte behind the empty line. Returns `undefined` when the chunk ends first.
   *
   * @throws {SecurityError} Beyond a limit.
   * @throws {SyntaxError | InvalidHeader} For a malformed line.
   */
  read(cursor: ByteCursor): Head<StartLine> | undefined {
    for (;;) {
      if (this.#startLine === undefined) {
        const line = this.#readStartLine(cursor);
        if (line === undefined) return undefined;
        this.#startLine = this.#rules.parse(line);
      }
      if (!this.#readHeaders(cursor)) return undefined;
      if (this.#rules.isInterim?.(this.#startLine) !== true) break;
      // They share the limit of all their bytes.
      this.#startLine = undefined;
      this.#headers = new Headers();
    }
    return { startLine: this.#startLine, headers: this.#headers };
  }

  /** Whether the empty line behind them was read. */
  #readHeaders(cursor: ByteCursor): boolean {
    for (;;) {
      const line = this.#readLine(cursor, HeaderLineTooLong);
      if (line === undefined) return false;
      if (line === "") return true;
      if (this.#headers.size >= this.#limits.headers) {
        throw new TooManyHeaders(`more than ${this.#limits.headers} headers`);
      }
      appendHeaderLine(this.#headers, line);
    }
  }

  #readStartLine(cursor: ByteCursor): string | undefined {
    const isFirst = this.#length === 0;
    const line = this.#readLine(cursor, this.#rules.TooLong);
    // RFC 9112 2.2: one empty line before the start line is ignored.
    return line === "" && isFirst ? this.#readLine(cursor, this.#rules.TooLong) : line;
  }

  #readLine(cursor: ByteCursor, TooLong: new (message: string) => SecurityError): string | undefined {
    const limit = Math.min(this.#limits.line, this.#limits.total - this.#length);
    const line = this.#lines.read(cursor, limit, TooLong);
    if (line !== undefined) this.#length += line.length + 2;
    return line;
  }
}

// field-line = field-name ":" OWS field-value OWS
/**
 * Parses a header or trailer line. Characters are checked by `Headers`: a lone CR fails there, too.
 *
 * @throws {SyntaxError | InvalidHeaderValue}
 */
export function appendHeaderLine(headers: Headers, line: string): void {
  // RFC 9112 5.2: obs-fold. The name of a continued line would not be a token either; this says what it is.
  if (line.startsWith(" ") || line.startsWith("\t")) throw new SyntaxError("folded header line");
  const colon = line.indexOf(":");
  if (colon === -1) throw new SyntaxError(`header line without colon: ${quote(line)}`);
  headers.append(line.slice(0, colon), line.slice(colon + 1));
}

/** What a reader throws for `error`: malformed input as InvalidMessage, and all else as it is. */
export function messageError(what: "request" | "response", error: unknown): unknown {
  if (!(error instanceof SyntaxError || error instanceof InvalidHeader)) return error;
  return new InvalidMessage(`did not receive a valid HTTP ${what}: ${error.message}`, { cause: error });
}

/** The error that the peer left inside a message. Its cause is a NetworkError with the reason `"eof"`. */
export function eofError(what: "request" | "response"): InvalidMessage {
  const cause = new NetworkError("eof", `connection closed while reading HTTP ${what}`);
  return new InvalidMessage(`did not receive a valid HTTP ${what}: ${cause.message}`, { cause });
}
