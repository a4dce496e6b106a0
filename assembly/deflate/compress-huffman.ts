// Huffman codes of bounded length from frequencies (RFC 1951 3.2.2).
import { BUCKETS, COUNTS, SORTED, TREE } from "./compress-memory";

/** Bits of a sorted key that hold the symbol; the frequency is above. */
const SYMBOL_BITS: u32 = 9;
const SYMBOL_MASK: u32 = (1 << SYMBOL_BITS) - 1;

// @ts-ignore: decorator
@inline
function word(base: usize, index: i32): u32 {
  return load<u32>(base + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
function setWord(base: usize, index: i32, value: u32): void {
  store<u32>(base + (<usize>index << 2), value);
}

/** Writes the used symbols to TREE, a key each: frequency << SYMBOL_BITS | symbol. Returns how many. */
function collectSymbols(frequencies: usize, symbols: i32): i32 {
  let used = 0;
  for (let symbol = 0; symbol < symbols; symbol += 4) {
    if (!v128.any_true(v128.load(frequencies + (<usize>symbol << 2)))) continue;
    for (let i = symbol; i < symbol + 4; i++) {
      const frequency = word(frequencies, i);
      setWord(TREE, used, (frequency << SYMBOL_BITS) | i);
      used += i32(frequency != 0);
    }
  }
  // Fewer than two codes would be an incomplete set, which not every decoder takes: add some that are not used.
  for (let symbol = 0; used < 2; symbol++) {
    if (!word(frequencies, symbol)) setWord(TREE, used++, (1 << SYMBOL_BITS) | symbol);
  }
  return used;
}

/** Moves keys from TREE to SORTED, in the order of eight bits of their frequency (a pass of radix sort). */
function sortPass(used: i32, shift: u32, largest: i32): void {
  memory.fill(BUCKETS, 0, <usize>(largest + 1) << 2);
  for (let i = 0; i < used; i++) {
    const bucket = (word(TREE, i) >> shift) & 0xff;
    setWord(BUCKETS, bucket, word(BUCKETS, bucket) + 1);
  }
  let next: u32 = 0;
  for (let bucket = 0; bucket <= largest; bucket++) {
    const size = word(BUCKETS, bucket);
    setWord(BUCKETS, bucket, next);
    next += size;
  }
  for (let i = 0; i < used; i++) {
    const key = word(TREE, i);
    const bucket = (key >> shift) & 0xff;
    const place = word(BUCKETS, bucket);
    setWord(BUCKETS, bucket, place + 1);
    setWord(SORTED, place, key);
  }
}

/** Sorts the keys of TREE, of frequencies below 65,536, into SORTED, least frequent first. */
function sortSymbols(used: i32): void {
  let largest: u32 = 0;
  for (let i = 0; i < used; i++) largest = max(largest, word(TREE, i));
  largest >>= SYMBOL_BITS;
  sortPass(used, SYMBOL_BITS, min(largest, 0xff));
  if (largest > 0xff) {
    memory.copy(TREE, SORTED, <usize>used << 2);
    sortPass(used, SYMBOL_BITS + 8, largest >> 8);
  }
}

/** Makes the inner nodes of the tree (Moffat and Katajainen, 1995): TREE then holds the depth of each. */
function buildTree(used: i32): void {
  let leaf = 0;
  let root = 0;
  for (let node = 0; node < used - 1; node++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      // Two queues, leaves and nodes, both in ascending order: take the lighter front.
      if (leaf < used && (root >= node || word(SORTED, leaf) >> SYMBOL_BITS <= word(TREE, root))) {
        weight += word(SORTED, leaf++) >> SYMBOL_BITS;
      } else {
        weight += word(TREE, root);
        setWord(TREE, root++, node);
      }
    }
    setWord(TREE, node, weight);
  }
  setWord(TREE, used - 2, 0);
  for (let node = used - 3; node >= 0; node--) setWord(TREE, node, word(TREE, <i32>word(TREE, node)) + 1);
}

/** Counts the leaves at each depth into COUNTS. */
function countLeaves(used: i32, maxLength: i32): void {
  memory.fill(COUNTS, 0, 32 * 4);
  let node = used - 2;
  let slots = 1;
  for (let depth = 0; slots > 0; depth++) {
    let inner = 0;
    while (node >= 0 && word(TREE, node) == depth) {
      inner++;
      node--;
    }
    const length = min(depth, maxLength);
    setWord(COUNTS, length, word(COUNTS, length) + slots - inner);
    slots = 2 * inner;
  }
}

/** After too long codes were cut: lengthens others until the set is no longer oversubscribed. */
function balanceLengths(maxLength: i32): void {
  let total: u32 = 0;
  for (let length = 1; length <= maxLength; length++) total += word(COUNTS, length) << (maxLength - length);
  for (; total > <u32>(1 << maxLength); total--) {
    setWord(COUNTS, maxLength, word(COUNTS, maxLength) - 1);
    let length = maxLength - 1;
    while (!word(COUNTS, length)) length--;
    setWord(COUNTS, length, word(COUNTS, length) - 1);
    setWord(COUNTS, length + 1, word(COUNTS, length + 1) + 2);
  }
}

/**
 * Finds the lengths of an optimal code, or nearly so where maxLength binds. Returns what all symbols take with it, in
 * bits. `symbols` is a multiple of 4.
 */
export function buildLengths(frequencies: usize, symbols: i32, maxLength: i32, lengths: usize): u32 {
  const used = collectSymbols(frequencies, symbols);
  sortSymbols(used);
  buildTree(used);
  countLeaves(used, maxLength);
  balanceLengths(maxLength);
  memory.fill(lengths, 0, symbols);
  let cost: u32 = 0;
  let at = used;
  for (let length = 1; length <= maxLength; length++) {
    for (let left = word(COUNTS, length); left > 0; left--) {
      const symbol = word(SORTED, --at) & SYMBOL_MASK;
      store<u8>(lengths + symbol, <u8>length);
      cost += word(frequencies, symbol) * length;
    }
  }
  return cost;
}

/** Turns COUNTS into the first code of each length. */
function firstCodes(): void {
  let first: u32 = 0;
  for (let length = 1; length < 16; length++) {
    const count = word(COUNTS, length);
    setWord(COUNTS, length, first);
    first = (first + count) << 1;
  }
}

/**
 * Gives each length its codes in ascending order: a word of code, first bit lowest, and length << 16. Symbols without
 * a code keep what they had. `symbols` is a multiple of 4.
 */
export function buildCodes(lengths: usize, symbols: i32, codes: usize): void {
  memory.fill(COUNTS, 0, 32 * 4);
  for (let symbol = 0; symbol < symbols; symbol += 4) {
    if (!load<u32>(lengths + symbol)) continue;
    for (let i = symbol; i < symbol + 4; i++) {
      const length = load<u8>(lengths + i);
      setWord(COUNTS, length, word(COUNTS, length) + 1);
    }
  }
  firstCodes();
  for (let symbol = 0; symbol < symbols; symbol += 4) {
    if (!load<u32>(lengths + symbol)) continue;
    for (let i = symbol; i < symbol + 4; i++) {
      const length = load<u8>(lengths + i);
      if (!length) continue;
      const code = word(COUNTS, length);
      setWord(COUNTS, length, code + 1);
      setWord(codes, i, (reverse16(code) >> (16 - length)) | (<u32>length << 16));
    }
  }
}

// @ts-ignore: decorator
@inline
function reverse16(code: u32): u32 {
  let bits = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
  bits = ((bits & 0x3333) << 2) | ((bits >> 2) & 0x3333);
  bits = ((bits & 0x0f0f) << 4) | ((bits >> 4) & 0x0f0f);
  return ((bits & 0xff) << 8) | (bits >> 8);
}
