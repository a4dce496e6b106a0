// Loops of awaited calls that have nothing to wait for: they let others go on.
import type { Clock } from "./timers.ts";
import { systemClock } from "./timers.ts";

/** A turn of the event loop is long after so many milliseconds; or calls, for the clock of Workers stands still within a turn. */
const LONG_TURN = 5;
const MOST_CALLS = 10_000;
/** How often the clock is asked. */
const CALLS_A_LOOK = 64;
const DONE: Promise<void> = Promise.resolve();

/** Knows how long the present turn of the event loop has been going on. */
export class LongTurns {
  readonly #clock: Clock;
  /** Calls of `goOn` in this turn, and when it began or was noticed. */
  #calls = 0;
  #start: number | undefined;
  #isWatched = false;
  #next: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * For calls that have nothing to wait for: a loop that awaits only these runs in reactions of promises, and nothing else gets
   * between. Resolves at once; in a later turn, when this one has been going on for long.
   */
  goOn(): Promise<void> {
    if (++this.#calls % CALLS_A_LOOK > 0) return DONE;
    const now = this.#clock.now();
    if (this.#start === undefined) this.#watch(now);
    else if (now - this.#start > LONG_TURN || this.#calls >= MOST_CALLS) return this.#inNextTurn();
    return DONE;
  }

  #watch(now: number): void {
    this.#start = now;
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#clock.setTimeout(() => {
      this.#isWatched = false;
      this.begin();
    }, 0);
  }

  #inNextTurn(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      const resume = (): void => {
        this.#next = undefined;
        this.begin();
        resolve();
      };
      this.#clock.setTimeout(resume, 0, true);
    });
    return this.#next;
  }

  /** Another turn has begun: who is called by the network knows that, and so does a timer. `now`: if known. */
  begin(now?: number): void {
    this.#calls = 0;
    this.#start = now;
  }
}

/** Those of this thread. */
export const longTurns: LongTurns = /* @__PURE__ */ new LongTurns(systemClock);
