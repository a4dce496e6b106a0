// Redirects of an opening handshake: where to, and what goes along.
import { InvalidHeader, InvalidURI, SecurityError } from "../errors/handshake.ts";
import { Headers } from "../http/headers.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { WebSocketURI } from "../http/uri.ts";
import { parseUri } from "../http/uri.ts";

const REDIRECTS: ReadonlySet<number> = new Set([300, 301, 302, 303, 307, 308]);

/** Servers redirect with the schemes of HTTP too. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ["ws:", "ws"],
  ["http:", "ws"],
  ["wss:", "wss"],
  ["https:", "wss"],
]);

/** Headers that are meant for one server: secrets, and its name. */
const BOUND_TO_ORIGIN: readonly string[] = ["Authorization", "Cookie", "Proxy-Authorization", "Host"];

/** Whom a request goes to, and what it carries. */
export interface Hop {
  readonly uri: WebSocketURI;
  readonly additionalHeaders: Headers;
}

/** What the caller of `connect` fixed: a redirect must not undo it. */
export type Pinned = "nothing" | "address" | "transport";

/**
 * Follows a response.
 *
 * @returns `null` if it is no redirect.
 * @throws {InvalidURI} If the target is no WebSocket or HTTP URI.
 * @throws {InvalidHeader} If there are several targets.
 * @throws {SecurityError} If the target is without TLS and the server was with it, or if the caller fixed an address
 * that is not one of the target.
 */
export function followRedirect(
  response: HandshakeResponse,
  { uri, additionalHeaders }: Hop,
  pinned: Pinned,
): Hop | null {
  const locations = response.headers.getAll("Location");
  const [location] = locations;
  if (!REDIRECTS.has(response.statusCode) || location === undefined) return null;
  if (locations.length > 1) throw new InvalidHeader("Location", locations.join(", "), "multiple Location headers");
  const target = resolve(location, uri);
  if (uri.secure && !target.secure) throw new SecurityError("Cannot follow redirect: it leads from TLS to no TLS");
  if (pinned === "transport") throw new SecurityError("Cannot follow redirect: transport is set");
  if (isSameOrigin(uri, target)) {
    const { username, password } = target.username === null ? uri : target;
    return { uri: { ...target, username, password, unix: uri.unix }, additionalHeaders };
  }
  if (pinned === "address") throw new SecurityError("Cannot follow redirect to another server: the address is set");
  const headers = new Headers(additionalHeaders);
  for (const name of BOUND_TO_ORIGIN) headers.delete(name);
  return { uri: target, additionalHeaders: headers };
}

/** Whether both are the same server, by scheme, host and port (RFC 6454 4). */
export function isSameOrigin(a: WebSocketURI, b: WebSocketURI): boolean {
  return a.secure === b.secure && a.host === b.host && a.port === b.port;
}

function resolve(location: string, { secure, host, port, resourceName }: WebSocketURI): WebSocketURI {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  let url: URL;
  try {
    url = new URL(location, `${secure ? "wss" : "ws"}://${authority}${resourceName}`);
  } catch {
    throw new InvalidURI(location, "redirect to it cannot be followed");
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) throw new InvalidURI(location, `redirect to scheme ${url.protocol} cannot be followed`);
  const hasCredentials = url.username !== "" || url.password !== "";
  const userinfo = hasCredentials ? `${url.username}:${url.password}@` : "";
  // Its fragment is for whoever shows a page (RFC 9110 10.2.2).
  return parseUri(`${scheme}://${userinfo}${hostOf(url, scheme)}${url.pathname}${url.search}`);
}

/** With the port, which the URL parser leaves out where it is the default of its scheme. */
function hostOf(url: URL, scheme: string): string {
  return url.port === "" ? `${url.hostname}:${scheme === "wss" ? 443 : 80}` : url.host;
}
