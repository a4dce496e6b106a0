import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Turnstile } from "../../src/async/turnstile.ts";
import { turn } from "../support/memory-transport.ts";
import { unhandledDuring } from "../support/network.ts";

test("enter() lets the first one in at once, and the others one by one in their order", async () => {
  const turnstile = new Turnstile();
  expect(turnstile.isTaken).toBe(false);
  await turnstile.enter();
  expect(turnstile.isTaken).toBe(true);
  const order: number[] = [];
  for (const i of [1, 2, 3]) void turnstile.enter().then(() => order.push(i));
  await turn();
  expect(order).toEqual([]);
  for (const expected of [[1], [1, 2], [1, 2, 3]]) {
    turnstile.leave();
    expect(turnstile.isTaken).toBe(true);
    await turn();
    expect(order).toEqual(expected);
  }
  turnstile.leave();
  expect(turnstile.isTaken).toBe(false);
});

test("enter() cannot overtake who was let in and has not run yet", async () => {
  const turnstile = new Turnstile();
  const order: string[] = [];
  await turnstile.enter();
  const second = turnstile.enter().then(() => order.push("second"));
  turnstile.leave();
  const third = turnstile.enter().then(() => order.push("third"));
  await second;
  await turn();
  expect(order).toEqual(["second"]);
  turnstile.leave();
  await third;
});

test("enter() with a signal that is aborted takes no turn", async () => {
  const turnstile = new Turnstile();
  await expect(turnstile.enter(AbortSignal.abort("no"))).rejects.toBe("no");
  expect(turnstile.isTaken).toBe(false);
});

test("enter() rejects when its signal is aborted, and those around it keep their order", async () => {
  for (const aborted of [[0], [1], [2], [0, 2], [1, 2], [2, 1, 0]]) {
    const turnstile = new Turnstile();
    await turnstile.enter();
    const order: number[] = [];
    const controllers = [0, 1, 2].map((i) => {
      const controller = new AbortController();
      turnstile.enter(controller.signal).then(
        () => {
          order.push(i);
          turnstile.leave();
        },
        () => {},
      );
      return controller;
    });
    for (const i of aborted) controllers[i]?.abort();
    const last = turnstile.enter();
    turnstile.leave();
    await last;
    expect(order).toEqual([0, 1, 2].filter((i) => !aborted.includes(i)));
    turnstile.leave();
    expect(turnstile.isTaken).toBe(false);
  }
});

test("an abort after the turn was given changes nothing", async () => {
  const turnstile = new Turnstile();
  const controller = new AbortController();
  await turnstile.enter();
  const second = turnstile.enter(controller.signal);
  turnstile.leave();
  controller.abort();
  await second;
  expect(turnstile.isTaken).toBe(true);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("a turn, given or not, leaves no listener at its signal", async () => {
  const turnstile = new Turnstile();
  const controller = new AbortController();
  await turnstile.enter(controller.signal);
  const second = turnstile.enter(controller.signal);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
  controller.abort("gone");
  await expect(second).rejects.toBe("gone");
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("nobody needs to look at a turn that was aborted", async () => {
  const found = await unhandledDuring(async () => {
    const turnstile = new Turnstile();
    const controller = new AbortController();
    await turnstile.enter();
    void turnstile.enter(controller.signal);
    controller.abort();
    void turnstile.enter(controller.signal);
    await turn();
  });
  expect(found).toEqual([]);
});

test("many turns take linear time", async () => {
  const turnstile = new Turnstile();
  await turnstile.enter();
  const start = performance.now();
  const all = Array.from({ length: 200_000 }, () => turnstile.enter().then(() => turnstile.leave()));
  turnstile.leave();
  await Promise.all(all);
  // A tenth of a second; with a walk for each of them, more than five.
  expect(performance.now() - start).toBeLessThan(2500);
});
