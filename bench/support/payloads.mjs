// What the messages hold.

const LETTERS = "The quick brown fox jumps over the lazy dog, 0123456789 times. ";
// 1 to 4 bytes a character, as a chat in many languages would mix them.
const MIXED = "Grüße, мир! 世界こんにちは 🦊🚀 naïve Ωμέγα — 한국어 ";

/** Exactly `length` bytes of ASCII text. */
export function asciiText(length) {
  return Buffer.alloc(length, LETTERS);
}

/** Exactly `length` bytes of valid UTF-8, mostly beyond ASCII. */
export function mixedText(length) {
  const unit = Buffer.from(MIXED);
  const whole = Math.floor(length / unit.length);
  return Buffer.concat([...Array.from({ length: whole }, () => unit), asciiText(length - whole * unit.length)]);
}

/** `length` bytes of every value. */
export function binary(length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  return bytes;
}
