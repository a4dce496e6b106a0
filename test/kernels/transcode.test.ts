import { describe, expect, test } from "vitest";
import { INPUT_CAPACITY, INPUT_OFFSET, UTF16_OFFSET } from "../../src/kernels/constants.ts";
import { INFLATE_OUTPUT_CAPACITY, INFLATE_OUTPUT_OFFSET, PIECE_CAPACITY } from "../../src/kernels/deflate-constants.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { Prng } from "../support/prng.ts";
import { FUZZ_FACTOR, FUZZ_OPTIONS, IMPLEMENTATIONS } from "./harness.ts";

function transcode(kernels: Kernels, text: string, shift = 0): string {
  const bytes = Buffer.from(text);
  kernels.memory.set(bytes, INPUT_OFFSET + shift);
  const length = kernels.transcode(INPUT_OFFSET + shift, bytes.length);
  return Buffer.from(kernels.memory.subarray(UTF16_OFFSET, UTF16_OFFSET + length)).toString("utf16le");
}

describe.each(IMPLEMENTATIONS)("%s", (_name, kernels) => {
  test.each([
    ["nothing", ""],
    ["ASCII", "Hello world! ".repeat(20)],
    ["a byte order mark", "\ufeffSpam"],
    ["Latin", "Hällo, çà et là. ".repeat(10)],
    ["Cyrillic", "Приветмирприветмир ".repeat(10)],
    ["Chinese", "漢字仮名交じり文".repeat(30)],
    ["emoji", "😀😁🤣".repeat(30)],
    ["the limits of lengths", "\0\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}".repeat(10)],
  ])("transcode() transcodes %s", (_what, text) => {
    for (let shift = 0; shift < 17; shift++) {
      expect(transcode(kernels, text, shift)).toBe(text);
    }
  });

  test("transcode() transcodes every code point", () => {
    let text = "";
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      if (codePoint === 0xd800) codePoint = 0xe000;
      text += String.fromCodePoint(codePoint);
      if (text.length >= 16_000) {
        if (transcode(kernels, text) !== text) expect.fail(`before ${codePoint}`);
        text = "";
      }
    }
    expect(transcode(kernels, text)).toBe(text);
  });

  test("transcode() agrees with Buffer on random text", FUZZ_OPTIONS, () => {
    const random = new Prng();
    const alphabets = [
      ["a"],
      ["a", "é"],
      ["ж"],
      ["漢"],
      ["😀"],
      ["a", "é", "ж", "漢", "😀"],
      ["a", "a", "a", "a", "漢"],
    ];
    for (let i = 0; i < 3000 * FUZZ_FACTOR; i++) {
      const runs = Array.from({ length: random.between(1, 6) }, () => {
        const alphabet = random.pick(alphabets);
        return Array.from({ length: random.below(40) }, () => random.pick(alphabet)).join("");
      });
      const text = runs.join("");
      expect(transcode(kernels, text, random.below(64)), `seed ${random.seed}, round ${i}`).toBe(text);
    }
  });

  test("transcode() transcodes a whole piece of inflated text where it lies, up to its end", () => {
    for (const offset of [INFLATE_OUTPUT_OFFSET, INFLATE_OUTPUT_OFFSET + INFLATE_OUTPUT_CAPACITY - PIECE_CAPACITY]) {
      const text = "Hello, 漢字仮名! ".repeat(2600);
      const bytes = Buffer.from(text);
      const at = offset + PIECE_CAPACITY - bytes.length;
      kernels.memory.set(bytes, at);
      const length = kernels.transcode(at, bytes.length);
      expect(Buffer.from(kernels.memory.subarray(UTF16_OFFSET, UTF16_OFFSET + length)).toString("utf16le")).toBe(text);
    }
  });

  test("transcode() fills the UTF-16 area, and no more", () => {
    const behind = kernels.memory.subarray(UTF16_OFFSET + 2 * INPUT_CAPACITY, UTF16_OFFSET + 2 * INPUT_CAPACITY + 64);
    behind.fill(0xcc);
    for (const text of [
      "a".repeat(INPUT_CAPACITY),
      `${"漢".repeat(INPUT_CAPACITY / 3)}a`,
      "é".repeat(INPUT_CAPACITY / 2),
    ]) {
      expect(transcode(kernels, text)).toBe(text);
    }
    expect(behind.every((byte) => byte === 0xcc)).toBe(true);
  });
});
