import { describe, expect, test } from "vitest";
import {
  HeaderLineTooLong,
  InvalidHeaderValue,
  InvalidMessage,
  RequestLineTooLong,
  TooManyHeaders,
} from "../../src/errors/handshake.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { appendHeaderLine, eofError, HeadReader, messageError } from "../../src/http/head-reader.ts";
import { Headers } from "../../src/http/headers.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "../../src/http/limits.ts";
import { CUTS, wire } from "./feed.ts";

interface Line {
  readonly line: string;
}

/** Reads a head in pieces: its start line and headers, and how many bytes are behind it. */
function read(
  pieces: readonly Uint8Array[],
  limits: Partial<HttpLimits> = {},
): [string, [string, string][], number] | undefined {
  const rules = { parse: (line: string): Line => ({ line }), TooLong: RequestLineTooLong };
  const reader = new HeadReader<Line>({ ...DEFAULT_HTTP_LIMITS, ...limits }, rules);
  for (const bytes of pieces) {
    const cursor = { bytes, position: 0 };
    const head = reader.read(cursor);
    if (head !== undefined) return [head.startLine.line, [...head.headers], bytes.length - cursor.position];
  }
  return undefined;
}

describe.each(CUTS)("HeadReader, fed %s,", (_how, cut) => {
  test.each<[string, string, [string, string][]]>([
    ["S\r\n\r\n", "S", []],
    ["S\r\nA: b\r\n\r\n", "S", [["A", "b"]]],
    [
      "S\r\nA:b\r\nA:  c d \t\r\nB:\r\n\r\n",
      "S",
      [
        ["A", "b"],
        ["A", "c d"],
        ["B", ""],
      ],
    ],
    ["S\r\nA: b:c\r\n\r\n", "S", [["A", "b:c"]]],
    ["S\r\nA: \u00e9\tx\r\n\r\n", "S", [["A", "\u00e9\tx"]]],
    ["\r\nS\r\n\r\n", "S", []],
    ["\r\n\r\n\r\n", "", []],
  ])("reads %j", (text, startLine, headers) => {
    expect(read(cut(wire(text)))).toEqual([startLine, headers, 0]);
    expect(read([...cut(wire(text.slice(0, -1))), wire("\nrest")])).toEqual([startLine, headers, 4]);
  });

  test.each(["", "S", "S\r\n", "S\r\nA: b\r\n", "S\r\nA: b\r\n\r", "\r\n"])("waits behind %j", (text) => {
    expect(read(cut(wire(text)))).toBeUndefined();
  });

  test.each([
    ["LF alone behind the start line", "S\n\r\n", SyntaxError],
    ["LF alone behind a header", "S\r\nA: b\n\r\n", SyntaxError],
    ["LF alone at the end", "S\r\nA: b\r\n\n", SyntaxError],
    ["CR alone in a value", "S\r\nA: b\rC: d\r\n\r\n", InvalidHeaderValue],
    ["CR alone in a name", "S\r\nA\r: b\r\n\r\n", InvalidHeaderValue],
    ["no colon", "S\r\nA\r\n\r\n", SyntaxError],
    ["an empty name", "S\r\n: b\r\n\r\n", InvalidHeaderValue],
    ["a space in a name", "S\r\nA B: c\r\n\r\n", InvalidHeaderValue],
    ["a space before the colon", "S\r\nA : b\r\n\r\n", InvalidHeaderValue],
    ["folding with a space", "S\r\nA: b\r\n c\r\n\r\n", SyntaxError],
    ["folding with a tab", "S\r\nA: b\r\n\tc: d\r\n\r\n", SyntaxError],
    ["NUL in a value", "S\r\nA: \0\r\n\r\n", InvalidHeaderValue],
    ["DEL in a value", "S\r\nA: \x7f\r\n\r\n", InvalidHeaderValue],
    ["an octet above ASCII in a name", "S\r\n\u00e9: b\r\n\r\n", InvalidHeaderValue],
  ])("refuses %s", (_what, text, kind) => {
    expect(() => read(cut(wire(text)))).toThrow(kind);
  });

  test("takes a line of 8192 bytes with its CRLF, and not one of 8193", () => {
    const header = (length: number): string => `S\r\nA:${"b".repeat(length - 4)}\r\n`;
    expect(read(cut(wire(`${header(8192)}\r\n`)))).toBeDefined();
    expect(() => read(cut(wire(header(8193))))).toThrow(HeaderLineTooLong);
    expect(read(cut(wire(`${"S".repeat(8190)}\r\n\r\n`)))).toBeDefined();
    expect(() => read(cut(wire(`${"S".repeat(8191)}\r\n`)))).toThrow(RequestLineTooLong);
  });

  test("refuses a long line as soon as there is one byte too many", () => {
    expect(read(cut(wire("S".repeat(8192))))).toBeUndefined();
    expect(() => read(cut(wire("S".repeat(8193))))).toThrow(RequestLineTooLong);
    expect(read(cut(wire(`S\r\n${"A".repeat(8192)}`)))).toBeUndefined();
    expect(() => read(cut(wire(`S\r\n${"A".repeat(8193)}`)))).toThrow(HeaderLineTooLong);
  });

  test("takes 128 headers, and not 129", () => {
    expect(read(cut(wire(`S\r\n${"A: b\r\n".repeat(128)}\r\n`)))?.[1]).toHaveLength(128);
    expect(() => read(cut(wire(`S\r\n${"A: b\r\n".repeat(129)}`)))).toThrow(TooManyHeaders);
    expect(read(cut(wire("S\r\n\r\n")), { headers: 0 })).toBeDefined();
    expect(() => read(cut(wire("S\r\nA: b\r\n\r\n")), { headers: 0 })).toThrow(TooManyHeaders);
  });

  test("takes 65536 bytes in all, and not 65537", () => {
    // 3 + 15 * 4096 + a last line + 2
    const text = (last: number): string =>
      `S\r\n${`A: ${"b".repeat(4091)}\r\n`.repeat(15)}A: ${"c".repeat(last - 5)}\r\n\r\n`;
    const last = 65_536 - 15 * 4096 - 5;
    expect(text(last)).toHaveLength(65_536);
    expect(read(cut(wire(text(last))))?.[1]).toHaveLength(16);
    expect(() => read(cut(wire(text(last + 1))))).toThrow(HeaderLineTooLong);
    expect(() => read(cut(wire("SSS\r\n\r\n")), { total: 4 })).toThrow(RequestLineTooLong);
    expect(() => read(cut(wire("SS\r\n\r\n")), { total: 4 })).toThrow(HeaderLineTooLong);
  });
});

