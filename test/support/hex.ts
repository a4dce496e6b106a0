// Bytes as they are on the wire.

/**
 * Bytes in hexadecimal; spaces mean nothing.
 *
 * @example
 * hex`81 04 53 70 61 6d`
 */
export function hex(strings: TemplateStringsArray, ...values: readonly unknown[]): Uint8Array<ArrayBuffer> {
  return parseHex(String.raw(strings, ...values));
}

/** The same for a string that is not written in place. */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new TypeError(`Cannot parse bytes: ${text}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Bytes to hexadecimal, for messages and snapshots. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
