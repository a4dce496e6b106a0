import { describe, expect, test } from "vitest";
import { isTarget, originForm, targetAuthority } from "../../src/http/target.ts";
import { expectLinear } from "../support/linear.ts";

describe("request targets", () => {
  test.each<[string, string, string, string | null]>([
    ["GET", "/", "/", null],
    ["GET", "/chat?room=1", "/chat?room=1", null],
    ["GET", "//host/a", "//host/a", null],
    ["GET", "/a://b/c", "/a://b/c", null],
    ["GET", '/a"<>\\^`{|}[]', '/a"<>\\^`{|}[]', null],
    ["GET", "http://example.com", "/", "example.com"],
    ["GET", "http://example.com:80/chat?room=1", "/chat?room=1", "example.com:80"],
    ["GET", "ws://example.com?room=/1", "/?room=/1", "example.com"],
    ["GET", "http://user:pw@example.com/", "/", "example.com"],
    ["GET", "http:///", "/", ""],
    ["OPTIONS", "*", "*", null],
    ["CONNECT", "example.com:443", "example.com:443", null],
  ])("%s %s", (method, target, form, authority) => {
    expect(isTarget(method, target)).toBe(true);
    expect(originForm(target)).toBe(form);
    expect(targetAuthority(target)).toBe(authority);
  });

  test.each([
    ["GET", ""],
    ["GET", "*"],
    ["GET", "chat"],
    ["GET", "example.com:80"],
    ["GET", "://a"],
    ["GET", "a b://c"],
    ["GET", "(a)://c"],
    ["GET", "/#fragment"],
    ["GET", "/a b"],
    ["GET", "/a\tb"],
    ["GET", "/a\0"],
    ["GET", "/a\x7f"],
    ["GET", "/caf\u00e9"],
    ["CONNECT", ""],
  ])("isTarget() refuses %s %j", (method, target) => {
    expect(isTarget(method, target)).toBe(false);
  });

  test("take linear time", () => {
    expectLinear((size) => {
      const target = `a://${"@:".repeat(size)}`;
      return () => [isTarget("GET", target), originForm(target), targetAuthority(target)];
    });
  });
});
