// SHA-1 (RFC 3174), for Sec-WebSocket-Accept (RFC 6455 4.2.2). Padding is done in JavaScript, see src/kernels/sha1.ts.
import { SHA1_STATE_OFFSET } from "./constants";
import { SHA1_SCHEDULE_OFFSET } from "./memory";

const BLOCK: usize = 64;
const SCHEDULE_SIZE: usize = 80 * 4;

/** Spreads a block of 16 big-endian words to the 80 words of the message schedule (RFC 3174 6.1 a and b). */
function spread(blockPtr: usize): void {
  for (let i: usize = 0; i < BLOCK; i += 4) {
    store<u32>(SHA1_SCHEDULE_OFFSET + i, bswap<u32>(load<u32>(blockPtr + i)));
  }
  for (let ptr = SHA1_SCHEDULE_OFFSET + BLOCK; ptr < SHA1_SCHEDULE_OFFSET + SCHEDULE_SIZE; ptr += 4) {
    const word = load<u32>(ptr - 12) ^ load<u32>(ptr - 32) ^ load<u32>(ptr - 56) ^ load<u32>(ptr - 64);
    store<u32>(ptr, rotl<u32>(word, 1));
  }
}

/** Adds whole blocks to the five words of state at SHA1_STATE_OFFSET (RFC 3174 6.1 c to e). */
export function sha1(blocksPtr: usize, blocksLength: usize): void {
  const blocksEnd = blocksPtr + blocksLength;
  for (; blocksPtr < blocksEnd; blocksPtr += BLOCK) {
    spread(blocksPtr);
    let a = load<u32>(SHA1_STATE_OFFSET, 0);
    let b = load<u32>(SHA1_STATE_OFFSET, 4);
    let c = load<u32>(SHA1_STATE_OFFSET, 8);
    let d = load<u32>(SHA1_STATE_OFFSET, 12);
    let e = load<u32>(SHA1_STATE_OFFSET, 16);
    for (let t: usize = 0; t < 80; t++) {
      let mixed: u32;
      if (t < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
      else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
      else if (t < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
      else mixed = (b ^ c ^ d) + 0xca62c1d6;
      const sum = rotl<u32>(a, 5) + mixed + e + load<u32>(SHA1_SCHEDULE_OFFSET + (t << 2));
      e = d;
      d = c;
      c = rotl<u32>(b, 30);
      b = a;
      a = sum;
    }
    store<u32>(SHA1_STATE_OFFSET, load<u32>(SHA1_STATE_OFFSET, 0) + a, 0);
    store<u32>(SHA1_STATE_OFFSET, load<u32>(SHA1_STATE_OFFSET, 4) + b, 4);
    store<u32>(SHA1_STATE_OFFSET, load<u32>(SHA1_STATE_OFFSET, 8) + c, 8);
    store<u32>(SHA1_STATE_OFFSET, load<u32>(SHA1_STATE_OFFSET, 12) + d, 12);
    store<u32>(SHA1_STATE_OFFSET, load<u32>(SHA1_STATE_OFFSET, 16) + e, 16);
  }
}
