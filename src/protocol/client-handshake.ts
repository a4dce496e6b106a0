// The opening handshake of a client (RFC 6455 4.1): the request, and the check of the response.
import { InvalidHeaderValue, InvalidStatus, InvalidUpgrade } from "../errors/handshake.ts";
import type { ClientExtensionFactory, Extension } from "../extensions/extension.ts";
import { acceptKey, type Sha1 } from "../http/accept-key.ts";
import { formatBasicCredentials } from "../http/basic-credentials.ts";
import {
  type ExtensionOffer,
  formatExtensions,
  formatHost,
  includesToken,
  parseConnection,
  parseExtensions,
  parseSubprotocols,
  parseUpgrade,
} from "../http/fields.ts";
import { Headers, type HeadersLike } from "../http/headers.ts";
import { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { WebSocketURI } from "../http/uri.ts";
import { requiredHeader } from "./handshake-headers.ts";
import { checkSubprotocols, confirmExtensions, confirmSubprotocol } from "./negotiation.ts";

/** What a client asks for. Everything is optional. */
export interface ClientHandshakeSettings {
  /**
   * Value of the Origin header.
   *
   * @default null (no header)
   */
  readonly origin?: string | null | undefined;
  /**
   * Extensions to offer, the preferred one first.
   *
   * @default []
   */
  readonly extensions?: readonly ClientExtensionFactory[] | undefined;
  /**
   * Subprotocols to offer, the preferred one first.
   *
   * @default null (none)
   */
  readonly subprotocols?: readonly string[] | null | undefined;
  /**
   * Headers behind ours. Host, Authorization, Origin and User-Agent replace those that we would send.
   *
   * @default []
   */
  readonly additionalHeaders?: HeadersLike | undefined;
  /**
   * Value of the User-Agent header.
   *
   * @default null (no header)
   */
  readonly userAgentHeader?: string | null | undefined;
}

/** What a server agreed on. */
export interface ConfirmedHandshake {
  readonly extensions: Extension[];
  readonly subprotocol: string | null;
}

/** Headers of ours that a user may know better. */
const REPLACEABLE: readonly string[] = ["Host", "Authorization", "Origin"];

/** Headers that are the handshake, or announce a body: a second one, or another value, can only break it. */
const RESERVED: readonly string[] = [
  "Upgrade",
  "Connection",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Accept",
  "Sec-WebSocket-Version",
  "Sec-WebSocket-Extensions",
  "Sec-WebSocket-Protocol",
  "Content-Length",
  "Transfer-Encoding",
];

/**
 * Makes the request of a client.
 *
 * @param key From `generateKey`, a new one for each request.
 * @throws {TypeError | RangeError} If the settings are wrong: subprotocols that are not tokens, or an additional header
 * that belongs to the handshake.
 * @throws {InvalidHeaderValue} If a header of the settings cannot be sent.
 * @throws {MultipleValuesError} If an additional header that replaces one of ours comes several times.
 */
export function buildRequest(uri: WebSocketURI, settings: ClientHandshakeSettings, key: string): HandshakeRequest {
  const { origin = null, extensions = [], userAgentHeader = null } = settings;
  const subprotocols = settings.subprotocols ?? [];
  const additional = new Headers(settings.additionalHeaders);
  checkSubprotocols(subprotocols);
  checkAdditional(additional);
  const headers = new Headers([["Host", formatHost(uri.host, uri.port, uri.secure)]]);
  if (uri.username !== null) headers.append("Authorization", formatBasicCredentials(uri.username, uri.password ?? ""));
  if (origin !== null) headers.append("Origin", origin);
  headers.append("Upgrade", "websocket");
  headers.append("Connection", "Upgrade");
  headers.append("Sec-WebSocket-Key", key);
  headers.append("Sec-WebSocket-Version", "13");
  const offers = offersOf(extensions);
  if (offers.length > 0) headers.append("Sec-WebSocket-Extensions", formatExtensions(offers));
  if (subprotocols.length > 0) headers.append("Sec-WebSocket-Protocol", subprotocols.join(", "));
  mergeAdditional(headers, additional);
  if (userAgentHeader !== null && !headers.has("User-Agent")) headers.append("User-Agent", userAgentHeader);
  return new HandshakeRequest(uri.resourceName, headers);
}

function offersOf(factories: readonly ClientExtensionFactory[]): ExtensionOffer[] {
  const offers: ExtensionOffer[] = [];
  for (const factory of factories) {
    const parameters = factory.requestParameters();
    if (parameters !== null) offers.push({ name: factory.name, parameters });
  }
  return offers;
}

function checkAdditional(additional: Headers): void {
  const reserved = RESERVED.find((name) => additional.has(name));
  if (reserved !== undefined) throw new TypeError(`Cannot add header ${reserved}: it belongs to the opening handshake`);
}

/** Appends headers. One that replaces ours takes its place, and must come once as ours does. */
function mergeAdditional(headers: Headers, additional: Headers): void {
  for (const name of REPLACEABLE) {
    const value = additional.get(name);
    if (value === null || !headers.has(name)) continue;
    headers.set(name, value);
    additional.delete(name);
  }
  for (const [name, value] of additional) headers.append(name, value);
}

/**
 * Checks the response of a server.
 *
 * @param key The one of the request.
 * @param settings Those that the request was made with.
 * @throws {InvalidStatus} If the status is not 101.
 * @throws {InvalidHandshake} Another subclass, if the response does not agree to what was asked for.
 */
export function checkResponse(
  response: HandshakeResponse,
  key: string,
  settings: ClientHandshakeSettings,
  kernels: Sha1,
): ConfirmedHandshake {
  if (response.statusCode !== 101) throw new InvalidStatus(response);
  const { headers } = response;
  checkUpgrade(headers);
  const accept = requiredHeader(headers, "Sec-WebSocket-Accept");
  if (accept !== acceptKey(key, kernels)) throw new InvalidHeaderValue("Sec-WebSocket-Accept", accept);
  const answered = headers.getAll("Sec-WebSocket-Extensions");
  const answers = answered.length === 0 ? [] : parseExtensions(answered);
  const extensions = confirmExtensions(answers, settings.extensions ?? []);
  const chosen = headers.getAll("Sec-WebSocket-Protocol");
  const subprotocols = chosen.length === 0 ? [] : parseSubprotocols(chosen);
  return { extensions, subprotocol: confirmSubprotocol(subprotocols, settings.subprotocols ?? []) };
}

function checkUpgrade(headers: Headers): void {
  const connection = headers.getAll("Connection");
  if (connection.length === 0) throw new InvalidUpgrade("Connection");
  if (!includesToken(parseConnection(connection), "upgrade"))
    throw new InvalidUpgrade("Connection", connection.join(", "));
  const upgrade = headers.getAll("Upgrade");
  if (upgrade.length === 0) throw new InvalidUpgrade("Upgrade");
  // RFC 6455 4.1: the value is "websocket", where a request may hold a list (4.2.1).
  const protocols = parseUpgrade(upgrade);
  if (protocols.length !== 1 || !includesToken(protocols, "websocket"))
    throw new InvalidUpgrade("Upgrade", upgrade.join(", "));
}
