// MD5 (RFC 1321), which Digest authentication needs and Web Crypto lacks. It is no protection for anything else.
import { toHexadecimal } from "../bytes/hexadecimal.ts";

const BLOCK = 64;
const LENGTH_BYTES = 8;

/** How far each of the 64 steps rotates: four of them a round, repeated. */
const SHIFTS: readonly (readonly number[])[] = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
];

const SINES: Uint32Array = /* @__PURE__ */ Uint32Array.from({ length: BLOCK }, (_, step) =>
  Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32),
);

/** Which bits of b, c and d step `step` mixes in, and which word of the block. */
function mix(step: number, b: number, c: number, d: number): [bits: number, word: number] {
  switch (step >> 4) {
    case 0:
      return [(b & c) | (~b & d), step];
    case 1:
      return [(d & b) | (~d & c), (5 * step + 1) & 15];
    case 2:
      return [b ^ c ^ d, (3 * step + 5) & 15];
    default:
      return [c ^ (b | ~d), (7 * step) & 15];
  }
}

function digestBlock(state: Uint32Array, words: DataView, offset: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let step = 0; step < BLOCK; step++) {
    const [bits, word] = mix(step, b, c, d);
    const sum = (a + bits + (SINES[step] as number) + words.getUint32(offset + word * 4, true)) | 0;
    const shift = (SHIFTS[step >> 4] as readonly number[])[step & 3] as number;
    [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
  }
  for (const [i, word] of [a, b, c, d].entries()) state[i] = (state[i] as number) + word;
}

/** The MD5 of `bytes` in hexadecimal. */
export function md5(bytes: Uint8Array): string {
  const padded = new Uint8Array(Math.ceil((bytes.length + 1 + LENGTH_BYTES) / BLOCK) * BLOCK);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const words = new DataView(padded.buffer);
  words.setBigUint64(padded.length - LENGTH_BYTES, BigInt(bytes.length) * 8n, true);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let offset = 0; offset < padded.length; offset += BLOCK) digestBlock(state, words, offset);
  const digest = new DataView(new ArrayBuffer(16));
  for (const [i, word] of state.entries()) digest.setUint32(i * 4, word, true);
  return toHexadecimal(new Uint8Array(digest.buffer));
}
