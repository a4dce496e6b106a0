// How long a server wants its clients to stay away.
import { InvalidStatus } from "../errors/handshake.ts";
import { InvalidProxyStatus } from "../errors/proxy.ts";
import { parseRetryAfter } from "../http/retry-after.ts";

/** A server cannot send its clients away for longer. */
const MOST_RETRY_AFTER = 3_600_000;

/** Statuses whose Retry-After counts. */
const RETRY_AFTER_STATUSES: ReadonlySet<number> = new Set([429, 503]);

/** Milliseconds that the answer in `error` asks to wait, with Retry-After; 0 without. `now`: milliseconds since 1970. */
export function retryAfter(error: unknown, now: number): number {
  if (!(error instanceof InvalidStatus || error instanceof InvalidProxyStatus)) return 0;
  if (!RETRY_AFTER_STATUSES.has(error.response.statusCode)) return 0;
  for (const [name, value] of error.response.headers) {
    if (name.toLowerCase() === "retry-after") return Math.min(parseRetryAfter(value, now) ?? 0, MOST_RETRY_AFTER);
  }
  return 0;
}
