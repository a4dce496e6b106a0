import { afterEach, expect, test, vi } from "vitest";
import { randomBytes, randomMaskingKey } from "../../src/bytes/random.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("randomMaskingKey() draws 32 bits, thousands with one call of the runtime", () => {
  const spy = vi.spyOn(crypto, "getRandomValues");
  const keys = new Set(Array.from({ length: 20_000 }, () => randomMaskingKey()));
  // A repetition among 20,000 of 2^32 has a probability of 5 %, ten of them none.
  expect(keys.size).toBeGreaterThan(19_990);
  expect([...keys].every((key) => Number.isInteger(key) && key >= 0 && key < 2 ** 32)).toBe(true);
  expect(spy.mock.calls.length).toBeGreaterThanOrEqual(9);
  expect(spy.mock.calls.length).toBeLessThanOrEqual(11);
});

test("every bit of a masking key is as often 0 as 1", () => {
  const ones = Array.from({ length: 32 }, () => 0);
  for (let i = 0; i < 20_000; i++) {
    const key = randomMaskingKey();
    for (let bit = 0; bit < 32; bit++) ones[bit] = (ones[bit] ?? 0) + ((key >>> bit) & 1);
  }
  // 10,000 +- 71; this is 14 times as much.
  for (const count of ones) expect(Math.abs(count - 10_000)).toBeLessThan(1000);
});

test.each([0, 1, 2, 3, 4, 5, 16, 8191, 8192])("randomBytes(%i) are the caller's own", (length) => {
  const first = randomBytes(length);
  expect(first).toHaveLength(length);
  expect(first.buffer.byteLength).toBe(length);
  const copy = first.slice();
  const second = randomBytes(length);
  expect(first).toEqual(copy);
  if (length >= 16) expect(second).not.toEqual(first);
});

test("randomBytes() and randomMaskingKey() never give the same bytes twice", () => {
  // A runtime that counts.
  let next = 0;
  vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    const words = new Uint32Array((array as unknown as Uint8Array).buffer);
    for (let i = 0; i < words.length; i++) words[i] = next++;
    return array;
  });
  randomBytes(8192); // drops what is left of the pool
  const seen = new Set<number>();
  for (let i = 0; i < 3000; i++) {
    const word = i % 3 === 0 ? (new Uint32Array(randomBytes(4).buffer)[0] as number) : randomMaskingKey();
    expect(seen.has(word)).toBe(false);
    seen.add(word);
    // An odd length leaves the pool aligned.
    if (i % 7 === 0) randomBytes(3);
  }
});

test("a masking key has no byte that randomBytes() gave away", () => {
  let next = 1000;
  vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    const words = new Uint32Array((array as unknown as Uint8Array).buffer);
    for (let i = 0; i < words.length; i++) words[i] = next++;
    return array;
  });
  randomBytes(8192);
  for (const length of [1, 2, 3, 4, 5]) {
    const bytes = randomBytes(length);
    const word = (bytes[0] as number) | ((bytes[1] ?? 0) << 8);
    const key = randomMaskingKey();
    expect(key & 0xff).toBe((word + Math.ceil(length / 4)) & 0xff);
    expect(key).toBeGreaterThan(1000);
  }
});
