// UTF-8 to UTF-16, for runtimes whose own decoder is slow on text that is not ASCII.
import { LANES } from "./memory";

// Constants are loaded rather than written in the code, see validate-utf8.ts.

// Four code points of three bytes (1110____ 10______ 10______), as in Chinese, Japanese and Korean text.
const THREE_MASK: usize = memory.data<u8>([0xf0, 0xc0, 0xc0, 0xf0, 0xc0, 0xc0, 0xf0, 0xc0, 0xc0, 0xf0, 0xc0, 0xc0, 0, 0, 0, 0], 16);
const THREE_BITS: usize = memory.data<u8>([0xe0, 0x80, 0x80, 0xe0, 0x80, 0x80, 0xe0, 0x80, 0x80, 0xe0, 0x80, 0x80, 0, 0, 0, 0], 16);
/** Third and second byte of each to one unit; an index of 16 gives 0. */
const THREE_LOW: usize = memory.data<u8>([2, 1, 5, 4, 8, 7, 11, 10, 16, 16, 16, 16, 16, 16, 16, 16], 16);
/** First byte of each. */
const THREE_HIGH: usize = memory.data<u8>([0, 16, 3, 16, 6, 16, 9, 16, 16, 16, 16, 16, 16, 16, 16, 16], 16);

// Eight code points of two bytes (110_____ 10______), as in Greek, Cyrillic, Hebrew and Arabic words.
const TWO_MASK: usize = memory.data<u8>([0xe0, 0xc0, 0xe0, 0xc0, 0xe0, 0xc0, 0xe0, 0xc0, 0xe0, 0xc0, 0xe0, 0xc0, 0xe0, 0xc0, 0xe0, 0xc0], 16);
const TWO_BITS: usize = memory.data<u8>([0xc0, 0x80, 0xc0, 0x80, 0xc0, 0x80, 0xc0, 0x80, 0xc0, 0x80, 0xc0, 0x80, 0xc0, 0x80, 0xc0, 0x80], 16);

// Of each unit, as words: the bits of a low byte, those of a high byte, those of a two-byte lead.
const LOW_6_BITS: usize = memory.data<u16>([0x003f, 0x003f, 0x003f, 0x003f, 0x003f, 0x003f, 0x003f, 0x003f], 16);
const HIGH_6_BITS: usize = memory.data<u16>([0x3f00, 0x3f00, 0x3f00, 0x3f00, 0x3f00, 0x3f00, 0x3f00, 0x3f00], 16);
const LEAD_5_BITS: usize = memory.data<u16>([0x001f, 0x001f, 0x001f, 0x001f, 0x001f, 0x001f, 0x001f, 0x001f], 16);

/** Bytes that are transcoded one code point at a time before vectors are tried again. */
const SCALAR_RUN: usize = 12;

/** The low six bits of a continuation. */
function continuationBits(ptr: usize): u32 {
  return load<u8>(ptr) & 0x3f;
}

/** Transcodes valid UTF-8 to UTF-16LE, at most two bytes out for one in. Returns the number of bytes written. */
export function transcode(ptr: usize, length: usize, targetPtr: usize): usize {
  const threeMask = v128.load(THREE_MASK);
  const threeBits = v128.load(THREE_BITS);
  const threeLow = v128.load(THREE_LOW);
  const threeHigh = v128.load(THREE_HIGH);
  const twoMask = v128.load(TWO_MASK);
  const twoBits = v128.load(TWO_BITS);
  const low6 = v128.load(LOW_6_BITS);
  const high6 = v128.load(HIGH_6_BITS);
  const lead5 = v128.load(LEAD_5_BITS);

  const end = ptr + length;
  const targetStart = targetPtr;
  while (ptr < end) {
    while (ptr + LANES <= end) {
      const bytes = v128.load(ptr);
      if (!i8x16.bitmask(bytes)) {
        v128.store(targetPtr, i16x8.extend_low_i8x16_u(bytes), 0);
        v128.store(targetPtr, i16x8.extend_high_i8x16_u(bytes), 16);
        ptr += 16;
        targetPtr += 32;
      } else if (!v128.any_true(v128.xor(v128.and(bytes, threeMask), threeBits))) {
        const low = i8x16.swizzle(bytes, threeLow);
        const middle = i16x8.shr_u(v128.and(low, high6), 2);
        const high = i16x8.shl(i8x16.swizzle(bytes, threeHigh), 12);
        const units = v128.or(v128.or(v128.and(low, low6), middle), high);
        store<u64>(targetPtr, i64x2.extract_lane(units, 0));
        ptr += 12;
        targetPtr += 8;
      } else if (!v128.any_true(v128.xor(v128.and(bytes, twoMask), twoBits))) {
        const high = i16x8.shl(v128.and(bytes, lead5), 6);
        v128.store(targetPtr, v128.or(high, v128.and(i16x8.shr_u(bytes, 8), low6)));
        ptr += 16;
        targetPtr += 16;
      } else {
        break;
      }
    }
    const runEnd = min<usize>(ptr + SCALAR_RUN, end);
    while (ptr < runEnd) {
      const lead = <u32>load<u8>(ptr);
      if (lead < 0x80) {
        store<u16>(targetPtr, <u16>lead);
        ptr += 1;
        targetPtr += 2;
      } else if (lead < 0xe0) {
        store<u16>(targetPtr, <u16>(((lead & 0x1f) << 6) | continuationBits(ptr + 1)));
        ptr += 2;
        targetPtr += 2;
      } else if (lead < 0xf0) {
        const low = (continuationBits(ptr + 1) << 6) | continuationBits(ptr + 2);
        store<u16>(targetPtr, <u16>(((lead & 0x0f) << 12) | low));
        ptr += 3;
        targetPtr += 2;
      } else {
        const high = ((lead & 0x07) << 18) | (continuationBits(ptr + 1) << 12);
        const offset = (high | (continuationBits(ptr + 2) << 6) | continuationBits(ptr + 3)) - 0x10000;
        store<u16>(targetPtr, <u16>(0xd800 | (offset >> 10)), 0); // a surrogate pair
        store<u16>(targetPtr, <u16>(0xdc00 | (offset & 0x3ff)), 2);
        ptr += 4;
        targetPtr += 4;
      }
    }
  }
  return targetPtr - targetStart;
}
