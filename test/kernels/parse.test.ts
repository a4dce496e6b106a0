import { describe, expect, test } from "vitest";
import * as constants from "../../src/kernels/constants.ts";
import { CONFIG_RSV1, CONFIG_RSV2, CONFIG_RSV3, CONFIG_VALIDATE_UTF8 } from "../../src/kernels/constants.ts";
import { ParserState } from "../../src/kernels/kernels.ts";
import { parseHex } from "../support/hex.ts";
import {
  asciiOf,
  byteByByte,
  concat,
  framesOf,
  IMPLEMENTATIONS,
  parseChunk,
  parseChunks,
  ROLES,
  wire,
} from "./harness.ts";

const PING = "89 01|21";
const PING_FRAME = "ping fin 21";
const A125 = "61".repeat(125);
const A126 = "61".repeat(126);
const A65535 = "61".repeat(65_535);
const A65536 = "61".repeat(65_536);

/** What, frames, log of frames. */
const VALID: readonly [what: string, frames: string, log: readonly string[]][] = [
  ["an empty text", "81 00|", ["text fin"]],
  ["a text", "81 04|53 70 61 6d", ["text fin 53 70 61 6d"]],
  ["a binary", "82 04|00 ff 80 7f", ["binary fin 00 ff 80 7f"]],
  ["a ping without payload", "89 00|", ["ping fin"]],
  ["a pong", "8a 03|01 02 03", ["pong fin 01 02 03"]],
  ["125 bytes", `82 7d|${A125}`, [`binary fin ${"61 ".repeat(125).trim()}`]],
  ["126 bytes", `82 7e 00 7e|${A126}`, [`binary fin ${"61 ".repeat(126).trim()}`]],
  ["a ping of 125 bytes", `89 7d|${A125}`, [`ping fin ${"61 ".repeat(125).trim()}`]],
  ["a text of two fragments", "01 02|53 70, 80 02|61 6d", ["text 53 70", "cont fin 61 6d"]],
  ["a text of three empty fragments", "01 00|, 00 00|, 80 00|", ["text", "cont", "cont fin"]],
  ["a binary of three fragments", "02 01|01, 00 01|02, 80 01|03", ["binary 01", "cont 02", "cont fin 03"]],
  [
    "control frames between fragments",
    "01 01|c3, 89 01|ff, 00 00|, 8a 00|, 80 01|a9",
    ["text c3", "ping fin ff", "cont", "pong fin", "cont fin a9"],
  ],
  ["one message after another", "81 01|61, 82 01|62, 81 00|", ["text fin 61", "binary fin 62", "text fin"]],
  ["a code point over two fragments", "01 02|e2 82, 80 01|ac", ["text e2 82", "cont fin ac"]],
];

