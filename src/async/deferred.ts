// Promises that are settled from outside, and promises that nobody needs to await.

function ignore(): void {}

/** Marks a rejection as seen: forgetting an `await` must not end a process. Returns the same promise. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

/** A rejected promise that needs no handler. */
export function rejected(reason: unknown): Promise<never> {
  return handled(Promise.reject(reason));
}

interface Settle<T> {
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason: unknown) => void;
}

/** A promise that is settled from outside, once, and marked as handled. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  /** Forgotten with the first use: a settled one may be kept for long. */
  #settle: Settle<T> | undefined;

  constructor() {
    this.promise = handled(
      new Promise<T>((resolve, reject) => {
        this.#settle = { resolve, reject };
      }),
    );
  }

  resolve(value: T | PromiseLike<T>): void {
    this.#take()?.resolve(value);
  }

  reject(reason: unknown): void {
    this.#take()?.reject(reason);
  }

  #take(): Settle<T> | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    return settle;
  }
}
