// Blocks of deflate (RFC 1951 3.2.3 to 3.2.7): their headers, stored bytes, and codes of dynamic blocks. Each function
// does one step of the mode that it is named after and returns GO, or why it cannot go on.
import {
  INFLATE_FAULT_BLOCK_TYPE,
  INFLATE_FAULT_CODE_COUNT,
  INFLATE_FAULT_CODE_LENGTHS,
  INFLATE_FAULT_NO_END,
  INFLATE_FAULT_REPEAT,
  INFLATE_FAULT_STORED_LENGTH,
  INFLATE_IS_FULL,
  INFLATE_NEEDS_INPUT,
  INFLATE_REGISTERS_OFFSET,
  MODE_BLOCK,
  MODE_CODE_COUNTS,
  MODE_CODE_LENGTH_CODE,
  MODE_CODE_LENGTHS,
  MODE_DYNAMIC,
  MODE_FIXED,
  MODE_STORED,
  MODE_STORED_LENGTH,
  REGISTER_BIT_COUNT,
  REGISTER_BITS,
  REGISTER_CODE_LENGTH_COUNT,
  REGISTER_DISTANCE_COUNT,
  REGISTER_INPUT,
  REGISTER_INPUT_END,
  REGISTER_IS_FINAL,
  REGISTER_LENGTHS_READ,
  REGISTER_LITERAL_COUNT,
  REGISTER_MODE,
  REGISTER_OUTPUT,
  REGISTER_OUTPUT_END,
  REGISTER_PENDING,
} from "./constants";
import { CODE_LENGTH_CODE, DISTANCE_CODE, LITERAL_CODE, makeTable } from "./decode-table";
import {
  CODE_LENGTH_CODE_OFFSET,
  CODE_LENGTH_ROOT,
  DISTANCE_ROOT,
  DISTANCE_TABLE_OFFSET,
  FIXED_DISTANCE_TABLE_OFFSET,
  FIXED_LITERAL_TABLE_OFFSET,
  LITERAL_ROOT,
  LITERAL_TABLE_OFFSET,
  SYMBOL_LENGTHS_OFFSET,
} from "./memory";
import {
  get,
  REGISTER_DISTANCE_ROOT,
  REGISTER_DISTANCE_TABLE,
  REGISTER_LITERAL_ROOT,
  REGISTER_LITERAL_TABLE,
  set,
  setMode,
} from "./registers";

/** Returned where the next step can follow. */
export const GO: u32 = 0xfe;

/** The order in which the lengths of the code length code come (RFC 1951 3.2.7). */
const ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

const MAX_LITERALS: u32 = 286;
const MAX_DISTANCES: u32 = 30;
const END_OF_BLOCK: usize = 256;

/** Whether there are `needed` bits, at most 32, after looking for them in the input. */
function has(needed: u32): bool {
  let count = get(REGISTER_BIT_COUNT);
  if (count >= needed) return true;
  let bits = load<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS);
  let ptr = <usize>get(REGISTER_INPUT);
  const end = <usize>get(REGISTER_INPUT_END);
  for (; count < needed && ptr < end; count += 8) bits |= <u64>load<u8>(ptr++) << count;
  store<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS, bits);
  set(REGISTER_BIT_COUNT, count);
  set(REGISTER_INPUT, <u32>ptr);
  return count >= needed;
}

/** The next bits, which are there. */
function take(wanted: u32): u32 {
  const bits = load<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS);
  store<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS, bits >> wanted);
  set(REGISTER_BIT_COUNT, get(REGISTER_BIT_COUNT) - wanted);
  return <u32>(bits & ((<u64>1 << wanted) - 1));
}

/** Drops the rest of a byte that was begun. */
function alignToByte(): void {
  take(get(REGISTER_BIT_COUNT) & 7);
}

export function startBlock(): u32 {
  if (!has(3)) return INFLATE_NEEDS_INPUT;
  set(REGISTER_IS_FINAL, take(1));
  switch (take(2)) {
    case 0: {
      alignToByte();
      setMode(MODE_STORED_LENGTH);
      return GO;
    }
    case 1: {
      setMode(MODE_FIXED);
      useFixedTables();
      return GO;
    }
    case 2: {
      setMode(MODE_CODE_COUNTS);
      return GO;
    }
    default:
      return INFLATE_FAULT_BLOCK_TYPE;
  }
}

