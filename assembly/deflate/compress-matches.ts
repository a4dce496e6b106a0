// The window and the search for matches (LZ77): bytes of input become literal runs and matches in SEQUENCES.
import { CHAINS, FREQUENCIES, HEADS, SEQUENCES, SEQUENCES_END, WINDOW, WINDOW_END } from "./compress-memory";
import {
  distanceExtraBits,
  distanceSymbol,
  FIRST_DISTANCE,
  FIRST_LENGTH,
  lengthExtraBits,
  lengthSymbol,
  MAX_LENGTH,
  MIN_LENGTH,
} from "./compress-symbols";

// Helpers are inline because they run for every byte; the search is, because its settings then stay in registers.
//
// Positions are known by their number modulo 65,536. A table may hold anything: what it names is taken as a distance
// back from here, and counts only when it lies in this connection's window and its bytes are equal.

/** The first byte of history: nothing before it is ever read. */
let start: usize = WINDOW;
/** The next byte to compress. */
export let position: usize = WINDOW;
/** The next byte to index. */
let indexed: usize = WINDOW;
/** Number of a position less its address. */
let bias: u32 = 0;
/** There are numbers in the table that another connection left, and they are not to be met again. */
let isShared: bool = false;
let hashBits: u32 = 0;
let windowSize: u32 = 0;

/** The shortest match that is looked for: it takes four bytes to find one. */
const MIN_MATCH: u32 = 4;

/** Comparisons in one block, which bound the time that a block takes. */
const EFFORT: i32 = 1 << 20;
/** When these are used up, no more than so many at a byte. */
const TIRED_DEPTH: u32 = 8;

/** Most bytes that are passed over at once where nothing matches. */
const MAX_STEP: usize = 32;

// Of the block in the making: extra bits and bytes of all matches, and where the next sequence goes.
export let extraBits: u32 = 0;
export let matchedBytes: u32 = 0;
export let sequencesEnd: usize = SEQUENCES;
/** Comparisons that are left. */
let effort: i32 = 0;

// @ts-ignore: decorator
@inline
function headOf(ptr: usize, shift: u32): usize {
  return HEADS + (<usize>((load<u32>(ptr) * 0x9e3779b1) >> shift) << 1);
}

// @ts-ignore: decorator
@inline
function insert(ptr: usize, number: u32, mask: u32, shift: u32): void {
  const head = headOf(ptr, shift);
  store<u16>(CHAINS + (<usize>(number & mask) << 1), load<u16>(head));
  store<u16>(head, <u16>number);
}

/** Indexes every `step`th position before `end`; four bytes must be there for each. */
function index(end: usize, step: usize): void {
  const shift = 32 - hashBits;
  const mask = windowSize - 1;
  const shifted = bias;
  let ptr = indexed;
  for (; ptr < end; ptr += step) insert(ptr, <u32>ptr + shifted, mask, shift);
  indexed = max(indexed, end);
}

/** Empties the table and indexes the history again. */
function reindex(end: usize, step: usize): void {
  memory.fill(HEADS, 0, <usize>2 << hashBits);
  bias = -(<u32>start);
  indexed = start;
  isShared = false;
  index(end, step);
}

/** Begins with a history that lies in WINDOW, of which every `step`th byte is indexed. */
export function beginWindow(history: usize, windowBits: u32, newHashBits: u32, step: usize): void {
  const next = <u32>position + bias;
  start = WINDOW;
  indexed = WINDOW;
  position = WINDOW + history;
  windowSize = 1 << windowBits;
  bias = next - <u32>WINDOW;
  isShared = true;
  const mustClear = hashBits != newHashBits || next + <u32>history > 0xffff;
  hashBits = newHashBits;
  const end = history < MIN_MATCH ? WINDOW : position - MIN_MATCH + 1;
  if (mustClear) reindex(end, step);
  else index(end, step);
}

/** Number of bytes before `position` that the next matches may lie in. */
export function historyLength(): usize {
  return min<usize>(position - start, windowSize);
}

/** Makes room for input, whose address it returns; slides the history to the front when it has to. */
export function makeRoom(length: usize): usize {
  const history = historyLength();
  if (position + length > WINDOW_END) {
    const from = position - history;
    memory.copy(WINDOW, from, history);
    const moved = from - WINDOW;
    bias += <u32>moved;
    position -= moved;
    indexed = max(indexed - moved, WINDOW);
    start = WINDOW;
  }
  if (isShared && <u32>position + bias + <u32>length > 0x10000) {
    start = position - history;
    reindex(indexed, 1);
  }
  return position;
}

// @ts-ignore: decorator
@inline
function matchLength(a: usize, b: usize, most: u32): u32 {
  let length: u32 = 0;
  while (length + 8 <= most) {
    const difference = load<u64>(a + length) ^ load<u64>(b + length);
    if (difference) return length + <u32>(ctz(difference) >> 3);
    length += 8;
  }
  while (length < most && load<u8>(a + length) == load<u8>(b + length)) length++;
  return length;
}

// @ts-ignore: decorator
@inline
function count(symbol: u32): void {
  const ptr = FREQUENCIES + (<usize>symbol << 2);
  store<u32>(ptr, load<u32>(ptr) + 1);
}

