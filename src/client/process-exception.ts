// Which failures of connecting are worth another attempt.
import { InvalidMessage, InvalidStatus } from "../errors/handshake.ts";
import { NetworkError, TimeoutError } from "../errors/network.ts";
import type { SocksRefusal } from "../errors/proxy.ts";
import { InvalidProxyMessage, InvalidProxyReply, InvalidProxyStatus } from "../errors/proxy.ts";

/** Statuses that say: not now. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** What a SOCKS proxy says of the network behind it, which may be better the next time. */
const TRANSIENT_REFUSALS: ReadonlySet<SocksRefusal> = new Set<SocksRefusal>([
  "failure",
  "network-unreachable",
  "host-unreachable",
  "refused",
  "expired",
]);

/**
 * Decides whether connecting is tried again: returns `null` if it is, and `error` if it is not.
 *
 * Tried again are: faults of the network (but not a certificate that is refused), time running out,
 * a connection that ends inside the response, status 429, 500, 502, 503 and 504, and the same from a proxy.
 *
 * @example
 * const options = {
 *   processException: (error: unknown) =>
 *     error instanceof InvalidStatus && error.response.statusCode === 404 ? null : processException(error),
 * };
 */
export function processException(error: unknown): unknown {
  return isTransient(error) ? null : error;
}

function isTransient(error: unknown): boolean {
  if (error instanceof TimeoutError) return true;
  if (error instanceof NetworkError) return error.certificateFault === null;
  if (error instanceof InvalidMessage || error instanceof InvalidProxyMessage) {
    return error.cause instanceof NetworkError;
  }
  if (error instanceof InvalidStatus || error instanceof InvalidProxyStatus) {
    return TRANSIENT_STATUSES.has(error.response.statusCode);
  }
  return error instanceof InvalidProxyReply && TRANSIENT_REFUSALS.has(error.reason);
}
