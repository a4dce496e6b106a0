// What the messages hold.

const LETTERS = "The quick brown fox jumps over the lazy dog, 0123456789 times. ";
/** Characters of 1, 2, 3 and 4 bytes. */
const ALPHABETS = ["etaoin shrdlu", "äéñøßабвгдежзиклмнопрст", "日本語世界中文字한국어あいう", "🦊🚀🎉🐢🌍😀"].map(
  (text) => Array.from(text),
);

/** Exactly `length` bytes of ASCII text. */
export function asciiText(length) {
  return Buffer.alloc(length, LETTERS);
}

/** The same numbers in every run, 32 bits each (xorshift, whose low bits are as random as the high ones). */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Exactly `length` bytes of valid UTF-8 with characters of 1 to 4 bytes. Their order is random: Node 20 decodes a text
 * that repeats itself more than twice as fast, because the CPU learns its branches.
 */
export function mixedText(length) {
  const next = randomNumbers(1);
  const bytes = Buffer.alloc(length, " ");
  let at = 0;
  while (at <= length - 4) {
    const alphabet = ALPHABETS[next() % ALPHABETS.length];
    at += bytes.write(alphabet[next() % alphabet.length], at);
  }
  return bytes;
}

/** `length` bytes of every value. */
export function binary(length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  return bytes;
}
