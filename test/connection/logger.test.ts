import { afterEach, expect, test, vi } from "vitest";
import { defaultLogger, GuardedLogger } from "../../src/connection/logger.ts";

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

test("GuardedLogger lets no fault of a logger out", () => {
  const fail = (): never => {
    throw new Error("disk full");
  };
  const logger = new GuardedLogger({ debug: fail, info: fail, warn: fail, error: fail });
  logger.debug?.("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
});

test("GuardedLogger passes on what there is a level for", () => {
  const lines: unknown[][] = [];
  const target = {
    warn: (...line: unknown[]) => void lines.push(line),
    error: (...line: unknown[]) => void lines.push(line),
  };
  const logger = new GuardedLogger(target);
  expect(logger.debug).toBeUndefined();
  logger.info("nobody reads this");
  logger.warn("a", 1);
  logger.error("b", 2);
  new GuardedLogger({ ...target, debug: (...line) => void lines.push(line) }).debug?.("c");
  new GuardedLogger({ ...target, info: (...line) => void lines.push(line) }).info("d", 3);
  expect(lines).toEqual([["a", 1], ["b", 2], ["c"], ["d", 3]]);
});
