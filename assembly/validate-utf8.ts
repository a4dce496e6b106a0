// Validation of UTF-8, 16 bytes at a time: J. Keiser, D. Lemire, "Validating UTF-8 In Less Than One Instruction Per
// Byte" (2020). Three tables, indexed by the high nibble of a byte, by its low nibble and by the high nibble of the
// byte behind it, hold one bit for each way in which two neighbours can be wrong. A bit set in all three is an error.
import { UTF8_INVALID } from "./constants";
import { firstLanes } from "./first-lanes";
import { LANES } from "./memory";

const TOO_SHORT: u8 = 1 << 0; //  11______ 0_______ or 11______ 11______
const TOO_LONG: u8 = 1 << 1; //   0_______ 10______
const OVERLONG_3: u8 = 1 << 2; // 11100000 100_____
const SURROGATE: u8 = 1 << 4; //  11101101 101_____
const OVERLONG_2: u8 = 1 << 5; // 1100000_ 10______
const TOO_LARGE: u8 = 1 << 3; //  11110100 1001____ or 11110100 101_____, and any lead above it
const TOO_LARGE_1000: u8 = 1 << 6; // 11110101 1000____, and any lead above it
const OVERLONG_4: u8 = 1 << 6; // 11110000 1000____
const TWO_CONTINUATIONS: u8 = 1 << 7; // 10______ 10______, an error unless a third or fourth byte is due

/** What does not depend on the low nibble of the first byte. */
const ANY_LOW: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;
const LARGE_LOW: u8 = ANY_LOW | TOO_LARGE | TOO_LARGE_1000;

const BY_HIGH_NIBBLE: usize = memory.data<u8>(
  [
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, // 0_______
    TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, //     10______
    TOO_SHORT | OVERLONG_2, //                                                         1100____
    TOO_SHORT, //                                                                      1101____
    TOO_SHORT | OVERLONG_3 | SURROGATE, //                                             1110____
    TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4, //                            1111____
  ],
  16,
);

const BY_LOW_NIBBLE: usize = memory.data<u8>(
  [
    ANY_LOW | OVERLONG_2 | OVERLONG_3 | OVERLONG_4, // ____0000
    ANY_LOW | OVERLONG_2, //                           ____0001
    ANY_LOW, ANY_LOW, //                               ____001_
    ANY_LOW | TOO_LARGE, //                            ____0100
    LARGE_LOW, LARGE_LOW, LARGE_LOW, //                ____0101 to ____0111
    LARGE_LOW, LARGE_LOW, LARGE_LOW, LARGE_LOW, //     ____10__
    LARGE_LOW, //                                      ____1100
    LARGE_LOW | SURROGATE, //                          ____1101
    LARGE_LOW, LARGE_LOW, //                           ____111_
  ],
  16,
);

const CONTINUATION: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS;

const BY_NEXT_HIGH_NIBBLE: usize = memory.data<u8>(
  [
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, // 0_______
    CONTINUATION | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4, //                                1000____
    CONTINUATION | OVERLONG_3 | TOO_LARGE, //                                                  1001____
    CONTINUATION | SURROGATE | TOO_LARGE, CONTINUATION | SURROGATE | TOO_LARGE, //             101_____
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, //                                             11______
  ],
  16,
);

// V8 makes a vector constant anew at each use, and asc turns splat() of a constant into one. What is loaded from memory
// stays in a register: 3 or 9 GB/s.
const LOW_NIBBLES: usize = memory.data<u8>([0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f], 16);
/** Subtracted, leaves the high bit of leads of three bytes and more. */
const ABOVE_LEAD_2: usize = memory.data<u8>([0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60, 0x60], 16);
/** Subtracted, leaves the high bit of leads of four bytes. */
const ABOVE_LEAD_3: usize = memory.data<u8>([0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70, 0x70], 16);
const HIGH_BITS: usize = memory.data<u8>([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], 16);
/** The greatest bytes with which 16 bytes can end and leave no code point open. */
const CLOSED_END: usize = memory.data<u8>([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xdf, 0xbf], 16);

/** Errors in `bytes`, given what stands one, two and three places before each of them; then the tables, in registers. */
// @ts-ignore: decorator (a call would pass eleven vectors through memory)
@inline
function errorsIn(bytes: v128, before1: v128, before2: v128, before3: v128, byHigh: v128, byLow: v128, byNext: v128, lowNibbles: v128, aboveLead2: v128, aboveLead3: v128, highBits: v128): v128 {
  // x64 cannot shift bytes, so the nibbles are shifted as words of 16 bits.
  const pairErrors = v128.and(
    v128.and(
      i8x16.swizzle(byHigh, v128.and(i16x8.shr_u(before1, 4), lowNibbles)),
      i8x16.swizzle(byLow, v128.and(before1, lowNibbles)),
    ),
    i8x16.swizzle(byNext, v128.and(i16x8.shr_u(bytes, 4), lowNibbles)),
  );
  const continuationDue = v128.and(
    v128.or(i8x16.sub_sat_u(before2, aboveLead2), i8x16.sub_sat_u(before3, aboveLead3)),
    highBits,
  );
  return v128.xor(continuationDue, pairErrors); // the high bit of pairErrors is TWO_CONTINUATIONS
}

