import { expect, test } from "vitest";
import { broadcast, serve } from "../../src/node.ts";
import { run } from "./broadcast.mjs";

const MAX_BUFFERED = 0x40000;

test("a broadcast reaches all that read, and closes the few that do not", { tags: ["slow"] }, async () => {
  const { count, left, closed, most } = await run({ serve, broadcast }, 300, MAX_BUFFERED);
  expect(closed).toEqual([1013, 1013, 1013]);
  expect(left).toBe(count - 3);
  // What waits for the slow ones are views of the same message; 64 KiB each if they were copies.
  expect(most).toBeLessThan(3 * MAX_BUFFERED + 0x400000);
});
