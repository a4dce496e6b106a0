import { expect, test } from "vitest";
import { InflateWindow } from "../../src/kernels/inflate-window.ts";
import { Prng } from "../support/prng.ts";

function contents(window: InflateWindow): number[] {
  const target = new Uint8Array(window.size + 20).fill(0xcc);
  const length = window.copyTo(target, 10);
  expect([...target.subarray(0, 10), ...target.subarray(10 + length)].every((byte) => byte === 0xcc)).toBe(true);
  return [...target.subarray(10, 10 + length)];
}

test.each([256, 512, 4096])("an InflateWindow of %i keeps the last bytes, in order", (size) => {
  const random = new Prng();
  for (let round = 0; round < 20; round++) {
    const window = new InflateWindow(size);
    const all: number[] = [];
    for (let i = 0; i < 40; i++) {
      const bytes = random.bytes(random.below(random.pick([3, 100, size, 3 * size])));
      const start = random.below(bytes.length + 1);
      window.append(bytes, start, bytes.length);
      all.push(...bytes.subarray(start));
      expect(contents(window), `seed ${random.seed}`).toEqual(all.slice(-size));
      expect(window.capacity).toBeLessThanOrEqual(Math.max(256, Math.min(size, 2 * all.length)));
    }
    window.clear();
    expect([contents(window), window.capacity]).toEqual([[], 0]);
  }
});
