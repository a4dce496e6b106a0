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
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
    text += i + 1 < bytes.length ? ALPHABET.charAt((group >> 6) & 63) : PADDING;
    text += i + 2 < bytes.length ? ALPHABET.charAt(group & 63) : PADDING;
  }
  return text;
}

/**
 * Decodes `text`, or returns `undefined`: for a character outside the alphabet (white space too), for padding that is
 * missing or misplaced.
 *
 * Unused bits before the padding may be set (RFC 4648 3.5 leaves it open): the example key of RFC 6455 4.1 has some.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = countPadding(text);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  let group = 0;
  let position = 0;
  for (let i = 0; i < digits; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? INVALID;
    if (value === INVALID) return undefined;
    group = (group << 6) | value;
    // A write behind the end, of what the padding stands for, is ignored.
    if (i % 4 === 3) position = writeGroup(bytes, position, group);
  }
  if (padding > 0) writeGroup(bytes, position, group << (6 * padding));
  return bytes;
}

function countPadding(text: string): number {
  if (!text.endsWith(PADDING)) return 0;
  return text.endsWith("==") ? 2 : 1;
}

function writeGroup(bytes: Uint8Array, position: number, group: number): number {
  bytes[position] = group >> 16;
  bytes[position + 1] = group >> 8;
  bytes[position + 2] = group;
  return position + 3;
}
