// One at a time, in the order of arrival.
import { Deferred, handled, rejected } from "./deferred.ts";

/** One who waits. A linked list: neither the next turn nor giving up may cost a walk over all the others. */
class Turn extends Deferred<void> {
  previous: Turn | undefined;
  next: Turn | undefined;
}

/** Lets in one caller at a time. */
export class Turnstile {
  #isTaken = false;
  #first: Turn | undefined;
  #last: Turn | undefined;

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
    const turn = new Turn();
    this.#append(turn);
    if (signal === undefined) return turn.promise;
    const abort = (): void => {
      this.#remove(turn);
      turn.reject(signal.reason);
    };
    signal.addEventListener("abort", abort);
    return handled(turn.promise.finally(() => signal.removeEventListener("abort", abort)));
  }

  /** Ends the turn; the one who waits longest is next. */
  leave(): void {
    const first = this.#first;
    this.#isTaken = first !== undefined;
    if (first === undefined) return;
    this.#remove(first);
    first.resolve();
  }

  #append(turn: Turn): void {
    turn.previous = this.#last;
    if (this.#last === undefined) this.#first = turn;
    else this.#last.next = turn;
    this.#last = turn;
  }

  /** Does nothing for a turn that was removed before. */
  #remove(turn: Turn): void {
    const { previous, next } = turn;
    if (this.#first === turn) this.#first = next;
    if (this.#last === turn) this.#last = previous;
    if (previous !== undefined) previous.next = next;
    if (next !== undefined) next.previous = previous;
    turn.previous = undefined;
    turn.next = undefined;
  }
}
