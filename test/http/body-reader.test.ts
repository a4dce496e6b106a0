import { describe, expect, test } from "vitest";
import { HeaderLineTooLong, InvalidHeaderValue, SecurityError, TooManyHeaders } from "../../src/errors/handshake.ts";
import { bodyReader, isBodiless } from "../../src/http/body-reader.ts";
import { Headers, type HeadersLike } from "../../src/http/headers.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "../../src/http/limits.ts";
import type { ByteCursor } from "../../src/http/line-reader.ts";
import { CUTS, unwire, wire } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

const CHUNKED = { "Transfer-Encoding": "chunked" };

/** Reads a body in pieces: the body, whether it is complete, and how many bytes are behind it. */
function read(
  headers: HeadersLike,
  pieces: readonly Uint8Array[],
  limits: Partial<HttpLimits> = {},
): [string, boolean, number] {
  const reader = bodyReader(200, new Headers(headers), { ...DEFAULT_HTTP_LIMITS, ...limits });
  let cursor: ByteCursor = { bytes: new Uint8Array(0), position: 0 };
  // As behind a head that ends with its chunk.
  let isComplete = reader.read(cursor);
  for (const [i, bytes] of pieces.entries()) {
    if (isComplete)
      return [unwire(reader.body.take()), true, pieces.slice(i).reduce((sum, { length }) => sum + length, 0)];
    cursor = { bytes, position: 0 };
    isComplete = reader.read(cursor);
  }
  return [unwire(reader.body.take()), isComplete, cursor.bytes.length - cursor.position];
}

describe.each(CUTS)("bodyReader(), fed %s,", (_how, cut) => {
  test.each<[string, HeadersLike, string, [string, boolean, number]]>([
    ["a length", { "Content-Length": "5" }, "Hello", ["Hello", true, 0]],
    ["leading zeros of a length", { "Content-Length": "0005" }, "Hello", ["Hello", true, 0]],
    ["a part of a length", { "Content-Length": "6" }, "Hello", ["Hello", false, 0]],
    ["a length of none", { "Content-Length": "0" }, "", ["", true, 0]],
    ["all up to the end", [], "Hello", ["Hello", false, 0]],
    ["a chunk", CHUNKED, "5\r\nHello\r\n0\r\n\r\n", ["Hello", true, 0]],
    ["chunks", CHUNKED, "3\r\nHel\r\n02\r\nlo\r\n000\r\n\r\n", ["Hello", true, 0]],
    [
      "any case",
      { "transfer-encoding": "Chunked" },
      "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
      ["01234567890123456789", true, 0],
    ],
    ["chunk extensions", CHUNKED, '5;a=1;b="c"\r\nHello\r\n0 ; x\r\n\r\n', ["Hello", true, 0]],
    ["line ends in a chunk", CHUNKED, "4\r\n\r\n\r\n\r\n0\r\n\r\n", ["\r\n\r\n", true, 0]],
    ["no chunk", CHUNKED, "0\r\n\r\n", ["", true, 0]],
    ["trailers", CHUNKED, "5\r\nHello\r\n0\r\nA: b\r\nC: d\r\n\r\n", ["Hello", true, 0]],
    ["chunks before a length", { ...CHUNKED, "Content-Length": "1" }, "5\r\nHello\r\n0\r\n\r\n", ["Hello", true, 0]],
    ["an open chunk", CHUNKED, "6\r\nHello", ["Hello", false, 0]],
    ["no last chunk", CHUNKED, "5\r\nHello\r\n", ["Hello", false, 0]],
    ["no end of trailers", CHUNKED, "5\r\nHello\r\n0\r\nA: b\r\n", ["Hello", false, 0]],
  ])("reads %s", (_what, headers, text, expected) => {
    expect(read(headers, cut(wire(text)))).toEqual(expected);
  });

  test.each<[string, HeadersLike, string]>([
    ["at a length", { "Content-Length": "20" }, "0123456789abcdefghij"],
    ["at the end of the connection", [], "0123456789abcdefghij"],
    ["inside of a chunk", CHUNKED, "14\r\n0123456789abcdefghij\r\n"],
    ["in the second chunk", CHUNKED, "8\r\n01234567\r\n8\r\n89abcdef\r\n"],
    ["at the end of a chunk", CHUNKED, "a\r\n0123456789\r\n8\r\n89abcdef\r\n"],
    ["in a chunk without end", CHUNKED, "fffffffffffffff\r\n0123456789abc"],
    ["in a length without end", { "Content-Length": "9".repeat(18) }, "0123456789abc"],
  ])("cuts a body over the limit %s", (_what, headers, text) => {
    const [body, isComplete] = read(headers, cut(wire(text)), { body: 10 });
    expect([body, isComplete]).toEqual(["0123456789", true]);
  });

  test.each<[string, string, new (message: never) => Error]>([
    ["a chunk longer than its size", "4\r\nHello\r\n0\r\n\r\n", SyntaxError],
    ["a chunk without CRLF", "5\r\nHello0\r\n\r\n", SyntaxError],
    ["a size that is no number", "x\r\n", SyntaxError],
    ["a size with a sign", "+5\r\n", SyntaxError],
    ["a size with a prefix", "0x5\r\n", SyntaxError],
    ["an empty size", "\r\n", SyntaxError],
    ["an extension alone", ";a\r\n", SyntaxError],
    ["a control character in an extension", "5;a\x00\r\n", SyntaxError],
    ["LF alone behind a size", "5\nHello\r\n", SyntaxError],
    ["LF alone behind a chunk", "5\r\nHello\n", SyntaxError],
    ["a size of 16 digits", "0000000000000005\r\n", SecurityError],
    ["a size without end", "5".repeat(8193), HeaderLineTooLong],
    ["a malformed trailer", "0\r\nA\r\n", SyntaxError],
    ["a bad trailer", "0\r\nA: \x00\r\n", InvalidHeaderValue],
    ["too many trailers", `0\r\n${"A: b\r\n".repeat(129)}`, TooManyHeaders],
    ["a long trailer", `0\r\nA: ${"b".repeat(8192)}`, HeaderLineTooLong],
  ])("refuses %s", (_what, text, kind) => {
    expect(() => read(CHUNKED, cut(wire(text)))).toThrow(kind);
  });
});

