// assembly/deflate: what is inflated and what is refused, whole, byte by byte and in small pieces of output.
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { InflateError } from "../../src/kernels/inflate-error.ts";
import { hex, parseHex, toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { byteByByte, concat } from "../support/splits.ts";
import { BitWriter, type Lengths } from "./bit-writer.ts";
import { inflateMessage, newCompression, tryInflateMessage, zlibMayEnd, zlibOutput } from "./inflate-harness.ts";
import { inflateReference } from "./inflate-reference.ts";

const { compression } = newCompression();

function inflate(message: Uint8Array, windowBits = 15): string {
  return Buffer.from(inflateMessage(compression, compression.createInflater(windowBits, false), [message])).toString();
}

const write = (): BitWriter => new BitWriter();
const TAIL = hex`00 00 ff ff`;
const [A, B, END] = [65, 66, 256];

/** A message as zlib sends it. */
function compressed(data: Uint8Array | string, options: object = {}): Uint8Array {
  return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4);
}

const words = (count: number): string => {
  const random = new Prng(1);
  return Array.from({ length: count }, () =>
    random.pick(["spam", "eggs", "ham", "bacon", `${random.below(100)}`]),
  ).join(" ");
};

/** Codes for code lengths 0 to 15 alone, each of four bits. */
const PLAIN: Lengths = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i, 4]));
/** Codes for 0 (one bit), 16 and 17 (two bits). */
const REPEATS: Lengths = { 0: 1, 16: 2, 17: 2 };

const ACCEPTED: readonly (readonly [what: string, message: Uint8Array, output: string])[] = [
  ["RFC 7692 7.2.3.1, one block", hex`f2 48 cd c9 c9 07 00`, "Hello"],
  ["RFC 7692 7.2.3.3, a stored block", hex`00 05 00 fa ff 48 65 6c 6c 6f 00`, "Hello"],
  ["RFC 7692 7.2.3.4, a final block", hex`f3 48 cd c9 c9 07 00 00`, "Hello"],
  ["RFC 7692 7.2.3.5, two blocks", hex`f2 48 05 00 00 00 ff ff ca c9 c9 07 00`, "Hello"],
  ["RFC 7692 7.2.3.6, an empty message", hex`00`, ""],
  ["a final block with nothing behind it", hex`f3 48 cd c9 c9 07 00`, "Hello"],
  ["a final block whose last byte is filled with ones", write().fixed(true).symbols(A).end().align(1).done(), "A"],
  [
    "a block behind a final one",
    write().fixed(true).symbols(A).end().align().fixed().match(3, 1).end().bits(0, 3).done(),
    "AAAA",
  ],
  ["a final stored block whose length is not sent", hex`01`, ""],
  ["no bytes at all", hex``, ""],
  ["a message whose 00 00 ff ff was sent", hex`f2 48 cd c9 c9 07 00 00 00 ff ff`, "Hello"],
  [
    "empty blocks of all types",
    concat([
      hex`00`,
      TAIL,
      write()
        .fixed()
        .end()
        .dynamic({ [END]: 1 }, {})
        .end()
        .stored([])
        .bits(0, 3)
        .done(),
    ]),
    "",
  ],
  ["stored bytes behind bits", write().fixed().symbols(A).end().stored([B, B]).bits(0, 3).done(), "ABB"],
  [
    "a code for the end of the block alone",
    write()
      .dynamic({ [END]: 1 }, { 0: 1 })
      .end()
      .bits(0, 3)
      .done(),
    "",
  ],
  [
    "no distance code",
    write()
      .dynamic({ [A]: 1, [END]: 1 }, {})
      .symbols(A, A)
      .end()
      .bits(0, 3)
      .done(),
    "AA",
  ],
  [
    "one distance code of one bit",
    write()
      .dynamic({ [A]: 1, [END]: 2, 257: 2 }, { 0: 1 })
      .symbols(A, 257)
      .distance(0)
      .end()
      .bits(0, 3)
      .done(),
    "AAAA",
  ],
  [
    "codes of fifteen bits",
    write()
      .dynamic({ ...Object.fromEntries(Array.from({ length: 14 }, (_, i) => [i, i + 1])), [A]: 15, [END]: 15 }, {})
      .symbols(A, 13)
      .end()
      .bits(0, 3)
      .done(),
    "A\r",
  ],
  [
    "all distances below 16",
    Array.from({ length: 15 }, (_, i) => i + 1)
      .reduce(
        (writer, distance) => writer.match(10, distance),
        write()
          .fixed()
          .symbols(...Buffer.from("abcdefghijklmno")),
      )
      .end()
      .bits(0, 3)
      .done(),
    "",
  ],
];

