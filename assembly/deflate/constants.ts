// GENERATED from src/kernels/deflate-constants.ts by build/generate-constants.mjs: change it there.

export const INFLATE_REGISTERS_OFFSET: usize = 0x62000;
export const CODE_LENGTHS_OFFSET: usize = 0x62100;
export const CODE_LENGTHS_CAPACITY: usize = 352;
export const INFLATE_INPUT_OFFSET: usize = 0x67000;
export const INFLATE_INPUT_CAPACITY: usize = 0x8000;
export const INFLATE_OUTPUT_OFFSET: usize = 0x6f100;
export const INFLATE_OUTPUT_CAPACITY: usize = 0x20e00;
export const PIECE_CAPACITY: usize = 0x10000;
export const DEFLATE_REGISTERS_OFFSET: usize = 0x90000;
export const DEFLATE_TAKEN: u32 = 0;
export const DEFLATE_CARRIED: u32 = 4;
export const DEFLATE_POSITION: u32 = 8;
export const DEFLATE_HISTORY: u32 = 12;
export const DEFLATE_WINDOW_OFFSET: usize = 0xc3000;
export const DEFLATE_INPUT_CAPACITY: usize = 0xff00;
export const DEFLATE_OUTPUT_OFFSET: usize = 0xec000;
export const FLUSH_NONE: u32 = 0;
export const FLUSH_SYNC: u32 = 1;
export const FLUSH_WITHOUT_TAIL: u32 = 2;
