import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sleep } from "../../src/async/sleep.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("sleep() resolves after the delay, not before", async () => {
  const controller = new AbortController();
  let isOver = 0;
  for (const signal of [undefined, controller.signal]) void sleep(1000, signal).then(() => isOver++);
  await vi.advanceTimersByTimeAsync(999);
  expect(isOver).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(isOver).toBe(2);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("sleep() rejects with the reason of its signal, and leaves no timer", async () => {
  const controller = new AbortController();
  const outcome = sleep(1000, controller.signal).catch((reason: unknown) => reason);
  controller.abort("enough");
  expect(await outcome).toBe("enough");
  expect(vi.getTimerCount()).toBe(0);
  await expect(sleep(1000, AbortSignal.abort("no"))).rejects.toBe("no");
  expect(vi.getTimerCount()).toBe(0);
});
