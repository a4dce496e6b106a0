// Inflates raw deflate data (RFC 1951) piece by piece: it stops, and goes on, at any byte of input and of output.
import {
  INFLATE_OUTPUT_CAPACITY,
  INFLATE_OUTPUT_OFFSET,
  MODE_BLOCK,
  MODE_CODE_COUNTS,
  MODE_CODE_LENGTH_CODE,
  MODE_CODE_LENGTHS,
  MODE_STORED,
  MODE_STORED_LENGTH,
  REGISTER_HISTORY,
  REGISTER_INPUT,
  REGISTER_INPUT_END,
  REGISTER_MODE,
  REGISTER_OUTPUT,
  REGISTER_OUTPUT_END,
  REGISTER_PIECE,
  REGISTER_WINDOW_SIZE,
} from "./constants";
import {
  copyStored,
  endBlock,
  GO,
  readCodeCounts,
  readCodeLengthCode,
  readCodeLengths,
  readStoredLength,
  restoreTables,
  startBlock,
} from "./inflate-block";
import { BLOCK_END, inflateCodes } from "./inflate-codes";
import { get, set } from "./registers";

export { restoreTables };

/**
 * Inflates until the input is used up or the output is full, which is told by the result, `INFLATE_*` of constants.ts.
 * The registers say where the input was left and where the piece of output begins and ends.
 *
 * @param limit Most bytes of output, at most PIECE_CAPACITY.
 */
export function inflate(inputPtr: usize, inputLength: usize, limit: u32): u32 {
  set(REGISTER_INPUT, <u32>inputPtr);
  set(REGISTER_INPUT_END, <u32>(inputPtr + inputLength));
  const output = makeRoom(limit);
  set(REGISTER_PIECE, <u32>output);
  set(REGISTER_OUTPUT_END, <u32>output + limit);
  let status = GO;
  while (status == GO) status = step();
  return status;
}

function step(): u32 {
  switch (get(REGISTER_MODE)) {
    case MODE_BLOCK:
      return startBlock();
    case MODE_STORED_LENGTH:
      return readStoredLength();
    case MODE_STORED:
      return copyStored();
    case MODE_CODE_COUNTS:
      return readCodeCounts();
    case MODE_CODE_LENGTH_CODE:
      return readCodeLengthCode();
    case MODE_CODE_LENGTHS:
      return readCodeLengths();
    default: {
      const status = inflateCodes();
      return status == BLOCK_END ? endBlock() : status;
    }
  }
}

/** Moves the window to the front when there is no room for a piece. Returns where it begins. */
function makeRoom(limit: u32): usize {
  const output = <usize>get(REGISTER_OUTPUT);
  if (output + limit <= INFLATE_OUTPUT_OFFSET + INFLATE_OUTPUT_CAPACITY) return output;
  const kept = min<usize>(output - get(REGISTER_HISTORY), get(REGISTER_WINDOW_SIZE));
  memory.copy(INFLATE_OUTPUT_OFFSET, output - kept, kept);
  set(REGISTER_HISTORY, <u32>INFLATE_OUTPUT_OFFSET);
  set(REGISTER_OUTPUT, <u32>(INFLATE_OUTPUT_OFFSET + kept));
  return INFLATE_OUTPUT_OFFSET + kept;
}
