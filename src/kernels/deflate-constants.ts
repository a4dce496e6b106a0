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

// Deflate; drawn in assembly/deflate/compress-memory.ts.
/** What a call of deflate tells, a word each. */
export const DEFLATE_REGISTERS_OFFSET = 0x90000;
/** Bytes of input that it took. */
export const DEFLATE_TAKEN = 0;
/** Bits that wait for the rest of their byte, and their number << 8. */
export const DEFLATE_CARRIED = 4;
/** Address behind the last byte taken, and how many bytes before it are history. */
export const DEFLATE_POSITION = 8;
export const DEFLATE_HISTORY = 12;
/** The window; a history is put at its beginning. */
export const DEFLATE_WINDOW_OFFSET = 0xc3000;
/** Most bytes that one call takes: as a stored block with a flush they still fit in 64 KiB. */
export const DEFLATE_INPUT_CAPACITY = 0xff00;
export const DEFLATE_OUTPUT_OFFSET = 0xec000;
/** How the output of a call ends: as it comes, with a sync flush, or with one that lacks its last four bytes. */
export const FLUSH_NONE = 0;
export const FLUSH_SYNC = 1;
export const FLUSH_WITHOUT_TAIL = 2;
