// SHA-1 (RFC 3174) in plain TypeScript.
import { LONGEST_END, padEnd, serializeDigest, SHA1_INITIAL_STATE, wholeBlocks } from "./sha1-padding.ts";

type State = [a: number, b: number, c: number, d: number, e: number];

/** The digest of `message`, 20 bytes. */
export function sha1(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = wholeBlocks(message);
  const padded = new Uint8Array(whole + LONGEST_END);
  padded.set(message.subarray(0, whole));
  const blocks = new DataView(padded.buffer, 0, whole + padEnd(message, padded, whole));
  const state = Uint32Array.from(SHA1_INITIAL_STATE);
  for (let block = 0; block < blocks.byteLength; block += 64) {
    const mixed = compress([...state] as State, schedule(blocks, block));
    for (let i = 0; i < 5; i++) {
      state[i] = (state[i] as number) + (mixed[i] as number);
    }
  }
  return serializeDigest(state);
}

/** The 80 words that a block is spread to (RFC 3174 6.1 a and b). */
function schedule(blocks: DataView, block: number): Int32Array {
  const words = new Int32Array(80);
  for (let t = 0; t < 16; t++) {
    words[t] = blocks.getInt32(block + 4 * t);
  }
  for (let t = 16; t < 80; t++) {
    const [w3, w8, w14, w16] = [words[t - 3], words[t - 8], words[t - 14], words[t - 16]] as [
      number,
      number,
      number,
      number,
    ];
    words[t] = rotateLeft(w3 ^ w8 ^ w14 ^ w16, 1);
  }
  return words;
}

/** RFC 3174 6.1 c and d. */
function compress([a, b, c, d, e]: State, words: Int32Array): State {
  for (let t = 0; t < 80; t++) {
    const sum = (rotateLeft(a, 5) + mix(t, b, c, d) + e + (words[t] as number)) | 0;
    [a, b, c, d, e] = [sum, a, rotateLeft(b, 30), c, d];
  }
  return [a, b, c, d, e];
}

/** The function and the constant of round `t` (RFC 3174 5). */
function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