/** Behind a final block there is another stream, at a whole byte (RFC 7692 7.2.3.4); the window stays. */
export function endBlock(): u32 {
  if (get(REGISTER_IS_FINAL)) alignToByte();
  setMode(MODE_BLOCK);
  return GO;
}

export function readStoredLength(): u32 {
  if (!has(32)) return INFLATE_NEEDS_INPUT;
  const length = take(16);
  if (take(16) != (length ^ 0xffff)) return INFLATE_FAULT_STORED_LENGTH;
  set(REGISTER_PENDING, length);
  setMode(MODE_STORED);
  return GO;
}

export function copyStored(): u32 {
  let pending = get(REGISTER_PENDING);
  let out = <usize>get(REGISTER_OUTPUT);
  const outputEnd = <usize>get(REGISTER_OUTPUT_END);
  // First the bytes that were taken as bits.
  while (pending && out < outputEnd && get(REGISTER_BIT_COUNT)) {
    store<u8>(out++, <u8>take(8));
    pending--;
  }
  const ptr = <usize>get(REGISTER_INPUT);
  const room = <u32>min<usize>(outputEnd - out, <usize>get(REGISTER_INPUT_END) - ptr);
  const length = get(REGISTER_BIT_COUNT) ? 0 : min<u32>(pending, room);
  if (length) {
    store<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS, 0); // those above the count are copied now
    memory.copy(out, ptr, length);
    out += length;
    pending -= length;
    set(REGISTER_INPUT, <u32>ptr + length);
  }
  set(REGISTER_OUTPUT, <u32>out);
  set(REGISTER_PENDING, pending);
  if (!pending) return endBlock();
  return out == outputEnd ? INFLATE_IS_FULL : INFLATE_NEEDS_INPUT;
}

export function readCodeCounts(): u32 {
  if (!has(14)) return INFLATE_NEEDS_INPUT;
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  if (literals > MAX_LITERALS || distances > MAX_DISTANCES) return INFLATE_FAULT_CODE_COUNT;
  set(REGISTER_LITERAL_COUNT, literals);
  set(REGISTER_DISTANCE_COUNT, distances);
  set(REGISTER_CODE_LENGTH_COUNT, take(4) + 4);
  set(REGISTER_LENGTHS_READ, 0);
  memory.fill(CODE_LENGTH_CODE_OFFSET, 0, 32);
  setMode(MODE_CODE_LENGTH_CODE);
  return GO;
}

export function readCodeLengthCode(): u32 {
  const count = get(REGISTER_CODE_LENGTH_COUNT);
  let i = get(REGISTER_LENGTHS_READ);
  for (; i < count && has(3); i++) store<u8>(CODE_LENGTH_CODE_OFFSET + load<u8>(ORDER + i), <u8>take(3));
  set(REGISTER_LENGTHS_READ, i);
  if (i < count) return INFLATE_NEEDS_INPUT;
  set(REGISTER_LENGTHS_READ, 0);
  setMode(MODE_CODE_LENGTHS);
  return makeCodeLengthTable() ? GO : INFLATE_FAULT_CODE_LENGTHS;
}

