// How long the end of a connection may take.
import type { Timer, TimerWheel } from "../async/timers.ts";
import { TimeoutError } from "../errors/network.ts";

/** How long a client that was answered by plain HTTP gets to close its side (RFC 9112 9.6): browsers hold connections open. */
const LINGER = 1000;

/** The one deadline of closing a connection. */
export class ClosingDeadline {
  readonly #timers: TimerWheel;
  #timer: Timer | undefined;
  #isLingering = false;

  constructor(timers: TimerWheel) {
    this.#timers = timers;
  }

  /**
   * Starts it, unless it runs already. `isLingering`: all of an answer by plain HTTP is written, and the client has a time of
   * its own, from now on, to close its side.
   */
  start(closeTimeout: number | null, isLingering: boolean, expire: (error: TimeoutError) => void): void {
    if (this.#isLingering) return;
    this.#isLingering = isLingering;
    if (isLingering) this.cancel();
    else if (this.#timer !== undefined) return;
    const delay = isLingering ? Math.min(closeTimeout ?? Infinity, LINGER) : closeTimeout;
    if (delay === null) return;
    this.#timer = this.#timers.schedule(delay, () => {
      expire(new TimeoutError(`closing handshake not over after ${delay} ms`));
    });
  }

  cancel(): void {
    this.#timers.cancel(this.#timer);
  }
}