describe("bodyReader()", () => {
  test.each<[string, HeadersLike, new (message: never) => Error]>([
    ["a negative length", { "Content-Length": "-1" }, SyntaxError],
    ["a length with a sign", { "Content-Length": "+1" }, SyntaxError],
    ["an empty length", { "Content-Length": "" }, SyntaxError],
    ["a length in hexadecimal", { "Content-Length": "0x1" }, SyntaxError],
    ["a list of lengths", { "Content-Length": "1, 1" }, SyntaxError],
    ["two lengths", { "Content-Length": ["1", "1"] }, SyntaxError],
    ["a length of 19 digits", { "Content-Length": "1".repeat(19) }, SecurityError],
    ["another coding", { "Transfer-Encoding": "gzip" }, SyntaxError],
    ["two codings", { "Transfer-Encoding": "gzip, chunked" }, SyntaxError],
    ["two headers of codings", { "Transfer-Encoding": ["chunked", "chunked"] }, SyntaxError],
    ["an empty coding", { "Transfer-Encoding": "" }, SyntaxError],
  ])("refuses %s", (_what, headers, kind) => {
    expect(() => bodyReader(200, new Headers(headers), DEFAULT_HTTP_LIMITS)).toThrow(kind);
  });

  test.each([
    [101, true],
    [100, true],
    [199, true],
    [204, true],
    [304, true],
    [200, false],
    [205, false],
    [404, false],
  ])("isBodiless() of %i is %s", (status, expected) => {
    expect(isBodiless(status)).toBe(expected);
    const headers = new Headers({ "Content-Length": "nonsense", "Transfer-Encoding": "nonsense" });
    // What says how long a body is does not matter where there is none.
    if (expected)
      expect(bodyReader(status, headers, DEFAULT_HTTP_LIMITS).read({ bytes: wire("a"), position: 0 })).toBe(true);
  });

  test("keeps nothing when the limit is 0", () => {
    expect(read([], [wire("a")], { body: 0 })).toEqual(["", true, 1]);
    expect(read(CHUNKED, [wire("a")], { body: 0 })).toEqual(["", true, 1]);
  });

  test("takes linear time for chunks of one byte", () => {
    expectLinear((size) => {
      const bytes = wire("1\r\na\r\n".repeat(size));
      return () => read(CHUNKED, [bytes], { body: size });
    });
  });
});
