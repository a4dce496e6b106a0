// Which options can be told to another thread.
import { createSecretKey } from "node:crypto";
import { expect, test } from "vitest";
import { deadlineOf } from "../../src/sync/deadline.ts";
import { moduleUrl, tellable } from "../../src/sync/tellable.ts";

test("tellable() copies headers of all forms, and makes optionsModule a string", () => {
  const additionalHeaders = new Headers({ "X-A": "1" });
  const told = tellable({ additionalHeaders, maxSize: null, optionsModule: new URL("file:///a.js") } as object, [
    "signal",
  ]);
  expect(told).toEqual({
    options: { additionalHeaders: [["x-a", "1"]], maxSize: null },
    optionsModule: "file:///a.js",
  });
  expect(tellable({ signal: undefined } as object, ["signal"]).optionsModule).toBeUndefined();
});

/** An object that is found in itself, with a function. */
function cyclic(): object {
  const outer = { self: {}, b: { c: () => {} } };
  outer.self = outer;
  return outer;
}

test.each([
  ["signal", { signal: AbortSignal.abort() }],
  ["logger", { logger: () => {} }],
  ["tls.check", { tls: { ca: new Uint8Array(1), check() {} } }],
  ["a.0.b", { a: [{ b: Symbol("x") }] }],
  ["tls.ca", { tls: { ca: Promise.resolve("a") } }],
  ["maxSize", { maxSize: new Map([["message", () => 1]]) }],
  ["a.b.c", { a: cyclic() }],
])("tellable() refuses %s", (name, options) => {
  expect(() => tellable(options as object, ["signal"])).toThrow(`Cannot use ${name}:`);
});

test("tellable() lets objects pass that can be cloned, whatever they are", () => {
  const options = { tls: { key: createSecretKey(Buffer.from("a")), ca: new Uint8Array(new SharedArrayBuffer(1)) } };
  expect(tellable(options as object, []).options).toEqual(options);
});

test.each(["./a.js", "a.js", "/a.js", ""])("moduleUrl() refuses %j", (path) => {
  expect(() => moduleUrl("handlerModule", path)).toThrow(TypeError);
});

test("deadlineOf() of no timeout is never", () => {
  expect(deadlineOf(undefined)).toBe(Infinity);
  expect(deadlineOf(0)).toBeLessThanOrEqual(performance.now());
  expect(() => deadlineOf(-1)).toThrow(RangeError);
  expect(() => deadlineOf(Number.NaN)).toThrow(RangeError);
});
