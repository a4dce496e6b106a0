// Waiting for a promise no longer than a signal allows.
import { Deferred, handled } from "./deferred.ts";

/** The outcome of `promise`, or a rejection with the reason of `signal` if that comes first. Needs no handler. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const aborted = new Deferred<never>();
  const abort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return handled(Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener("abort", abort)));
}
