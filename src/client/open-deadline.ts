// The time that an opening may take, and the signal of whoever waits for it.
import { onAbort } from "../async/on-abort.ts";
import type { TimerWheel } from "../async/timers.ts";
import { TimeoutError } from "../errors/network.ts";

/** One budget of time over the whole opening, and the user's signal, as one signal. */
export class OpenDeadline {
  readonly #controller = new AbortController();
  readonly #endOfWatch: (() => void) | null | undefined;
  readonly #timers: TimerWheel;
  readonly #timer;

  constructor(openTimeout: number | null, userSignal: AbortSignal | null | undefined, timers: TimerWheel) {
    this.#timers = timers;
    this.#endOfWatch = userSignal && onAbort(userSignal, () => this.#controller.abort(userSignal.reason));
    if (openTimeout === null) return;
    this.#timer = timers.schedule(openTimeout, () => {
      this.#controller.abort(new TimeoutError(`opening handshake not over after ${openTimeout} ms`));
    });
  }

  /** Aborted when the time is over, or with the user's. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The opening is over. */
  cancel(): void {
    this.#endOfWatch?.();
    this.#timers.cancel(this.#timer);
  }
}