/** Counts literals. */
function countLiterals(ptr: usize, end: usize): void {
  for (; ptr < end; ptr++) count(load<u8>(ptr));
}

/** Takes input that is not looked at, nor ever will be. */
export function passOver(end: usize): void {
  position = end;
}

/**
 * Looks for the longest match at `ptr`, longer than `length`: at `candidate`, of 16 bits, and where the chain goes from
 * there. Returns its length << 16 | its distance less 1; 0 when there is none.
 */
// @ts-ignore: decorator
@inline
function findLongest(ptr: usize, end: usize, candidate: u32, length: u32, depth: u32, enough: u32): u32 {
  const most = min<u32>(MAX_LENGTH, <u32>(end - ptr));
  if (length >= most) return 0;
  const mask = windowSize - 1;
  const number = <u32>ptr + bias;
  const farthest = min<u32>(max<u32>(<u32>(ptr - start), 1) - 1, windowSize); // never the very first byte
  const beginning = load<u32>(ptr);
  let ending = load<u32>(ptr + length - 3);
  let steps = effort > 0 ? depth : min(depth, TIRED_DEPTH);
  let match: u32 = 0;
  let before: u32 = 0;
  let away = (number - candidate) & 0xffff;
  while (away > before && away <= farthest) {
    const at = ptr - away;
    if (load<u32>(at + length - 3) == ending && load<u32>(at) == beginning) {
      const found = matchLength(at, ptr, most);
      effort -= <i32>(found >> 3);
      if (found > length) {
        length = found;
        match = (length << 16) | (away - 1);
        if (length >= enough || length == most) break;
        ending = load<u32>(ptr + length - 3);
      }
    }
    if (!--steps) break;
    effort--;
    before = away;
    away = (number - load<u16>(CHAINS + (<usize>((number - away) & mask) << 1))) & 0xffff;
  }
  return match;
}

/** Adds the literals from `anchor` on and the match behind them, which may begin earlier than it was found. */
function addSequence(anchor: usize, from: usize, length: u32, distanceLess: u32): void {
  const back = <usize>distanceLess + 1;
  while (from > anchor && length < MAX_LENGTH && from - back > start + 1) {
    if (load<u8>(from - 1) != load<u8>(from - 1 - back)) break;
    from--;
    length++;
  }
  countLiterals(anchor, from);
  const lengthLess = length - MIN_LENGTH;
  count(FIRST_LENGTH + lengthSymbol(lengthLess));
  count(FIRST_DISTANCE + distanceSymbol(distanceLess));
  extraBits += lengthExtraBits(lengthLess) + distanceExtraBits(distanceLess);
  matchedBytes += length;
  store<u32>(sequencesEnd, <u32>(from - anchor));
  store<u32>(sequencesEnd, (lengthLess << 16) | distanceLess, 4);
  sequencesEnd += 8;
}

/**
 * Finds literals and matches from `position` to `end`, or to where SEQUENCES is full, and counts their symbols.
 * Looks at no more than `depth` earlier positions with the same hash, is content with a match of `enough` bytes, and
 * when it found one shorter than `lazy`, looks whether the next byte begins a longer one. The longer nothing is found
 * the more bytes are passed over, by `skip`.
 */
export function findMatches(end: usize, depth: u32, enough: u32, lazy: u32, skip: u32): void {
  const shift = 32 - hashBits;
  const mask = windowSize - 1;
  const shifted = bias;
  const searchEnd = end - MIN_MATCH + 1; // may lie before `position`: then there is nothing to find
  let anchor = position; // the first literal that is not in a sequence yet
  let ptr = position;
  let waiting: u32 = 0; // a match at ptr - 1 that is not taken yet

  effort = EFFORT;
  extraBits = 0;
  matchedBytes = 0;
  sequencesEnd = SEQUENCES;
  index(min(ptr, searchEnd), 1);
  while (ptr < searchEnd) {
    const head = headOf(ptr, shift);
    const number = <u32>ptr + shifted;
    const candidate = <u32>load<u16>(head);
    store<u16>(CHAINS + (<usize>(number & mask) << 1), <u16>candidate);
    store<u16>(head, <u16>number);

    let match = findLongest(ptr, end, candidate, max(waiting >> 16, MIN_MATCH - 1), depth, enough);
    let from = ptr;
    if (match) {
      if (match >> 16 < lazy && ptr + 1 < searchEnd) {
        waiting = match;
        ptr++;
        continue;
      }
    } else if (waiting) {
      match = waiting;
      from--;
    } else {
      ptr += min<usize>(1 + ((ptr - anchor) >> skip), MAX_STEP);
      continue;
    }
    waiting = 0;
    addSequence(anchor, from, match >> 16, match & 0xffff);
    anchor = from + (match >> 16);
    const indexEnd = min(anchor, searchEnd);
    for (ptr++; ptr < indexEnd; ptr++) insert(ptr, <u32>ptr + shifted, mask, shift);
    ptr = anchor;
    if (sequencesEnd >= SEQUENCES_END) break;
  }
  if (ptr < searchEnd) end = ptr; // SEQUENCES is full
  indexed = max(indexed, min(ptr, searchEnd));
  countLiterals(anchor, end);
  position = end;
}
