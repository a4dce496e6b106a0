import { firstLanes } from "./first-lanes";
import { LANES } from "./memory";

/** Returns 0 if no byte has its high bit set, so that text is ASCII. */
export function highBits(ptr: usize, length: usize): i32 {
  let seen = i64x2.splat(0);
  const lanesEnd = ptr + (length & ~(LANES - 1));
  for (; ptr < lanesEnd; ptr += LANES) {
    seen = v128.or(seen, v128.load(ptr));
  }
  const tail = length & (LANES - 1);
  if (tail) {
    seen = v128.or(seen, v128.and(v128.load(ptr), firstLanes(tail)));
  }
  return i8x16.bitmask(seen);
}
