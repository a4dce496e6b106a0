// GENERATED from src/kernels/deflate-constants.ts by build/generate-constants.mjs: change it there.

export const INFLATE_REGISTERS_OFFSET: usize = 0x62000;
export const CODE_LENGTHS_OFFSET: usize = 0x62100;
export const CODE_LENGTHS_CAPACITY: usize = 352;
export const INFLATE_INPUT_OFFSET: usize = 0x67000;
export const INFLATE_INPUT_CAPACITY: usize = 0x8000;
export const INFLATE_OUTPUT_OFFSET: usize = 0x6f100;
export const INFLATE_OUTPUT_CAPACITY: usize = 0x20e00;
export const PIECE_CAPACITY: usize = 0x10000;
