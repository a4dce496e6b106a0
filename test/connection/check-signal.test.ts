import { expect, test } from "vitest";
import { checkSignal } from "../../src/connection/check-signal.ts";

test("checkSignal() tells whether there is a signal", () => {
  expect(checkSignal(new AbortController().signal)).toBe(true);
  expect(checkSignal(AbortSignal.abort())).toBe(true);
  expect(checkSignal(undefined)).toBe(false);
});

test.each([
  [null, "null"],
  ["abort", "string"],
  [{ aborted: false }, "Object"],
  [new AbortController(), "AbortController"],
  [new EventTarget(), "EventTarget"],
])("checkSignal() refuses %s and names it", (signal, name) => {
  expect(() => checkSignal(signal)).toThrow(new TypeError(`Cannot use signal: ${name}, expected an AbortSignal`));
});
