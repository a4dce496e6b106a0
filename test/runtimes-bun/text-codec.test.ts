import { expect, test } from "vitest";
import { bunTextCodec } from "../../src/runtimes/bun/text-codec.ts";

const TEXTS = ["", "abc", "äöü€漢😀", "\ud800x", "a".repeat(1000), "€".repeat(1000)];

test("bunTextCodec encodes as TextEncoder does, at any place", () => {
  for (const text of TEXTS) {
    const expected = new TextEncoder().encode(text);
    for (const start of [0, 7]) {
      const target = new Uint8Array(expected.length + 10);
      expect(bunTextCodec.encodeInto(text, target, start)).toBe(expected.length);
      expect(target.subarray(start, start + expected.length)).toEqual(expected);
      expect(target.subarray(start + expected.length)).toEqual(new Uint8Array(10 - start));
    }
  }
});
