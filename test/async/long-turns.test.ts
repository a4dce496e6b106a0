import { describe, expect, test, vi } from "vitest";
import { LongTurns, longTurns } from "../../src/async/long-turns.ts";
import { FakeClock } from "../support/fake-clock.ts";

function setup(): { clock: FakeClock; turns: LongTurns } {
  const clock = new FakeClock(0);
  return { clock, turns: new LongTurns(clock) };
}

describe("goOn()", () => {
  /** Whether each of so many calls resolves at once. */
  async function calls(turns: LongTurns, count: number): Promise<boolean[]> {
    const outcomes: boolean[] = [];
    for (let i = 0; i < count; i++) {
      let isDone = false;
      void turns.goOn().then(() => {
        isDone = true;
      });
      await Promise.resolve();
      outcomes.push(isDone);
    }
    return outcomes;
  }

  test("resolves at once in a turn that is short", async () => {
    const { clock, turns } = setup();
    expect(await calls(turns, 5000)).not.toContain(false);
    expect(clock.timersSet).toBe(1);
  });

  test("waits for the next turn in one that has been going on for long, all together", async () => {
    const { clock, turns } = setup();
    await calls(turns, 64);
    // The clock goes on, and no timer is called.
    const now = vi.spyOn(clock, "now").mockReturnValue(6);
    expect((await calls(turns, 128)).filter((isDone) => !isDone)).toHaveLength(2);
    const waiting = turns.goOn();
    expect(clock.timersSet).toBe(2);
    now.mockRestore();
    clock.advance(0);
    await waiting;
    expect(await calls(turns, 64)).not.toContain(false);
  });

  test("counts the calls where the clock stands still", async () => {
    const { turns } = setup();
    expect((await calls(turns, 9999)).includes(false)).toBe(false);
    // At the next look.
    expect((await calls(turns, 64)).filter((isDone) => !isDone)).toHaveLength(1);
  });

  test.each(["a timer", "begin()"])("begins anew when %s says so", async (how) => {
    const { clock, turns } = setup();
    await calls(turns, 64);
    if (how === "a timer") clock.advance(0);
    else turns.begin();
    vi.spyOn(clock, "now").mockReturnValue(6);
    expect(await calls(turns, 64)).not.toContain(false);
  });

  test("knows from begin() when the turn began", async () => {
    const { clock, turns } = setup();
    turns.begin(0);
    vi.spyOn(clock, "now").mockReturnValue(6);
    expect((await calls(turns, 64)).filter((isDone) => !isDone)).toHaveLength(1);
    expect(clock.timersSet).toBe(1);
  });
});

test("those of this thread let timers go on", async () => {
  const called = vi.fn();
  setTimeout(called, 0);
  for (let i = 0; i < 10_000_000 && called.mock.calls.length === 0; i++) await longTurns.goOn();
  expect(called).toHaveBeenCalledTimes(1);
});
