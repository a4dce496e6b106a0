// The debug log is there for connections that have one, once it is loaded.
import { expect, test, vi } from "vitest";
import { readConnectionOptions } from "../../src/connection/options.ts";

const quiet = readConnectionOptions({});
const told = readConnectionOptions({ logger: { debug: () => {}, warn: () => {}, error: () => {} } });

test("is loaded only where somebody listens", async () => {
  vi.resetModules();
  const { isTraceMissing, loadTrace, traceOf } = await import("../../src/connection/load-trace.ts");
  expect([isTraceMissing(quiet), isTraceMissing(told), traceOf(told)]).toEqual([false, true, undefined]);
  await loadTrace();
  expect([isTraceMissing(quiet), isTraceMissing(told), traceOf(quiet)]).toEqual([false, false, undefined]);
  expect(traceOf(told)).toBeDefined();
});
