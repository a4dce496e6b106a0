// Patterns of paths: strings such as `/chat/:room`, compiled by path-to-regexp, and URLPattern objects.
import { match } from "path-to-regexp";
import type { RouteParams } from "./path-params.ts";

/** A `URLPattern`, known by its shape: runtimes without one can bring theirs. */
export interface PathPattern {
  exec(input: { readonly pathname: string; readonly hostname?: string }): PathPatternResult | null;
}

/** What we read of a `URLPatternResult`. */
export interface PathPatternResult {
  readonly hostname: { readonly groups: Readonly<Record<string, string | undefined>> };
  readonly pathname: { readonly groups: Readonly<Record<string, string | undefined>> };
}

/** What a request is matched by. */
export interface Place {
  /** The path without its query, percent-encoded as it came. */
  readonly path: string;
  /** The host without its port; `null` where the request does not say a valid one. */
  readonly hostname: string | null;
}

/**
 * Matches a pattern: its parameters, decoded; `undefined` for another path; `null` for a path whose parameters are not
 * percent-encoded UTF-8.
 */
export type Matcher = (place: Place) => RouteParams | undefined | null;

/**
 * Compiles a pattern.
 *
 * @throws {TypeError} If it is none, or could never match.
 */
export function compilePattern(pattern: string | PathPattern): Matcher {
  if (typeof pattern === "string") return compileText(pattern);
  if (typeof pattern !== "object" || pattern === null || typeof pattern.exec !== "function") {
    throw new TypeError("Cannot route: expected a string or a URLPattern as pattern");
  }
  return ({ path, hostname }) => {
    const result = pattern.exec(hostname === null ? { pathname: path } : { pathname: path, hostname });
    if (result === null) return undefined;
    return decoded(() => decodeGroups({ ...result.hostname.groups, ...result.pathname.groups }));
  };
}

function compileText(pattern: string): Matcher {
  if (!/^\{*\//.test(pattern)) throw new TypeError(`Cannot route: pattern ${pattern} does not start with a slash`);
  const find = match(pattern, { sensitive: true, trailing: false, encodePath: encodeText });
  return ({ path }) =>
    decoded(() => {
      const found = find(upperCaseEscapes(path));
      return found === false ? undefined : found.params;
    });
}

/** Characters that no path on the wire has may be written in a pattern as they are. */
function encodeText(text: string): string {
  return upperCaseEscapes(text.replace(/[^\x21-\x7e]+/gu, encodeURIComponent));
}

// RFC 3986 6.2.2.1: %c3 and %C3 are the same.
function upperCaseEscapes(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase());
}

function decodeGroups(groups: Readonly<Record<string, string | undefined>>): RouteParams {
  const params = Object.create(null) as Record<string, string | undefined>;
  for (const [name, value] of Object.entries(groups)) {
    params[name] = value === undefined ? undefined : decodeURIComponent(value);
  }
  return params;
}

/** What `work` returns; `null` if it met an escape that is none, or bytes that are not UTF-8. */
function decoded<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    // A URIError of decodeURIComponent: nothing else in there throws.
    return null;
  }
}
