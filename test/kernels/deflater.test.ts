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

describe("many connections", () => {
  test("deflate() goes on with its own history after others, also inside a message", () => {
    const kernel = createKernel();
    const prng = new Prng(1);
    const message = concat([prng.bytes(70_000), plainText(prng, 70_000), prng.bytes(5000)]);
    const connections = [0, 1, 2].map((i) => ({
      deflater: createDeflater(kernel, { windowBits: 9 + 3 * i, keepsContext: i !== 1 }),
      inflater: new StrictInflater(9 + 3 * i, i !== 1),
      pieces: [] as Uint8Array[],
    }));
    for (let round = 0; round < 2; round++) {
      for (const { deflater } of connections) deflater.start(message, true);
      for (let i = 0; i < 12; i++) {
        for (const { deflater, pieces } of connections) {
          const length = deflater.next();
          pieces.push(kernel.memory.slice(deflater.outputOffset, deflater.outputOffset + length));
        }
      }
      for (const { deflater, inflater, pieces } of connections) {
        expect(deflater.next()).toBe(0);
        expect(Buffer.compare(inflater.inflate(concat([...pieces.splice(0), TAIL])), message)).toBe(0);
      }
    }
  });

  test.each([1, 3, 9])("deflate() at level %d refers to messages from before others had their turn", (level) => {
    const kernel = createKernel();
    const prng = new Prng(1);
    const message = jsonText(prng, 2000);
    const deflater = createDeflater(kernel, { level });
    const first = deflate(kernel, deflater, message).length;
    for (const length of [10, 3000, 70_000]) {
      deflate(kernel, createDeflater(kernel), prng.bytes(length));
      expect(deflate(kernel, deflater, message).length).toBeLessThan(first / 5);
    }
  });

  test.each([1, 3, 9])("a message at level %d comes out the same whatever others sent before", (level) => {
    const prng = new Prng(1);
    const alone = createKernel();
    const shared = createKernel();
    const options = { level, keepsContext: false, windowBits: 15 };
    for (let i = 0; i < 60; i++) {
      const message = prng.pick([plainText, jsonText])(prng, prng.pick([10, 300, 5000, 30_000]));
      const others = createDeflater(shared, { level: prng.between(0, 9), windowBits: prng.between(8, 15) });
      deflate(shared, others, concat([message.subarray(prng.below(5)), prng.bytes(prng.below(2000))]));
      expect(deflate(shared, createDeflater(shared, options), message)).toEqual(
        deflate(alone, createDeflater(alone, options), message),
      );
      alone.memory.fill(prng.below(256), WORK, WORK_END);
      alone.resident?.reset();
    }
  });

  test("deflate() does not find its own bytes through what another one left in the table", () => {
    // Positions have numbers of 16 bits. The first connection indexes all of its bytes from number 0 on, the third one
    // only some of the same bytes, which get the same numbers, as the one between them uses up nearly all others.
    const prng = new Prng(1);
    const bytes = prng.bytes(20_000).map((byte) => byte & 0x3f); // so that they are not stored
    for (let at = 10_000; at < bytes.length; at += 40) bytes.copyWithin(at, at - 9000, at - 8992);
    const message = concat([prng.bytes(1000), bytes]);
    const shared = createKernel();
    const options = { windowBits: 15, memLevel: 9, keepsContext: false };
    deflate(shared, createDeflater(shared, { ...options, level: 9 }), bytes.subarray(0, 10_000));
    deflate(shared, createDeflater(shared, { ...options, level: 0 }), new Uint8Array(65_536 - 1000 - 10_000));
    const alone = createKernel();
    expect(deflate(shared, createDeflater(shared, { ...options, level: 3 }), message)).toEqual(
      deflate(alone, createDeflater(alone, { ...options, level: 3 }), message),
    );
  });

  test.each([
    [12, 4096],
    [15, 32_768],
  ])("a connection with a window of 2^%d keeps at most %d bytes", (windowBits, most) => {
    const kernel = createKernel();
    const message = jsonText(new Prng(1), 40_000);
    const before = process.memoryUsage().arrayBuffers;
    const deflaters = Array.from({ length: 500 }, () => {
      const deflater = createDeflater(kernel, { windowBits });
      for (const end of [300, 700, 2000, 40_000]) {
        deflater.start(message.subarray(0, end), true);
        while (deflater.next() > 0);
        createDeflater(kernel).start(message, true);
      }
      return deflater;
    });
    const after = process.memoryUsage().arrayBuffers;
    expect((after - before) / deflaters.length).toBeLessThanOrEqual(most);
  });
});

/** The hash table and the window: whatever they hold must not matter. */
const [WORK, WINDOW, WORK_END] = [0x93000, 0xc3000, 0xdc000];
const [DEFLATE_START, DEFLATE_END] = [0x90000, 0x100000];

describe("memory", () => {
  test("deflate() neither reads nor changes what belongs to others", () => {
    const prng = new Prng(1);
    const kernel = createKernel();
    const tables = kernel.memory.slice(0x60000, 0x62000);
    kernel.memory.fill(0xcc);
    kernel.memory.set(tables, 0x60000);
    kernel.memory.fill(0, DEFLATE_START, WORK);
    const expected = kernel.memory.slice(0, DEFLATE_START);
    for (const level of LEVELS) {
      for (const windowBits of [8, 12, 15]) {
        const deflater = createDeflater(kernel, { level, windowBits, memLevel: 9 });
        for (const message of [prng.bytes(100_000), shortMatches(prng, 70_000), new Uint8Array(70_000)]) {
          deflate(kernel, deflater, message);
        }
      }
    }
    expect(Buffer.compare(kernel.memory.subarray(0, DEFLATE_START), expected)).toBe(0);
    // Behind the output there is nothing but what stores of 8 bytes leave.
    const slack = kernel.memory.subarray(0xfc000 + 8, DEFLATE_END);
    expect(slack.every((byte) => byte === 0xcc)).toBe(true);
  });

  test("deflate() is right whatever another connection left in the tables", () => {
    const prng = new Prng(1);
    const kernel = createKernel();
    const garbage = prng.bytes(WINDOW - WORK);
    for (let i = 0; i < 200; i++) {
      const windowBits = prng.between(8, 15);
      const deflater = createDeflater(kernel, { windowBits, level: prng.between(1, 9) });
      const message = plainText(prng, prng.between(0, 3000));
      kernel.memory.set(garbage.subarray(0, WINDOW - WORK - (i & 63)), WORK + (i & 63));
      // As if the other had sent the same: all of the window is the message.
      for (let at = WINDOW; at + 3000 < WORK_END; at += 3000) kernel.memory.set(message, at);
      const output = deflate(kernel, deflater, message);
      const inflated = new StrictInflater(windowBits, true).inflate(concat([output, TAIL]));
      expect(Buffer.compare(inflated, message)).toBe(0);
      deflater.reset();
    }
  });
});

test("what the strict decoder says is right is right for zlib, too", () => {
  const messages = [hex`00`, plainText(new Prng(1), 5000)];
  const outputs = roundTrip({ windowBits: 8, level: 9 }, messages);
  const stream = concat(outputs.flatMap((output) => [output, TAIL]));
  const inflated = inflateRawSync(stream, { windowBits: 8, finishFlush: constants.Z_SYNC_FLUSH });
  expect(Buffer.compare(inflated, concat(messages))).toBe(0);
});
