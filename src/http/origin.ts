// Which Origin (RFC 6454 7, RFC 6455 10.2) a server accepts.

/** A string is compared as it is; a RegExp must match the whole Origin; `null` lets it be absent. */
export type AllowedOrigin = string | RegExp | null;

/**
 * Origins that a server accepts. `"same-host"`: the Origin's host and port must be those that the request is for, or
 * the Origin absent, as only browsers send it. `null`: all.
 */
export type AllowedOrigins = readonly AllowedOrigin[] | "same-host" | null;

/** Expressions that match whole strings, by the user's own. */
const WHOLE = new WeakMap<RegExp, RegExp>();

function matchesWhole(expression: RegExp, text: string): boolean {
  let whole = WHOLE.get(expression);
  if (whole === undefined) {
    // "g" and "y" keep a position between calls; "m" lets "$" match before the end.
    whole = new RegExp(`^(?:${expression.source})$`, expression.flags.replace(/[gmy]/g, ""));
    WHOLE.set(expression, whole);
  }
  return whole.test(text);
}

function isSameHost(origin: string, host: string | null): boolean {
  if (host === null || !/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  // A port that is the default of the Origin's scheme may or may not be written in either.
  const url = `${protocol}//${host}`;
  return URL.canParse(url) && new URL(url).host === originHost;
}

/**
 * Whether an Origin is allowed.
 *
 * @param origin `null` when the request has none.
 * @param host Host and port that the request is for.
 */
export function isOriginAllowed(origin: string | null, allowed: AllowedOrigins, host: string | null): boolean {
  if (allowed === null) return true;
  if (allowed === "same-host") return origin === null || isSameHost(origin, host);
  return allowed.some((one) => {
    return one instanceof RegExp ? origin !== null && matchesWhole(one, origin) : one === origin;
  });
}
