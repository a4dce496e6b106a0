import { expect, test } from "vitest";
import { internalsOf } from "../../src/connection/runtime.ts";
import { MemoryRuntime } from "../support/network.ts";

test("internalsOf() gives what the runtime brings, with one pool of slabs for all its protocols", () => {
  const [runtime, other] = [new MemoryRuntime(), new MemoryRuntime()];
  const internals = internalsOf(runtime);
  expect(internals.codec).toBe(runtime.codec);
  expect(internals.allocate).toBe(runtime.allocate);
  expect(internalsOf(runtime).slabs).toBe(internals.slabs);
  expect(internalsOf(other).slabs).not.toBe(internals.slabs);
});
