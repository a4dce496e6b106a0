// The map of linear memory: 16 pages, fixed, shared by all connections of a thread. Sizes are in bytes.
//
//   0x00000 ┌─────────────────────────────────────────────┐
//           │ nothing (64)                                │ so that no address is 0
//   0x00040 ├─────────────────────────────────────────────┤
//           │ tables: memory.data() of the kernels        │ placed by asc (--memoryBase)
//   0x00400 ├─────────────────────────────────────────────┤ REGISTERS_OFFSET
//           │ registers (88): ParserState during a call   │ drawn below
//   0x00480 ├─────────────────────────────────────────────┤ SHA1_STATE_OFFSET
//           │ SHA-1: state (20), message schedule (320)   │
//   0x00800 ├─────────────────────────────────────────────┤ EVENTS_OFFSET
//           │ events: EVENT_CAPACITY x 8 (28 Ki)          │
//   0x07800 ├─────────────────────────────────────────────┤
//           │ free                                        │
//   0x07ff0 ├─────────────────────────────────────────────┤
//           │ carried header, right-aligned (16)          │
//   0x08000 ├─────────────────────────────────────────────┤ INPUT_OFFSET
//           │ input: INPUT_CAPACITY (64 Ki)               │
//   0x18000 ├─────────────────────────────────────────────┤
//           │ slack: SIMD reads past an end (4 Ki)        │
//   0x19000 ├─────────────────────────────────────────────┤ UTF16_OFFSET
//           │ UTF-16: 2 x INPUT_CAPACITY (128 Ki)         │
//   0x39000 ├─────────────────────────────────────────────┤
//           │ free (4 Ki)                                 │
//   0x3a000 ├─────────────────────────────────────────────┤ SCRATCH_OFFSET
//           │ scratch: SCRATCH_CAPACITY (64 Ki)           │ begins up to 63 bytes later, see wasm-kernels.ts
//   0x4a000 ├─────────────────────────────────────────────┤
//           │ slack, free                                 │
//   0x60000 ├─────────────────────────────────────────────┤
//           │ the other module                            │ deflate/memory.ts
//  0x100000 └─────────────────────────────────────────────┘
//
// The registers, at REGISTERS_OFFSET:
//
//       0        4        8        12       16       20       24       28
//    0  │ config │message │ utf8   │  key   │ flags  │ header │ fault  │consumed│
//       │        │        │        │        │        │ length │        │        │
//   32  │ header, right-aligned             │   max message   │  max fragment   │
//   64  │ message length  │    remaining    │  fault detail   │
//
// Kernels load and store whole lanes of 16 bytes at the tail of a region: what lies behind it is read, and written
// back unchanged. Hence the slack. The offsets are in constants.ts, as JavaScript needs them too.
import { EVENT_CAPACITY, EVENTS_OFFSET, SHA1_STATE_OFFSET } from "./constants";

/** Bytes of a SIMD lane group. */
export const LANES: usize = 16;

/** Bytes of an event. */
export const EVENT_SIZE: usize = 8;
/** Behind the last event that fits. */
export const EVENTS_END: usize = EVENTS_OFFSET + EVENT_CAPACITY * EVENT_SIZE;

/** 80 words that a block of SHA-1 is spread to. */
export const SHA1_SCHEDULE_OFFSET: usize = SHA1_STATE_OFFSET + 20;
