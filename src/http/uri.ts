// WebSocket URIs (RFC 6455 3): "ws:" and "wss:", IRIs (RFC 3987) too; and "ws+unix:" and "wss+unix:" for Unix sockets.
import { InvalidURI } from "../errors/handshake.ts";
import { defaultPort } from "./fields.ts";

/** A parsed WebSocket URI. */
export interface WebSocketURI {
  /** Whether the scheme is `wss`. */
  readonly secure: boolean;
  /** In lower case and in ASCII; an IPv6 address is without brackets. */
  readonly host: string;
  /** From 1 to 65535; the default port of the scheme if the URI has none. */
  readonly port: number;
  /** Percent-encoded; empty if the URI has none. */
  readonly path: string;
  /** Percent-encoded, without `?`; empty if the URI has none. */
  readonly query: string;
  /** Percent-decoded; `null` if the URI has no credentials. */
  readonly username: string | null;
  /** Percent-decoded; `null` if the URI has no credentials. */
  readonly password: string | null;
  /** What the request line asks for: path and query, `/` at least. */
  readonly resourceName: string;
  /** Path of the Unix socket of a `ws+unix:` or `wss+unix:` URI, percent-decoded; `null` for the other schemes. */
  readonly unix: string | null;
}

// ws-URI = "ws:" "//" authority path-abempty [ "?" query ]
// The five parts as RFC 3986 appendix B splits them.
const URI = /^(wss?):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#)?/i;

// "ws+unix:" socket-path [ ":" path-abempty [ "?" query ] ], as the URIs of others are, who have no standard either.
// A socket path with a colon, a question mark or a number sign has it percent-encoded. With "//" in front, too.
const UNIX_URI = /^(wss?)\+unix:(?:\/\/(?=\/))?([^:?#]*)(?::([^?#]*))?(?:\?([^#]*))?(#)?/i;

const HIGHEST_PORT = 65_535;
const MOST_PORT_DIGITS = 5;

/**
 * Parses a WebSocket URI.
 *
 * Path and query are sent as they are written; what cannot be there, such as a space or a letter outside ASCII, is
 * percent-encoded. Host names outside ASCII are converted (IDNA). A fragment, a control character, a space at either
 * end or before the path, and a user without a password are errors.
 *
 * `ws+unix:/run/app.sock:/chat?room=1` asks for `/chat?room=1` on a Unix socket; its host is `localhost`.
 *
 * @throws {InvalidURI} Without the credentials of the URI in its message.
 * @throws {TypeError} For what is neither a string nor a URL.
 *
 * @example
 * parseUri("wss://example.com/chat?room=1").resourceName; // "/chat?room=1"
 */
export function parseUri(given: string | URL): WebSocketURI {
  const uri = textOf(given);
  const fail: Fail = (problem) => new InvalidURI(withoutCredentials(uri), problem);
  if (hasControl(uri)) throw fail("it has a control character");
  if (uri.trim() !== uri) throw fail("it begins or ends with white space");
  const unixParts = UNIX_URI.exec(uri);
  if (unixParts !== null) return parseUnixUri(unixParts, fail);
  const [, scheme, authority = "", rawPath = "", rawQuery = "", fragment] = URI.exec(uri) ?? [];
  if (scheme === undefined) throw fail("scheme isn't ws or wss");
  if (fragment !== undefined) throw fail("fragment identifiers are meaningless"); // RFC 6455 3
  const secure = scheme.toLowerCase() === "wss";
  const { port = defaultPort(secure), ...others } = parseAuthority(authority, fail);
  return { secure, port, ...others, ...parseResource(rawPath, rawQuery), unix: null };
}

/** @throws {TypeError} */
function textOf(uri: unknown): string {
  if (typeof uri === "string") return uri;
  if (uri instanceof URL) return uri.href;
  throw new TypeError("Cannot use URI: expected a string or a URL");
}

function parseResource(rawPath: string, rawQuery: string): { path: string; query: string; resourceName: string } {
  const [path, query] = [percentEncode(rawPath), percentEncode(rawQuery)];
  return { path, query, resourceName: `${path === "" ? "/" : path}${query === "" ? "" : `?${query}`}` };
}

function parseUnixUri(parts: RegExpExecArray, fail: Fail): WebSocketURI {
  const [, scheme, rawUnix = "", rawPath = "", rawQuery = "", fragment] = parts;
  if (fragment !== undefined) throw fail("fragment identifiers are meaningless"); // RFC 6455 3
  if (rawUnix === "") throw fail("path of the socket isn't provided");
  if (rawUnix.startsWith("//")) throw fail("there is a host before the path of the socket");
  if (rawPath !== "" && !rawPath.startsWith("/")) throw fail("what follows the socket isn't a path");
  const secure = scheme?.toLowerCase() === "wss";
  const unix = decodeSocketPath(rawUnix, fail);
  const resource = parseResource(rawPath, rawQuery);
  return { secure, host: "localhost", port: defaultPort(secure), ...NO_CREDENTIALS, ...resource, unix };
}

function decodeSocketPath(text: string, fail: Fail): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fail("path of the socket isn't percent-encoded UTF-8");
  }
}

