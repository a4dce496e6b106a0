// WSASM_FUZZ multiplies the number of streams.
import { expect, test } from "vitest";
import { Prng } from "../support/prng.ts";
import { FUZZ_FACTOR, FUZZ_OPTIONS } from "./harness.ts";
import { fuzzInflate } from "./inflate-fuzz.ts";

test("an inflater agrees with zlib on random and mutated streams, and stays in its memory", FUZZ_OPTIONS, async () => {
  const random = new Prng();
  const rounds = 4000 * FUZZ_FACTOR;
  const ends = await fuzzInflate(random, rounds);
  if (FUZZ_FACTOR > 1) console.log(`seed ${random.seed}: ${rounds} streams`, ends);
  // The generator makes all kinds of streams.
  for (const count of Object.values(ends)) expect(count / rounds).toBeGreaterThan(0.05);
});
