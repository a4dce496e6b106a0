import { expect, test } from "vitest";
import { parseHttpDate, parseRetryAfter } from "../../src/http/retry-after.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

test.each([
  ["0", 0],
  ["120", 120_000],
  ["9999999999", 9_999_999_999_000],
  ["99999999999999999999", Infinity],
  ["Sat, 31 Jan 2026 12:00:07 GMT", 7000],
  ["Saturday, 31-Jan-26 12:00:07 GMT", 7000],
  ["Sat Jan 31 12:00:07 2026", 7000],
  ["Sun Feb  1 12:00:00 2026", 86_400_000],
  ["Sat, 31 Jan 2026 11:59:59 GMT", 0],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["", null],
  ["-1", null],
  ["1.5", null],
  ["soon", null],
  ["Sat, 31 Jen 2026 12:00:07 GMT", null],
  ["Sat, 31 Jan 2026 24:00:00 GMT", null],
  ["Sat, 31 Jan 2026 12:60:00 GMT", null],
  ["Sat, 31 Jan 2026 12:00:07", null],
  ["2026-01-31T12:00:07Z", null],
])("parseRetryAfter() of %j: %s", (value, expected) => {
  expect(parseRetryAfter(value, NOW)).toBe(expected);
});

test("parseHttpDate() gives the same for the three forms of RFC 9110 5.6.7", () => {
  const expected = Date.UTC(1994, 10, 6, 8, 49, 37);
  expect(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", NOW)).toBe(expected);
  expect(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", NOW)).toBe(expected);
  expect(parseHttpDate("Sun Nov  6 08:49:37 1994", NOW)).toBe(expected);
});

test("parseHttpDate() takes two digits for a year at most 50 years ahead", () => {
  expect(parseHttpDate("Sunday, 06-Nov-76 08:49:37 GMT", NOW)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37));
  expect(parseHttpDate("Sunday, 06-Nov-77 08:49:37 GMT", NOW)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37));
});
