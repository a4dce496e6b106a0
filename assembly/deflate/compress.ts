// The compressor, DEFLATE (RFC 1951): a block of a message a call. JavaScript knows whose window is in memory.
import { clearFrequencies, writeBlock, writeStored } from "./compress-blocks";
import {
  DEFLATE_CARRIED,
  DEFLATE_HISTORY,
  DEFLATE_OUTPUT_OFFSET,
  DEFLATE_POSITION,
  DEFLATE_REGISTERS_OFFSET,
  DEFLATE_TAKEN,
  FLUSH_SYNC,
} from "./constants";
import { findMatches, historyLength, matchedBytes, passOver, position, sequencesEnd } from "./compress-matches";
import { SEQUENCES } from "./compress-memory";
import { beginOutput, beginStored, bitCount, carriedBits, outputEnd } from "./compress-output";

/** Of each level: positions to look at, a length that is enough, a length up to which the next byte is tried, skip. */
const LEVELS: usize = memory.data<u16>([
  0, 0, 0, 0,
  1, 16, 0, 5,
  2, 32, 0, 6,
  4, 64, 0, 6,
  8, 96, 0, 7,
  8, 96, 8, 8,
  16, 128, 16, 9,
  32, 258, 32, 10,
  128, 258, 128, 12,
  1024, 258, 258, 15,
]);

/**
 * Compresses input that was put in makeRoom(length): all of it or, when it has very many matches, a part, which is not
 * flushed. `carried` are bits of the block before that have no whole byte yet, and their number << 8. Returns the length
 * of the output; DEFLATE_REGISTERS_OFFSET has the rest.
 */
export function deflate(length: usize, level: u32, flush: u32, carried: u32): usize {
  beginOutput(carried & 0xff, carried >> 8);
  const from = position;
  const end = from + length;
  if (length && !level) {
    passOver(end);
    writeStored(from, length);
  } else if (length) {
    const settings = LEVELS + (<usize>level << 3);
    clearFrequencies();
    findMatches(end, load<u16>(settings, 0), load<u16>(settings, 2), load<u16>(settings, 4), load<u16>(settings, 6));
    const matches = <u32>(sequencesEnd - SEQUENCES) >> 3;
    writeBlock(from, position - from, matches, matchedBytes);
  }
  if (flush && position == end) {
    if (flush == FLUSH_SYNC) writeStored(end, 0);
    else beginStored();
  }
  store<u32>(DEFLATE_REGISTERS_OFFSET, <u32>(position - from), DEFLATE_TAKEN);
  store<u32>(DEFLATE_REGISTERS_OFFSET, carriedBits() | (bitCount << 8), DEFLATE_CARRIED);
  store<u32>(DEFLATE_REGISTERS_OFFSET, <u32>position, DEFLATE_POSITION);
  store<u32>(DEFLATE_REGISTERS_OFFSET, <u32>historyLength(), DEFLATE_HISTORY);
  return outputEnd - DEFLATE_OUTPUT_OFFSET;
}
