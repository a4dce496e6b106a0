// Numbers that both sides of the boundary to the second module use. assembly/deflate/constants.ts is generated from
// this file; the map of its memory is drawn in assembly/deflate/memory.ts.

/** Registers of inflate, in bytes from here: InflateState while it is resident. */
export const INFLATE_REGISTERS_OFFSET = 0x62000;
/** Lengths of the codes of an open dynamic block: those of the code length code (32), then all others. */
export const CODE_LENGTHS_OFFSET = 0x62100;
export const CODE_LENGTHS_CAPACITY = 352;
/** Where compressed bytes are staged; begins up to 63 bytes later. */
export const INFLATE_INPUT_OFFSET = 0x67000;
export const INFLATE_INPUT_CAPACITY = 0x8000;
/** The window and the output behind it, one after another. */
export const INFLATE_OUTPUT_OFFSET = 0x6f100;
export const INFLATE_OUTPUT_CAPACITY = 0x20e00;
/** Most bytes that one call of inflate writes. */
export const PIECE_CAPACITY = 0x10000;
