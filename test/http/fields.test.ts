import { describe, expect, test } from "vitest";
import { InvalidHeaderFormat } from "../../src/errors/handshake.ts";
import {
  defaultPort,
  formatExtensions,
  formatHost,
  includesToken,
  isHost,
  parseConnection,
  parseExtensions,
  parseSubprotocols,
  parseUpgrade,
} from "../../src/http/fields.ts";
import { expectLinear } from "../support/linear.ts";

describe("Connection and Upgrade", () => {
  test("parseConnection() reads tokens", () => {
    expect(parseConnection(["keep-alive, Upgrade"])).toEqual(["keep-alive", "Upgrade"]);
    expect(() => parseConnection(["keep-alive; Upgrade"])).toThrow(InvalidHeaderFormat);
    expect(() => parseConnection(["upgrade/1"])).toThrow(InvalidHeaderFormat);
  });

  test.each([
    ["websocket", ["websocket"]],
    ["h2c, websocket", ["h2c", "websocket"]],
    ["HTTP/2.0, WebSocket", ["HTTP/2.0", "WebSocket"]],
    ["websocket/13", ["websocket/13"]],
  ])("parseUpgrade() reads %s", (value, expected) => {
    expect(parseUpgrade([value])).toEqual(expected);
  });

  test.each(["", "websocket/", "/13", "a/b/c", "web socket"])("parseUpgrade() refuses %j", (value) => {
    expect(() => parseUpgrade([value])).toThrow(InvalidHeaderFormat);
  });

  test("includesToken() ignores case", () => {
    expect([includesToken(["a", "UpGrade"], "upgrade"), includesToken(["upgrades"], "upgrade")]).toEqual([true, false]);
  });
});

describe("Sec-WebSocket-Extensions", () => {
  test.each<[string, [string, [string, string | null][]][]]>([
    ["foo", [["foo", []]]],
    [
      "foo, bar",
      [
        ["foo", []],
        ["bar", []],
      ],
    ],
    [
      'foo; name; token=token, bar; quoted="quoted"',
      [
        [
          "foo",
          [
            ["name", null],
            ["token", "token"],
          ],
        ],
        ["bar", [["quoted", "quoted"]]],
      ],
    ],
    [
      "foo;a=1;b=2",
      [
        [
          "foo",
          [
            ["a", "1"],
            ["b", "2"],
          ],
        ],
      ],
    ],
    [
      " foo \t;\t a = 1 ;b , ",
      [
        [
          "foo",
          [
            ["a", "1"],
            ["b", null],
          ],
        ],
      ],
    ],
    [String.raw`foo; a="\1\5"`, [["foo", [["a", "15"]]]]],
    [
      "foo; a; a=1",
      [
        [
          "foo",
          [
            ["a", null],
            ["a", "1"],
          ],
        ],
      ],
    ],
    [
      "constructor; __proto__; toString=1",
      [
        [
          "constructor",
          [
            ["__proto__", null],
            ["toString", "1"],
          ],
        ],
      ],
    ],
  ])("parseExtensions() reads %s", (value, expected) => {
    expect(parseExtensions([value])).toEqual(expected.map(([name, parameters]) => ({ name, parameters })));
  });

  test("parseExtensions() makes one list of several headers", () => {
    expect(parseExtensions(["foo; a", "bar"]).map(({ name }) => name)).toEqual(["foo", "bar"]);
  });

  test.each([
    "",
    ";",
    "foo;",
    "foo; =1",
    "foo; a=",
    'foo; a="b c"',
    'foo; a="b',
    'foo; a=""',
    "foo bar",
    "foo; a b",
    "foo; a=1 2",
    "foo; a=\u00e9",
    "f\u00e9o",
    "foo; a==1",
  ])("parseExtensions() refuses %j", (value) => {
    expect(() => parseExtensions([value])).toThrow(InvalidHeaderFormat);
  });

  test("formatExtensions() is the inverse", () => {
    const value = "permessage-deflate; client_max_window_bits; server_max_window_bits=10, foo";
    expect(formatExtensions(parseExtensions([value]))).toBe(value);
  });

  test.each<[string, (size: number) => string]>([
    ["white space", (size) => `a${" ".repeat(size)};${" ".repeat(size)}b${" ".repeat(size)}=${" ".repeat(size)}(`],
    ["parameters", (size) => `a${";b=c".repeat(size)};`],
    ["semicolons", (size) => `a${";".repeat(size)}`],
    ["an unclosed quote", (size) => `a;b="${String.raw`\c`.repeat(size)}`],
    ["quotes", (size) => `a;b=${'"'.repeat(size)}`],
    ["extensions", (size) => `${"a;b,".repeat(size)}(`],
  ])("parseExtensions() takes linear time for %s", (_what, make) => {
    expectLinear((size) => {
      const value = make(size);
      return () => parseExtensions([value]);
    }, 2000);
  });
});

describe("Sec-WebSocket-Protocol", () => {
  test.each([
    ["chat", ["chat"]],
    ["a,,b", ["a", "b"]],
    ["superchat, chat", ["superchat", "chat"]],
  ])("parseSubprotocols() reads %s", (value, expected) => {
    expect(parseSubprotocols([value])).toEqual(expected);
  });

  test.each(["", "a b", "caf\u00e9", "a;b", '"a"', "b                    x"])(
    "parseSubprotocols() refuses %j",
    (value) => {
      expect(() => parseSubprotocols([value])).toThrow(InvalidHeaderFormat);
    },
  );
});

describe("Host", () => {
  test.each<[string, number, boolean, string]>([
    ["localhost", 80, false, "localhost"],
    ["localhost", 443, false, "localhost:443"],
    ["localhost", 443, true, "localhost"],
    ["localhost", 80, true, "localhost:80"],
    ["localhost", 8000, false, "localhost:8000"],
    ["::1", 80, false, "[::1]"],
    ["::1", 8000, false, "[::1]:8000"],
  ])("formatHost() makes %s, port %i, TLS %s", (host, port, isSecure, expected) => {
    expect(formatHost(host, port, isSecure)).toBe(expected);
  });

  test("defaultPort() is 80, or 443 with TLS", () => {
    expect([defaultPort(false), defaultPort(true)]).toEqual([80, 443]);
  });

  test.each([
    "localhost",
    "example.com:80",
    "127.0.0.1:8000",
    "[::1]",
    "[::ffff:1.2.3.4]:8000",
    "a_b.test",
    "a%20b",
    "host:",
    "x:65535",
    "x:0",
  ])("isHost() takes %s", (value) => {
    expect(isHost(value)).toBe(true);
  });

  test.each([
    "",
    ":80",
    "a b",
    "a, b",
    "a/b",
    "user@host",
    "a:b",
    "a:65536",
    "a:000080",
    "a:80:80",
    "[::1",
    "::1",
    "[]",
    "[x]",
    "caf\u00e9",
    "a%2",
    "a?b",
    "a#b",
    "http://a",
    "a\\b",
    "<a>",
  ])("isHost() refuses %j", (value) => {
    // A comma is a legal character of a reg-name, but a space is not.
    expect(isHost(value)).toBe(false);
  });

  test.each<[string, (size: number) => string]>([
    ["a long name", (size) => `${"a".repeat(size)} `],
    ["a long address", (size) => `[${":".repeat(size)}`],
    ["percent signs", (size) => `${"%41".repeat(size)}%`],
    ["a long port", (size) => `a:${"1".repeat(size)}x`],
  ])("isHost() takes linear time for %s", (_what, make) => {
    expectLinear((size) => {
      const value = make(size);
      return () => isHost(value);
    });
  });
});
