import { describe, expect, test } from "vitest";
import { checkRedirect, locationOf } from "../../src/router/location.ts";

const NONE = { serverName: undefined, secure: undefined };

describe("locationOf()", () => {
  test.each<[string, string | null, Partial<typeof NONE> | object, string]>([
    ["/new", "example.com:8765", {}, "/new"],
    ["/new", null, {}, "/new"],
    ["/new", "example.com:8765", { secure: true }, "wss://example.com:8765/new"],
    ["/new", "example.com", { secure: false }, "ws://example.com/new"],
    ["/new", null, { secure: true }, "/new"],
    ["/new", "10.0.0.1", { serverName: "example.com" }, "ws://example.com/new"],
    ["/new", null, { serverName: "example.com:444", secure: true }, "wss://example.com:444/new"],
    ["wss://other.example/new", "example.com", { serverName: "example.com", secure: true }, "wss://other.example/new"],
    ["/a b\r\nX: y", null, {}, "/a%20b%0D%0AX:%20y"],
    ["/grüße%20\u{1f600}", null, {}, "/gr%C3%BC%C3%9Fe%20%F0%9F%98%80"],
    ["/\ud83d", null, {}, "/%EF%BF%BD"],
    ["", "example.com", { secure: true }, ""],
  ])("%j at %s with %j is %s", (to, host, options, expected) => {
    expect(locationOf(to, host, { ...NONE, ...options })).toBe(expected);
  });
});

describe("checkRedirect()", () => {
  test.each(["/", "/new?a=1", "/%20", "ws://example.com", "wss://example.com/a", "HTTPS://example.com/"])(
    "takes %s",
    (to) => {
      expect(() => checkRedirect(to)).not.toThrow();
    },
  );

  test.each([
    "",
    "new",
    "//example.com",
    "ftp://example.com",
    "wss://",
    "/a b",
    "/ü",
    "/a\r\nb",
    "javascript:alert(1)",
  ])("refuses %j", (to) => {
    expect(() => checkRedirect(to)).toThrow(
      new TypeError(`Cannot route: cannot redirect to ${JSON.stringify(to)}, expected a path or a URL`),
    );
  });
});
