// Between strings and bytes one to one (ISO-8859-1), which is how HTTP puts text on the wire.

/** Arguments that one call may take on every engine, with room to spare. */
const MOST_ARGUMENTS = 4096;

/** Decodes `bytes[start, end)` as ISO-8859-1. (A `TextDecoder` for "latin1" decodes windows-1252 instead.) */
export function decodeLatin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = "";
  for (let from = start; from < end; from += MOST_ARGUMENTS) {
    const piece = bytes.subarray(from, Math.min(end, from + MOST_ARGUMENTS));
    text += Reflect.apply(String.fromCharCode, null, piece);
  }
  return text;
}

/**
 * Encodes `text` as ISO-8859-1.
 *
 * @throws {RangeError} For a character above U+00FF. Cutting it to a byte could make a line feed of U+010A.
 */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  encodeLatin1Into(text, bytes, 0);
  return bytes;
}

/** Like {@link encodeLatin1}, into `target[start...]`, where the room must suffice. */
export function encodeLatin1Into(text: string, target: Uint8Array, start: number): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`Cannot encode as ISO-8859-1: character ${code} at ${i}`);
    target[start + i] = code;
  }
}
