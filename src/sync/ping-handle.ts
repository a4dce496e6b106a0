// A ping that was sent, and whose Pong can be waited for.
import { TimeoutError } from "../errors/network.ts";
import { deadlineOf } from "./deadline.ts";
import type { Hub } from "./hub.ts";
import type { ConnectionMemory } from "./layout.ts";
import { ConnectionWord, KEPT_LATENCIES } from "./layout.ts";

/** See `BlockingConnection.ping`. */
export class PingHandle {
  readonly #hub: Hub;
  readonly #memory: ConnectionMemory;
  readonly #number: number;
  readonly #endError: () => Error;

  /** @internal */
  constructor(hub: Hub, memory: ConnectionMemory, number: number, endError: () => Error) {
    this.#hub = hub;
    this.#memory = memory;
    this.#number = number;
    this.#endError = endError;
  }

  /** Whether the ping, or a later one, was answered. */
  get isAnswered(): boolean {
    return Atomics.load(this.#memory.words, ConnectionWord.ANSWERED) >= this.#number;
  }

  /**
   * Blocks until the ping, or a later one, is answered, for at most `timeout` milliseconds. Returns the latency in
   * milliseconds. Of the latencies the last 32 are kept.
   *
   * @throws {TimeoutError} After `timeout`. Waiting again is possible.
   * @throws {ConnectionClosed} When the connection ends before.
   * @throws {RangeError} For a timeout that is negative.
   */
  wait(timeout?: number): number {
    const { words, latencies } = this.#memory;
    const isOver = (): boolean => Atomics.load(words, ConnectionWord.OVER) === 1;
    const deadline = deadlineOf(timeout);
    if (!this.#hub.wait(() => this.isAnswered || isOver(), deadline)) {
      throw new TimeoutError(`Cannot wait for the pong: it did not come in ${timeout} ms`);
    }
    if (!this.isAnswered) throw this.#endError();
    return latencies[this.#number % KEPT_LATENCIES] as number;
  }
}
