// A clock that stands still until a test moves it.
import type { Clock } from "../../src/async/timers.ts";

const MOST_CALLS = 100_000;

interface FakeTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time and timers under control of a test. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<FakeTimer>();
  /** How often a timer was set. */
  timersSet = 0;

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): FakeTimer {
    const timer = { at: this.#now + delay, callback };
    this.#timers.add(timer);
    this.timersSet++;
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as FakeTimer);
  }

  /** Timers that are set now. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due; `Infinity` without one. */
  get nextAt(): number {
    return this.#next()?.at ?? Infinity;
  }

  /** Moves time on by `ms` and calls back what is due on the way, in order; also what callbacks set. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let calls = 0; ; calls++) {
      const timer = this.#next();
      if (timer === undefined || timer.at > end) break;
      if (calls === MOST_CALLS) throw new Error("Cannot advance: timers are set again and again for the same time");
      this.#now = Math.max(this.#now, timer.at);
      this.#timers.delete(timer);
      timer.callback();
    }
    this.#now = end;
  }

  #next(): FakeTimer | undefined {
    let first: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.at < first.at) first = timer;
    }
    return first;
  }
}