// The bytes one, two and three places before each of `bytes`, where they cannot be loaded from memory.
// @ts-ignore: decorator (part of the above)
@inline
function shift1(before: v128, bytes: v128): v128 {
  return i8x16.shuffle(before, bytes, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}
// @ts-ignore: decorator
@inline
function shift2(before: v128, bytes: v128): v128 {
  return i8x16.shuffle(before, bytes, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
}
// @ts-ignore: decorator
@inline
function shift3(before: v128, bytes: v128): v128 {
  return i8x16.shuffle(before, bytes, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
}

/** Skips 64 bytes of ASCII at a time. */
function skipAscii(ptr: usize, end: usize): usize {
  for (; ptr + 64 <= end; ptr += 64) {
    const low = v128.or(v128.load(ptr, 0), v128.load(ptr, 16));
    const high = v128.or(v128.load(ptr, 32), v128.load(ptr, 48));
    if (i8x16.bitmask(v128.or(low, high))) break;
  }
  return ptr;
}

/**
 * The bytes of a code point that is open at the end of valid text, last byte highest; 0 if there is none.
 * `last` holds the last four bytes, so the same.
 */
function openCodePoint(last: u32): u32 {
  const byte1 = last >> 24;
  // A lead that no code point has is wrong at once, not only when its next byte shows it.
  if (byte1 >= 0xc0) return byte1 < 0xc2 || byte1 > 0xf4 ? UTF8_INVALID : last & 0xff000000;
  if (((last >> 16) & 0xff) >= 0xe0) return last & 0xffff0000;
  if (((last >> 8) & 0xff) >= 0xf0) return last & 0xffffff00;
  return 0;
}

/**
 * Validates a piece of UTF-8.
 *
 * @param state The bytes of a code point that the piece before left open, last byte highest; 0 if there are none.
 * @returns The same for the next piece, or UTF8_INVALID.
 */
export function validateUtf8(ptr: usize, length: usize, state: u32): u32 {
  if (length == 0) return state;
  const byHigh = v128.load(BY_HIGH_NIBBLE);
  const byLow = v128.load(BY_LOW_NIBBLE);
  const byNext = v128.load(BY_NEXT_HIGH_NIBBLE);
  const lowNibbles = v128.load(LOW_NIBBLES);
  const aboveLead2 = v128.load(ABOVE_LEAD_2);
  const aboveLead3 = v128.load(ABOVE_LEAD_3);
  const highBits = v128.load(HIGH_BITS);

  const start = ptr;
  const end = ptr + length;
  let before = i32x4.replace_lane(i64x2.splat(0), 3, state); // as if the open bytes stood before the piece
  let errors = i64x2.splat(0);
  if (length >= LANES) {
    const first = v128.load(ptr);
    errors = errorsIn(first, shift1(before, first), shift2(before, first), shift3(before, first), byHigh, byLow, byNext, lowNibbles, aboveLead2, aboveLead3, highBits);
    ptr += LANES;
    while (ptr + LANES <= end) {
      const bytes = v128.load(ptr);
      if (i8x16.bitmask(bytes)) {
        // Unaligned loads cost less than shuffles.
        errors = v128.or(errors, errorsIn(bytes, v128.load(ptr - 1), v128.load(ptr - 2), v128.load(ptr - 3), byHigh, byLow, byNext, lowNibbles, aboveLead2, aboveLead3, highBits));
        ptr += LANES;
      } else {
        errors = v128.or(errors, i8x16.sub_sat_u(v128.load(ptr - LANES), v128.load(CLOSED_END)));
        ptr = skipAscii(ptr + LANES, end);
      }
    }
    before = v128.load(ptr - LANES);
  }
  const tail = end - ptr;
  if (tail) {
    const lanes = firstLanes(tail);
    const bytes = v128.and(v128.load(ptr), lanes);
    const tailErrors = errorsIn(bytes, shift1(before, bytes), shift2(before, bytes), shift3(before, bytes), byHigh, byLow, byNext, lowNibbles, aboveLead2, aboveLead3, highBits);
    errors = v128.or(errors, v128.and(lanes, tailErrors)); // behind the tail, the end of text is no error
  }
  if (v128.any_true(errors)) return UTF8_INVALID;

  if (length >= 4) return openCodePoint(load<u32>(end - 4));
  const shift = <u32>length << 3;
  return openCodePoint((state >> shift) | (load<u32>(start) << (32 - shift)));
}
