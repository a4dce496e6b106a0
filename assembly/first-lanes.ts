// Masks for the tail of a region, which is shorter than the 16 bytes that are loaded.
import { LANES } from "./memory";

/** 16 x ff, 16 x 00: 16 bytes from anywhere within begin with as many ff as are left of the first half. */
const MASKS: usize = memory.data<u8>(
  [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
  ],
  16,
);

/** A mask of the first `count` of 16 bytes; `count` is at most 16. */
export function firstLanes(count: usize): v128 {
  return v128.load(MASKS + LANES - count);
}
