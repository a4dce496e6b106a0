import { describe, expect, test } from "vitest";
import { InvalidHeaderFormat } from "../../src/errors/handshake.ts";
import {
  FieldScanner,
  isFieldText,
  isToken,
  isVisible,
  parseList,
  quote,
  trimWhitespace,
} from "../../src/http/grammar.ts";
import { errorOf } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

const TOKEN_CHARS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function tokens(...values: string[]): string[] {
  return parseList("Name", values, (scanner) => scanner.token());
}

describe("characters", () => {
  test("isToken(), isFieldText() and isVisible() know each character", () => {
    for (let code = 0; code < 0x180; code++) {
      const char = String.fromCharCode(code);
      expect(isToken(char), `token ${code}`).toBe(TOKEN_CHARS.includes(char));
      const isText = code === 9 || (code >= 0x20 && code <= 0x7e) || (code >= 0x80 && code <= 0xff);
      expect(isFieldText(char), `field ${code}`).toBe(isText);
      expect(isVisible(char), `visible ${code}`).toBe(code >= 0x21 && code <= 0x7e);
    }
  });

  test("isToken() and isVisible() want a character at least", () => {
    expect([isToken(""), isVisible(""), isFieldText("")]).toEqual([false, false, true]);
  });

  test.each([
    ["", ""],
    [" \t ", ""],
    ["a", "a"],
    ["\t a b \t", "a b"],
    ["\u00a0a\u00a0", "\u00a0a\u00a0"],
  ])("trimWhitespace() makes %j of %j", (text, expected) => {
    expect(trimWhitespace(text)).toBe(expected);
  });

  test.each([
    ["a", '"a"'],
    ['a"b\\', String.raw`"a\"b\\"`],
    ["\x1b[2J\x7f\x9b", String.raw`"\u001b[2J\u007f\u009b"`],
    ["x".repeat(75), `"${"x".repeat(75)}"`],
    ["x".repeat(76), `"${"x".repeat(75)}..."`],
  ])("quote() shows %j safely", (text, expected) => {
    expect(quote(text)).toBe(expected);
  });
});

describe("parseList()", () => {
  test.each([
    ["upgrade", ["upgrade"]],
    ["keep-alive, Upgrade", ["keep-alive", "Upgrade"]],
    ["a,b", ["a", "b"]],
    ["a,,b", ["a", "b"]],
    [",,\t,  , ,Upgrade  ,,", ["Upgrade"]],
    [" a\t,\tb ", ["a", "b"]],
  ])("reads %j", (value, expected) => {
    expect(tokens(value)).toEqual(expected);
  });

  test("makes one list of several headers, of which some may be empty", () => {
    expect(tokens("a, b", "", ",", "c")).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["", "expected at least one element", 0],
    [" , ,, ", "expected at least one element", 0],
    ["keep-alive; Upgrade", "expected comma", 10],
    ["a b", "expected comma", 2],
    ["a, (b)", "expected token", 3],
    ["caf\u00e9", "expected comma", 3],
    ["\u00e9", "expected token", 0],
    ['"a"', "expected token", 0],
  ])("refuses %j", (value, problem, position) => {
    const error = errorOf(() => tokens(value));
    expect(error).toBeInstanceOf(InvalidHeaderFormat);
    expect(error).toMatchObject({ header: "Name", value, position });
    expect(error).toHaveProperty("message", `invalid Name header: ${problem} at ${position} in ${value}`);
  });

  test("refuses no header at all", () => {
    expect(() => tokens()).toThrow(InvalidHeaderFormat);
  });

  // CVE-2021-32640 and its kin.
  test.each<[string, (size: number) => string]>([
    ["white space between two tokens", (size) => `b${" ".repeat(size)}x`],
    ["white space and commas", (size) => `${" ,".repeat(size)}x`],
    ["commas", (size) => ",".repeat(size)],
    ["a token", (size) => `${"a".repeat(size)}(`],
    ["tokens", (size) => `${"a, ".repeat(size)};`],
  ])("takes linear time for %s", (_what, make) => {
    expectLinear((size) => {
      const value = make(size);
      return () => tokens(value);
    });
  });
});

describe("FieldScanner", () => {
  test.each([
    ['"a"', "a"],
    [String.raw`"\a\b"`, "ab"],
    ['"a" ', "a"],
    ['"!#$%&\'*+-.^_`|~"', "!#$%&'*+-.^_`|~"],
  ])("quotedToken() reads %s", (text, expected) => {
    expect(new FieldScanner("Name", text).quotedToken()).toBe(expected);
  });

  test.each([
    ["an empty string", '""', 2],
    ["a space", '"a b"', 2],
    ["an escaped space", String.raw`"\ "`, 2],
    ["a comma", '"a,b"', 2],
    ["an escaped quote", String.raw`"\""`, 2],
    ["an escaped backslash", String.raw`"\\"`, 2],
    ["no end", '"abc', 4],
    ["a backslash at the end", '"abc\\', 5],
    ["a quote alone", '"', 1],
    ["an octet above ASCII", '"\u00e9"', 1],
  ])("quotedToken() refuses %s", (_what, text, position) => {
    const error = errorOf(() => new FieldScanner("Name", text).quotedToken());
    expect(error).toBeInstanceOf(InvalidHeaderFormat);
    expect(error).toMatchObject({ position });
  });

  test("skip(), nextIs() and atEnd follow the position", () => {
    const scanner = new FieldScanner("Name", "=;");
    expect([scanner.skip(";"), scanner.nextIs("="), scanner.skip("="), scanner.atEnd]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([scanner.skip(";"), scanner.atEnd, scanner.skip(";")]).toEqual([true, true, false]);
  });

  // CVE-2020-7662 and CVE-2020-7663.
  test("quotedToken() takes linear time for escapes that never end", () => {
    expectLinear((size) => {
      const text = `"${String.raw`\c`.repeat(size)}`;
      return () => new FieldScanner("Name", text).quotedToken();
    });
  });
});
