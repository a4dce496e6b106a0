import { expect, test } from "vitest";
import { TimerWheel } from "../../src/async/timers.ts";
import { ClosingDeadline } from "../../src/connection/closing-deadline.ts";
import { FakeClock } from "../support/fake-clock.ts";

function scene() {
  const clock = new FakeClock();
  const expired: [at: number, message: string][] = [];
  const deadline = new ClosingDeadline(new TimerWheel(clock));
  const expire = ({ message }: Error): void => void expired.push([clock.now(), message]);
  return { clock, deadline, expire, expired };
}

test.each<[what: string, starts: [closeTimeout: number | null, isLingering: boolean][], expected: number | undefined]>([
  ["closeTimeout", [[100, false]], 100],
  [
    "the first of several",
    [
      [100, false],
      [50, false],
    ],
    100,
  ],
  ["never with null", [[null, false]], undefined],
  ["one second after plain HTTP", [[2000, true]], 1000],
  ["one second after plain HTTP, with null", [[null, true]], 1000],
  ["closeTimeout after plain HTTP, if that is less", [[100, true]], 100],
  [
    "what comes after plain HTTP was written, in place of the other",
    [
      [100, false],
      [2000, true],
    ],
    1000,
  ],
  [
    "nothing else after plain HTTP",
    [
      [2000, true],
      [100, false],
    ],
    1000,
  ],
])("ClosingDeadline: %s", (_what, starts, expected) => {
  const { clock, deadline, expire, expired } = scene();
  for (const [closeTimeout, isLingering] of starts) deadline.start(closeTimeout, isLingering, expire);
  clock.advance(5000);
  const message = `closing handshake not over after ${expected} ms`;
  expect(expired).toEqual(expected === undefined ? [] : [[expected, message]]);
  expect(clock.pending).toBe(0);
});

test("ClosingDeadline leaves no timer when it is cancelled", () => {
  const { clock, deadline, expire, expired } = scene();
  deadline.cancel();
  deadline.start(100, false, expire);
  deadline.cancel();
  expect(clock.pending).toBe(0);
  clock.advance(5000);
  expect(expired).toEqual([]);
});
