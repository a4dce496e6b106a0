// How much of an HTTP message is read before it is refused.

/** Limits on the HTTP messages of an opening handshake. All of them hold for what has arrived, not for what was announced. */
export interface HttpLimits {
  /**
   * Longest request line, status line, header line, chunk-size line or trailer line, in bytes, with its CRLF.
   *
   * @default 8192
   */
  readonly line: number;
  /**
   * Most header lines, and most trailer lines.
   *
   * @default 128
   */
  readonly headers: number;
  /**
   * Most bytes of start line and headers together.
   *
   * @default 65_536
   */
  readonly total: number;
  /**
   * Most bytes of a response's body. A longer one is cut here.
   *
   * @default 65_536
   */
  readonly body: number;
}

// A line of 8 KiB is what Apache, nginx and Node.js take; browsers stay below it with cookies of 4 KiB.
export const DEFAULT_HTTP_LIMITS: HttpLimits = { line: 8192, headers: 128, total: 65_536, body: 65_536 };

/** Limits that were found to be good, so that it is not done again for each connection. */
const RESOLVED = new WeakSet<object>();

/**
 * Fills in defaults.
 *
 * @throws {RangeError} If a limit is not an integer of at least 0.
 */
export function resolveHttpLimits(limits: Partial<HttpLimits> = DEFAULT_HTTP_LIMITS): HttpLimits {
  if (limits === DEFAULT_HTTP_LIMITS || RESOLVED.has(limits)) return limits as HttpLimits;
  const resolved = { ...DEFAULT_HTTP_LIMITS, ...limits };
  for (const [name, limit] of Object.entries(resolved)) {
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw new RangeError(`Cannot limit ${name}: expected an integer of at least 0, got ${String(limit)}`);
    }
  }
  RESOLVED.add(resolved);
  return resolved;
}
