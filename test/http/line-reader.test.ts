import { describe, expect, test } from "vitest";
import { HeaderLineTooLong } from "../../src/errors/handshake.ts";
import { LineReader } from "../../src/http/line-reader.ts";
import { wire } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

/** All lines of some pieces, each with the limit. */
function lines(pieces: readonly Uint8Array[], limit = 100): string[] {
  const reader = new LineReader();
  const found: string[] = [];
  for (const bytes of pieces) {
    const cursor = { bytes, position: 0 };
    for (;;) {
      const line = reader.read(cursor, limit, HeaderLineTooLong);
      if (line === undefined) break;
      found.push(line);
    }
  }
  return found;
}

function single(text: string): Uint8Array[] {
  return Array.from(wire(text), (byte) => Uint8Array.of(byte));
}

describe("LineReader", () => {
  test.each([
    ["a\r\nbc\r\n\r\nd\u00e9\r\nrest", ["a", "bc", "", "d\u00e9"]],
    ["\r\n", [""]],
    ["", []],
    ["a\r", []],
    ["a\rb\r\n", ["a\rb"]], // a lone CR is for those who know which characters may be there
  ])("read() splits %j, in any pieces", (text, expected) => {
    expect(lines([wire(text)])).toEqual(expected);
    expect(lines(single(text))).toEqual(expected);
    for (let cut = 0; cut <= text.length; cut++) {
      expect(lines([wire(text.slice(0, cut)), wire(text.slice(cut))])).toEqual(expected);
    }
  });

  test.each(["\n", "a\n", "\na\r\n", "\n\r\n"])("read() refuses LF alone: %j", (text) => {
    expect(() => lines([wire(text)])).toThrow(SyntaxError);
    expect(() => lines(single(text))).toThrow(SyntaxError);
  });

  test("read() counts the CRLF in the limit", () => {
    expect(lines([wire("abc\r\n")], 5)).toEqual(["abc"]);
    expect(lines(single("abc\r\nabc\r\n"), 5)).toEqual(["abc", "abc"]);
    expect(() => lines([wire("abcd\r\n")], 5)).toThrow(HeaderLineTooLong);
    expect(() => lines(single("abcd\r\n"), 5)).toThrow("line longer than the 5 bytes left for it");
  });

  test("read() does not wait for the end of a line that is too long", () => {
    expect(lines(single("abcde"), 5)).toEqual([]);
    expect(() => lines(single("abcdef"), 5)).toThrow(HeaderLineTooLong);
    expect(() => lines([wire("abcdef")], 5)).toThrow(HeaderLineTooLong);
  });

  test("read() takes linear time byte by byte", () => {
    expectLinear((size) => {
      const pieces = single("a".repeat(size));
      return () => lines(pieces, Infinity);
    });
  });
});
