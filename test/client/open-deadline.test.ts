import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { TimerWheel } from "../../src/async/timers.ts";
import { OpenDeadline } from "../../src/client/open-deadline.ts";
import { TimeoutError } from "../../src/errors/network.ts";
import { FakeClock } from "../support/fake-clock.ts";

test("OpenDeadline aborts when the time is over", () => {
  const clock = new FakeClock();
  const { signal } = new OpenDeadline(1000, undefined, new TimerWheel(clock));
  clock.advance(999);
  expect(signal.aborted).toBe(false);
  clock.advance(1);
  expect(signal.reason).toEqual(new TimeoutError("opening handshake not over after 1000 ms"));
});

test("OpenDeadline aborts with the signal of the user", () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const deadline = new OpenDeadline(null, controller.signal, new TimerWheel(clock));
  expect(clock.pending).toBe(0);
  controller.abort("enough");
  expect(deadline.signal.reason).toBe("enough");
});

test("OpenDeadline leaves nothing once it is cancelled", () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const deadline = new OpenDeadline(1000, controller.signal, new TimerWheel(clock));
  deadline.cancel();
  clock.advance(10_000);
  controller.abort("enough");
  expect(deadline.signal.aborted).toBe(false);
  expect(clock.pending).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});
