// How long a client waits before it connects again.
import { randomMaskingKey } from "../bytes/random.ts";

const INITIAL_DELAY = 5000;
const MIN_DELAY = 3100;
const MAX_DELAY = 90_000;
const FACTOR = 1.618;
/** Longest delay that timers of all runtimes take. */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Delays in milliseconds: at first a random one of at most 5 s, so that clients that lost a server together do not come
 * back together (RFC 6455 7.2.3); then 3.1 s, growing by the factor 1.618 to 90 s.
 */
export function* backoff(): Generator<number, never, undefined> {
  yield (randomMaskingKey() / 2 ** 32) * INITIAL_DELAY;
  for (let delay = MIN_DELAY; ; delay = Math.min(delay * FACTOR, MAX_DELAY)) yield delay;
}

/** The shortest delay after `error`, in milliseconds. `now`: milliseconds since 1970. */
export type LeastDelay = (error: unknown, now: number) => number;

/** The delays between attempts, from the first failure to a success. */
export class Pacing {
  readonly #delays: () => Iterable<number>;
  readonly #leastDelay: LeastDelay | undefined;
  #current: Iterator<number> | undefined;

  /**
   * @param delays Makes the delays anew after each success.
   * @param leastDelay What the server asks for, where that can be known.
   */
  constructor(delays: () => Iterable<number>, leastDelay?: LeastDelay) {
    this.#delays = delays;
    this.#leastDelay = leastDelay;
  }

  /**
   * The delay before the next attempt: that of the policy, or what the server asks for if that is longer; `undefined`
   * when the policy has no more delays.
   *
   * @param error What the last attempt failed with.
   * @param now Milliseconds since 1970.
   * @throws {RangeError} If the policy gives what is no delay.
   */
  next(error: unknown, now: number): number | undefined {
    this.#current ??= this.#delays()[Symbol.iterator]();
    const { done, value: delay } = this.#current.next();
    if (done === true) return undefined;
    if (!(delay >= 0 && delay <= LONGEST_DELAY)) {
      throw new RangeError(`Cannot use reconnectDelays: ${delay}, expected from 0 to ${LONGEST_DELAY} ms`);
    }
    return Math.max(delay, this.#leastDelay?.(error, now) ?? 0);
  }

  /** The next failure is a first one again; or there will be none. Ends the delays of the policy. */
  reset(): void {
    this.#current?.return?.();
    this.#current = undefined;
  }
}
