// The opening handshake of a server (RFC 6455 4.2), as a function from request to response.
import {
  InvalidHeader,
  InvalidHeaderValue,
  InvalidMethod,
  InvalidOrigin,
  InvalidProtocol,
  InvalidUpgrade,
  InvalidVersion,
} from "../errors/handshake.ts";
import type { Extension, ServerExtensionFactory } from "../extensions/extension.ts";
import { acceptKey, isKey, type Sha1 } from "../http/accept-key.ts";
import {
  formatExtensions,
  includesToken,
  isHost,
  parseConnection,
  parseExtensions,
  parseSubprotocols,
  parseUpgrade,
} from "../http/fields.ts";
import { quote } from "../http/grammar.ts";
import { Headers, isLowerCaseOf } from "../http/headers.ts";
import { type AllowedOrigins, isOriginAllowed } from "../http/origin.ts";
import type { HandshakeRequest } from "../http/request.ts";
import { HandshakeResponse } from "../http/response.ts";
import { optionalHeader, requiredHeader } from "./handshake-headers.ts";
import { type AcceptedExtensions, acceptExtensions, chooseSubprotocol } from "./negotiation.ts";

/** What a server accepts. Everything is optional. */
export interface ServerHandshakeSettings {
  /**
   * Allowed origins; see {@link AllowedOrigins}.
   *
   * @default null (all)
   */
  readonly origins?: AllowedOrigins | undefined;
  /**
   * In the order of preference among those of the same name.
   *
   * @default []
   */
  readonly extensions?: readonly ServerExtensionFactory[] | undefined;
  /**
   * Supported subprotocols, the preferred one first. Unless empty, a client must offer one of them.
   *
   * @default null (none)
   */
  readonly subprotocols?: readonly string[] | null | undefined;
  /** Chooses one of the offered subprotocols, or none, in place of the rule for `subprotocols`. */
  readonly selectSubprotocol?: ((offered: readonly string[]) => string | null) | null | undefined;
}

/** The answer to a request, and what was agreed on. */
export interface AcceptedRequest {
  readonly response: HandshakeResponse;
  readonly extensions: Extension[];
  readonly subprotocol: string | null;
  /** The Origin header of the request. */
  readonly origin: string | null;
}

/**
 * Checks a request and makes the response that accepts it. It has no Server header.
 *
 * @throws {InvalidHandshake} A subclass that says what is wrong; `rejectionFor` makes a response of it. Other errors
 * come from `settings`.
 */
export function acceptRequest(
  request: HandshakeRequest,
  settings: ServerHandshakeSettings,
  kernels: Sha1,
): AcceptedRequest {
  const { headers } = request;
  if (request.method !== "GET") throw new InvalidMethod(request.method);
  if (request.protocol !== "HTTP/1.1") throw new InvalidProtocol(request.protocol);
  checkHost(headers);
  const key = checkOpening(headers);
  const origin = checkOrigin(request, settings.origins ?? null);
  const accepted = negotiateExtensions(headers, settings.extensions ?? []);
  const subprotocol = selectSubprotocol(headers, settings);
  const response = acceptResponse(acceptKey(key, kernels), accepted, subprotocol);
  return { response, extensions: accepted.extensions, subprotocol, origin };
}

// RFC 9112 3.2: a request of HTTP/1.1 without a valid Host, or with several, must be refused.
function checkHost(headers: Headers): void {
  const host = requiredHeader(headers, "Host");
  if (!isHost(host)) throw new InvalidHeader("Host", host);
}

/**
 * Checks the headers that ask for a WebSocket, and returns the key among them.
 *
 * @throws {InvalidHeader}
 */
export function checkOpening(headers: Headers): string {
  checkConnection(headers);
  const key = checkKey(headers);
  checkVersion(headers);
  return key;
}

