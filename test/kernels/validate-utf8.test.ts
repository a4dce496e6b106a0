import { isUtf8 } from "node:buffer";
import { describe, expect, test } from "vitest";
import {
  CONFIG_VALIDATE_UTF8,
  FAULT_UTF8,
  INPUT_OFFSET,
  SCRATCH_CAPACITY,
  UTF8_INVALID,
} from "../../src/kernels/constants.ts";
import { INFLATE_OUTPUT_OFFSET } from "../../src/kernels/deflate-constants.ts";
import { type Kernels, ParserState } from "../../src/kernels/kernels.ts";
import { hex, parseHex, toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { byteByByte, concat, FUZZ_FACTOR, FUZZ_OPTIONS, IMPLEMENTATIONS, parseChunks } from "./harness.ts";
import { INVALID_TEXTS, VALID_TEXTS } from "./utf8-vectors.ts";

/** What validateUtf8 returns for pieces of text one after another. */
function validatePieces(kernels: Kernels, pieces: readonly Uint8Array[]): number {
  let state = 0;
  for (const piece of pieces) {
    state = kernels.validateUtf8(piece, state);
    if (state === UTF8_INVALID) break;
  }
  return state;
}

/** The bytes at the end of `bytes` that can be continued to valid UTF-8, as state; found by trying. */
function expectedState(bytes: Uint8Array): number {
  for (const open of [0, 1, 2, 3]) {
    const end = bytes.subarray(bytes.length - open);
    if (!isUtf8(bytes.subarray(0, bytes.length - open))) continue;
    if (open === 0) return 0;
    for (const rest of ["80", "bf", "80 80", "bf bf", "80 80 80", "bf bf bf", "90 80 80", "90 80", "a0 80"]) {
      if (isUtf8(concat([end, parseHex(rest)]))) {
        return [...end].reduceRight((state, byte, i) => (state | (byte << (8 * (4 - open + i)))) >>> 0, 0);
      }
    }
  }
  return UTF8_INVALID;
}

const AROUND = ["", "61", "61".repeat(13), "61".repeat(16), "e2 82 ac".repeat(7), "61".repeat(64), "c3 a9".repeat(40)];

describe.each(IMPLEMENTATIONS)("%s", (_name, kernels) => {
  test.each(VALID_TEXTS)("validateUtf8() accepts text %s", (_number, text) => {
    for (const before of AROUND) {
      for (const after of AROUND) {
        const bytes = parseHex(before + text + after);
        expect(kernels.validateUtf8(bytes, 0)).toBe(0);
        expect(validatePieces(kernels, byteByByte(bytes))).toBe(0);
      }
    }
  });

  test.each(INVALID_TEXTS)("validateUtf8() rejects text %s", (_number, text) => {
    for (const before of AROUND) {
      const bytes = parseHex(before + text);
      expect(kernels.validateUtf8(bytes, 0)).not.toBe(0); // it may be open
      expect(validatePieces(kernels, byteByByte(bytes))).not.toBe(0);
      for (const after of AROUND.slice(1)) {
        expect(kernels.validateUtf8(parseHex(before + text + after), 0)).toBe(UTF8_INVALID);
      }
    }
  });

  test.each([...VALID_TEXTS, ...INVALID_TEXTS])(
    "validateUtf8() gives the same for text %s in every split",
    (_n, text) => {
      const bytes = parseHex(text);
      const whole = kernels.validateUtf8(bytes, 0);
      expect(whole).toBe(expectedState(bytes));
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(validatePieces(kernels, [bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(whole);
      }
    },
  );

  test("validateUtf8() gives the bytes of an open code point", () => {
    expect(kernels.validateUtf8(hex`61 c3`, 0)).toBe(0xc3000000);
    expect(kernels.validateUtf8(hex`61 e2 82`, 0)).toBe(0x82e20000);
    expect(kernels.validateUtf8(hex`61 f0 9f 98`, 0)).toBe(0x989ff000);
    expect(kernels.validateUtf8(hex`82`, 0xe2000000)).toBe(0x82e20000);
    expect(kernels.validateUtf8(hex`9f 98`, 0xf0000000)).toBe(0x989ff000);
    expect(kernels.validateUtf8(hex`80`, 0x989ff000)).toBe(0);
    expect(kernels.validateUtf8(hex``, 0x989ff000)).toBe(0x989ff000);
  });

  test("validateUtf8() agrees with isUtf8() on every pair of bytes, at every place in a block", () => {
    for (let pair = 0; pair < 0x10000; pair += 1) {
      const bytes = new Uint8Array(34).fill(0x61);
      const place = 8 + (pair % 23);
      bytes[place] = pair >> 8;
      bytes[place + 1] = pair & 0xff;
      if ((kernels.validateUtf8(bytes, 0) === 0) !== isUtf8(bytes)) expect.fail(toHex(bytes));
    }
  });

  test("validateUtf8() agrees with isUtf8() on code points of three and four bytes at their limits", () => {
    const edges = [0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xe0, 0xff];
    for (let lead = 0xc0; lead <= 0xff; lead++) {
      for (const second of edges) {
        for (const third of edges) {
          for (const fourth of edges) {
            const bytes = Uint8Array.of(0x61, lead, second, third, fourth, 0x61);
            if ((kernels.validateUtf8(bytes, 0) === 0) !== isUtf8(bytes)) expect.fail(toHex(bytes));
          }
        }
      }
    }
  });

  test(
    "validateUtf8() agrees with isUtf8() on random text in random pieces, with and without a fault",
    FUZZ_OPTIONS,
    () => {
      const random = new Prng();
      const alphabet = ["a", "a", "a", "é", "ж", "漢", "\u{ffff}", "😀", "\u{10ffff}"];
      for (let i = 0; i < 3000 * FUZZ_FACTOR; i++) {
        const kind = random.chance(0.5) ? alphabet : alphabet.slice(0, 4);
        const text = Array.from({ length: random.below(200) }, () => random.pick(kind)).join("");
        const bytes = new Uint8Array(Buffer.from(text));
        if (random.chance(0.6) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
        const pieces = random.chunks(bytes, random.pick([1, 3, 20, 70, 500]));
        const context = `seed ${random.seed}, round ${i}: ${toHex(bytes)}`;
        expect(kernels.validateUtf8(bytes, 0), context).toBe(expectedState(bytes));
        expect(validatePieces(kernels, pieces), context).toBe(expectedState(bytes));
      }
    },
  );

  test("validateAt() agrees with validateUtf8(), at any place of the memory and in pieces", () => {
    const random = new Prng();
    for (let i = 0; i < 500; i++) {
      const text = Array.from({ length: random.below(80) }, () => random.pick(["a", "é", "漢", "😀"])).join("");
      const bytes = new Uint8Array(Buffer.from(text));
      if (random.chance(0.3) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
      const offset = random.pick([INPUT_OFFSET, INFLATE_OUTPUT_OFFSET]) + random.below(100);
      kernels.memory.fill(0xff, offset - 20, offset + bytes.length + 20); // not UTF-8
      kernels.memory.set(bytes, offset);
      const cut = random.below(bytes.length + 1);
      const context = `seed ${random.seed}, round ${i}`;
      expect(kernels.validateAt(offset, bytes.length, 0), context).toBe(kernels.validateUtf8(bytes, 0));
      const front = kernels.validateAt(offset, cut, 0);
      expect(front, context).toBe(kernels.validateUtf8(bytes.subarray(0, cut), 0));
      if (front === UTF8_INVALID) continue;
      const back = kernels.validateAt(offset + cut, bytes.length - cut, front);
      expect(back, context).toBe(kernels.validateUtf8(bytes.subarray(cut), front));
    }
  });

  test("validateUtf8() takes text longer than the scratch area", () => {
    const bytes = new Uint8Array(Buffer.from(`a${"漢".repeat(SCRATCH_CAPACITY)}`));
    expect(kernels.validateUtf8(bytes, 0)).toBe(0);
    expect(kernels.validateUtf8(bytes.subarray(0, -1), 0)).toBe(0xbce60000);
    bytes[bytes.length - 5] = 0x61;
    expect(kernels.validateUtf8(bytes, 0)).toBe(UTF8_INVALID);
  });

  test("validateUtf8() finds a lone fault at every place of long ASCII text", () => {
    for (let length = 1; length <= 200; length++) {
      for (let place = 0; place < length; place++) {
        const bytes = new Uint8Array(length).fill(0x61);
        bytes[place] = 0x80;
        if (kernels.validateUtf8(bytes, 0) !== UTF8_INVALID) expect.fail(`80 at ${place} of ${length}`);
        bytes[place] = 0xe2;
        const expected = place === length - 1 ? 0xe2000000 : UTF8_INVALID;
        if (kernels.validateUtf8(bytes, 0) !== expected) expect.fail(`e2 at ${place} of ${length}`);
      }
    }
  });

  // Fail fast: the thirteenth octet makes the text wrong, whatever comes later.
  test.each([
    ["6.4.1", [hex`01 0b ce ba e1 bd b9 cf 83 ce bc ce b5`, hex`00 04 f4 90 80 80`]],
    ["6.4.2", [hex`01 0c ce ba e1 bd b9 cf 83 ce bc ce b5 f4`, hex`00 01 90`]],
    ["6.4.3", [hex`01 15 ce ba e1 bd b9 cf 83 ce bc ce b5`, hex`f4 90 80 80`]],
    ["6.4.4", [hex`01 15 ce ba e1 bd b9 cf 83 ce bc ce b5 f4`, hex`90`]],
  ])("parse() rejects text %s at its second part", (_number, [first, second]) => {
    const state = new ParserState(CONFIG_VALIDATE_UTF8);
    parseChunks(kernels, state, [first as Uint8Array]);
    expect(state.fault).toBe(0);
    parseChunks(kernels, state, [second as Uint8Array]);
    expect(state.fault).toBe(FAULT_UTF8);
  });
});
