// Tables that turn bits into symbols (RFC 1951 3.2.2). An entry is found by the next bits of the input, as many as the
// table's root has, and says at once what to do:
//
//   31       30        16 15 14  13   12  11    8 7 6 5     0
//   literal │ value      │  │end│sub │spe│ code  │   │ total │
//
// value: the literal, the base of a length or distance, the symbol of the code length code, or where a subtable is
// code:  bits of the code, behind which its extra bits come; of a subtable, the bits that index it
// total: bits of the code and of its extra bits: those to drop; of a subtable, the root
// spe:   neither literal nor base: a subtable (sub), the end of the block (end), or no symbol (neither)
import { SORT_OFFSET } from "./memory";

export const LITERAL: u32 = 1 << 31;
export const SPECIAL: u32 = 1 << 12;
export const SUBTABLE: u32 = 1 << 13;
export const END: u32 = 1 << 14;
const VALUE_SHIFT: u32 = 16;

/** What a base of 3 with 2 extra bits is in an entry, and so on: `3 << 16 | 2`. */
const LENGTHS: usize = memory.data<u32>([
  0x5000, // the end of the block
  0x30000, 0x40000, 0x50000, 0x60000, 0x70000, 0x80000, 0x90000, 0xa0000, 0xb0001, 0xd0001, 0xf0001, 0x110001,
  0x130002, 0x170002, 0x1b0002, 0x1f0002, 0x230003, 0x2b0003, 0x330003, 0x3b0003, 0x430004, 0x530004, 0x630004,
  0x730004, 0x830005, 0xa30005, 0xc30005, 0xe30005, 0x1020000,
  0x1000, 0x1000, // no symbols
]);
const MAX_CODE_LENGTH: u32 = 15;

// Which of the three codes a table is for.
export const CODE_LENGTH_CODE: u32 = 0;
export const LITERAL_CODE: u32 = 1;
export const DISTANCE_CODE: u32 = 2;

// While a table is made: how many codes there are of each length, where the next one goes, and entries in order.
const COUNTS: usize = SORT_OFFSET;
const NEXT: usize = SORT_OFFSET + 32;
const SORTED: usize = SORT_OFFSET + 64;

/** Two symbols share their number of extra bits, from 4 on; the last two are none (RFC 1951 3.2.5). */
function distanceEntry(symbol: u32): u32 {
  if (symbol < 4) return (symbol + 1) << VALUE_SHIFT;
  if (symbol >= 30) return SPECIAL;
  const extra = (symbol >> 1) - 1;
  return ((((symbol & 1) | 2) << extra) + 1) << VALUE_SHIFT | extra;
}

/** The entry of a symbol, without its code. */
function entryOf(code: u32, symbol: u32): u32 {
  if (code == DISTANCE_CODE) return distanceEntry(symbol);
  if (code == CODE_LENGTH_CODE || symbol < 256) return LITERAL | (symbol << VALUE_SHIFT);
  return load<u32>(LENGTHS + (<usize>(symbol - 256) << 2));
}

/** Counts the codes of each length. Returns the greatest length, 0 if there is none. */
function countLengths(lengthsPtr: usize, symbols: usize): u32 {
  memory.fill(COUNTS, 0, 32);
  const end = lengthsPtr + symbols;
  while (lengthsPtr < end) {
    // Most symbols have no code.
    if (lengthsPtr + 8 <= end && load<u64>(lengthsPtr) == 0) {
      lengthsPtr += 8;
    } else {
      const count = COUNTS + (<usize>load<u8>(lengthsPtr++) << 1);
      store<u16>(count, load<u16>(count) + 1);
    }
  }
  store<u16>(COUNTS, 0);
  let longest = MAX_CODE_LENGTH;
  while (longest && !load<u16>(COUNTS + (<usize>longest << 1))) longest--;
  return longest;
}

/** Codes of the greatest length that are left over; negative if there are not enough. */
function leftOver(longest: u32): i32 {
  let left: i32 = 1;
  for (let length: u32 = 1; length <= longest; length++) {
    left = (left << 1) - <i32>load<u16>(COUNTS + (<usize>length << 1));
    if (left < 0) break;
  }
  return left;
}

/** Writes the entries of the symbols that have a code, without it, in the order of their codes (RFC 1951 3.2.2). */
function sortEntries(code: u32, lengthsPtr: usize, symbols: usize): void {
  let position: u32 = 0;
  for (let length: usize = 1; length <= MAX_CODE_LENGTH; length++) {
    store<u16>(NEXT + (length << 1), <u16>position);
    position += load<u16>(COUNTS + (length << 1));
  }
  let symbol: usize = 0;
  while (symbol < symbols) {
    if (symbol + 8 <= symbols && load<u64>(lengthsPtr + symbol) == 0) {
      symbol += 8;
      continue;
    }
    const length = <usize>load<u8>(lengthsPtr + symbol);
    if (length) {
      const next = NEXT + (length << 1);
      const at = <usize>load<u16>(next);
      store<u32>(SORTED + (at << 2), entryOf(code, <u32>symbol));
      store<u16>(next, <u16>(at + 1));
    }
    symbol++;
  }
}

