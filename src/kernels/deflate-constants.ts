// Numbers that both sides of the boundary to the second module use. assembly/deflate/constants.ts is generated from
// this file; the map of its memory is drawn in assembly/deflate/memory.ts.

// What inflate returns: why it stopped. From INFLATE_FAULT_BLOCK_TYPE on it stopped for good.
/** All input is used up. */
export const INFLATE_NEEDS_INPUT = 0;
/** As many bytes were written as were allowed, and there may be more. */
export const INFLATE_IS_FULL = 1;
export const INFLATE_FAULT_BLOCK_TYPE = 2;
/** A stored block whose length is not the complement of what follows it. */
export const INFLATE_FAULT_STORED_LENGTH = 3;
/** More codes than there are symbols. */
export const INFLATE_FAULT_CODE_COUNT = 4;
/** A repeated code length with none before it, or with more repetitions than there are codes. */
export const INFLATE_FAULT_REPEAT = 5;
/** Code lengths that no prefix code has, or that leave codes without a symbol. */
export const INFLATE_FAULT_CODE_LENGTHS = 6;
/** No code for the end of the block. */
export const INFLATE_FAULT_NO_END = 7;
export const INFLATE_FAULT_LENGTH_SYMBOL = 8;
export const INFLATE_FAULT_DISTANCE_SYMBOL = 9;
/** A distance beyond the window, or beyond all output. */
export const INFLATE_FAULT_DISTANCE = 10;
/** The message ends before its data does. JavaScript finds this one. */
export const INFLATE_FAULT_TRUNCATED = 11;

// Where inflate stands, in REGISTER_MODE.
/** Before the header of a block. */
export const MODE_BLOCK = 0;
/** Behind the header of a stored block, at a whole byte. */
export const MODE_STORED_LENGTH = 1;
export const MODE_STORED = 2;
export const MODE_FIXED = 3;
/** From here on CODE_LENGTHS_OFFSET means something. Before the numbers of codes of a dynamic block. */
export const MODE_CODE_COUNTS = 4;
/** In the lengths of the code length code. */
export const MODE_CODE_LENGTH_CODE = 5;
/** In the lengths of the other two codes. */
export const MODE_CODE_LENGTHS = 6;
export const MODE_DYNAMIC = 7;

/** Registers of inflate: the state of the resident inflater. */
export const INFLATE_REGISTERS_OFFSET = 0x62000;
/** Code lengths of an open dynamic block: those of the code length code (32 bytes), then those of the other two. */
export const CODE_LENGTHS_OFFSET = 0x62100;
export const CODE_LENGTHS_CAPACITY = 352;
/** Where compressed bytes are staged; begins up to 63 bytes later. */
export const INFLATE_INPUT_OFFSET = 0x67000;
export const INFLATE_INPUT_CAPACITY = 0x8000;
/** Output, one piece behind another; what is before a piece is its window. */
export const INFLATE_OUTPUT_OFFSET = 0x6f100;
export const INFLATE_OUTPUT_CAPACITY = 0x20e00;
/** Most bytes that one call of inflate writes. */
export const PIECE_CAPACITY = 0x10000;

// Registers of 32 bits, in bytes from INFLATE_REGISTERS_OFFSET: first those that belong to one inflater.
export const REGISTER_MODE = 0;
/** Bits that were taken from the input and not used yet, at most 63; what is above them means nothing. */
export const REGISTER_BIT_COUNT = 4;
export const REGISTER_BITS = 8; // 8 bytes
/** The open block is the last one of its stream (BFINAL). */
export const REGISTER_IS_FINAL = 16;
export const REGISTER_LITERAL_COUNT = 20;
export const REGISTER_DISTANCE_COUNT = 24;
export const REGISTER_CODE_LENGTH_COUNT = 28;
/** Code lengths read so far, in the mode that reads them. */
export const REGISTER_LENGTHS_READ = 32;
/** Bytes still to be copied: of a stored block, or of a match that did not fit in a piece. */
export const REGISTER_PENDING = 36;
export const REGISTER_PENDING_DISTANCE = 40;
export const REGISTER_WINDOW_SIZE = 44;
/** Where the next byte goes, and where the oldest one is that may be referred to, if the window reaches it. */
export const REGISTER_OUTPUT = 48;
export const REGISTER_HISTORY = 52;
// Those of a call: where the input stands and ends, where output must end, and began.
export const REGISTER_INPUT = 56;
export const REGISTER_INPUT_END = 60;
export const REGISTER_OUTPUT_END = 64;
export const REGISTER_PIECE = 68;

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
