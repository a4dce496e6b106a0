// Timeouts of blocking calls.

/**
 * The moment at which `timeout` milliseconds are over, in the time of `performance.now()`; without one, never.
 *
 * @throws {RangeError} If it is negative or no number.
 */
export function deadlineOf(timeout: number | undefined): number {
  if (timeout === undefined) return Infinity;
  if (!(timeout >= 0)) throw new RangeError(`Cannot use timeout: ${timeout}, expected at least 0 ms`);
  return performance.now() + timeout;
}
