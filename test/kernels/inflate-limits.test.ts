// assembly/deflate: how much is inflated at once, how far back a message may reach, and large messages.
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";
import { BitWriter } from "./bit-writer.ts";
import { inflateMessage, newCompression, zlibOutput } from "./inflate-harness.ts";

const { compression } = newCompression();

const write = (): BitWriter => new BitWriter();

/** A message as zlib sends it. */
function compressed(data: Uint8Array | string, options: object = {}): Uint8Array {
  return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4);
}

describe("inflate", () => {
  test("gives at most the limit and 64 KiB at once", () => {
    const bomb = compressed(new Uint8Array(1_000_000));
    expect(bomb.length).toBeLessThan(1100);
    const inflater = compression.createInflater(15, false);
    inflater.start(bomb, true);
    expect(inflater.next(10)).toBe(10);
    expect(inflater.next(100_000)).toBe(0x10000);
    expect(inflater.next(Infinity)).toBe(0x10000);
    expect(inflater.next(0x10000)).toBe(0x10000);
    expect(inflater.next(0xffff)).toBe(0xffff);
  });

  test("tells a message at the limit from one above it, when asked for one byte more", () => {
    for (const length of [99, 100, 101]) {
      const inflater = compression.createInflater(15, false);
      inflater.start(compressed("a".repeat(length)), true);
      expect(inflater.next(100 + 1)).toBe(length);
      expect(inflater.next(100 + 1 - length || 1)).toBe(0);
    }
  });

  test.each([8, 9, 10, 11, 12, 13, 14, 15])("takes a window of 2^%i for what it is", (windowBits) => {
    const size = 2 ** windowBits;
    const random = new Prng(windowBits);
    // 98,294 bytes and their headers are three whole parts of staged input; the window moves before the match then.
    for (const before of [size, size + 1, 3 * size, 98_294, 300_000]) {
      const data = random.bytes(before);
      const stored = write();
      for (let at = 0; at < before; at += 0xffff) stored.stored([...data.subarray(at, at + 0xffff)]);
      const front = stored.done();
      for (const { length, distance } of [
        { length: 3, distance: size },
        { length: 10, distance: 1 },
      ]) {
        const message = concat([front, write().fixed().match(length, distance).end().bits(0, 3).done()]);
        const output = inflateMessage(compression, compression.createInflater(windowBits, false), [message]);
        const again = Array.from({ length }, (_, i) => data[before - distance + (i % distance)]);
        expect([...output.subarray(before)]).toEqual(again);
      }
      if (windowBits === 15) continue; // there are no greater distances
      for (const padding of [0, 40]) {
        const beyond = write()
          .fixed()
          .symbols(...new Uint8Array(padding))
          .match(3, size + 1)
          .symbols(...new Uint8Array(padding))
          .end();
        const message = concat([front, beyond.bits(0, 3).done()]);
        const inflater = compression.createInflater(windowBits, false);
        expect(() => inflateMessage(compression, inflater, [message])).toThrow(/window/);
        if (before + padding > size) expect(zlibOutput(message)).not.toBeNull(); // zlib does not keep to it
      }
    }
  });

  test("inflates large messages in all kinds of pieces", () => {
    const random = new Prng(2);
    const words = "spam and eggs, eggs and bacon, ";
    for (const data of [Buffer.from(words.repeat(9000)), random.bytes(200_000), new Uint8Array(300_000)]) {
      for (const windowBits of [9, 15]) {
        const message = compressed(data, { windowBits });
        const inflater = compression.createInflater(windowBits, true);
        for (const most of [message.length, 5000, 70]) {
          for (const limit of [Infinity, 40_000, 333]) {
            const output = inflateMessage(compression, inflater, random.chunks(message, most), { limit });
            if (!Buffer.from(data).equals(output)) expect.fail(`window ${windowBits}, chunks ${most}, limit ${limit}`);
          }
        }
      }
    }
  });
});