/** What, frames, fault, detail, and the bytes after which it must be told. */
const FAULTS: readonly [what: string, frames: string, fault: keyof typeof constants, detail: number, after: number][] =
  [
    ["opcode 3", "83 00|", "FAULT_OPCODE", 3, 2],
    ["opcode 7", "87 01|00", "FAULT_OPCODE", 7, 2],
    ["opcode 11", "8b 00|", "FAULT_OPCODE", 11, 2],
    ["opcode 15", "8f 00|", "FAULT_OPCODE", 15, 2],
    ["RSV1", "c1 00|", "FAULT_RSV", 0xc1, 2],
    ["RSV2", "a1 00|", "FAULT_RSV", 0xa1, 2],
    ["RSV3 on a ping", "99 00|", "FAULT_RSV", 0x99, 2],
    ["a ping without FIN", "09 00|", "FAULT_CONTROL_FRAGMENTED", 0, 2],
    ["a pong without FIN", "0a 00|", "FAULT_CONTROL_FRAGMENTED", 0, 2],
    ["a close without FIN", "08 00|", "FAULT_CONTROL_FRAGMENTED", 0, 2],
    ["a ping of 126 bytes", `89 7e 00 7e|${A126}`, "FAULT_CONTROL_TOO_LONG", 126, 2],
    ["a close of 65536 bytes", "88 7f 00 00 00 00 00 01 00 00|", "FAULT_CONTROL_TOO_LONG", 127, 2],
    ["a continuation with nothing to continue", "80 00|", "FAULT_UNEXPECTED_CONTINUATION", 0, 2],
    ["a continuation without FIN and with nothing to continue", "00 01|61", "FAULT_UNEXPECTED_CONTINUATION", 0, 2],
    ["125 in 16 bits", "82 7e 00 7d|", "FAULT_LENGTH_NOT_MINIMAL", 0, 4],
    ["0 in 64 bits", "82 7f 00 00 00 00 00 00 00 00|", "FAULT_LENGTH_NOT_MINIMAL", 0, 10],
    ["65535 in 64 bits", "82 7f 00 00 00 00 00 00 ff ff|", "FAULT_LENGTH_NOT_MINIMAL", 0, 10],
    ["the top bit of a length", "82 7f 80 00 00 00 00 00 00 00|", "FAULT_LENGTH_TOP_BIT", 0, 10],
    ["2^53 bytes", "82 7f 00 20 00 00 00 00 00 00|", "FAULT_MESSAGE_TOO_BIG", 2 ** 53, 10],
    ["2^62 bytes", "82 7f 40 00 00 00 00 00 00 00|", "FAULT_MESSAGE_TOO_BIG", 2 ** 62, 10],
  ];

/** What comes first, in the order in which a header is checked. */
const PRECEDENCE: readonly [what: string, bytes: string, config: number, fault: keyof typeof constants][] = [
  ["the opcode before the mask", "f3 00", 1, "FAULT_OPCODE"],
  ["the mask before reserved bits", "f9 fe", 0, "FAULT_MASKING"],
  ["reserved bits before fragmentation of control frames", "79 7e", 0, "FAULT_RSV"],
  ["fragmentation before the length of control frames", "09 7e", 0, "FAULT_CONTROL_FRAGMENTED"],
  ["the order of frames before the minimal length", "80 7e 00 01", 0, "FAULT_UNEXPECTED_CONTINUATION"],
];

function stateOf(config: number): ParserState {
  return new ParserState(config | CONFIG_VALIDATE_UTF8);
}