/** Makes the error for a part of a URI that is wrong. */
export type Fail = (problem: string) => Error;

/** Who and where, as a URI says it. */
export interface Authority {
  /** In lower case and in ASCII; an IPv6 address is without brackets. */
  readonly host: string;
  /** From 1 to 65535; `undefined` if there is none. */
  readonly port: number | undefined;
  /** Percent-decoded; `null` without credentials. */
  readonly username: string | null;
  /** Percent-decoded; `null` without credentials. */
  readonly password: string | null;
}

const NO_CREDENTIALS = { username: null, password: null };

// authority = [ userinfo "@" ] host [ ":" port ]
/** Parses the part of a URI between `//` and the path (RFC 3986 3.2). */
export function parseAuthority(authority: string, fail: Fail): Authority {
  const at = authority.lastIndexOf("@");
  const credentials = at === -1 ? NO_CREDENTIALS : parseUserinfo(authority.slice(0, at), fail);
  const [rawHost, rawPort] = splitHost(authority.slice(at + 1));
  return { host: parseHost(rawHost, fail), port: parsePort(rawPort, fail), ...credentials };
}

/** The URI as an error may repeat it: without credentials. */
export function withoutCredentials(uri: string): string {
  return uri.replace(/\/\/[^/?#]*@/, "//***@");
}

/** Whether there is a character that no URI has, and that a log should not show. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

// userinfo = user ":" password
function parseUserinfo(userinfo: string, fail: Fail): { username: string; password: string } {
  const colon = userinfo.indexOf(":");
  if (colon === -1) throw fail("username provided without password");
  const username = decodeCredential(userinfo.slice(0, colon), fail);
  // RFC 7617 2: the first colon ends the user-id.
  if (username.includes(":")) throw fail("username has a colon");
  return { username, password: decodeCredential(userinfo.slice(colon + 1), fail) };
}

function decodeCredential(text: string, fail: Fail): string {
  if (text.includes(" ")) throw fail("credentials have a space");
  try {
    return decodeURIComponent(text);
  } catch {
    // The only thing that can be wrong; its URIError would say less.
    throw fail("credentials aren't percent-encoded UTF-8");
  }
}

/** Splits `host [ ":" port ]`; the port is empty when there is none. */
function splitHost(hostAndPort: string): [host: string, port: string] {
  const colon = hostAndPort.indexOf(":", hostAndPort.startsWith("[") ? hostAndPort.indexOf("]") : 0);
  return colon === -1 ? [hostAndPort, ""] : [hostAndPort.slice(0, colon), hostAndPort.slice(colon + 1)];
}

function parseHost(text: string, fail: Fail): string {
  if (text === "") throw fail("hostname isn't provided");
  // The URL parser takes a backslash for the slash that ends the host.
  if (text.includes("\\")) throw fail("hostname isn't valid");
  let hostname: string;
  try {
    // Lower case, IDNA, IPv4 and IPv6 as in every browser.
    hostname = new URL(`ws://${text}/`).hostname;
  } catch {
    throw fail("hostname isn't valid");
  }
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function parsePort(text: string, fail: Fail): number | undefined {
  if (text === "") return undefined;
  const port = /^[0-9]+$/.test(text) && text.length <= MOST_PORT_DIGITS ? Number(text) : 0;
  if (port < 1 || port > HIGHEST_PORT) throw fail("port isn't a number from 1 to 65535");
  return port;
}

// All but pchar, "/", "?", and "%" and brackets as they are: everyone writes them so in queries.
const UNSENDABLE = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%[\]]+/gu;

const LONE_SURROGATE = /\p{Surrogate}/gu;

// Run by run: a string that grows by a character at a time is a chain in memory, and garbage collection takes more than linear time.
function percentEncode(text: string): string {
  return text.replace(LONE_SURROGATE, "\uFFFD").replace(UNSENDABLE, (run) => encodeURIComponent(run));
}
