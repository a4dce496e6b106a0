// The codes of a block: literals, and matches of what came before.
import {
  INFLATE_FAULT_DISTANCE,
  INFLATE_FAULT_DISTANCE_SYMBOL,
  INFLATE_FAULT_LENGTH_SYMBOL,
  INFLATE_IS_FULL,
  INFLATE_NEEDS_INPUT,
  INFLATE_REGISTERS_OFFSET,
  REGISTER_BIT_COUNT,
  REGISTER_BITS,
  REGISTER_HISTORY,
  REGISTER_INPUT,
  REGISTER_INPUT_END,
  REGISTER_OUTPUT,
  REGISTER_OUTPUT_END,
  REGISTER_PENDING,
  REGISTER_PENDING_DISTANCE,
  REGISTER_WINDOW_SIZE,
} from "./constants";
import { copyMatch } from "./copy-match";
import { END, LITERAL, SPECIAL, SUBTABLE } from "./decode-table";
import {
  get,
  REGISTER_DISTANCE_ROOT,
  REGISTER_DISTANCE_TABLE,
  REGISTER_LITERAL_ROOT,
  REGISTER_LITERAL_TABLE,
  set,
} from "./registers";

/** Returned where the block ends. */
export const BLOCK_END: u32 = 0xff;

/** Most bytes that the fast loop writes in a turn: two literals and a match. */
const FAST_OUTPUT: usize = 2 + 258;
/** Most bytes that it reads: 8 at once, after up to 7. */
const FAST_INPUT: usize = 16;

// @ts-ignore: decorator (these are parts of one expression)
@inline
function totalOf(entry: u32): u64 {
  return <u64>(entry & 63);
}

/** The base and the extra bits of a length or distance. */
// @ts-ignore: decorator
@inline
function valueOf(entry: u32, bits: u64): usize {
  return <usize>((entry >> 16) + ((<u32>bits & ((1 << (entry & 63)) - 1)) >> ((entry >> 8) & 15)));
}

// @ts-ignore: decorator
@inline
function lookUp(tablePtr: usize, index: u64): u32 {
  return load<u32>(tablePtr + (<usize>index << 2));
}

/** The entry in a subtable; `bits` are those behind the root. */
// @ts-ignore: decorator
@inline
function lookUpIn(tablePtr: usize, entry: u32, bits: u64): u32 {
  return lookUp(tablePtr, (entry >> 16) + (<u32>bits & ((1 << ((entry >> 8) & 15)) - 1)));
}