describe.each(IMPLEMENTATIONS)("%s", (_name, kernels) => {
  describe.each(ROLES)("%s", (_role, config) => {
    test.each(VALID)("parse() accepts %s", (_what, frames, log) => {
      const bytes = wire(frames, config);
      const more = wire(PING, config);
      for (const chunks of [[bytes], byteByByte(bytes)]) {
        const state = stateOf(config);
        expect(framesOf(parseChunks(kernels, state, chunks))).toEqual(log);
        expect(state).toMatchObject({ fault: 0, remaining: 0, message: 0, messageLength: 0, utf8: 0, headerLength: 0 });
      }
      const state = stateOf(config);
      expect(framesOf(parseChunks(kernels, state, [concat([bytes, more])]))).toEqual([...log, PING_FRAME]);
    });

    test.each(FAULTS)("parse() rejects %s", (_what, frames, fault, faultDetail, after) => {
      const bytes = wire(frames, config);
      const start = bytes.subarray(0, after);
      for (const chunks of [[bytes], [start], byteByByte(start), [concat([bytes, parseHex("00 ff 81 00")])]]) {
        const state = stateOf(config);
        expect(parseChunks(kernels, state, chunks)).toEqual([]);
        expect(state).toMatchObject({
          fault: constants[fault],
          faultDetail,
          consumed: chunks[chunks.length - 1]?.length,
        });
      }
      const state = stateOf(config);
      parseChunks(kernels, state, [bytes.subarray(0, after - 1)]);
      expect(state.fault).toBe(0);
    });

    test("parse() gives the events before a fault in the same chunk", () => {
      const state = stateOf(config);
      const pieces = parseChunks(kernels, state, [wire("81 01|61, 89 00|, 83 00|", config)]);
      expect(framesOf(pieces)).toEqual(["text fin 61", "ping fin"]);
      expect(state.fault).toBe(constants.FAULT_OPCODE);
    });

    test.each([
      ["text", "01 01|61, 81 01|62"],
      ["binary", "01 01|61, 82 01|62"],
    ])("parse() rejects %s inside an unfinished message", (_what, frames) => {
      const bytes = wire(frames, config);
      for (const chunks of [[bytes], byteByByte(bytes)]) {
        const state = stateOf(config);
        expect(framesOf(parseChunks(kernels, state, chunks))).toEqual(["text 61"]);
        expect(state.fault).toBe(constants.FAULT_EXPECTED_CONTINUATION);
      }
    });

    test.each([65_535, 65_536])("parse() accepts %i bytes, in pieces", (length) => {
      const header = length === 65_535 ? "82 7e ff ff" : "82 7f 00 00 00 00 00 01 00 00";
      const payload = length === 65_535 ? A65535 : A65536;
      const bytes = wire(`${header}|${payload}`, config);
      const state = stateOf(config);
      const pieces = parseChunks(kernels, state, [bytes.subarray(0, 40_000), bytes.subarray(40_000)]);
      expect(pieces.map((piece) => piece.flags)).toEqual([
        0x2 | constants.EVENT_FIN | constants.EVENT_FIRST,
        0x2 | constants.EVENT_FIN | constants.EVENT_LAST,
      ]);
      expect(concat(pieces.map((piece) => piece.payload))).toEqual(parseHex(payload));
    });

    test("parse() gives a piece of length 0 for a header that ends the chunk", () => {
      const bytes = wire("81 02|61 62", config);
      const state = stateOf(config);
      const pieces = parseChunk(kernels, state, bytes.subarray(0, bytes.length - 2));
      expect(pieces).toMatchObject([
        { flags: 0x1 | constants.EVENT_FIN | constants.EVENT_FIRST | constants.EVENT_ASCII },
      ]);
      expect(pieces[0]?.payload).toHaveLength(0);
      expect(state).toMatchObject({ remaining: 2, message: 1, messageLength: 2 });
      expect(framesOf([...pieces, ...parseChunk(kernels, state, bytes.subarray(-2))])).toEqual(["text fin 61 62"]);
    });

    test("parse() does nothing for an empty chunk", () => {
      const bytes = wire("81 02|61 62", config);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const state = stateOf(config);
        parseChunk(kernels, state, bytes.subarray(0, cut));
        const before = { ...state };
        expect(parseChunk(kernels, state, new Uint8Array(0))).toEqual([]);
        const { remaining, message, headerLength, maskingKey, frameFlags } = before;
        expect(state).toMatchObject({ remaining, message, headerLength, maskingKey, frameFlags, consumed: 0 });
      }
    });

    test("parse() keeps a header that is split anywhere, over more than two chunks", () => {
      const bytes = wire("82 7f 00 00 00 00 00 01 00 00|", config);
      for (let first = 1; first < bytes.length; first++) {
        for (let second = first; second < bytes.length; second++) {
          const state = stateOf(config);
          const before = wire("82 05|01 02 03 04 05", config);
          const head = concat([before, bytes.subarray(0, first)]);
          const pieces = parseChunks(kernels, state, [head, bytes.subarray(first, second), bytes.subarray(second)]);
          expect(framesOf(pieces)).toEqual(["binary fin 01 02 03 04 05", "binary fin ..."]);
          expect(state.remaining).toBe(65_536);
        }
      }
    });

    test("parse() stops behind a Close frame", () => {
      const close = wire("88 02|03 e8", config);
      const state = stateOf(config);
      kernels.stage(concat([close, wire("83 00|", config)]));
      expect(kernels.parse(state, 0, close.length + 2)).toBe(1);
      expect(state).toMatchObject({ fault: 0, consumed: close.length, headerLength: 0 });

      const open = stateOf(config);
      const [first, ...others] = byteByByte(concat([close, Uint8Array.of(0xff)]));
      expect(framesOf(parseChunks(kernels, open, [first as Uint8Array, ...others]))).toEqual(["close fin 03 e8"]);
    });

    test("parse() stops behind a Close frame inside a message", () => {
      const state = stateOf(config);
      const bytes = wire("01 01|c3, 88 00|, 80 01|a9", config);
      expect(framesOf(parseChunk(kernels, state, bytes))).toEqual(["text c3", "close fin"]);
      expect(state).toMatchObject({ message: 1, fault: 0 });
      expect(state.consumed).toBeLessThan(bytes.length);
    });

    test("parse() stops at a full table and goes on from there", () => {
      const frame = wire("8a 00|", config);
      const count = constants.EVENT_CAPACITY + 10;
      const chunk = concat([...Array.from({ length: count }, () => frame), frame.subarray(0, 1)]);
      const state = stateOf(config);
      kernels.stage(chunk);
      expect(kernels.parse(state, 0, chunk.length)).toBe(constants.EVENT_CAPACITY);
      expect(state).toMatchObject({ consumed: constants.EVENT_CAPACITY * frame.length, headerLength: 0 });
      expect(kernels.parse(state, state.consumed, chunk.length)).toBe(10);
      expect(state).toMatchObject({ consumed: chunk.length, headerLength: 1 });
    });

    test("parse() carries a header when the table is exactly full", () => {
      const frame = wire("8a 00|", config);
      const frames = Array.from({ length: constants.EVENT_CAPACITY }, () => frame);
      const chunk = concat([...frames, frame.subarray(0, 1)]);
      const state = stateOf(config);
      expect(parseChunk(kernels, state, chunk)).toHaveLength(constants.EVENT_CAPACITY);
      expect(state).toMatchObject({ consumed: chunk.length, headerLength: 1 });
    });

    test.each([
      ["RSV1", CONFIG_RSV1, "c1 01|ff", "text fin rsv1 ff"],
      ["RSV2", CONFIG_RSV2, "a1 01|ff", "text fin rsv2 ff"],
      ["RSV3", CONFIG_RSV3, "92 01|ff", "binary fin rsv3 ff"],
      ["all", CONFIG_RSV1 | CONFIG_RSV2 | CONFIG_RSV3, "f9 01|ff", "ping fin rsv1 rsv2 rsv3 ff"],
    ])("parse() accepts reserved bits that are allowed: %s", (_what, allowed, frames, log) => {
      const state = stateOf(config | allowed);
      expect(framesOf(parseChunk(kernels, state, wire(frames, config)))).toEqual([log]);
      expect(state.fault).toBe(0);
    });

    test("parse() rejects reserved bits other than those allowed", () => {
      const state = stateOf(config | CONFIG_RSV1);
      parseChunk(kernels, state, wire("e1 00|", config));
      expect(state).toMatchObject({ fault: constants.FAULT_RSV, faultDetail: 0xe1 });
    });

    test("parse() does not validate a message whose first frame has a reserved bit", () => {
      const state = stateOf(config | CONFIG_RSV1);
      const pieces = parseChunk(kernels, state, wire("41 02|61 ff, 00 01|61, 89 00|, 80 01|c3, 81 01|61", config));
      expect(state.fault).toBe(0);
      expect(asciiOf(pieces)).toEqual([false, false, false, false, true]);
    });

    test("parse() validates a message whose later frames alone have a reserved bit", () => {
      const state = stateOf(config | CONFIG_RSV1);
      parseChunk(kernels, state, wire("01 01|61, c0 01|ff", config));
      expect(state.fault).toBe(constants.FAULT_UTF8);
    });

    test("parse() validates nothing unless it is told to, and then sets no ASCII", () => {
      const state = new ParserState(config);
      const pieces = parseChunk(kernels, state, wire("81 01|61, 81 01|ff, 81 00|", config));
      expect(framesOf(pieces)).toEqual(["text fin 61", "text fin ff", "text fin"]);
      expect(asciiOf(pieces)).toEqual([false, false, false]);
    });

    test("parse() sets ASCII by piece", () => {
      const frames =
        "01 01|61, 00 02|c3 a9, 00 01|62, 00 01|c3, 00 00|, 00 02|a9 61, 00 00|, 80 01|63, 82 01|61, 89 01|61";
      const pieces = parseChunk(kernels, stateOf(config), wire(frames, config));
      expect(asciiOf(pieces)).toEqual([true, false, true, false, false, false, true, true, false, false]);

      const bytes = wire("81 03|61 c3 a9", config);
      const state = stateOf(config);
      const [first, ...others] = [bytes.subarray(0, -2), bytes.subarray(-2, -1), bytes.subarray(-1)].map((chunk) =>
        asciiOf(parseChunk(kernels, state, chunk)),
      );
      expect(first).toEqual([true]);
      expect(others).toEqual([[false], [false]]);
      expect(state.frameFlags & constants.EVENT_ASCII).toBe(0);
    });

    test.each([
      ["at once, in an unfinished frame", "81 7e 10 00|61 ff"],
      ["in an unfinished fragment", "01 05|f4 90"],
      ["at the end of a message", "81 02|61 c3"],
      ["at the end of the last of fragments", "01 01|c3, 80 00|"],
      ["over fragments", "01 02|e2 82, 80 01|61"],
      ["after a control frame", "01 01|c3, 89 00|, 80 01|41"],
      ["a surrogate by its second byte", "81 03|ed a0"],
      ["a lead that no code point has", "81 02|f5"],
    ])("parse() rejects text that is not UTF-8 %s", (_what, frames) => {
      const bytes = wire(frames, config);
      for (const chunks of [[bytes], byteByByte(bytes), [concat([bytes, parseHex("80 80")])]]) {
        const state = stateOf(config);
        parseChunks(kernels, state, chunks);
        expect(state).toMatchObject({ fault: constants.FAULT_UTF8, faultDetail: 0 });
      }
    });
  });

  test.each(PRECEDENCE)("parse() checks %s", (_what, bytes, config, fault) => {
    const state = new ParserState(config);
    parseChunk(kernels, state, parseHex(bytes));
    expect(state.fault).toBe(constants[fault]);
  });

  test.each([
    ["a server, of a frame without mask", 1, "81 00"],
    ["a client, of a masked frame", 0, "81 80"],
    ["a server, of a control frame without mask", 1, "89 00"],
  ])("parse() rejects the masking for %s", (_what, config, bytes) => {
    const state = new ParserState(config);
    parseChunk(kernels, state, parseHex(bytes));
    expect(state).toMatchObject({ fault: constants.FAULT_MASKING, faultDetail: 0, consumed: 2 });
  });

  test("parse() turns the masking key with a frame in pieces", () => {
    const payload = Uint8Array.from({ length: 41 }, (_, i) => i);
    const bytes = wire(`82 29|${Buffer.from(payload).toString("hex")}`, 1);
    for (let cut = 6; cut <= bytes.length; cut++) {
      const state = new ParserState(1);
      const pieces = parseChunks(kernels, state, [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(concat(pieces.map((piece) => piece.payload))).toEqual(payload);
    }
  });

  test("parse() keeps connections apart", () => {
    const first = wire("01 05|68 c3 a9 6c 6f, 80 05|68 c3 a9 6c 6f", 1);
    const second = wire("02 7e 00 7e|" + A126 + ", 80 00|, 81 00|", 0);
    const states = [new ParserState(3), new ParserState(0)] as const;
    const pieces: [ReturnType<typeof parseChunk>, ReturnType<typeof parseChunk>] = [[], []];
    for (let i = 0; i < Math.max(first.length, second.length); i++) {
      pieces[0].push(...parseChunk(kernels, states[0], first.subarray(i, i + 1)));
      pieces[1].push(...parseChunk(kernels, states[1], second.subarray(i, i + 1)));
    }
    expect(framesOf(pieces[0])).toEqual(["text 68 c3 a9 6c 6f", "cont fin 68 c3 a9 6c 6f"]);
    expect(framesOf(pieces[1])).toEqual([`binary ${"61 ".repeat(126).trim()}`, "cont fin", "text fin"]);
    expect(states.map((state) => state.fault)).toEqual([0, 0]);
  });
});
