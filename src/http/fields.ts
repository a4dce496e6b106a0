// The headers of an opening handshake: Connection, Upgrade, Sec-WebSocket-*, Host.
import { type FieldScanner, parseList } from "./grammar.ts";

/** An extension with its parameters, as a client offers it or a server answers it. */
export interface ExtensionOffer {
  readonly name: string;
  /** In order; `null` for a parameter without a value. */
  readonly parameters: readonly (readonly [name: string, value: string | null])[];
}

// Connection = #connection-option
// connection-option = token
/** @throws {InvalidHeaderFormat} */
export function parseConnection(values: readonly string[]): string[] {
  return parseList("Connection", values, (scanner) => scanner.token());
}

// Upgrade = #protocol
// protocol = protocol-name [ "/" protocol-version ], both of them tokens
/** @throws {InvalidHeaderFormat} */
export function parseUpgrade(values: readonly string[]): string[] {
  return parseList("Upgrade", values, (scanner) => {
    const name = scanner.token();
    return scanner.skip("/") ? `${name}/${scanner.token()}` : name;
  });
}

/** Whether a list has an element, in any case of letters. */
export function includesToken(elements: readonly string[], token: string): boolean {
  return elements.some((element) => element.toLowerCase() === token);
}

// Sec-WebSocket-Extensions = extension-list
// extension-list = 1#extension
// extension = extension-token *( ";" extension-param )
/** @throws {InvalidHeaderFormat} */
export function parseExtensions(values: readonly string[]): ExtensionOffer[] {
  return parseList("Sec-WebSocket-Extensions", values, (scanner) => {
    const name = scanner.token();
    const parameters: [string, string | null][] = [];
    scanner.skipWhitespace();
    while (scanner.skip(";")) parameters.push(parseParameter(scanner));
    return { name, parameters };
  });
}

// extension-param = token [ "=" (token | quoted-string) ]
// White space is taken everywhere between these, as in the implied *LWS of RFC 2616 2.1, which RFC 6455 builds on.
function parseParameter(scanner: FieldScanner): [name: string, value: string | null] {
  scanner.skipWhitespace();
  const name = scanner.token();
  scanner.skipWhitespace();
  if (!scanner.skip("=")) return [name, null];
  scanner.skipWhitespace();
  const value = scanner.nextIs('"') ? scanner.quotedToken() : scanner.token();
  scanner.skipWhitespace();
  return [name, value];
}

/** The value of a Sec-WebSocket-Extensions header. */
export function formatExtensions(extensions: readonly ExtensionOffer[]): string {
  return extensions.map(formatExtension).join(", ");
}

function formatExtension({ name, parameters }: ExtensionOffer): string {
  return [name, ...parameters.map(([parameter, value]) => (value === null ? parameter : `${parameter}=${value}`))].join(
    "; ",
  );
}

// Sec-WebSocket-Protocol = 1#token
/** @throws {InvalidHeaderFormat} */
export function parseSubprotocols(values: readonly string[]): string[] {
  return parseList("Sec-WebSocket-Protocol", values, (scanner) => scanner.token());
}

const HIGHEST_PORT = 65_535;
const MOST_PORT_DIGITS = 5;

// Host = uri-host [ ":" port ]
/**
 * The value of a Host header.
 *
 * @param host Without brackets if it is an IPv6 address.
 */
export function formatHost(host: string, port: number, isSecure: boolean): string {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return port === defaultPort(isSecure) ? bracketed : `${bracketed}:${port}`;
}

/** 443 with TLS, 80 without (RFC 6455 3). */
export function defaultPort(isSecure: boolean): number {
  return isSecure ? 443 : 80;
}

// uri-host = IP-literal / reg-name
// IP-literal = "[" 1*( HEXDIG / ":" / "." ) "]", which is enough to know that it can be passed on
// reg-name = 1*( unreserved / pct-encoded / sub-delims ), not empty because a WebSocket URI has a host
// port = *DIGIT
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::([0-9]*))?$/;

/** Whether the value of a Host header is plausible: one host, and maybe a port. */
export function isHost(value: string): boolean {
  const match = HOST.exec(value);
  if (match === null) return false;
  const port = match[1] ?? "";
  return port.length <= MOST_PORT_DIGITS && Number(port) <= HIGHEST_PORT;
}
