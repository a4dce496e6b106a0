import { afterEach, expect, test, vi } from "vitest";
import { sharedTimers, systemClock, TimerWheel } from "../../src/async/timers.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { Prng } from "../support/prng.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function setup(now = 0): { clock: FakeClock; wheel: TimerWheel; fired: number[]; note: () => void } {
  const clock = new FakeClock(now);
  const fired: number[] = [];
  return { clock, wheel: new TimerWheel(clock), fired, note: () => fired.push(clock.now()) };
}

test.each([0, 1, 499, 500, 4999, 4999.9])("schedule() is exact below 5 s: %d ms", (delay) => {
  const { clock, wheel, fired, note } = setup(123.4);
  wheel.schedule(delay, note);
  expect(fired).toEqual([]);
  clock.advance(10_000);
  expect(fired).toEqual([123.4 + delay]);
  expect(clock.pending).toBe(0);
});

test("schedule() is never early from 5 s on, and at most a tick late (and a part of a millisecond)", () => {
  const prng = new Prng();
  for (let i = 0; i < 300; i++) {
    const start = prng.below(100_000) + prng.below(1000) / 1000;
    const delay = prng.pick([5000, 5000 + prng.below(60_000), 20_000]);
    const { clock, wheel, fired, note } = setup(start);
    wheel.schedule(delay, note);
    clock.advance(delay + 502);
    expect(fired, `seed ${prng.seed}`).toHaveLength(1);
    const late = (fired[0] as number) - start - delay;
    expect(late, `seed ${prng.seed}`).toBeGreaterThanOrEqual(-1e-6);
    expect(late, `seed ${prng.seed}`).toBeLessThan(501);
    expect(clock.pending).toBe(0);
  }
});

test("schedule() of a multiple of a tick is exact", () => {
  const { clock, wheel, fired, note } = setup();
  wheel.schedule(5000, note);
  clock.advance(4999);
  expect(fired).toEqual([]);
  clock.advance(1);
  expect(fired).toEqual([5000]);
});

test("schedule() calls back once, in the order of time", () => {
  const { clock, wheel } = setup();
  const order: string[] = [];
  wheel.schedule(20_000, () => order.push("c"));
  wheel.schedule(6000, () => order.push("b"));
  wheel.schedule(100, () => order.push("a"));
  wheel.schedule(20_000, () => order.push("d"));
  clock.advance(100_000);
  expect(order).toEqual(["a", "b", "c", "d"]);
});

test("ten thousand coarse timers are one timer of the runtime", () => {
  const { clock, wheel, fired, note } = setup();
  for (let i = 0; i < 10_000; i++) {
    wheel.schedule(20_000, note);
    if (i % 100 === 0) clock.advance(10);
    expect(clock.pending).toBe(1);
  }
  expect(clock.timersSet).toBe(1);
  clock.advance(30_000);
  expect(fired).toHaveLength(10_000);
  expect(clock.timersSet).toBeLessThan(10);
  expect(clock.pending).toBe(0);
});

test("an earlier coarse timer moves the timer of the runtime, a later one does not", () => {
  const { clock, wheel, note } = setup();
  wheel.schedule(20_000, note);
  expect(clock.nextAt).toBe(20_000);
  wheel.schedule(10_000, note);
  expect([clock.nextAt, clock.pending]).toEqual([10_000, 1]);
  wheel.schedule(30_000, note);
  expect([clock.nextAt, clock.pending, clock.timersSet]).toEqual([10_000, 1, 2]);
});

test.each([100, 20_000])("cancel() of a timer of %i ms", (delay) => {
  const { clock, wheel, fired, note } = setup();
  const timer = wheel.schedule(delay, note);
  wheel.schedule(delay, note);
  wheel.cancel(timer);
  wheel.cancel(timer);
  wheel.cancel(undefined);
  clock.advance(100_000);
  expect(fired).toHaveLength(1);
  wheel.cancel(timer);
  expect(clock.pending).toBe(0);
});

test("when all coarse timers were cancelled, the timer of the runtime runs out", () => {
  const { clock, wheel, fired, note } = setup();
  const timers = [wheel.schedule(6000, note), wheel.schedule(8000, note), wheel.schedule(9000, note)];
  wheel.cancel(timers[1]);
  wheel.cancel(timers[2]);
  clock.advance(6000);
  expect(fired).toEqual([6000]);
  expect(clock.pending).toBe(0);
  wheel.schedule(5000, note);
  clock.advance(5000);
  expect(fired).toEqual([6000, 11_000]);
});

test("a callback may schedule", () => {
  const { clock, wheel, fired, note } = setup();
  wheel.schedule(5000, () => {
    note();
    wheel.schedule(5000, note);
    wheel.schedule(100, note);
    wheel.schedule(7000, note);
  });
  wheel.schedule(20_000, note);
  clock.advance(30_000);
  expect(fired).toEqual([5000, 5100, 10_000, 12_000, 20_000]);
});

test("a callback may cancel others of the same moment, and itself", () => {
  const { clock, wheel, fired, note } = setup();
  const self = wheel.schedule(5000, () => {
    note();
    wheel.cancel(self);
    wheel.cancel(second);
    wheel.cancel(later);
  });
  const second = wheel.schedule(5000, () => fired.push(-1));
  const later = wheel.schedule(6000, () => fired.push(-2));
  wheel.schedule(5000, note);
  clock.advance(10_000);
  expect(fired).toEqual([5000, 5000]);
  expect(clock.pending).toBe(0);
});

