import { deflateRawSync, constants } from "node:zlib";
import { expect, test } from "vitest";
import { Prng } from "../support/prng.ts";
import { inflateMessage, newCompression, zlibOutput } from "./inflate-harness.ts";
import { inflateReference } from "./inflate-reference.ts";
test("smoke", () => {
  const { compression } = newCompression();
  const random = new Prng(1);
  for (const level of [0, 1, 6, 9]) for (const strategy of [0, 4, 2, 3]) for (const n of [0, 1, 5, 100, 1000, 50_000, 300_000]) {
    const words = Array.from({ length: 50 }, () => random.bytes(random.between(1, 12)));
    const parts: number[] = [];
    while (parts.length < n) parts.push(...random.pick(words));
    const data = Uint8Array.from(parts.slice(0, n));
    const raw = deflateRawSync(data, { level, strategy, finishFlush: constants.Z_SYNC_FLUSH });
    const message = raw.subarray(0, -4);
    expect(Buffer.from(zlibOutput(message)!).equals(data)).toBe(true);
    if (n < 60000) expect(inflateReference(message)).toMatchObject({ state: "whole" });
    for (const limit of [Infinity, 1000, 259, 7, 1]) {
      const inflater = compression.createInflater(15, false);
      const out = inflateMessage(compression, inflater, [message], { limit });
      expect(Buffer.from(out).equals(data), `${level} ${strategy} ${n} ${limit}`).toBe(true);
      if (n <= 50000) {
      const out2 = inflateMessage(compression, inflater, Array.from(message, (b) => Uint8Array.of(b)), { limit });
      expect(Buffer.from(out2).equals(data), `${level} ${strategy} ${n} ${limit}`).toBe(true);
      }
    }
  }
});
