// Copies bytes from further back in the output (RFC 1951 3.2.3).

/** For each distance below 16, which of the last bytes 16 new ones are. */
const PATTERNS: usize = memory.data<u8>(
  [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
    0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
    0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
    0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
    0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3,
    0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
    0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
  ],
  16,
);

/** How many of those 16 are whole repetitions. */
const STEPS: usize = memory.data<u8>([0, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15]);

/** Writes up to 15 bytes more than `length`, which is at least 1. */
// @ts-ignore: decorator (a call costs as much as the copy)
@inline
export function copyMatch(targetPtr: usize, distance: usize, length: usize): void {
  const end = targetPtr + length;
  let from = targetPtr - distance;
  if (distance >= 16) {
    do {
      v128.store(targetPtr, v128.load(from));
      targetPtr += 16;
      from += 16;
    } while (targetPtr < end);
  } else {
    const repeated = i8x16.swizzle(v128.load(from), v128.load(PATTERNS + (distance << 4)));
    const step = <usize>load<u8>(STEPS + distance);
    do {
      v128.store(targetPtr, repeated);
      targetPtr += step;
    } while (targetPtr < end);
  }
}
