import { afterEach, beforeEach, expect, test } from "vitest";
import { Deferred, handled, rejected } from "../../src/async/deferred.ts";

let unhandled: unknown[] = [];
const listener = (reason: unknown): void => {
  unhandled.push(reason);
};

beforeEach(() => {
  unhandled = [];
  process.on("unhandledRejection", listener);
});

afterEach(() => {
  process.off("unhandledRejection", listener);
});

/** Until the runtime has told of unhandled rejections. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test("Deferred is settled from outside", async () => {
  const first = new Deferred<number>();
  first.resolve(1);
  first.resolve(2);
  first.reject(new Error("too late"));
  await expect(first.promise).resolves.toBe(1);
  const second = new Deferred<number>();
  second.resolve(Promise.resolve(3));
  await expect(second.promise).resolves.toBe(3);
});

test("a rejection of a Deferred may be ignored, or awaited", async () => {
  const error = new Error("seen by nobody");
  const deferred = new Deferred<void>();
  deferred.reject(error);
  await turn();
  expect(unhandled).toEqual([]);
  await expect(deferred.promise).rejects.toBe(error);
});

test("handled() returns the same promise, and rejected() one that needs no handler", async () => {
  const promise = Promise.reject(new Error("first"));
  expect(handled(promise)).toBe(promise);
  const second = rejected("second");
  await turn();
  expect(unhandled).toEqual([]);
  await expect(second).rejects.toBe("second");
});
