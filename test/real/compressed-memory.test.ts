// What connections with compression keep when they wait is what docs/extensions.md says; programs of their own measure it.
import { expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { start } from "../repo/programs.ts";

const KIB = 1024;
/** Objects, and what little the measure is off with so few connections. */
const SLACK = 1 * KIB;

async function measured(...args: readonly string[]): Promise<Record<string, number | number[]>> {
  const program = start(process.execPath, ["test/real/compressed-memory.mjs", ...args], ROOT);
  try {
    expect(await program.exited(120_000), program.output()).toBe(0);
    return JSON.parse(program.output()) as Record<string, number | number[]>;
  } finally {
    await program.kill();
  }
}

test.each([
  ["deflate", 8 * KIB, 48_000],
  ["shared", 0, 24_000],
  ["max", 64 * KIB, 110_000],
])("a connection of %s that waits keeps %i bytes of windows", { tags: ["external"] }, async (preset, windows, all) => {
  const { used, buffers } = await measured("idle", preset, "200");
  expect(buffers).toBeLessThanOrEqual(windows + SLACK);
  expect(used).toBeLessThanOrEqual(all);
});

test.each([
  ["messages", "20000"],
  ["opened", "400"],
])("memory is flat over many %s", { tags: ["external"] }, async (task, count) => {
  const { used } = (await measured(task, "deflate", count)) as { used: number[] };
  // The first runs fill caches and let the engine compile.
  expect(Math.max(...used.slice(5)) - Math.min(...used.slice(3, 5))).toBeLessThanOrEqual(2);
});
