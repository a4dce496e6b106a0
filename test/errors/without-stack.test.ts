import { afterEach, expect, test } from "vitest";
import { withoutStack } from "../../src/errors/without-stack.ts";

const { stackTraceLimit } = Error;

afterEach(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

test("the error has no functions on its stack, and the next one has", () => {
  expect(withoutStack(() => new Error("oops")).stack).toBe("Error: oops");
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  expect(new Error("oops").stack).toContain("without-stack.test");
});

test("the limit is as it was when making throws, also where there was none", () => {
  Error.stackTraceLimit = 3;
  const fail = (): never => {
    throw new RangeError("no");
  };
  expect(() => withoutStack(fail)).toThrow(RangeError);
  expect(Error.stackTraceLimit).toBe(3);
  Reflect.deleteProperty(Error, "stackTraceLimit");
  expect(withoutStack(() => 1)).toBe(1);
  expect(Reflect.get(Error, "stackTraceLimit")).toBeUndefined();
});
