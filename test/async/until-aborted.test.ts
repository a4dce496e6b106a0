import { expect, test } from "vitest";
import { untilAborted } from "../../src/async/until-aborted.ts";

const never = new Promise<never>(() => {});

test("untilAborted() without a signal is the promise itself", () => {
  expect(untilAborted(never, undefined)).toBe(never);
});

test("untilAborted() has the outcome of the promise, and leaves the signal alone afterwards", async () => {
  const controller = new AbortController();
  await expect(untilAborted(Promise.resolve(7), controller.signal)).resolves.toBe(7);
  const failed = untilAborted(Promise.reject(new Error("no")), controller.signal);
  await expect(failed).rejects.toThrow("no");
  controller.abort();
});

test("untilAborted() rejects with the reason of the signal, before and after the call", async () => {
  const controller = new AbortController();
  const waiting = untilAborted(never, controller.signal);
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(untilAborted(never, controller.signal)).rejects.toThrow("enough");
});
