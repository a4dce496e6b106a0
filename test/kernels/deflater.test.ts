// Deflate: what comes out, how much of it, and what is kept between messages.
import { inflateRawSync, deflateRawSync, constants } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { DeflaterOptions } from "../../src/kernels/deflater.ts";
import { hex, toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { deBruijn, fibonacciDistances, jsonText, plainText, shortMatches } from "./deflate-messages.ts";
import { createDeflater, createKernel, deflate, piecesOf, TAIL } from "./deflater-harness.ts";
import { concat } from "./harness.ts";
import { StrictInflater } from "./strict-inflate.ts";

const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const WINDOWS = [8, 9, 10, 11, 12, 13, 14, 15];
/** Most bytes of a block. */
const BLOCK = 65_280;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Compresses messages on one connection, checks that they inflate, and returns what came out of each. */
function roundTrip(options: Partial<DeflaterOptions>, messages: readonly Uint8Array[]): Uint8Array[] {
  return roundTripTally(options, messages).outputs;
}

function roundTripTally(
  options: Partial<DeflaterOptions>,
  messages: readonly Uint8Array[],
): { outputs: Uint8Array[]; inflater: StrictInflater } {
  const kernel = createKernel();
  const deflater = createDeflater(kernel, options);
  const inflater = new StrictInflater(options.windowBits ?? 12, options.keepsContext ?? true);
  const outputs = messages.map((message) => {
    const output = deflate(kernel, deflater, message);
    expect(Buffer.compare(inflater.inflate(concat([output, TAIL])), message)).toBe(0);
    return output;
  });
  return { outputs, inflater };
}

describe("the examples of RFC 7692 7.2.3", () => {
  const cases: readonly [name: string, options: Partial<DeflaterOptions>, messages: string[], expected: string[]][] = [
    ["a fixed block", {}, ["Hello"], ["f2 48 cd c9 c9 07 00"]],
    ["sharing the window", {}, ["Hello", "Hello"], ["f2 48 cd c9 c9 07 00", "f2 00 11 00 00"]],
    ["no context", { keepsContext: false }, ["Hello", "Hello"], ["f2 48 cd c9 c9 07 00", "f2 48 cd c9 c9 07 00"]],
    ["a stored block", { level: 0 }, ["Hello"], ["00 05 00 fa ff 48 65 6c 6c 6f 00"]],
    ["an empty message", {}, [""], ["00"]],
    ["an empty message, stored", { level: 0 }, ["", ""], ["00", "00"]],
  ];

  test.each(cases)("deflate() makes %s", (_name, options, messages, expected) => {
    expect(roundTrip(options, messages.map(ascii)).map(toHex)).toEqual(expected);
  });
});

describe.each(LEVELS)("level %d", (level) => {
  test.each(WINDOWS)("deflate() never reaches out of a window of 2^%d", (windowBits) => {
    const prng = new Prng(windowBits);
    const messages = [
      new Uint8Array(0),
      Uint8Array.of(7),
      jsonText(prng, 1024),
      jsonText(prng, 2048),
      prng.bytes(700),
      new Uint8Array(3000),
      deBruijn(3, 6, 2000),
      plainText(prng, 20_000),
      plainText(prng, 100),
    ];
    for (const keepsContext of [true, false]) roundTrip({ level, windowBits, keepsContext }, messages);
  });
});

test.each(WINDOWS)("deflate() uses the whole of a window of 2^%d and no more", (windowBits) => {
  const size = 1 << windowBits;
  const start = new Prng(1).bytes(size - 64);
  const echo = start.subarray(100, 164);
  for (const [distance, found] of [
    [size - 1, true],
    [size, true],
    [size + 1, false],
  ] as const) {
    const filling = new Prng(2).bytes(distance - (start.length - 100));
    const message = concat([start, filling, echo]);
    for (const level of [4, 9]) {
      const { inflater } = roundTripTally({ windowBits, level, memLevel: 9 }, [message]);
      expect(inflater.tally.farthest === distance).toBe(found);
    }
  }
});

describe("blocks", () => {
  const prng = new Prng(1);
  const cases: readonly [name: string, message: Uint8Array, blocks: StrictInflater["tally"]["blocks"]][] = [
    ["short text", ascii("The quick brown fox"), { stored: 1, fixed: 1, dynamic: 0 }],
    ["long text", plainText(prng, 5000), { stored: 1, fixed: 0, dynamic: 1 }],
    ["random bytes", prng.bytes(5000), { stored: 2, fixed: 0, dynamic: 0 }],
    ["random bytes, longer than a block", prng.bytes(BLOCK + 100), { stored: 3, fixed: 0, dynamic: 0 }],
    ["random letters, with nothing to find", letters(prng, 3000), { stored: 1, fixed: 0, dynamic: 1 }],
    ["one byte over and over", new Uint8Array(60_000), { stored: 1, fixed: 0, dynamic: 1 }],
  ];

  function letters(random: Prng, length: number): Uint8Array {
    return Uint8Array.from({ length }, () => 0x61 + random.below(16));
  }

  test.each(cases)("deflate() picks the best kind for %s", (_name, message, blocks) => {
    // The flush is a stored block.
    expect(roundTripTally({}, [message]).inflater.tally.blocks).toEqual(blocks);
  });

  test("deflate() begins another block when one has as many matches as it can", () => {
    const { outputs, inflater } = roundTripTally({ windowBits: 15, memLevel: 9 }, [shortMatches(prng, 60_000)]);
    expect(inflater.tally.blocks.dynamic).toBe(2);
    expect(outputs[0]?.length).toBeLessThan(30_000);
  });

  test("deflate() keeps codes at 15 bits where an optimal one would be longer", () => {
    const { inflater } = roundTripTally({ windowBits: 15, memLevel: 9, level: 9 }, [fibonacciDistances(prng)]);
    expect(inflater.tally.longestCode).toBe(15);
  });

  test("deflate() uses matches of 258 bytes", () => {
    expect(roundTripTally({}, [new Uint8Array(10_000)]).inflater.tally.longestMatch).toBe(258);
  });

  test.each(LEVELS)("deflate() at level %d begins no match earlier than 258 bytes allow", (level) => {
    // Where nothing matches positions are passed over, so that the match is found late and begins before that.
    for (let shift = 0; shift < 40; shift++) {
      const bytes = prng.bytes(2000 + shift);
      roundTrip({ level, windowBits: 15 }, [concat([bytes, bytes.subarray(0, 600)])]);
    }
  });

  test.each(LEVELS)("deflate() at level %d makes random bytes longer by 5 a block, and 1", (level) => {
    for (const length of [1, 2, 3, 4, 5, 31, 32, 300, 4096, BLOCK - 1, BLOCK, BLOCK + 1, 200_000]) {
      const [output] = roundTrip({ level }, [prng.bytes(length)]);
      expect(output?.length).toBeLessThanOrEqual(length + 5 * Math.ceil(length / BLOCK) + 1);
    }
  });
});

describe("ratio", () => {
  const make = { json: jsonText, text: plainText };
  const lengths = [128, 1024, 16_384, 262_144];

  describe.each(Object.entries(make))("%s", (_kind, message) => {
    test.each(lengths)("deflate() of %d bytes at level 3 is within 10 % of zlib's", (length) => {
      for (const windowBits of [9, 12, 15]) {
        const bytes = message(new Prng(length), length);
        const [ours] = roundTrip({ windowBits, level: 3 }, [bytes]);
        const theirs = deflateRawSync(bytes, {
          windowBits,
          memLevel: 5,
          level: 3,
          finishFlush: constants.Z_SYNC_FLUSH,
        });
        expect(ours?.length).toBeLessThanOrEqual(1.1 * (theirs.length - TAIL.length));
      }
    });
  });

  test("deflate() at a higher level is not longer, or hardly", () => {
    const bytes = jsonText(new Prng(1), 50_000);
    const lengthsOfLevels = LEVELS.map((level) => roundTrip({ level }, [bytes])[0]?.length ?? 0);
    for (const [level, length] of lengthsOfLevels.entries()) {
      expect(length).toBeLessThanOrEqual(1.002 * (lengthsOfLevels[level - 1] ?? Infinity));
    }
  });

  test("deflate() with a larger memLevel finds more", () => {
    const bytes = plainText(new Prng(1), 50_000);
    const [small, large] = [1, 9].map((memLevel) => roundTrip({ memLevel, level: 1 }, [bytes])[0]?.length ?? 0);
    expect(large).toBeLessThan(small as number);
  });
});

describe("start()", () => {
  test("next() gives 0 before it", () => {
    expect(createDeflater(createKernel()).next()).toBe(0);
  });

  test("ends each fragment but the last with the whole flush", () => {
    const kernel = createKernel();
    const deflater = createDeflater(kernel);
    const inflater = new StrictInflater(12, true);
    const fragments = ["", "spam ", "spam eggs and spam ".repeat(40), "", "spam"].map(ascii);
    for (const [i, fragment] of fragments.entries()) {
      const isLast = i === fragments.length - 1;
      const output = deflate(kernel, deflater, fragment, isLast);
      if (!isLast) expect(toHex(output.subarray(-4))).toBe("00 00 ff ff");
      expect(inflater.inflate(isLast ? concat([output, TAIL]) : output)).toEqual(new Uint8Array(fragment));
    }
  });

  test("lets fragments of a message without context refer to each other, and not to the message before", () => {
    const kernel = createKernel();
    const deflater = createDeflater(kernel, { keepsContext: false });
    const message = new Prng(1).bytes(200);
    const lengths = [1, 2].map(() => [
      deflate(kernel, deflater, message, false).length,
      deflate(kernel, deflater, message, true).length,
    ]);
    expect(lengths[1]).toEqual(lengths[0]);
    expect(lengths[0]?.[1]).toBeLessThan(10);
  });

  test("gives pieces of at most 64 KiB for input of any length, each after a bounded part of it", () => {
    const kernel = createKernel();
    const deflater = createDeflater(kernel, { level: 0 });
    deflater.start(new Prng(1).bytes(3 * BLOCK + 1), true);
    expect([...piecesOf(kernel, deflater)].map(({ length }) => length)).toEqual([BLOCK + 5, BLOCK + 5, BLOCK + 5, 7]);
  });

  test("next() throws when the input was taken away meanwhile, and sends nothing of what lies in its place", () => {
    const kernel = createKernel();
    const deflater = createDeflater(kernel);
    const input = new Prng(1).bytes(2 * BLOCK);
    deflater.start(input, true);
    expect(deflater.next()).toBeGreaterThan(BLOCK);
    structuredClone(input.buffer, { transfer: [input.buffer] });
    expect(() => deflater.next()).toThrow(
      new TypeError("Cannot deflate message: its buffer was detached or shrunk meanwhile"),
    );
    deflater.reset();
    expect(deflater.next()).toBe(0);
  });
});

describe("reset()", () => {
  test("makes the next message independent of those before", () => {
    const kernel = createKernel();
    const deflater = createDeflater(kernel);
    const message = jsonText(new Prng(1), 1000);
    const first = deflate(kernel, deflater, message);
    expect(deflate(kernel, deflater, message).length).toBeLessThan(30);
    deflater.reset();
    expect(deflate(kernel, deflater, message)).toEqual(first);
  });

  test("drops what is left of a message", () => {
    const kernel = createKernel();
    const deflater = createDeflater(kernel);
    for (const seed of [1, 2, 3]) {
      // In one of them bits are left that have no whole byte yet.
      deflater.start(plainText(new Prng(seed), 2 * BLOCK), false);
      deflater.next();
      deflater.reset();
      expect(deflater.next()).toBe(0);
    }
    expect(toHex(deflate(kernel, deflater, ascii("Hello")))).toBe("f2 48 cd c9 c9 07 00");
  });

  test("leaves the window of another connection alone", () => {
    const kernel = createKernel();
    const [one, other] = [createDeflater(kernel), createDeflater(kernel)];
    const message = jsonText(new Prng(1), 1000);
    deflate(kernel, other, message);
    deflate(kernel, one, message);
    other.reset();
    expect(deflate(kernel, one, message).length).toBeLessThan(30);
  });
});

test("deflate() finds the message before, however many there were", () => {
  const kernel = createKernel();
  const prng = new Prng(1);
  const deflater = createDeflater(kernel);
  for (let sent = 0; sent < 400_000;) {
    const message = prng.bytes(prng.between(500, 2000));
    deflate(kernel, deflater, message);
    expect(deflate(kernel, deflater, message).length).toBeLessThan(60);
    sent += 2 * message.length;
  }
});

test("what the strict decoder says is right is right for zlib, too", () => {
  const messages = [hex`00`, plainText(new Prng(1), 5000)];
  const outputs = roundTrip({ windowBits: 8, level: 9 }, messages);
  const stream = concat(outputs.flatMap((output) => [output, TAIL]));
  const inflated = inflateRawSync(stream, { windowBits: 8, finishFlush: constants.Z_SYNC_FLUSH });
  expect(Buffer.compare(inflated, concat(messages))).toBe(0);
});
