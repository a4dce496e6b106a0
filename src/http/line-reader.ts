// Lines out of chunks of bytes, each byte looked at once, never more kept than the limit.
import { Accumulator } from "../bytes/accumulator.ts";
import { decodeLatin1 } from "../bytes/ascii.ts";

const CR = 0x0d;
const LF = 0x0a;

/** A chunk of input and how far it has been read. */
export interface ByteCursor {
  readonly bytes: Uint8Array;
  position: number;
}

/** Decodes `bytes[start, end)` as ISO-8859-1. */
export type DecodeLatin1 = (bytes: Uint8Array, start: number, end: number) => string;

/** Collects the line that a chunk ended inside of. */
export class LineReader {
  readonly #decode: DecodeLatin1;
  #pending: Accumulator | undefined;

  constructor(decode: DecodeLatin1 = decodeLatin1) {
    this.#decode = decode;
  }

  /**
   * Reads a line, without its CRLF, as ISO-8859-1. Returns `undefined` when the chunk ends first.
   *
   * @param limit Most bytes of the line, with CRLF.
   * @param TooLong Error to throw as soon as there is one byte more.
   * @throws {SyntaxError} If the line ends with LF alone.
   */
  read(cursor: ByteCursor, limit: number, TooLong: new (message: string) => Error): string | undefined {
    const { bytes, position } = cursor;
    const lineFeed = bytes.indexOf(LF, position);
    const end = lineFeed === -1 ? bytes.length : lineFeed + 1;
    const known = this.#pending?.length ?? 0;
    if (known + end - position > limit) throw new TooLong(`line longer than the ${limit} bytes left for it`);
    cursor.position = end;
    if (lineFeed !== -1 && known === 0) return this.#decodeLine(bytes, position, end);
    this.#pending ??= new Accumulator();
    this.#pending.append(bytes, position, end, 0);
    if (lineFeed === -1) return undefined;
    const line = this.#pending.take();
    return this.#decodeLine(line, 0, line.length);
  }

  // RFC 9112 2.2 lets a recipient take LF alone; we are stricter, so that no two parsers disagree about a message.
  #decodeLine(bytes: Uint8Array, start: number, end: number): string {
    if (end - start < 2 || bytes[end - 2] !== CR) throw new SyntaxError("line ends without CR before LF");
    return this.#decode(bytes, start, end - 2);
  }
}
