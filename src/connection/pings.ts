// Pings that wait for their Pong (RFC 6455 5.5.2, 5.5.3).
import { Deferred } from "../async/deferred.ts";
import { randomBytes } from "../bytes/random.ts";
import { ConcurrencyError } from "../errors/protocol.ts";

const PAYLOAD_LENGTH = 4;

interface Ping {
  readonly key: string;
  readonly sentAt: number;
  readonly deferred: Deferred<number>;
}

function keyOf(payload: Uint8Array): string {
  return String.fromCharCode(...payload);
}

/** Pending pings, oldest first. */
export class Pings {
  #pending: Ping[] = [];

  /** A random payload. */
  newPayload(): Uint8Array {
    return randomBytes(PAYLOAD_LENGTH);
  }

  /** @throws {ConcurrencyError} If a ping with this payload is pending. */
  check(payload: Uint8Array): void {
    const key = keyOf(payload);
    if (this.#pending.some((ping) => ping.key === key)) {
      throw new ConcurrencyError("already waiting for a pong with the same data");
    }
  }

  /** Remembers a ping that was sent at `now`. The promise resolves to its latency in milliseconds. */
  add(payload: Uint8Array, now: number): Promise<number> {
    const deferred = new Deferred<number>();
    this.#pending.push({ key: keyOf(payload), sentAt: now, deferred });
    return deferred.promise;
  }

  /** Takes a Pong at `now`: it acknowledges its Ping and all before it. Returns the latency of its own. */
  acknowledge(payload: Uint8Array, now: number): number | undefined {
    const key = keyOf(payload);
    const index = this.#pending.findIndex((ping) => ping.key === key);
    if (index < 0) return undefined; // unsolicited (RFC 6455 5.5.3)
    const acknowledged = this.#pending.slice(0, index + 1);
    this.#pending = this.#pending.slice(index + 1);
    for (const { deferred, sentAt } of acknowledged) deferred.resolve(now - sentAt);
    return now - (acknowledged[index] as Ping).sentAt;
  }

  /** The connection ended. */
  rejectAll(error: Error): void {
    for (const { deferred } of this.#pending) deferred.reject(error);
    this.#pending = [];
  }
}
