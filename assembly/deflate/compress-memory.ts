// The part of linear memory that deflate owns: 448 KiB, shared by all connections of a thread. Sizes are in bytes.
//
//   0x90000 ┌─────────────────────────────────────────────┐ REGISTERS
//           │ what goes back to JavaScript (64)           │
//   0x90040 ├─────────────────────────────────────────────┤
//           │ frequencies, lengths, codes of a block      │ FIXED_CODES and below
//   0x93000 ├─────────────────────────────────────────────┤ HEADS
//           │ hash table: last position of a hash (128 Ki)│
//   0xb3000 ├─────────────────────────────────────────────┤ CHAINS
//           │ position before, with the same hash (64 Ki) │
//   0xc3000 ├─────────────────────────────────────────────┤ WINDOW
//           │ history (32 Ki), input (64 Ki), slack       │
//   0xdc000 ├─────────────────────────────────────────────┤ SEQUENCES
//           │ literal runs and matches of a block (64 Ki) │
//   0xec000 ├─────────────────────────────────────────────┤ OUTPUT
//           │ output: at most 64 Ki                       │
//   0xfc000 ├─────────────────────────────────────────────┤
//           │ slack                                       │
//  0x100000 └─────────────────────────────────────────────┘

import { DEFLATE_OUTPUT_OFFSET, DEFLATE_REGISTERS_OFFSET, DEFLATE_WINDOW_OFFSET } from "./constants";

/** What a set of codes takes: a word (code, length << 16) for each literal and length, then for each distance. */
export const CODES_SIZE: usize = (288 + 32) * 4;
/** From the first code of literals and lengths to that of distances, in bytes. */
export const DISTANCES: usize = 288 * 4;
export const FIXED_CODES: usize = DEFLATE_REGISTERS_OFFSET + 64;
export const DYNAMIC_CODES: usize = FIXED_CODES + CODES_SIZE;
/** Of the lengths of codes in the header of a dynamic block: 19 words. */
export const HEADER_CODES: usize = DYNAMIC_CODES + CODES_SIZE;
/** A word for each symbol, laid out as the codes. */
export const FREQUENCIES: usize = HEADER_CODES + 32 * 4;
export const HEADER_FREQUENCIES: usize = FREQUENCIES + CODES_SIZE;
/** A byte for each symbol: the length of its code. Literals and lengths, then distances, then the header's own. */
export const LENGTHS: usize = HEADER_FREQUENCIES + 32 * 4;
export const HEADER_LENGTHS: usize = LENGTHS + 288 + 32;
/** The lengths of literals and distances without a gap between them, as a header has them, and what they pack to. */
export const PACKED_LENGTHS: usize = HEADER_LENGTHS + 32;
export const HEADER_ITEMS: usize = PACKED_LENGTHS + 320 + 16;
/** Symbols in the order of their frequency, a word each. */
export const SORTED: usize = HEADER_ITEMS + 320 * 2;
/** How many codes there are of each length, a word each. */
export const COUNTS: usize = SORTED + 288 * 4;
/** Inner nodes of a Huffman tree in the making, a word each; before that, symbols that are not sorted yet. */
export const TREE: usize = COUNTS + 32 * 4;
/** How many symbols have a frequency, a word each. */
export const BUCKETS: usize = TREE + 288 * 4;

export const HEADS: usize = 0x93000;
export const CHAINS: usize = 0xb3000;
export const WINDOW: usize = DEFLATE_WINDOW_OFFSET;
export const WINDOW_END: usize = 0xdc000 - 64;
export const SEQUENCES: usize = 0xdc000;
/** A sequence is 8 bytes: the length of a literal run; that of a match less 3, << 16, and its distance less 1. */
export const SEQUENCES_END: usize = DEFLATE_OUTPUT_OFFSET - 8;
