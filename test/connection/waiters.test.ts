import { expect, test } from "vitest";
import { Waiters } from "../../src/connection/waiters.ts";
import { turn } from "../support/memory-transport.ts";
import { unhandledDuring } from "../support/network.ts";

test("reach() releases those whose target was reached, in their order", async () => {
  const waiters = new Waiters();
  const order: number[] = [];
  for (const target of [1, 1, 3, 5]) void waiters.wait(target).then(() => order.push(target));
  for (const [count, expected] of [
    [0, []],
    [1, [1, 1]],
    [2, [1, 1]],
    [4, [1, 1, 3]],
    [Infinity, [1, 1, 3, 5]],
    [Infinity, [1, 1, 3, 5]],
  ] as const) {
    waiters.reach(count);
    await turn();
    expect(order).toEqual(expected);
  }
});

test("rejectAll() ends those who still wait, and nobody else", async () => {
  const waiters = new Waiters();
  const first = waiters.wait(1);
  const others = [waiters.wait(2), waiters.wait(3)];
  waiters.reach(1);
  const error = new Error("gone");
  waiters.rejectAll(error);
  await first;
  for (const other of others) await expect(other).rejects.toBe(error);
  const later = waiters.wait(4);
  waiters.reach(4);
  await later;
});

test("many come and go, a few at a time", async () => {
  const waiters = new Waiters();
  const done: number[] = [];
  let added = 0;
  for (let round = 1; round <= 300; round++) {
    for (let i = 0; i < 3; i++) {
      const target = ++added;
      void waiters.wait(target).then(() => done.push(target));
    }
    waiters.reach(round * 2);
  }
  await turn();
  expect(done).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
  waiters.reach(added);
  await turn();
  expect(done).toHaveLength(900);
});

test("a hundred thousand released one by one take linear time", async () => {
  const waiters = new Waiters();
  const all = Array.from({ length: 100_000 }, (_, i) => waiters.wait(i));
  const start = performance.now();
  for (let i = 0; i < all.length; i++) waiters.reach(i);
  expect(performance.now() - start).toBeLessThan(2000);
  await Promise.all(all);
});

test("nobody needs to look", async () => {
  const found = await unhandledDuring(async () => {
    const waiters = new Waiters();
    void waiters.wait(1);
    waiters.rejectAll(new Error("gone"));
    await turn();
  });
  expect(found).toEqual([]);
});
