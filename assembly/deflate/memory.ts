// The map of the half of linear memory that belongs to this module; the other is drawn in ../memory.ts.
//
//   0x60000 ┌─────────────────────────────────────────────┐
//           │ tables: memory.data() of both codecs        │ placed by asc (--memoryBase)
//   0x62000 ├─────────────────────────────────────────────┤ INFLATE_REGISTERS_OFFSET
//           │ inflate: registers, code lengths, tables    │
//   0x67000 ├─────────────────────────────────────────────┤ INFLATE_INPUT_OFFSET
//           │ inflate: compressed bytes (32 Ki), slack    │ begins up to 63 bytes later, see inflate-kernel.ts
//   0x6f100 ├─────────────────────────────────────────────┤ INFLATE_OUTPUT_OFFSET
//           │ inflate: window and output (131.5 Ki)       │
//   0x8ff00 ├─────────────────────────────────────────────┤
//           │ slack: wide copies write past an end (256)  │
//   0x90000 ├─────────────────────────────────────────────┤
//           │ deflate (448 Ki)                            │
//  0x100000 └─────────────────────────────────────────────┘