describe("inflate", () => {
  test.each(ACCEPTED)("accepts %s", (_what, message, output) => {
    const expected = zlibOutput(message);
    if (output !== "") expect(Buffer.from(expected ?? []).toString()).toBe(output);
    const inflater = compression.createInflater(15, false);
    for (const chunks of [[message], byteByByte(message), [hex``, message, hex``]]) {
      for (const limit of [Infinity, 1, 3]) {
        expect(Buffer.from(inflateMessage(compression, inflater, chunks, { limit }))).toEqual(expected);
      }
    }
  });

  // Each is refused by zlib too, where enough bytes follow.
  test.each([
    ["block type 3", write().bits(6, 3), /block type/],
    ["a stored length whose complement is wrong", write().stored([A, B], { complement: 0xfffc }), /complement/],
    ["287 literal and length codes", write().codeCounts(287, 1, PLAIN), /more codes/],
    ["31 distance codes", write().codeCounts(257, 31, PLAIN), /more codes/],
    ["too many codes for code lengths", write().codeCounts(257, 1, { 0: 1, 1: 1, 2: 1 }), /prefix code/],
    ["too few codes for code lengths", write().codeCounts(257, 1, { 0: 2, 1: 2, 2: 2 }), /prefix code/],
    ["one code for code lengths", write().codeCounts(257, 1, { 1: 1 }), /prefix code/],
    ["no codes for code lengths", write().codeCounts(257, 1, {}), /prefix code/],
    ["a repetition of nothing", write().codeCounts(257, 1, REPEATS).code(2, 2).bits(0, 2), /repeat/],
    [
      "more repetitions than codes",
      write().codeCounts(257, 1, { 0: 1, 18: 1 }).code(1, 1).bits(127, 7).code(1, 1).bits(127, 7),
      /repeat/,
    ],
    ["no code for the end of the block", write().dynamic({ [A]: 1, [B]: 1 }, { 0: 1 }), /end of the block/],
    ["too many literal codes", write().dynamic({ [A]: 1, [B]: 1, [END]: 1 }, { 0: 1 }), /prefix code/],
    ["too few literal codes", write().dynamic({ [A]: 2, [END]: 1 }, { 0: 1 }), /prefix code/],
    ["one literal code of two bits", write().dynamic({ [END]: 2 }, { 0: 1 }), /prefix code/],
    ["too many distance codes", write().dynamic({ [A]: 1, [END]: 1 }, { 0: 1, 1: 1, 2: 1 }), /prefix code/],
    ["too few distance codes", write().dynamic({ [A]: 1, [END]: 1 }, { 0: 2, 1: 2 }), /prefix code/],
    ["one distance code of two bits", write().dynamic({ [A]: 1, [END]: 1 }, { 0: 2 }), /prefix code/],
    [
      "a code that stands for nothing",
      write()
        .dynamic({ [END]: 1 }, { 0: 1 })
        .bits(1, 1),
      /no literal/,
    ],
    [
      "a distance code that stands for nothing",
      write()
        .dynamic({ [A]: 1, [END]: 2, 257: 2 }, { 0: 1 })
        .symbols(A, 257)
        .bits(1, 1),
      /no distance/,
    ],
    [
      "a distance where there is no code for one",
      write()
        .dynamic({ [A]: 1, [END]: 2, 257: 2 }, {})
        .symbols(A, 257),
      /no distance/,
    ],
    ["length symbol 286", write().fixed().symbols(A, 286), /no literal/],
    ["length symbol 287", write().fixed().symbols(287), /no literal/],
    ["distance symbol 30", write().fixed().symbols(A, 257).distance(30), /no distance/],
    ["distance symbol 31", write().fixed().symbols(A, 257).distance(31), /no distance/],
    ["a distance before the first byte", write().fixed().match(3, 1), /window/],
    ["a distance of one more than there is", write().fixed().symbols(A, B).match(3, 3), /window/],
    ["the same behind a final block", write().fixed(true).symbols(A).end().align().fixed().match(3, 2), /window/],
  ])("refuses %s", (_what, writer, message) => {
    const before = write()
      .fixed()
      .symbols(...Buffer.from("text in front, decoded in the fast loop"))
      .end();
    const start = writer.done();
    const stream = concat([start, new Uint8Array(400)]);
    expect(zlibOutput(stream)).toBeNull();
    for (const chunks of [[start], [stream], byteByByte(stream)]) {
      const inflater = compression.createInflater(15, true);
      expect(() => inflateMessage(compression, inflater, chunks)).toThrow(InflateError);
      expect(() => inflateMessage(compression, inflater, chunks)).toThrow(message); // it stays that way
    }
    const kept = compression.createInflater(15, false);
    expect(inflateMessage(compression, kept, [before.bits(0, 3).done()])).toHaveLength(39);
  });

  test.each(["fixed", "dynamic"])("refuses wrong symbols far from the ends of %s blocks", (kind) => {
    const literals = { [A]: 2, [END]: 2, 257: 2, ...(kind === "fixed" ? {} : { 285: 3, 258: 3 }) };
    const begin = (): BitWriter => {
      const writer = kind === "fixed" ? write().fixed() : write().dynamic(literals, { 0: 1 });
      return writer.symbols(...Array.from({ length: 60 }, () => A));
    };
    const wrong: BitWriter[] =
      kind === "fixed"
        ? [begin().symbols(286), begin().symbols(257).distance(30), begin().match(3, 61)]
        : [begin().symbols(257).bits(1, 1)];
    for (const writer of wrong) {
      const stream = concat([writer.done(), new Uint8Array(100)]);
      expect(zlibOutput(stream)).toBeNull();
      expect(() => inflate(stream)).toThrow(InflateError);
    }
  });

  test("copies matches of all lengths from all small distances", () => {
    const random = new Prng(3);
    const front = random.bytes(40);
    for (let distance = 1; distance <= 40; distance++) {
      const writer = write()
        .fixed()
        .symbols(...front);
      const expected = [...front];
      for (let length = 3; length <= 258; length++) {
        writer.match(length, distance);
        for (let i = 0; i < length; i++) expected.push(expected[expected.length - distance] as number);
      }
      const message = writer.end().bits(0, 3).done();
      for (const limit of [Infinity, 100]) {
        const output = inflateMessage(compression, compression.createInflater(15, false), [message], { limit });
        if (!Buffer.from(expected).equals(output)) expect.fail(`distance ${distance}, limit ${limit}`);
      }
    }
  });

  test("takes stored bytes up behind codes that ended at any bit", () => {
    for (let bits = 0; bits < 8; bits++) {
      for (const length of [0, 3, 40]) {
        const nine = Array.from({ length: bits }, () => 200); // literals of nine bits
        const writer = write()
          .fixed()
          .symbols(...new Uint8Array(30).fill(A), ...nine)
          .end();
        writer
          .stored(Array.from({ length }, () => 0xff))
          .fixed()
          .symbols(...new Uint8Array(30).fill(B), ...nine)
          .end();
        const message = writer.bits(0, 3).done();
        const expected = zlibOutput(message);
        for (const limit of [Infinity, 7]) {
          const output = inflateMessage(compression, compression.createInflater(15, false), [message], { limit });
          expect(Buffer.from(output)).toEqual(expected);
        }
      }
    }
  });

  test("refuses the unused half of a lone code far from the end of the input", () => {
    const stream = concat([
      write()
        .dynamic({ [END]: 1 }, {})
        .bits(1, 1)
        .done(),
      new Uint8Array(100),
    ]);
    expect(() => inflate(stream)).toThrow(/no literal/);
  });

  test.each([
    ["text", compressed(words(40))],
    ["fixed codes", compressed(words(20), { strategy: constants.Z_FIXED })],
    ["stored bytes", compressed(words(15), { level: 0 })],
    [
      "blocks of all types",
      concat([
        compressed(words(30), { level: 0 }),
        TAIL,
        compressed(words(30), { strategy: constants.Z_FIXED }),
        TAIL,
        compressed(words(50)),
      ]),
    ],
    ["one long match", compressed("a".repeat(600))],
    ["a long final block and another", concat([deflateRawSync(words(30)), compressed(words(10))])],
  ])("gives the same for %s in every split and with every limit", (_what, message) => {
    const expected = zlibOutput(message) as Buffer;
    expect(Buffer.from(inflateReference(message).output)).toEqual(expected);
    const inflater = compression.createInflater(15, false);
    for (let cut = 0; cut <= message.length; cut++) {
      const chunks = [message.subarray(0, cut), message.subarray(cut)];
      if (!expected.equals(inflateMessage(compression, inflater, chunks))) expect.fail(`cut at ${cut}`);
      if (!expected.equals(inflateMessage(compression, inflater, chunks, { limit: 7 })))
        expect.fail(`cut at ${cut}, limit 7`);
    }
    for (let limit = 1; limit <= expected.length + 1; limit++) {
      if (!expected.equals(inflateMessage(compression, inflater, [message], { limit }))) expect.fail(`limit ${limit}`);
      if (!expected.equals(inflateMessage(compression, inflater, byteByByte(message), { limit })))
        expect.fail(`bytes, limit ${limit}`);
    }
  });

  test.each([
    ["text", compressed(words(30))],
    ["stored bytes", hex`00 05 00 fa ff 48 65 6c 6c 6f 00`],
    ["a final block", hex`f3 48 cd c9 c9 07 00 00`],
  ])("refuses the front of %s, except where zlib could not tell", (_what, message) => {
    const whole: number[] = [];
    for (let length = 0; length < message.length; length++) {
      const front = message.subarray(0, length);
      const output = zlibOutput(front) as Buffer;
      const isWhole = tryInflateMessage(compression, compression.createInflater(15, false), [front]) !== null;
      expect(isWhole, `${length} bytes`).toBe(zlibMayEnd(front, output));
      expect(isWhole, `${length} bytes`).toBe(inflateReference(front).state === "whole");
      if (isWhole) whole.push(length);
      if (!isWhole)
        expect(() => inflateMessage(compression, compression.createInflater(15, true), [front])).toThrow(/ends inside/);
    }
    expect(whole.length).toBeLessThanOrEqual(3);
  });

  test.each(["00", "01", "ff", "00 00", "00 00 ff", "00 00 ff ff ff", "12 34 56 78 9a"])(
    "refuses %s behind a message",
    (trailing) => {
      expect(() => inflate(concat([hex`f2 48 cd c9 c9 07 00`, parseHex(trailing)]))).toThrow(InflateError);
    },
  );

  test("goes on where a lot of input gives nothing", () => {
    const empty = concat(Array.from({ length: 20_000 }, () => hex`00 00 00 ff ff`));
    expect(inflate(concat([empty, hex`f2 48 cd c9 c9 07 00`]))).toBe("Hello");
    expect(inflate(empty)).toBe("");
  });

  test("the reference agrees with zlib on what zlib makes", () => {
    for (const level of [0, 1, 9]) {
      const message = compressed(words(300), { level });
      expect(inflateReference(message).state).toBe("whole");
      expect(toHex(inflateReference(message).output)).toBe(toHex(zlibOutput(message) as Buffer));
    }
  });
});
