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

/** A promise with its `resolve` and `reject`, marked as handled. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (reason: unknown) => void;

  constructor() {
    this.promise = handled(
      new Promise<T>((resolve, reject) => {
        this.resolve = resolve;
        this.reject = reject;
      }),
    );
  }
}
