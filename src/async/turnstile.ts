// One at a time, in the order of arrival.
import { Deferred, rejected } from "./deferred.ts";

/** Lets in one caller at a time. */
export class Turnstile {
  #isTaken = false;
  readonly #waiting = new Set<Deferred<void>>();

  /** Whether somebody is in. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Resolves when it is the caller's turn, who must {@link leave} then. Rejects, without a turn, when `signal` is aborted. */
  enter(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return rejected(signal.reason);
    if (!this.#isTaken) {
      this.#isTaken = true;
      return Promise.resolve();
    }
    const turn = new Deferred<void>();
    this.#waiting.add(turn);
    if (signal === undefined) return turn.promise;
    const abort = (): void => {
      if (this.#waiting.delete(turn)) turn.reject(signal.reason);
    };
    signal.addEventListener("abort", abort);
    return turn.promise.finally(() => signal.removeEventListener("abort", abort));
  }

  /** Ends the turn; the one who waits longest is next. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#isTaken = false;
      return;
    }
    this.#waiting.delete(next);
    next.resolve();
  }
}
