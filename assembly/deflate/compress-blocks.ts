// The three kinds of blocks (RFC 1951 3.2.3), of which the shortest is written.
import {
  CODES_SIZE,
  DISTANCES,
  DYNAMIC_CODES,
  FIXED_CODES,
  FREQUENCIES,
  HEADER_CODES,
  HEADER_FREQUENCIES,
  HEADER_ITEMS,
  HEADER_LENGTHS,
  LENGTHS,
  PACKED_LENGTHS,
} from "./compress-memory";
import { buildCodes, buildLengths } from "./compress-huffman";
import { extraBits } from "./compress-matches";
import { beginStored, bitCount, writeBits, writeBytes, writeSymbols } from "./compress-output";

const LITERALS: i32 = 286;
const DISTANCE_SYMBOLS: i32 = 30;
const HEADER_SYMBOLS: i32 = 19;

/** Bits of another block from which a dynamic one is tried: its header alone takes about half of that. */
const DYNAMIC_FROM: u32 = 256;

/** The order in which a header has the lengths of its own codes (RFC 1951 3.2.7). */
const HEADER_ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

// Of the header in the making.
let literalLengths: i32 = 0;
let distanceLengths: i32 = 0;
let headerLengths: i32 = 0;
let itemsEnd: usize = 0;

let hasFixedCodes: bool = false;

/** Makes the codes of fixed blocks (RFC 1951 3.2.6), once. */
function prepareFixedCodes(): void {
  if (hasFixedCodes) return;
  hasFixedCodes = true;
  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  memory.fill(LENGTHS + 288, 5, 32);
  buildCodes(LENGTHS, 288, FIXED_CODES);
  buildCodes(LENGTHS + 288, 32, FIXED_CODES + DISTANCES);
}

/** Begins to count symbols. */
export function clearFrequencies(): void {
  memory.fill(FREQUENCIES, 0, CODES_SIZE);
  store<u32>(FREQUENCIES + (256 << 2), 1); // the end of the block
}

function sumOf(from: i32, to: i32): u32 {
  let sum: u32 = 0;
  for (let symbol = from; symbol < to; symbol++) sum += load<u32>(FREQUENCIES + (<usize>symbol << 2));
  return sum;
}

/** Bits of a fixed block with `literals` literals and `matches` matches. */
function fixedCost(literals: u32, matches: u32): u32 {
  return 3 + 8 * literals + sumOf(144, 256) + 7 + 12 * matches + sumOf(280, 286) + extraBits;
}

/** Writes lengths of codes as repetitions of each other to HEADER_ITEMS. */
function packLengths(): void {
  memory.fill(HEADER_FREQUENCIES, 0, 32 * 4);
  itemsEnd = HEADER_ITEMS;
  memory.copy(PACKED_LENGTHS, LENGTHS, literalLengths);
  memory.copy(PACKED_LENGTHS + literalLengths, LENGTHS + 288, distanceLengths);
  const end = PACKED_LENGTHS + literalLengths + distanceLengths;
  store<u64>(end, u64.MAX_VALUE); // no length, so that a run ends
  for (let ptr = PACKED_LENGTHS; ptr < end; ) {
    const from = ptr;
    const length = <u32>load<u8>(ptr);
    if (!length) while (!load<u64>(ptr)) ptr += 8;
    while (load<u8>(ptr) == length) ptr++;
    let isFirst = length > 0; // there is nothing yet that could be repeated
    for (let run = <u32>(ptr - from); run; isFirst = false) {
      let part: u32 = 1;
      let symbol = length;
      let extra: u32 = 0;
      if (run >= 3 && !isFirst) {
        part = min<u32>(run, length ? 6 : 138);
        symbol = length ? 16 : part < 11 ? 17 : 18;
        extra = part - (symbol == 18 ? 11 : 3);
      }
      store<u16>(itemsEnd, <u16>(symbol | (extra << 8)));
      itemsEnd += 2;
      const frequency = HEADER_FREQUENCIES + (<usize>symbol << 2);
      store<u32>(frequency, load<u32>(frequency) + 1);
      run -= part;
    }
  }
}

/** Extra bits of a symbol in a header. */
function itemExtraBits(symbol: u32): u32 {
  return symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
}

/** Makes the lengths of the codes of a dynamic block and of its header; returns what the block takes in bits. */
function dynamicCost(): u32 {
  let cost = 3 + 14 + extraBits;
  cost += buildLengths(FREQUENCIES, 288, 15, LENGTHS);
  cost += buildLengths(FREQUENCIES + DISTANCES, 32, 15, LENGTHS + 288);
  literalLengths = LITERALS;
  while (!load<u8>(LENGTHS + literalLengths - 1)) literalLengths--; // never below 257, the end of the block
  distanceLengths = DISTANCE_SYMBOLS;
  while (!load<u8>(LENGTHS + 288 + distanceLengths - 1)) distanceLengths--;
  packLengths();
  cost += buildLengths(HEADER_FREQUENCIES, 20, 7, HEADER_LENGTHS);
  headerLengths = HEADER_SYMBOLS;
  while (!load<u8>(HEADER_LENGTHS + load<u8>(HEADER_ORDER + headerLengths - 1))) headerLengths--;

  for (let symbol: u32 = 16; symbol < 19; symbol++) {
    cost += load<u32>(HEADER_FREQUENCIES + (<usize>symbol << 2)) * itemExtraBits(symbol);
  }
  return cost + 3 * <u32>headerLengths;
}

function writeDynamicHeader(): void {
  buildCodes(LENGTHS, 288, DYNAMIC_CODES);
  buildCodes(LENGTHS + 288, 32, DYNAMIC_CODES + DISTANCES);
  buildCodes(HEADER_LENGTHS, 20, HEADER_CODES);
  const counts = (literalLengths - 257) | ((distanceLengths - 1) << 5) | ((headerLengths - 4) << 10);
  writeBits((2 << 1) | (counts << 3), 3 + 14);
  for (let i = 0; i < headerLengths; i++) writeBits(load<u8>(HEADER_LENGTHS + load<u8>(HEADER_ORDER + i)), 3);
  for (let item = HEADER_ITEMS; item < itemsEnd; item += 2) {
    const symbol = <u32>load<u8>(item);
    const code = load<u32>(HEADER_CODES + (<usize>symbol << 2));
    writeBits(code & 0xffff, code >> 16);
    writeBits(load<u8>(item, 1), itemExtraBits(symbol));
  }
}

/** Writes a stored block of at most 65,535 bytes. */
export function writeStored(ptr: usize, length: usize): void {
  beginStored();
  writeBits(<u32>length | (~(<u32>length) << 16), 32);
  writeBytes(ptr, length);
}

/** Writes the symbols that were found from `ptr` on, in the shortest kind of block; `matches` bring `matchedBytes`. */
export function writeBlock(ptr: usize, length: usize, matches: u32, matchedBytes: u32): void {
  const stored = ((bitCount + 3 + 7) & ~7) - bitCount + 32 + 8 * <u32>length;
  const fixed = fixedCost(<u32>length - matchedBytes, matches);
  const dynamic = min(stored, fixed) < DYNAMIC_FROM ? u32.MAX_VALUE : dynamicCost();
  if (stored <= fixed && stored <= dynamic) {
    writeStored(ptr, length);
  } else if (fixed <= dynamic) {
    prepareFixedCodes();
    writeBits(1 << 1, 3);
    writeSymbols(ptr, ptr + length, FIXED_CODES);
  } else {
    writeDynamicHeader();
    writeSymbols(ptr, ptr + length, DYNAMIC_CODES);
  }
}
