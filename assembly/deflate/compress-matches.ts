// The window and the search for matches (LZ77): bytes of input become literal runs and matches in SEQUENCES.
import { CHAINS, FREQUENCIES, HEADS, SEQUENCES, SEQUENCES_END, WINDOW, WINDOW_END } from "./compress-memory";
import {
  distanceExtraBits,
  distanceSymbol,
  FIRST_LENGTH,
  lengthExtraBits,
  lengthSymbol,
  MAX_LENGTH,
  MIN_LENGTH,
} from "./compress-symbols";

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

/** Most bytes that are passed over at once where nothing matches. */
const MAX_STEP: usize = 32;

/** Of the last block: where literals begin that follow the last match, extra bits, and the end of SEQUENCES. */
export let tail: usize = 0;
export let extraBits: u32 = 0;
export let matchedBytes: u32 = 0;
export let sequencesEnd: usize = SEQUENCES;

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
 * Finds literals and matches from `position` to `end`, or to where SEQUENCES is full, and counts their symbols.
 * Looks at no more than `depth` earlier positions with the same hash, is content with a match of `enough` bytes, and
 * when it found one shorter than `lazy`, looks whether the next byte begins a longer one.
 */
export function findMatches(end: usize, depth: u32, enough: u32, lazy: u32, skip: u32): void {
  const shift = 32 - hashBits;
  const mask = windowSize - 1;
  const size = windowSize;
  const first = start;
  const shifted = bias;
  const searchEnd = end - MIN_MATCH + 1; // may lie before `position`: then there is nothing to find
  let effort = EFFORT;
  let anchor = position; // the first literal that is not in a sequence yet
  let ptr = position;
  let sequence = SEQUENCES;
  let extra: u32 = 0;
  let matched: u32 = 0;
  let lastLength: u32 = 0; // of the match at ptr - 1 that is not taken yet
  let lastDistance: u32 = 0;

  index(min(ptr, searchEnd), 1);
  while (ptr < searchEnd) {
    const bytes = load<u32>(ptr);
    const head = HEADS + (<usize>((bytes * 0x9e3779b1) >> shift) << 1);
    const number = <u32>ptr + shifted;
    let candidate = <u32>load<u16>(head);
    store<u16>(CHAINS + (<usize>(number & mask) << 1), <u16>candidate);
    store<u16>(head, <u16>number);

    const most = min<u32>(MAX_LENGTH, <u32>(end - ptr));
    const farthest = min<u32>(max<u32>(<u32>(ptr - first), 1) - 1, size); // never the very first byte
    let length = max<u32>(lastLength, MIN_MATCH - 1);
    let distance: u32 = 0;
    if (length < most) {
      let before: u32 = 0;
      let steps = effort > 0 ? depth : 1;
      let away = (number - candidate) & 0xffff;
      let ending = load<u32>(ptr + length - 3);
      while (away > before && away <= farthest) {
        const at = ptr - away;
        if (load<u32>(at + length - 3) == ending && load<u32>(at) == bytes) {
          const found = matchLength(at, ptr, most);
          effort -= <i32>(found >> 3);
          if (found > length) {
            length = found;
            distance = away;
            if (found >= enough || found == most) break;
            ending = load<u32>(ptr + length - 3);
          }
        }
        if (!--steps) break;
        before = away;
        candidate = <u32>load<u16>(CHAINS + (<usize>((number - away) & mask) << 1));
        away = (number - candidate) & 0xffff;
        effort--;
      }
    }

    let from = ptr;
    if (lastLength) {
      if (!distance) {
        // The match before is the better one.
        from = ptr - 1;
        length = lastLength;
        distance = lastDistance;
        lastLength = 0;
      }
    }
    if (!distance) {
      // Where nothing matches, look at fewer and fewer positions.
      ptr += min<usize>(1 + ((ptr - anchor) >> skip), MAX_STEP);
      continue;
    }
    if (from == ptr && length < lazy && ptr + 1 < searchEnd) {
      lastLength = length;
      lastDistance = distance;
      ptr++;
      continue;
    }
    lastLength = 0;
    const stop = from + length;
    // A match may begin earlier than it was found: positions are skipped.
    while (from > anchor && length < MAX_LENGTH && from - distance > first + 1 && load<u8>(from - 1) == load<u8>(from - 1 - distance)) {
      from--;
      length++;
    }
    countLiterals(anchor, from);
    const lengthLess = length - MIN_LENGTH;
    const distanceLess = distance - 1;
    count(FIRST_LENGTH + lengthSymbol(lengthLess));
    count(288 + distanceSymbol(distanceLess));
    extra += lengthExtraBits(lengthLess) + distanceExtraBits(distanceLess);
    matched += length;
    store<u32>(sequence, <u32>(from - anchor));
    store<u32>(sequence + 4, (lengthLess << 16) | distanceLess);
    sequence += 8;
    anchor = stop;
    const indexEnd = min(stop, searchEnd);
    for (ptr++; ptr < indexEnd; ptr++) insert(ptr, <u32>ptr + shifted, mask, shift);
    ptr = stop;
    if (sequence >= SEQUENCES_END) break;
  }
  if (ptr < searchEnd) end = ptr; // SEQUENCES is full
  indexed = max(indexed, min(ptr, searchEnd));
  countLiterals(anchor, end);
  tail = anchor;
  extraBits = extra;
  matchedBytes = matched;
  sequencesEnd = sequence;
  position = end;
}
