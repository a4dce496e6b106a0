// What both kernels share of SHA-1: all but the compression of blocks.

const BLOCK = 64;

/** The state before the first block (RFC 3174 6.1), big-endian as the digest. */
export const SHA1_INITIAL_STATE: readonly number[] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** Pads a message to whole blocks: a 1 bit, zeros, and the number of its bits in 64 bits (RFC 3174 4). */
export function padMessage(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / BLOCK) * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 0x2000_0000));
  view.setUint32(padded.length - 4, message.length << 3);
  return padded;
}

/** Writes the five words of the state after the last block as the digest. */
export function serializeDigest(state: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const digest = new Uint8Array(20);
  const view = new DataView(digest.buffer);
  for (let i = 0; i < 5; i++) {
    view.setUint32(4 * i, state[i] as number);
  }
  return digest;
}