/** Copies the first half of a table behind itself; writes up to 15 bytes more. */
function doubleTable(tablePtr: usize, size: usize): void {
  let target = tablePtr + size;
  const end = target + size;
  do {
    v128.store(target, v128.load(tablePtr));
    tablePtr += 16;
    target += 16;
  } while (target < end);
}

/** The code that follows one of `length` bits; codes come with their first bit lowest, as in the input. */
function nextCode(code: u32, length: u32): u32 {
  const zeros = code ^ ((1 << length) - 1);
  if (!zeros) return 0; // that was the last one
  const highest: u32 = 1 << (31 - clz<u32>(zeros));
  return (code & (highest - 1)) | highest;
}

/** Bits of a subtable for codes whose first is of `length` bits, behind `root`: as few as hold all of them. */
function subtableBits(length: u32, root: u32, longest: u32): u32 {
  let bits = length - root;
  let left: i32 = (1 << bits) - <i32>load<u16>(COUNTS + (<usize>length << 1));
  while (left > 0 && root + bits < longest) {
    bits++;
    left = (left << 1) - <i32>load<u16>(COUNTS + (<usize>(root + bits) << 1));
  }
  return bits;
}

/**
 * Makes the table of a code from the code length of each of its symbols.
 *
 * @param maxRoot Most bits that may index the table itself; longer codes go through subtables.
 * @returns The bits that index it, or 0 for lengths that make no complete prefix code. One code of one bit is enough,
 *   or none, where zlib thinks so too: not for the code length code.
 */
export function makeTable(tablePtr: usize, code: u32, lengthsPtr: usize, symbols: usize, maxRoot: u32): u32 {
  const longest = countLengths(lengthsPtr, symbols);
  const left = leftOver(longest);
  if (left < 0 || (left > 0 && (code == CODE_LENGTH_CODE || longest > 1))) return 0;
  sortEntries(code, lengthsPtr, symbols);
  if (left > 0) {
    const alone = longest ? load<u32>(SORTED) : SPECIAL;
    store<u32>(tablePtr, alone + 0x101, 0);
    store<u32>(tablePtr, SPECIAL + 0x101, 4);
    return 1;
  }

  const root = min<u32>(maxRoot, longest);
  let sorted = SORTED;
  let bits: u32 = 0; // the code
  for (let length: u32 = 1; length <= root; length++) {
    // An entry is repeated for all bits that can follow its code: by doubling what is there for each bit more.
    if (sorted != SORTED) doubleTable(tablePtr, <usize>2 << length);
    const sortedEnd = sorted + (<usize>load<u16>(COUNTS + (<usize>length << 1)) << 2);
    for (; sorted < sortedEnd; sorted += 4) {
      store<u32>(tablePtr + (<usize>bits << 2), load<u32>(sorted) + length * 0x101);
      bits = nextCode(bits, length);
    }
  }
  if (longest > root) makeSubtables(tablePtr, sorted, bits, root, longest);
  return root;
}

/** Makes the subtables, from the first code on that is longer than the root. */
function makeSubtables(tablePtr: usize, sorted: usize, bits: u32, root: u32, longest: u32): void {
  const rootMask: u32 = (1 << root) - 1;
  let prefix: u32 = 0xffffffff;
  let subtable: u32 = 0; // index of the open one
  let next: u32 = 1 << root;
  let size: u32 = 0;
  for (let length = root + 1; length <= longest; length++) {
    const sortedEnd = sorted + (<usize>load<u16>(COUNTS + (<usize>length << 1)) << 2);
    for (; sorted < sortedEnd; sorted += 4) {
      if ((bits & rootMask) != prefix) {
        prefix = bits & rootMask;
        subtable = next;
        const indexBits = subtableBits(length, root, longest);
        size = 1 << indexBits;
        next += size;
        store<u32>(tablePtr + (<usize>prefix << 2), (subtable << VALUE_SHIFT) | SPECIAL | SUBTABLE | (indexBits << 8) | root);
      }
      const own = length - root;
      const entry = load<u32>(sorted) + own * 0x101;
      for (let index = bits >> root; index < size; index += 1 << own) {
        store<u32>(tablePtr + (<usize>(subtable + index) << 2), entry);
      }
      bits = nextCode(bits, length);
      // One of this length is used up.
      const count = COUNTS + (<usize>length << 1);
      store<u16>(count, load<u16>(count) - 1);
    }
  }
}
