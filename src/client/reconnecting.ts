// Connecting again and again: what `for await (const ws of connect(uri))` does.
import { sleep } from "../async/sleep.ts";
import type { GuardedLogger } from "../connection/logger.ts";
import type { LeastDelay } from "./backoff.ts";
import { Pacing } from "./backoff.ts";
import type { ClientConnection } from "./client-connection.ts";

/** A connection that stayed open for so many milliseconds worked; the next failure is a first one. */
const PROVEN_AFTER = 5000;

/** How to connect, and when to do it again. */
export interface ReconnectPolicy {
  open(): Promise<ClientConnection>;
  readonly processException: (error: unknown) => unknown;
  readonly reconnectDelays: () => Iterable<number>;
  /** What the server asks for, where that can be known. */
  readonly leastDelay?: LeastDelay;
  readonly signal: AbortSignal | null | undefined;
  readonly log: GuardedLogger;
}

/**
 * Gives open connections, one after the other, for ever. Each is closed when the next is asked for, and when the iteration
 * is left.
 *
 * @throws What `processException` decides, what the last attempt failed with when there are no more delays, or the reason
 * of `signal`.
 */
export async function* reconnecting(policy: ReconnectPolicy): AsyncGenerator<ClientConnection, void, undefined> {
  const pacing = new Pacing(policy.reconnectDelays, policy.leastDelay);
  try {
    for (;;) {
      const ws = await openInTime(policy, pacing);
      const openedAt = performance.now();
      const lasted = ws.closed.then(() => performance.now() - openedAt);
      try {
        yield ws;
      } finally {
        await ws.close();
      }
      policy.signal?.throwIfAborted();
      // A server that accepts and drops at once would be asked without pause.
      if (ws.stats.messagesReceived > 0 || (await lasted) >= PROVEN_AFTER) pacing.reset();
      else await pause(policy, pacing, (await ws.closed).error);
    }
  } finally {
    pacing.reset();
  }
}

/** Tries until a connection is open. */
async function openInTime(policy: ReconnectPolicy, pacing: Pacing): Promise<ClientConnection> {
  for (;;) {
    try {
      return await policy.open();
    } catch (error) {
      policy.signal?.throwIfAborted();
      const decision = policy.processException(error);
      if (decision != null) throw decision;
      await pause(policy, pacing, error);
    }
  }
}

/** Waits for the next attempt. */
async function pause({ signal, log }: ReconnectPolicy, pacing: Pacing, error: unknown): Promise<void> {
  const delay = pacing.next(error, Date.now());
  if (delay === undefined) throw error;
  log.info(`! connecting again in ${Math.round(delay)} ms`, error);
  await sleep(delay, signal);
}
