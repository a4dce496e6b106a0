// Whether time grows with the input and no faster.
import { expect } from "vitest";

/** Twice as much, three times: short times cannot be measured. */
const FACTOR = 8;
/**
 * What eight times as much may cost at most; in quadratic time it is 64 times. Linear code takes more than eight times as long where
 * what it makes is a large object for V8, whose memory the system maps each time: a page costs 25 us in some virtual machines.
 */
const MOST = 3 ** 3;
const ROUNDS = 200;
/** What takes less is too fast to be quadratic, and to be measured: milliseconds. */
const NOTHING = 2;

/** Time of the processor, not of the clock: a long run of a busy machine is interrupted, a short one is not. */
function cost(run: () => unknown): number {
  const before = process.cpuUsage();
  try {
    run();
  } catch {
    // Refusing costs time too: that is what is measured.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Asserts that the time does not grow with the square of the size. The best of many rounds counts, as garbage is collected in some. */
export function expectLinear(prepare: (size: number) => () => unknown, size = 5000): void {
  const [runSmall, runLarge] = [prepare(size), prepare(FACTOR * size)];
  let [small, large] = [Infinity, Infinity];
  for (let round = 0; round < ROUNDS; round++) {
    small = Math.min(small, cost(runSmall));
    large = Math.min(large, cost(runLarge));
    if (round > 2 && large < MOST * small + NOTHING) return;
  }
  expect.fail(`${FACTOR * size} take ${large} ms, and ${size} take ${small} ms`);
}
