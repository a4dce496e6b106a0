import { describe, expect, test } from "vitest";
import { type AllowedOrigins, isOriginAllowed } from "../../src/http/origin.ts";

describe("isOriginAllowed()", () => {
  test.each<[string, string | null, AllowedOrigins, boolean]>([
    ["anything without a list", "https://evil.example", null, true],
    ["nothing without a list", null, null, true],
    ["nothing with an empty list", "https://a.example", [], false],
    ["a string", "https://a.example", ["https://b.example", "https://a.example"], true],
    ["another string", "https://c.example", ["https://b.example", "https://a.example"], false],
    ["a string with more behind", "https://a.example.evil", ["https://a.example"], false],
    ["absence where null is listed", null, [null], true],
    ["absence where null is not listed", null, ["https://a.example", /.*/], false],
    ["presence where null is listed alone", "null", [null], false],
    ["a whole match", "https://sub.a.example", [/https:\/\/[^.]+\.a\.example/], true],
    ["a match of the beginning", "https://a.example.evil", [/https:\/\/a\.example/], false],
    ["a match of the end", "evil https://a.example", [/https:\/\/a\.example/], false],
    ["the longer of two branches", "https://a.example", [/https:|https:\/\/a\.example/], true],
    ["a branch that is not whole", "https://a.example.evil", [/https:\/\/a\.example|https:\/\/b\.example/], false],
    ["a match without case", "HTTPS://A.EXAMPLE", [/https:\/\/a\.example/i], true],
    ["an anchored expression", "https://a.example", [/^https:\/\/a\.example$/], true],
  ])("judges %s", (_what, origin, allowed, expected) => {
    expect(isOriginAllowed(origin, allowed, "a.example")).toBe(expected);
  });

  test("judges the same again for an expression that remembers a position", () => {
    const allowed = [/https:\/\/a\.example/gy];
    const results = [1, 2, 3].map(() => isOriginAllowed("https://a.example", allowed, null));
    expect(results).toEqual([true, true, true]);
    expect(isOriginAllowed("https://a.example\nx", [/https:\/\/a\.example/m], null)).toBe(false);
  });

  test.each<[string | null, string | null, boolean]>([
    ["https://a.example", "a.example", true],
    ["https://A.example", "a.EXAMPLE", true],
    ["https://a.example", "a.example:443", true],
    ["https://a.example:443", "a.example", true],
    ["http://a.example", "a.example:80", true],
    ["http://localhost:8765", "localhost:8765", true],
    ["http://[::1]:8765", "[::1]:8765", true],
    [null, "a.example", true],
    ["https://a.example", "a.example:80", false],
    ["https://a.example", "a.example:8443", false],
    ["https://a.example", "b.example", false],
    ["https://a.example.evil", "a.example", false],
    ["https://a.example", "a b", false],
    ["https://a.example", null, false],
    ["https://", "a.example", false],
    ["null", "null", false],
    ["http://null", null, false],
    ["file://a.example", "a.example", false],
    ["a.example", "a.example", false],
  ])("compares %s with the host %s", (origin, host, expected) => {
    expect(isOriginAllowed(origin, "same-host", host)).toBe(expected);
  });
});