// RFC 6455 4.2.1: Upgrade contains "websocket" and Connection "Upgrade", compared without case.
function checkConnection(headers: Headers): void {
  // Nearly always there is nothing else in either.
  if (isOnly(headers, "connection", "upgrade") && isOnly(headers, "upgrade", "websocket")) return;
  const connection = headers.getAll("Connection");
  if (connection.length === 0) throw new InvalidUpgrade("Connection");
  if (!includesToken(parseConnection(connection), "upgrade"))
    throw new InvalidUpgrade("Connection", connection.join(", "));
  checkUpgrade(headers);
}

/** @throws {InvalidUpgrade | InvalidHeader} */
export function checkUpgrade(headers: Headers): void {
  const upgrade = headers.getAll("Upgrade");
  if (upgrade.length === 0) throw new InvalidUpgrade("Upgrade");
  if (!includesToken(parseUpgrade(upgrade), "websocket")) throw new InvalidUpgrade("Upgrade", upgrade.join(", "));
}

function isOnly(headers: Headers, key: string, token: string): boolean {
  return isLowerCaseOf(token, headers.single(key) ?? "");
}

function checkKey(headers: Headers): string {
  const key = requiredHeader(headers, "Sec-WebSocket-Key");
  if (!isKey(key)) throw new InvalidHeaderValue("Sec-WebSocket-Key", key);
  return key;
}

// RFC 6455 4.4: only a version that is there can be one that we do not speak.
function checkVersion(headers: Headers): void {
  const version = requiredHeader(headers, "Sec-WebSocket-Version");
  if (version !== "13") throw new InvalidVersion(version);
}

/**
 * Returns the Origin of a request.
 *
 * @throws {InvalidOrigin} For one that is not allowed.
 */
export function checkOrigin(request: HandshakeRequest, allowed: AllowedOrigins): string | null {
  const origin = optionalHeader(request.headers, "Origin");
  if (allowed !== null && !isOriginAllowed(origin, allowed, request.host)) throw new InvalidOrigin(origin);
  return origin;
}

function negotiateExtensions(headers: Headers, factories: readonly ServerExtensionFactory[]): AcceptedExtensions {
  const offered = headers.getAll("Sec-WebSocket-Extensions");
  // Parsed without factories too: a malformed header is refused whatever the settings are.
  return acceptExtensions(offered.length === 0 ? [] : parseExtensions(offered), factories);
}

/**
 * Chooses the subprotocol of a request.
 *
 * @throws {NegotiationError | InvalidHeader}
 * @throws {TypeError} For a choice of the application that was not offered.
 */
export function selectSubprotocol(headers: Headers, settings: ServerHandshakeSettings): string | null {
  const values = headers.getAll("Sec-WebSocket-Protocol");
  const offered = values.length === 0 ? [] : parseSubprotocols(values);
  const select = settings.selectSubprotocol ?? null;
  if (select === null) return chooseSubprotocol(offered, settings.subprotocols ?? null);
  // A function in JavaScript may return nothing to choose nothing.
  const selected = select(offered) ?? null;
  // RFC 6455 4.2.2: it must be one of the offered ones; a client fails the connection otherwise (4.1).
  if (selected === null || offered.includes(selected)) return selected;
  throw new TypeError(`selectSubprotocol returned ${quote(selected)}, which the client does not offer`);
}

let dateSecond = -1;
let date = "";

/** The present time as in RFC 9110 5.6.7, made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}

function acceptResponse(
  accept: string,
  { extensions, answers }: AcceptedExtensions,
  subprotocol: string | null,
): HandshakeResponse {
  const list = ["Date", httpDate(), "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", accept];
  const headers = Headers.trusted(list);
  if (extensions.length > 0) headers.append("Sec-WebSocket-Extensions", formatExtensions(answers));
  if (subprotocol !== null) headers.append("Sec-WebSocket-Protocol", subprotocol);
  return new HandshakeResponse(101, "Switching Protocols", headers);
}
