// Promises that wait for a count to be reached, first come first served.
import { Deferred } from "../async/deferred.ts";

interface Waiter {
  readonly target: number;
  readonly deferred: Deferred<void>;
}

/** Those who wait are forgotten in portions: one by one, many of them would take quadratic time. */
const COMPACT_AFTER = 64;

/** Waiters with targets that never go down from one to the next. */
export class Waiters {
  readonly #waiters: Waiter[] = [];
  #front = 0;

  /** Resolves once the count has reached `target`. */
  wait(target: number): Promise<void> {
    const deferred = new Deferred<void>();
    this.#waiters.push({ target, deferred });
    return deferred.promise;
  }

  /** The count is `count` now. */
  reach(count: number): void {
    for (let first = this.#waiters[this.#front]; first !== undefined && first.target <= count;) {
      first.deferred.resolve();
      first = this.#waiters[++this.#front];
    }
    if (this.#front < COMPACT_AFTER && this.#front < this.#waiters.length) return;
    if (this.#front === 0 || this.#front * 2 < this.#waiters.length) return;
    this.#waiters.splice(0, this.#front);
    this.#front = 0;
  }

  /** Nobody waits any longer. */
  rejectAll(error: Error): void {
    // To those whose target was reached it is nothing any more.
    for (const { deferred } of this.#waiters.splice(0)) deferred.reject(error);
    this.#front = 0;
  }
}
