import { afterEach, expect, test, vi } from "vitest";
import { defaultLogger } from "../../src/connection/logger.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(["warn", "error"] as const)("defaultLogger.%s() writes to the console", (level) => {
  const write = vi.spyOn(console, level).mockImplementation(() => {});
  const cause = new Error("cause");
  defaultLogger[level]("! text", cause);
  expect(write.mock.calls).toEqual([["! text", cause]]);
});

test("defaultLogger has no levels below warnings", () => {
  expect(Object.keys(defaultLogger).toSorted()).toEqual(["error", "warn"]);
});
