import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "../../src/async/on-abort.ts";

test("onAbort() calls everybody back, with one listener", () => {
  const controller = new AbortController();
  const called: number[] = [];
  for (let i = 0; i < 20; i++) onAbort(controller.signal, () => called.push(i));
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  controller.abort();
  expect(called).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("onAbort() leaves nothing when it is ended, however often", () => {
  const { signal } = new AbortController();
  const called: string[] = [];
  const ends = ["a", "b"].map((name) => onAbort(signal, () => called.push(name)));
  ends[0]?.();
  ends[0]?.();
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  ends[1]?.();
  expect(getEventListeners(signal, "abort")).toEqual([]);
  const end = onAbort(signal, () => called.push("c"));
  ends[1]?.();
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  signal.dispatchEvent(new Event("abort"));
  expect(called).toEqual(["c"]);
  end();
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("onAbort() can be ended by a callback", () => {
  const controller = new AbortController();
  const called: string[] = [];
  const end = onAbort(controller.signal, () => {
    called.push("a");
    end();
  });
  const other = onAbort(controller.signal, () => {
    called.push("b");
    other();
  });
  controller.abort();
  expect(called).toEqual(["a", "b"]);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});
