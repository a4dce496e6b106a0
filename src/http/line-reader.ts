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

/** Collects the line that a chunk ended inside of. */
export class LineReader {
  readonly #pending = new Accumulator();

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
    if (this.#pending.length + end - position > limit)
      throw new TooLong(`line longer than the ${limit} bytes left for it`);
    cursor.position = end;
    if (lineFeed !== -1 && this.#pending.length === 0) return decodeLine(bytes, position, end);
    this.#pending.append(bytes, position, end, 0);
    if (lineFeed === -1) return undefined;
    const line = this.#pending.take();
    return decodeLine(line, 0, line.length);
  }
}

// RFC 9112 2.2 lets a recipient take LF alone; we are stricter, so that no two parsers disagree about a message.
function decodeLine(bytes: Uint8Array, start: number, end: number): string {
  if (end - start < 2 || bytes[end - 2] !== CR) throw new SyntaxError("line ends without CR before LF");
  return decodeLatin1(bytes, start, end - 2);
}
