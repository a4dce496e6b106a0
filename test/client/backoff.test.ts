import { describe, expect, test } from "vitest";
import { backoff, Pacing } from "../../src/client/backoff.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

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

  test("ends the delays that it does not take any more, once", () => {
    let ended = 0;
    const pacing = new Pacing(function* delays() {
      try {
        for (;;) yield 1;
      } finally {
        ended++;
      }
    });
    pacing.reset();
    expect(pacing.next(null, NOW)).toBe(1);
    expect(ended).toBe(0);
    pacing.reset();
    pacing.reset();
    expect(ended).toBe(1);
  });

  test.each([-1, Number.NaN, Infinity, 2 ** 31])("refuses %d", (delay) => {
    expect(() => new Pacing(() => [delay]).next(null, NOW)).toThrow(RangeError);
  });

  test("waits as long as the server asks for, if that is longer", () => {
    const pacing = new Pacing(
      () => [1000, 1000],
      (error, now) => (error === "later" ? now : 0),
    );
    expect([pacing.next("later", 2000), pacing.next("now", 2000)]).toEqual([2000, 1000]);
  });
});
