// What both kernels share of SHA-1: all but the compression of blocks.

const BLOCK = 64;

/** The state before the first block (RFC 3174 6.1), big-endian as the digest. */
export const SHA1_INITIAL_STATE: readonly number[] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** Most bytes that padding makes of the end of a message. */
export const LONGEST_END: number = 2 * BLOCK;

/** Where the whole blocks of a message end. */
export function wholeBlocks(message: Uint8Array): number {
  return message.length - (message.length % BLOCK);
}

/**
 * Writes the end of a message behind its whole blocks to `target[at...]`, padded to one block or two: a 1 bit, zeros, and the
 * number of bits of the message in 64 bits (RFC 3174 4). Returns its length.
 */
export function padEnd(message: Uint8Array, target: Uint8Array, at: number): number {
  target.fill(0, at, at + LONGEST_END);
  let end = at;
  for (let i = wholeBlocks(message); i < message.length; i++) target[end++] = message[i] as number;
  target[end] = 0x80;
  const length = end + 9 - at > BLOCK ? LONGEST_END : BLOCK;
  writeWord(target, at + length - 8, Math.floor(message.length / 0x2000_0000));
  writeWord(target, at + length - 4, message.length << 3);
  return length;
}

function writeWord(target: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) target[at + i] = word >>> (24 - 8 * i);
}

/** Writes the five words of the state after the last block as the digest. */
export function serializeDigest(state: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const digest = new Uint8Array(20);
  for (let i = 0; i < 5; i++) writeWord(digest, 4 * i, state[i] as number);
  return digest;
}
