import { describe, expect, test } from "vitest";
import { decodeLatin1, encodeLatin1 } from "../../src/bytes/ascii.ts";

const ALL = Uint8Array.from({ length: 256 }, (_, i) => i);

describe("ISO-8859-1", () => {
  test("decodeLatin1() keeps every byte, windows-1252 or not", () => {
    expect([...decodeLatin1(ALL)].map((char) => char.charCodeAt(0))).toEqual([...ALL]);
  });

  test("decodeLatin1() decodes a part", () => {
    expect(decodeLatin1(ALL, 0x61, 0x64)).toBe("abc");
    expect(decodeLatin1(ALL, 7, 7)).toBe("");
  });

  test("decodeLatin1() decodes more than one call may take as arguments", () => {
    expect(decodeLatin1(new Uint8Array(1_000_000).fill(0x61))).toBe("a".repeat(1_000_000));
  });

  test("encodeLatin1() is the inverse", () => {
    expect(encodeLatin1(decodeLatin1(ALL))).toEqual(ALL);
  });

  test.each(["\u0100", "abc\u010a", "\u{1f600}"])("encodeLatin1() refuses %j", (text) => {
    expect(() => encodeLatin1(text)).toThrow(RangeError);
  });
});
