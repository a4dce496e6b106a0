import { describe, expect, test } from "vitest";
import { DEFAULT_HTTP_LIMITS, resolveHttpLimits } from "../../src/http/limits.ts";

describe("HttpLimits", () => {
  test("have the documented defaults", () => {
    expect(resolveHttpLimits()).toEqual({ line: 8192, headers: 128, total: 65_536, body: 65_536 });
    expect(resolveHttpLimits()).toEqual(DEFAULT_HTTP_LIMITS);
  });

  test("are filled in", () => {
    expect(resolveHttpLimits({ line: 100, body: 0 })).toEqual({ line: 100, headers: 128, total: 65_536, body: 0 });
  });

  test.each([-1, 1.5, Number.NaN, Infinity, "8192"])("refuse %s", (line) => {
    expect(() => resolveHttpLimits({ line: line as number })).toThrow(RangeError);
  });
});