/** A wheel whose clock may jump ahead of its timers, and whose timers take whole milliseconds, as those of Node. */
function skewed(now: number): { wheel: TimerWheel; clock: FakeClock; skew: { offset: number } } {
  const clock = new FakeClock(now);
  const skew = { offset: 0 };
  const wheel = new TimerWheel({
    now: () => clock.now() + skew.offset,
    setTimeout: (callback, delay) => clock.setTimeout(callback, Math.max(1, Math.trunc(delay))),
    clearTimeout: (handle) => clock.clearTimeout(handle),
  });
  return { wheel, clock, skew };
}

test("a runtime that calls back early is asked again", () => {
  const { wheel, clock, skew } = skewed(0);
  const fired: number[] = [];
  wheel.schedule(5000, () => fired.push(wheel.clock.now()));
  skew.offset = -0.5;
  clock.advance(5000);
  expect(fired).toEqual([]);
  clock.advance(1);
  expect(fired).toEqual([5000.5]);
});

test("a time with a fraction that is lost in that of the timers does not hold a timer back", () => {
  for (let start = 0; start < 200; start++) {
    const clock = new FakeClock(1e9 + start);
    const wheel = new TimerWheel({
      now: () => clock.now() - 1e9 - 0.3,
      setTimeout: (callback, delay) => clock.setTimeout(callback, delay),
      clearTimeout: (handle) => clock.clearTimeout(handle),
    });
    let calls = 0;
    wheel.schedule(5000, () => calls++);
    clock.advance(5502);
    expect(calls).toBe(1);
  }
});

test("timers that are late because the thread was busy are all called back", () => {
  const { wheel, clock, skew } = skewed(0);
  const fired: number[] = [];
  for (const delay of [9000, 5000, 7000]) wheel.schedule(delay, () => fired.push(delay));
  skew.offset = 100_000;
  clock.advance(5000);
  expect(fired.toSorted((a, b) => a - b)).toEqual([5000, 7000, 9000]);
  expect(clock.pending).toBe(0);
});

test("a wheel behaves as a list of deadlines does", () => {
  const prng = new Prng();
  const { clock, wheel } = setup(0.25);
  const live = new Map<number, { due: number; timer: ReturnType<TimerWheel["schedule"]> }>();
  for (let id = 0; id < 2000; id++) {
    const delay = prng.pick([prng.below(5000), 5000 + prng.below(30_000)]);
    const due = clock.now() + delay;
    const timer = wheel.schedule(delay, () => {
      const lateness = clock.now() - due;
      expect(live.has(id), `seed ${prng.seed}`).toBe(true);
      expect(lateness, `seed ${prng.seed}`).toBeGreaterThanOrEqual(-1e-6);
      expect(lateness, `seed ${prng.seed}`).toBeLessThan(delay < 5000 ? 1e-6 : 501);
      live.delete(id);
    });
    live.set(id, { due, timer });
    if (prng.chance(0.4)) {
      const [cancelled, entry] = prng.pick([...live]);
      wheel.cancel(entry.timer);
      live.delete(cancelled);
    }
    if (prng.chance(0.3)) clock.advance(prng.below(2000));
  }
  clock.advance(40_000);
  expect(live.size, `seed ${prng.seed}`).toBe(0);
  expect(clock.pending).toBe(0);
});

test("systemClock keeps no process alive and cancels", async () => {
  const before = systemClock.now();
  await new Promise<void>((resolve) => {
    const handle = systemClock.setTimeout(resolve, 0);
    expect((handle as NodeJS.Timeout).hasRef()).toBe(false);
    // The timer alone would not keep this test running.
    setTimeout(resolve, 1000);
  });
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  let called = false;
  systemClock.clearTimeout(
    systemClock.setTimeout(() => {
      called = true;
    }, 0),
  );
  await new Promise((resolve) => {
    setTimeout(resolve, 2);
  });
  expect(called).toBe(false);
});

test("resumeLater() calls back in a later turn, and the process lives until then", async () => {
  const handles: unknown[] = [];
  const clock = {
    ...systemClock,
    setTimeout(...call: Parameters<typeof systemClock.setTimeout>) {
      handles.push(systemClock.setTimeout(...call));
      return handles.at(-1);
    },
  };
  let called = false;
  const resumed = new Promise<void>((resolve) => {
    new TimerWheel(clock).resumeLater(() => {
      called = true;
      resolve();
    });
  });
  await Promise.resolve();
  expect(called).toBe(false);
  expect((handles[0] as NodeJS.Timeout).hasRef()).toBe(true);
  await resumed;
});

test.each([1, null, {}, { unref: 1 }])("systemClock takes what a runtime has for a handle: %j", (handle) => {
  const set = vi.fn(() => handle);
  vi.stubGlobal("setTimeout", set);
  expect(systemClock.setTimeout(() => {}, 5)).toBe(handle);
  expect(set).toHaveBeenCalledOnce();
});

test("sharedTimers() is one wheel on the clock of the runtime", () => {
  expect(sharedTimers()).toBe(sharedTimers());
  expect(sharedTimers().clock).toBe(systemClock);
  expect(new TimerWheel().clock).toBe(systemClock);
});

test("a callback that throws takes no other with it", () => {
  const { clock, wheel } = setup();
  const order: string[] = [];
  wheel.schedule(20_000, () => order.push("before"));
  wheel.schedule(20_000, () => {
    wheel.schedule(6000, () => order.push("new"));
    throw new Error("oops");
  });
  wheel.schedule(20_000, () => order.push("after"));
  wheel.schedule(20_400, () => order.push("later"));
  expect(() => clock.advance(30_000)).toThrow("oops");
  expect(order).toEqual(["before"]);
  clock.advance(0);
  expect(order).toEqual(["before", "after"]);
  clock.advance(30_000);
  expect(order).toEqual(["before", "after", "later", "new"]);
  expect(clock.pending).toBe(0);
});
