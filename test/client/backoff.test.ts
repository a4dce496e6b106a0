import { describe, expect, test } from "vitest";
import { backoff, Pacing } from "../../src/client/backoff.ts";
import { retryAfter } from "../../src/client/retry-delay.ts";
import { InvalidStatus } from "../../src/errors/handshake.ts";
import { InvalidProxyStatus } from "../../src/errors/proxy.ts";
import type { HeadersLike } from "../../src/http/headers.ts";
import { HandshakeResponse } from "../../src/http/response.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

function rejection(status: number, headers: HeadersLike = {}): InvalidStatus {
  return new InvalidStatus(new HandshakeResponse(status, "", headers));
}

test("backoff() begins at random, then grows to 90 s", () => {
  const delays = backoff();
  const all = Array.from({ length: 12 }, () => Math.round(delays.next().value));
  expect(all[0]).toBeLessThanOrEqual(5000);
  expect(all.slice(1)).toEqual([3100, 5016, 8116, 13131, 21246, 34376, 55620, 89994, 90_000, 90_000, 90_000]);
});

test("backoff() has its first delay anywhere from 0 to 5 s", () => {
  const firsts = Array.from({ length: 1000 }, () => backoff().next().value);
  expect(Math.min(...firsts)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...firsts)).toBeLessThan(5000);
  for (const third of [0, 1, 2]) {
    const count = firsts.filter((delay) => Math.floor(delay / (5000 / 3)) === third).length;
    expect(count).toBeGreaterThan(200);
  }
});

describe("Pacing", () => {
  test("takes the delays of the policy, anew after a success, until there are no more", () => {
    let made = 0;
    const pacing = new Pacing(() => {
      made++;
      return [1, 2];
    });
    expect(made).toBe(0);
    expect([1, 2, 3, 4].map(() => pacing.next(null, NOW))).toEqual([1, 2, undefined, undefined]);
    pacing.reset();
    expect(pacing.next(null, NOW)).toBe(1);
    expect(made).toBe(2);
  });

  test.each([-1, Number.NaN, Infinity, 2 ** 31])("refuses %d", (delay) => {
    expect(() => new Pacing(() => [delay]).next(null, NOW)).toThrow(RangeError);
  });

  test.each<[string, unknown, number]>([
    ["no response", new Error("other"), 1000],
    ["no header", rejection(503), 1000],
    ["seconds", rejection(503, { Date: "now", "retry-after": "7" }), 7000],
    ["a date", rejection(503, { "Retry-After": "Sat, 31 Jan 2026 12:00:07 GMT" }), 7000],
    ["429", rejection(429, { "Retry-After": "7" }), 7000],
    ["a proxy", new InvalidProxyStatus(new HandshakeResponse(503, "", { "Retry-After": "7" })), 7000],
    ["another status", rejection(500, { "Retry-After": "7" }), 1000],
    ["less than the policy", rejection(503, { "Retry-After": "0" }), 1000],
    ["nonsense", rejection(503, { "Retry-After": "soon" }), 1000],
    ["more than an hour", rejection(503, { "Retry-After": "86400" }), 3_600_000],
    ["for ever", rejection(503, { "Retry-After": "9".repeat(100) }), 3_600_000],
    ["several headers, of which the first counts", rejection(503, { "Retry-After": ["7", "9"] }), 7000],
  ])("waits for what Retry-After says: %s", (_what, error, expected) => {
    expect(new Pacing(() => [1000], retryAfter).next(error, NOW)).toBe(expected);
  });
});