/** Decodes until the block, the input or the room for output ends. */
export function inflateCodes(): u32 {
  const status = copyPending();
  if (status) return status;
  let bits = load<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS);
  let count = <u64>get(REGISTER_BIT_COUNT);
  let ptr = <usize>get(REGISTER_INPUT);
  let out = <usize>get(REGISTER_OUTPUT);
  const literals = <usize>get(REGISTER_LITERAL_TABLE);
  const distances = <usize>get(REGISTER_DISTANCE_TABLE);
  const literalRoot = <u64>get(REGISTER_LITERAL_ROOT);
  const distanceRoot = <u64>get(REGISTER_DISTANCE_ROOT);
  const literalMask: u64 = (1 << literalRoot) - 1;
  const distanceMask: u64 = (1 << distanceRoot) - 1;
  const windowSize = <usize>get(REGISTER_WINDOW_SIZE);
  const history = <usize>get(REGISTER_HISTORY);
  const inputEnd = <usize>get(REGISTER_INPUT_END);
  const outputEnd = <usize>get(REGISTER_OUTPUT_END);
  let result: u32 = BLOCK_END;

  // Far from both ends. What is in `bits` above `count` are the bits that come next, so adding them again is no harm.
  let entry: u32 = 0;
  const fastInputEnd = inputEnd - FAST_INPUT;
  const fastOutputEnd = outputEnd - FAST_OUTPUT;
  let fast = true;
  while (ptr <= fastInputEnd && out <= fastOutputEnd) {
    bits |= load<u64>(ptr) << count;
    ptr += <usize>((63 - count) >> 3);
    count |= 56;
    entry = lookUp(literals, bits & literalMask);
    if (entry & LITERAL) {
      bits >>= totalOf(entry);
      count -= totalOf(entry);
      store<u8>(out++, <u8>(entry >> 16));
      entry = lookUp(literals, bits & literalMask);
      if (entry & LITERAL) {
        bits >>= totalOf(entry);
        count -= totalOf(entry);
        store<u8>(out++, <u8>(entry >> 16));
        entry = lookUp(literals, bits & literalMask);
        if (entry & LITERAL) {
          bits >>= totalOf(entry);
          count -= totalOf(entry);
          store<u8>(out++, <u8>(entry >> 16));
          continue;
        }
      }
    }
    if (entry & SPECIAL) {
      if (entry & SUBTABLE) {
        bits >>= literalRoot;
        count -= literalRoot;
        entry = lookUpIn(literals, entry, bits);
        if (entry & LITERAL) {
          bits >>= totalOf(entry);
          count -= totalOf(entry);
          store<u8>(out++, <u8>(entry >> 16));
          continue;
        }
      }
      if (entry & SPECIAL) {
        bits >>= totalOf(entry);
        count -= totalOf(entry);
        if (!(entry & END)) result = INFLATE_FAULT_LENGTH_SYMBOL;
        fast = false;
        break;
      }
    }
    const length = valueOf(entry, bits);
    bits >>= totalOf(entry);
    count -= totalOf(entry);

    bits |= load<u64>(ptr) << count;
    ptr += <usize>((63 - count) >> 3);
    count |= 56;
    entry = lookUp(distances, bits & distanceMask);
    if (entry & SPECIAL) {
      if (entry & SUBTABLE) {
        bits >>= distanceRoot;
        count -= distanceRoot;
        entry = lookUpIn(distances, entry, bits);
      }
      if (entry & SPECIAL) {
        result = INFLATE_FAULT_DISTANCE_SYMBOL;
        fast = false;
        break;
      }
    }
    const distance = valueOf(entry, bits);
    bits >>= totalOf(entry);
    count -= totalOf(entry);
    if (distance > out - history || distance > windowSize) {
      result = INFLATE_FAULT_DISTANCE;
      fast = false;
      break;
    }
    copyMatch(out, distance, length);
    out += length;
  }

  // Near an end: nothing is dropped before all of it is there.
  while (fast) {
    if (ptr + 8 <= inputEnd) {
      bits |= load<u64>(ptr) << count;
      ptr += <usize>((63 - count) >> 3);
      count |= 56;
    } else {
      for (; count < 56 && ptr < inputEnd; count += 8) bits |= <u64>load<u8>(ptr++) << count;
    }
    entry = lookUp(literals, bits & literalMask);
    let behind = bits; // behind a root, if there is one
    let needed: u64 = 0;
    if (entry & SUBTABLE) {
      behind >>= literalRoot;
      needed = literalRoot;
      entry = lookUpIn(literals, entry, behind);
    }
    needed += totalOf(entry);
    if (needed > count) {
      result = INFLATE_NEEDS_INPUT;
      break;
    }
    if (entry & SPECIAL) {
      bits >>= needed;
      count -= needed;
      if (!(entry & END)) result = INFLATE_FAULT_LENGTH_SYMBOL;
      break;
    }
    if (out == outputEnd) {
      result = INFLATE_IS_FULL;
      break;
    }
    if (entry & LITERAL) {
      bits >>= needed;
      count -= needed;
      store<u8>(out++, <u8>(entry >> 16));
      continue;
    }
    const length = valueOf(entry, behind);
    behind = bits >> needed;
    entry = lookUp(distances, behind & distanceMask);
    if (entry & SUBTABLE) {
      behind >>= distanceRoot;
      needed += distanceRoot;
      entry = lookUpIn(distances, entry, behind);
    }
    needed += totalOf(entry);
    if (needed > count) {
      result = INFLATE_NEEDS_INPUT;
      break;
    }
    if (entry & SPECIAL) {
      result = INFLATE_FAULT_DISTANCE_SYMBOL;
      break;
    }
    const distance = valueOf(entry, behind);
    bits >>= needed;
    count -= needed;
    if (distance > out - history || distance > windowSize) {
      result = INFLATE_FAULT_DISTANCE;
      break;
    }
    const room = min<usize>(length, outputEnd - out);
    copyMatch(out, distance, room);
    out += room;
    if (room < length) {
      set(REGISTER_PENDING, <u32>(length - room));
      set(REGISTER_PENDING_DISTANCE, <u32>distance);
      result = INFLATE_IS_FULL;
      break;
    }
  }

  store<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS, bits);
  set(REGISTER_BIT_COUNT, <u32>count);
  set(REGISTER_INPUT, <u32>ptr);
  set(REGISTER_OUTPUT, <u32>out);
  return result;
}

/** Copies what is left of a match that did not fit in the last piece. */
function copyPending(): u32 {
  const pending = get(REGISTER_PENDING);
  if (!pending) return 0;
  const distance = <usize>get(REGISTER_PENDING_DISTANCE);
  let out = <usize>get(REGISTER_OUTPUT);
  const room = min<u32>(pending, get(REGISTER_OUTPUT_END) - <u32>out);
  // Once a piece: byte by byte is fast enough, and short.
  for (const end = out + room; out < end; out++) store<u8>(out, load<u8>(out - distance));
  set(REGISTER_OUTPUT, <u32>out);
  set(REGISTER_PENDING, pending - room);
  return room < pending ? INFLATE_IS_FULL : 0;
}
