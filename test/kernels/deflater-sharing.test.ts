// Deflate of many connections by one kernel: what they keep, and what they must not see of each other.
import { describe, expect, test } from "vitest";
import { Prng } from "../support/prng.ts";
import { jsonText, plainText, shortMatches } from "./deflate-messages.ts";
import { createDeflater, createKernel, deflate, TAIL } from "./deflater-harness.ts";
import { concat } from "./harness.ts";
import { StrictInflater } from "./strict-inflate.ts";

const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/** The hash table and the window: whatever they hold must not matter. */
const [WORK, WINDOW, WORK_END] = [0x93000, 0xc3000, 0xdc000];
const [DEFLATE_START, DEFLATE_END] = [0x90000, 0x100000];

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
