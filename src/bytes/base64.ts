// Base64 (RFC 4648 4), synchronous and without help from a runtime.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = "=";
const INVALID = 0xff;

/** Value of each character of the alphabet, by its code. */
const VALUES: Uint8Array = new Uint8Array(256).fill(INVALID);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

/** Encodes `bytes`, with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    // Four at once: each piece is a string of its own.
    text += String.fromCharCode(digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits));
  }
  const excess = (3 - (bytes.length % 3)) % 3;
  return excess === 0 ? text : text.slice(0, -excess).padEnd(text.length, PADDING);
}

function digit(bits: number): number {
  return ALPHABET.charCodeAt(bits & 63);
}

/**
 * Decodes `text`, or returns `undefined`: for a character outside the alphabet (white space too), for padding that is
 * missing or misplaced.
 *
 * Unused bits before the padding may be set (RFC 4648 3.5 leaves it open): the example key of RFC 6455 4.1 has some.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const digits = text.length - countPadding(text);
  const bytes = new Uint8Array(Math.floor((digits * 6) / 8));
  let bits = 0;
  let width = 0;
  let position = 0;
  for (let i = 0; i < digits; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? INVALID;
    if (value === INVALID) return undefined;
    bits = (bits << 6) | value;
    width += 6;
    if (width < 8) continue;
    width -= 8;
    bytes[position] = bits >> width;
    position++;
  }
  return bytes;
}

function countPadding(text: string): number {
  if (!text.endsWith(PADDING)) return 0;
  return text.endsWith("==") ? 2 : 1;
}
