// Output, a bit at a time (RFC 1951 3.1.1), and the symbols of a block.
import { DEFLATE_OUTPUT_OFFSET } from "./constants";
import { DISTANCES, SEQUENCES } from "./compress-memory";
import {
  distanceExtraBits,
  distanceSymbol,
  END_OF_BLOCK,
  FIRST_LENGTH,
  lengthExtraBits,
  lengthSymbol,
} from "./compress-symbols";
import { sequencesEnd } from "./compress-matches";

/** Where the next whole byte goes. */
export let outputEnd: usize = DEFLATE_OUTPUT_OFFSET;
let bits: u64 = 0;
export let bitCount: u32 = 0;

/** Begins with bits that have no whole byte yet. */
export function beginOutput(carriedBits: u32, carriedCount: u32): void {
  outputEnd = DEFLATE_OUTPUT_OFFSET;
  bits = carriedBits;
  bitCount = carriedCount;
}

/** The bits that have no whole byte yet. */
export function carriedBits(): u32 {
  return <u32>bits;
}

/** Writes at most 32 bits. */
export function writeBits(value: u32, count: u32): void {
  bits |= (<u64>value) << bitCount;
  bitCount += count;
  store<u64>(outputEnd, bits);
  const whole = bitCount >> 3;
  outputEnd += whole;
  bits >>= whole << 3;
  bitCount &= 7;
}

/** Begins a stored block: three zeros and those that fill up the byte. */
export function beginStored(): void {
  writeBits(0, 3 + ((5 - bitCount) & 7));
}

/** Writes whole bytes. */
export function writeBytes(source: usize, length: usize): void {
  memory.copy(outputEnd, source, length);
  outputEnd += length;
}

/** Writes the symbols of the last block of literals and matches, which begins at `ptr` and ends before `end`. */
export function writeSymbols(ptr: usize, end: usize, codes: usize): void {
  let out = outputEnd;
  let held = bits;
  let count = bitCount;
  const last = sequencesEnd;
  for (let sequence = SEQUENCES; ; sequence += 8) {
    const runEnd = sequence == last ? end : ptr + load<u32>(sequence);
    // Three codes of at most 15 bits and 7 bits from before fit in 64.
    while (ptr + 3 <= runEnd) {
      const first = load<u32>(codes + (<usize>load<u8>(ptr) << 2));
      const second = load<u32>(codes + (<usize>load<u8>(ptr, 1) << 2));
      const third = load<u32>(codes + (<usize>load<u8>(ptr, 2) << 2));
      held |= <u64>(first & 0xffff) << count;
      count += first >> 16;
      held |= <u64>(second & 0xffff) << count;
      count += second >> 16;
      held |= <u64>(third & 0xffff) << count;
      count += third >> 16;
      store<u64>(out, held);
      out += count >> 3;
      held >>= count & 0x38;
      count &= 7;
      ptr += 3;
    }
    while (ptr < runEnd) {
      const code = load<u32>(codes + (<usize>load<u8>(ptr++) << 2));
      held |= <u64>(code & 0xffff) << count;
      count += code >> 16;
    }
    store<u64>(out, held);
    out += count >> 3;
    held >>= count & 0x38;
    count &= 7;
    if (sequence == last) break;

    const match = load<u32>(sequence, 4);
    const length = match >> 16;
    const distance = match & 0xffff;
    const lengthCode = load<u32>(codes + (<usize>(FIRST_LENGTH + lengthSymbol(length)) << 2));
    const distanceCode = load<u32>(codes + DISTANCES + (<usize>distanceSymbol(distance) << 2));
    const lengthExtra = lengthExtraBits(length);
    const distanceExtra = distanceExtraBits(distance);
    held |= <u64>(lengthCode & 0xffff) << count;
    count += lengthCode >> 16;
    held |= <u64>(length & ((1 << lengthExtra) - 1)) << count;
    count += lengthExtra;
    held |= <u64>(distanceCode & 0xffff) << count;
    count += distanceCode >> 16;
    held |= <u64>(distance & ((1 << distanceExtra) - 1)) << count;
    count += distanceExtra;
    store<u64>(out, held);
    out += count >> 3;
    held >>= count & 0x38;
    count &= 7;
    ptr += length + 3;
  }
  outputEnd = out;
  bits = held;
  bitCount = count;
  const endCode = load<u32>(codes + (END_OF_BLOCK << 2));
  writeBits(endCode & 0xffff, endCode >> 16);
}
