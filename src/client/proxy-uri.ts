// URIs of proxies: which protocol, where, and with which credentials.
import { InvalidProxy } from "../errors/proxy.ts";
import { hasControl, parseAuthority, withoutCredentials } from "../http/uri.ts";

/** How to speak to a proxy. The `h` of `socks5h` and the `a` of `socks4a`: the proxy looks names up. */
export type ProxyScheme = "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h";

/** A parsed proxy URI. */
export interface ProxyURI {
  readonly scheme: ProxyScheme;
  /** In lower case and in ASCII; an IPv6 address is without brackets. */
  readonly host: string;
  /** The URI's, or 80 for `http`, 443 for `https`, 1080 for SOCKS. */
  readonly port: number;
  /** Percent-decoded; `null` if the URI has no credentials. */
  readonly username: string | null;
  /** Percent-decoded; `null` if the URI has no credentials. */
  readonly password: string | null;
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["https", 443],
  ["socks4", 1080],
  ["socks4a", 1080],
  ["socks5", 1080],
  ["socks5h", 1080],
]);

/** RFC 1929 2 counts the bytes of each in one byte. */
const MOST_SOCKS_BYTES = 255;

// The five parts as RFC 3986 appendix B splits them.
const URI = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i;

/**
 * Parses the URI of a proxy, such as `http://user:password@proxy.example:3128`.
 *
 * @throws {InvalidProxy} For an unknown scheme, no host, a user without a password, a path, a query or a fragment, and
 * for credentials that the protocol of the proxy cannot carry.
 */
export function parseProxy(uri: string): ProxyURI {
  const fail = (problem: string): InvalidProxy => new InvalidProxy(withoutCredentials(uri), problem);
  if (hasControl(uri)) throw fail("it has a control character");
  const [, rawScheme, authority = "", path = "", query, fragment] = URI.exec(uri) ?? [];
  // Without a scheme the credentials would not be found, and be repeated in the error.
  if (rawScheme === undefined) throw new InvalidProxy("URI", "scheme isn't provided");
  const scheme = rawScheme.toLowerCase();
  const defaultPort = DEFAULT_PORTS.get(scheme);
  if (defaultPort === undefined) throw fail(`scheme ${scheme} isn't supported`);
  if (path !== "" && path !== "/") throw fail("path is meaningless");
  if (query !== undefined) throw fail("query is meaningless");
  if (fragment !== undefined) throw fail("fragment is meaningless");
  const { port = defaultPort, ...others } = parseAuthority(authority, fail);
  const proxy: ProxyURI = { scheme: scheme as ProxyScheme, port, ...others };
  checkCredentials(proxy, fail);
  return proxy;
}

function checkCredentials({ scheme, username, password }: ProxyURI, fail: (problem: string) => InvalidProxy): void {
  if (username === null || password === null || scheme.startsWith("http")) return;
  if (scheme.startsWith("socks4")) {
    if (password !== "") throw fail("SOCKS4 has no passwords");
    if (username.includes("\0")) throw fail("user ID has a NUL");
  } else if (username === "" || password === "") {
    throw fail("SOCKS5 needs a username and a password");
  }
  for (const text of [username, password]) {
    if (new TextEncoder().encode(text).length > MOST_SOCKS_BYTES) throw fail("credentials are longer than 255 bytes");
  }
}
