// Which proxy the environment names for a URI, if any.
import { isInBlock, parseAddress, parseBlock } from "../http/ip-address.ts";
import type { WebSocketURI } from "../http/uri.ts";
import type { ProxyURI } from "./proxy-uri.ts";
import { parseProxy } from "./proxy-uri.ts";

/** The value of an environment variable; `undefined` if it is not set, or may not be read. */
export type Environment = (name: string) => string | undefined;

/** Variables in the order of their asking, without `_proxy`. Plain HTTP proxies are not asked for `wss`, as in browsers. */
const VARIABLES_SECURE: readonly string[] = ["wss", "socks", "https", "all"];
const VARIABLES_PLAIN: readonly string[] = ["ws", "socks", "https", "http", "all"];

/**
 * Chooses the proxy for a URI: the first of `wss_proxy`, `socks_proxy`, `https_proxy`, `all_proxy` for `wss`, of
 * `ws_proxy`, `socks_proxy`, `https_proxy`, `http_proxy`, `all_proxy` for `ws`. Names in lower case count before those in
 * upper case; one that is set and empty switches its proxy off. `no_proxy` lists what is connected to directly.
 *
 * @throws {InvalidProxy} If the variable that counts holds no proxy.
 */
export function chooseProxy(
  uri: Pick<WebSocketURI, "host" | "port" | "secure">,
  environment: Environment,
): ProxyURI | null {
  if (isBypassed(uri.host, uri.port, read(environment, "no_proxy"))) return null;
  for (const name of uri.secure ? VARIABLES_SECURE : VARIABLES_PLAIN) {
    const value = read(environment, `${name}_proxy`).trim();
    if (value !== "") return parseProxy(complete(value, name));
  }
  return null;
}

function read(environment: Environment, name: string): string {
  const lower = environment(name);
  if (lower !== undefined) return lower;
  // In a CGI script it holds the header `Proxy:` of whoever asks (CVE-2016-5385).
  if (name === "http_proxy" && environment("REQUEST_METHOD") !== undefined) return "";
  return environment(name.toUpperCase()) ?? "";
}

/** What other programs write into these variables: no scheme, or one of `socks:` or `http:` for SOCKS. */
function complete(value: string, name: string): string {
  const withScheme = value.includes("://") ? value : `${name === "socks" ? "socks5h" : "http"}://${value}`;
  return withScheme.replace(name === "socks" ? /^(?:socks|http):/i : /^socks:/i, "socks5h:");
}

// no_proxy = *( entry ( "," / SP ) )
// entry = "*" / ( [ "*" ] [ "." ] name / address / block ) [ ":" port ]
function isBypassed(host: string, port: number, noProxy: string): boolean {
  const address = parseAddress(host);
  const name = withoutDots(host.toLowerCase());
  return noProxy
    .toLowerCase()
    .split(/[\s,]/)
    .some((entry) => {
      if (entry === "*") return true;
      const [pattern, itsPort] = splitPort(entry);
      if (pattern === "" || (itsPort !== "" && itsPort !== String(port))) return false;
      return address === undefined ? isBelow(name, pattern) : covers(pattern, address);
    });
}

/** Splits `host [ ":" port ]`, `[` address `]` [ ":" port ] and an IPv6 address without brackets. */
function splitPort(entry: string): [pattern: string, port: string] {
  const bracket = entry.indexOf("]");
  if (entry.startsWith("[") && bracket !== -1) return [entry.slice(1, bracket), entry.slice(bracket + 2)];
  const colon = entry.indexOf(":");
  const hasPort = colon !== -1 && colon === entry.lastIndexOf(":");
  return hasPort ? [entry.slice(0, colon), entry.slice(colon + 1)] : [entry, ""];
}

function withoutDots(name: string): string {
  const start = name.startsWith(".") ? 1 : 0;
  return name.slice(start, name.endsWith(".") ? -1 : undefined);
}

/** Whether `name` is the domain of `pattern`, or in it: `example.com`, `.example.com` and `*.example.com` are the same. */
function isBelow(name: string, pattern: string): boolean {
  const domain = withoutDots(pattern.startsWith("*.") ? pattern.slice(1) : pattern);
  return domain !== "" && (name === domain || name.endsWith(`.${domain}`));
}

function covers(pattern: string, address: Uint8Array): boolean {
  const block = pattern.includes("/") ? parseBlock(pattern) : parseBlock(`${pattern}/${address.length * 8}`);
  return block !== undefined && isInBlock(address, block);
}
