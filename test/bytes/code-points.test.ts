import { describe, expect, test } from "vitest";
import { codePointStart, completeLength } from "../../src/bytes/code-points.ts";
import { hex } from "../support/hex.ts";

/** One, two, three and four bytes a code point. */
const TEXT = hex`41 c3a9 e282ac f09f9880`;
const STARTS = [0, 1, 3, 6, 10];

describe("codePointStart()", () => {
  test.each(Array.from({ length: 13 }, (_, at) => at))("at %i", (at) => {
    expect(codePointStart(TEXT, at)).toBe(STARTS.findLast((start) => start <= at));
  });
});

describe("completeLength()", () => {
  test.each(Array.from({ length: 11 }, (_, length) => length))("of the first %i bytes", (length) => {
    expect(completeLength(TEXT.subarray(0, length))).toBe(STARTS.findLast((start) => start <= length));
  });

  test.each([
    ["a lone continuation", hex`80`, 1],
    ["more continuations than any code point has", hex`80 80 80 80`, 4],
    ["a lead without its rest, behind one", hex`e2 c3`, 1],
  ])("of %s", (_, bytes, expected) => {
    expect(completeLength(bytes)).toBe(expected);
  });
});