describe("HeadReader", () => {
  test("parses the start line before there is anything behind it", () => {
    const parse = (): never => {
      throw new SyntaxError("no");
    };
    const reader = new HeadReader(DEFAULT_HTTP_LIMITS, { parse, TooLong: RequestLineTooLong });
    expect(() => reader.read({ bytes: wire("220 smtp.example.com ESMTP\r\n"), position: 0 })).toThrow("no");
  });

  test("survives two thousand headers (CVE-2024-37890)", () => {
    expect(() => read([wire(`S\r\n${"A: b\r\n".repeat(2000)}\r\n`)])).toThrow(TooManyHeaders);
  });
});

describe("appendHeaderLine()", () => {
  test("does not show control characters in its errors", () => {
    expect(() => appendHeaderLine(new Headers(), "a\x1b[2J")).toThrow(
      String.raw`header line without colon: "a\u001b[2J"`,
    );
  });
});

describe("messageError() and eofError()", () => {
  test.each([new SyntaxError("bad"), new InvalidHeaderValue("Name", "bad")])("wrap %s", (cause) => {
    const error = messageError("request", cause);
    expect(error).toBeInstanceOf(InvalidMessage);
    expect(error).toMatchObject({ message: `did not receive a valid HTTP request: ${cause.message}`, cause });
  });

  test.each([new TypeError("ours"), new TooManyHeaders("more than 128 headers")])("do not wrap %s", (error) => {
    expect(messageError("response", error)).toBe(error);
  });

  test("name the end of the connection as the cause", () => {
    const { cause } = eofError("response");
    expect(cause).toBeInstanceOf(NetworkError);
    expect(cause).toMatchObject({ reason: "eof", message: "connection closed while reading HTTP response" });
  });
});
