// The map of the half of linear memory that belongs to this module; the other is drawn in ../memory.ts.
//
//   0x60000 ┌─────────────────────────────────────────────┐
//           │ tables: memory.data() of both codecs        │ placed by asc (--memoryBase)
//   0x62000 ├─────────────────────────────────────────────┤ INFLATE_REGISTERS_OFFSET
//           │ registers (72)                              │ see constants.ts
//   0x62100 ├─────────────────────────────────────────────┤ CODE_LENGTHS_OFFSET
//           │ code lengths: 32 + 320                      │
//   0x62300 ├─────────────────────────────────────────────┤ SORT_OFFSET
//           │ codes sorted by length, while a table is    │
//           │ made: 2 x 16 numbers, 288 entries (1216)    │
//   0x62800 ├─────────────────────────────────────────────┤ LITERAL_TABLE_OFFSET
//           │ tables of a dynamic block (12 Ki)           │ DISTANCE_TABLE_OFFSET
//   0x65800 ├─────────────────────────────────────────────┤ FIXED_LITERAL_TABLE_OFFSET
//           │ tables of fixed blocks (2.1 Ki)             │ FIXED_DISTANCE_TABLE_OFFSET
//   0x66200 ├─────────────────────────────────────────────┤
//           │ free                                        │
//   0x67000 ├─────────────────────────────────────────────┤ INFLATE_INPUT_OFFSET
//           │ inflate: compressed bytes (32 Ki), slack    │ begins up to 63 bytes later, see inflate-kernel.ts
//   0x6f100 ├─────────────────────────────────────────────┤ INFLATE_OUTPUT_OFFSET
//           │ inflate: window and output (131.5 Ki)       │
//   0x8ff00 ├─────────────────────────────────────────────┤
//           │ slack: wide copies write past an end (256)  │
//   0x90000 ├─────────────────────────────────────────────┤
//           │ deflate (448 Ki)                            │
//  0x100000 └─────────────────────────────────────────────┘
import { CODE_LENGTHS_OFFSET } from "./constants";

/** Code lengths of the code length code, by symbol. */
export const CODE_LENGTH_CODE_OFFSET: usize = CODE_LENGTHS_OFFSET;
/** Code lengths of the literal and length code, by symbol; behind the last of them, those of the distance code. */
export const SYMBOL_LENGTHS_OFFSET: usize = CODE_LENGTHS_OFFSET + 32;

export const SORT_OFFSET: usize = 0x62300;

// Room for the largest tables that any valid code can make (2342 and 402 entries of 4 bytes), and a wide copy.
export const LITERAL_TABLE_OFFSET: usize = 0x62800;
export const DISTANCE_TABLE_OFFSET: usize = 0x65000;
export const FIXED_LITERAL_TABLE_OFFSET: usize = 0x65800;
export const FIXED_DISTANCE_TABLE_OFFSET: usize = 0x66100;

/** Bits that index a table before its subtables; and so few for the code length code that it has none. */
export const LITERAL_ROOT: u32 = 10;
export const DISTANCE_ROOT: u32 = 8;
export const CODE_LENGTH_ROOT: u32 = 7;