export function readCodeLengths(): u32 {
  const table = DISTANCE_TABLE_OFFSET; // not in use yet
  const mask: u64 = (1 << get(REGISTER_DISTANCE_ROOT)) - 1;
  const total = get(REGISTER_LITERAL_COUNT) + get(REGISTER_DISTANCE_COUNT);
  const end = <usize>get(REGISTER_INPUT_END);
  let i = get(REGISTER_LENGTHS_READ);
  let bits = load<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS);
  let count = <u64>get(REGISTER_BIT_COUNT);
  let ptr = <usize>get(REGISTER_INPUT);
  let result = GO;
  while (i < total) {
    if (count < 14) {
      if (ptr + 8 <= end) {
        bits |= load<u64>(ptr) << count;
        ptr += <usize>((63 - count) >> 3);
        count |= 56;
      } else {
        for (; count < 14 && ptr < end; count += 8) bits |= <u64>load<u8>(ptr++) << count;
      }
    }
    const entry = load<u32>(table + (<usize>(bits & mask) << 2));
    const codeBits = <u64>(entry & 63);
    const symbol = (entry >> 16) & 31;
    const extraBits: u64 = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (codeBits + extraBits > count) {
      result = INFLATE_NEEDS_INPUT;
      break;
    }
    const repeat = <u32>(bits >> codeBits) & ((1 << <u32>extraBits) - 1);
    bits >>= codeBits + extraBits;
    count -= codeBits + extraBits;
    if (symbol < 16) {
      store<u8>(SYMBOL_LENGTHS_OFFSET + i++, <u8>symbol);
      continue;
    }
    const times = repeat + (symbol == 18 ? 11 : 3);
    if (i + times > total || (symbol == 16 && !i)) {
      result = INFLATE_FAULT_REPEAT;
      break;
    }
    const value: u8 = symbol == 16 ? load<u8>(SYMBOL_LENGTHS_OFFSET + i - 1) : 0;
    // Up to 15 bytes more than wanted: there is room behind, and what comes next overwrites them.
    const repeated = i8x16.splat(value);
    for (let done: u32 = 0; done < times; done += 16) v128.store(SYMBOL_LENGTHS_OFFSET + i + done, repeated);
    i += times;
  }
  store<u64>(INFLATE_REGISTERS_OFFSET + REGISTER_BITS, bits);
  set(REGISTER_BIT_COUNT, <u32>count);
  set(REGISTER_INPUT, <u32>ptr);
  set(REGISTER_LENGTHS_READ, i);
  if (result != GO) return result;
  if (!load<u8>(SYMBOL_LENGTHS_OFFSET + END_OF_BLOCK)) return INFLATE_FAULT_NO_END;
  setMode(MODE_DYNAMIC);
  return makeDynamicTables() ? GO : INFLATE_FAULT_CODE_LENGTHS;
}

function makeCodeLengthTable(): bool {
  const root = makeTable(DISTANCE_TABLE_OFFSET, CODE_LENGTH_CODE, CODE_LENGTH_CODE_OFFSET, 19, CODE_LENGTH_ROOT);
  set(REGISTER_DISTANCE_ROOT, root);
  return root != 0;
}

function makeDynamicTables(): bool {
  const literals = <usize>get(REGISTER_LITERAL_COUNT);
  const distances = <usize>get(REGISTER_DISTANCE_COUNT);
  const root = makeTable(LITERAL_TABLE_OFFSET, LITERAL_CODE, SYMBOL_LENGTHS_OFFSET, literals, LITERAL_ROOT);
  if (!root) return false;
  const distanceRoot = makeTable(DISTANCE_TABLE_OFFSET, DISTANCE_CODE, SYMBOL_LENGTHS_OFFSET + literals, distances, DISTANCE_ROOT);
  useTables(LITERAL_TABLE_OFFSET, root, DISTANCE_TABLE_OFFSET, distanceRoot);
  return distanceRoot != 0;
}

function useTables(literalTable: usize, literalRoot: u32, distanceTable: usize, distanceRoot: u32): void {
  set(REGISTER_LITERAL_TABLE, <u32>literalTable);
  set(REGISTER_LITERAL_ROOT, literalRoot);
  set(REGISTER_DISTANCE_TABLE, <u32>distanceTable);
  set(REGISTER_DISTANCE_ROOT, distanceRoot);
}

let fixedTablesMade: bool = false;

/** The codes of RFC 1951 3.2.6. */
function useFixedTables(): void {
  if (!fixedTablesMade) {
    memory.fill(SYMBOL_LENGTHS_OFFSET, 8, 144);
    memory.fill(SYMBOL_LENGTHS_OFFSET + 144, 9, 112);
    memory.fill(SYMBOL_LENGTHS_OFFSET + 256, 7, 24);
    memory.fill(SYMBOL_LENGTHS_OFFSET + 280, 8, 8);
    makeTable(FIXED_LITERAL_TABLE_OFFSET, LITERAL_CODE, SYMBOL_LENGTHS_OFFSET, 288, 9);
    memory.fill(SYMBOL_LENGTHS_OFFSET, 5, 32);
    makeTable(FIXED_DISTANCE_TABLE_OFFSET, DISTANCE_CODE, SYMBOL_LENGTHS_OFFSET, 32, 5);
    fixedTablesMade = true;
  }
  useTables(FIXED_LITERAL_TABLE_OFFSET, 9, FIXED_DISTANCE_TABLE_OFFSET, 5);
}

/** Makes the tables of an open block again, after those of another were in their place. Fixed ones have their own. */
export function restoreTables(): void {
  const mode = get(REGISTER_MODE);
  if (mode == MODE_CODE_LENGTHS) makeCodeLengthTable();
  if (mode == MODE_DYNAMIC) makeDynamicTables();
}
