// upgradeWebSocket(): requests of a fetch handler, over the WebSocket of the runtime.
import { sharedTimers } from "../async/timers.ts";
import { Connection } from "../connection/connection.ts";
import { NativeLink } from "../connection/native-link.ts";
import type { NativeConnectionOptions } from "../connection/native-options.ts";
import { readNativeOptions } from "../connection/native-options.ts";
import type { NativeSocket } from "../connection/native-socket.ts";
import { InvalidHandshake, InvalidMethod } from "../errors/handshake.ts";
import { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { rejectionFor } from "../protocol/rejection.ts";
import type { ServerHandshakeSettings } from "../protocol/server-handshake.ts";
import { checkOpening, checkOrigin, checkUpgrade, selectSubprotocol } from "../protocol/server-handshake.ts";
import { checkHandshake } from "./check-handshake.ts";
import { handleConnection } from "./handle.ts";

/** Options of `upgradeWebSocket`. Any other option of `serve` is a TypeError. */
export interface UpgradeOptions
  extends NativeConnectionOptions, Pick<ServerHandshakeSettings, "origins" | "subprotocols" | "selectSubprotocol"> {}

/** A connection of a client, over the WebSocket of the runtime. */
export class UpgradedConnection extends Connection {
  /** Who the client is, once code of yours has said so; `null` before. */
  username: string | null = null;
}

/** Handles one connection, as a handler of `serve` does. */
export type UpgradeHandler = (ws: UpgradedConnection) => void | Promise<void>;

/** A request of a fetch handler. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { forEach(callback: (value: string, name: string) => void): void };
}

const OWN = ["origins", "subprotocols", "selectSubprotocol"];

/**
 * Answers a request of a fetch handler, and handles its connection: the handler runs when it is open. A request that is
 * none for a WebSocket, or not an allowed one, is answered with a status from 400 on.
 *
 * @throws {TypeError | RangeError} For options that cannot be used.
 */
export type UpgradeWebSocket = (request: FetchRequest, handler: UpgradeHandler, options?: UpgradeOptions) => Response;

/**
 * Makes the `upgradeWebSocket` of a runtime that answers with the response that `make` gives beside the socket.
 *
 * @param hasAllHeaders Whether requests have all headers that the client sent: they are checked then. Of requests that Workers make
 * of each other, Upgrade alone is sure.
 */
export function bindUpgrade(
  make: (request: FetchRequest, subprotocol: string | null) => { socket: NativeSocket; response: Response },
  hasAllHeaders: boolean,
): UpgradeWebSocket {
  return (request, handler, options = {}) => {
    const upgrade = prepareUpgrade(request, handler, options, hasAllHeaders);
    if ("refusal" in upgrade) return upgrade.refusal;
    const { socket, response } = make(request, upgrade.subprotocol);
    upgrade.start(socket);
    return response;
  };
}

/**
 * The same where a server does the upgrade: nothing is to be returned from the fetch handler then.
 *
 * @returns The response of a refusal, or `undefined`.
 */
export type UpgradeWithServer<Server> = (
  request: FetchRequest,
  server: Server,
  handler: UpgradeHandler,
  options?: UpgradeOptions,
) => Response | undefined;

/** Makes the `upgradeWebSocket` of a runtime whose server opens the socket that `make` gives. */
export function bindUpgradeWithServer<Server>(
  make: (
    request: FetchRequest,
    server: Server,
    subprotocol: string | null,
  ) => { socket: NativeSocket; upgrade(): boolean },
): UpgradeWithServer<Server> {
  return (request, server, handler, options = {}) => {
    const upgrade = prepareUpgrade(request, handler, options, true);
    if ("refusal" in upgrade) return upgrade.refusal;
    const made = make(request, server, upgrade.subprotocol);
    // Before it is opened: that may happen inside of the call.
    upgrade.start(made.socket);
    return made.upgrade() ? undefined : responseOf(rejectionFor(new InvalidHandshake("the server did not upgrade")));
  };
}

/** What a request leads to: a connection to be, or the response that refuses it. */
type Upgrade =
  | { readonly refusal: Response }
  | { readonly subprotocol: string | null; start(socket: NativeSocket): void };

/** Checks a request. Then `start` runs the handler on the socket that the runtime made for it. */
function prepareUpgrade(
  request: FetchRequest,
  handler: UpgradeHandler,
  options: UpgradeOptions,
  hasAllHeaders: boolean,
): Upgrade {
  if (typeof handler !== "function") throw new TypeError("Cannot upgrade: expected a function as handler");
  const settings = readNativeOptions(options, OWN);
  checkHandshake(options);
  let handshake: HandshakeRequest;
  let subprotocol: string | null;
  try {
    handshake = handshakeOf(request);
    // Here, because Deno throws at what a client sends, or lets it pass.
    if (hasAllHeaders) checkOpening(handshake.headers);
    else checkUpgrade(handshake.headers);
    checkOrigin(handshake, options.origins ?? null);
    subprotocol = selectSubprotocol(handshake.headers, options);
  } catch (error) {
    if (!(error instanceof InvalidHandshake)) settings.log.error("! opening handshake failed", error);
    return { refusal: responseOf(rejectionFor(error)) };
  }
  return {
    subprotocol,
    start(socket) {
      const link = new NativeLink(socket, settings, sharedTimers());
      link.request = handshake;
      const connection = new UpgradedConnection(link);
      link.start();
      // Lost before it was open, and the handler never hears of it; or the fault of a logger.
      link.opened.then(() => handleConnection(connection, handler)).catch(() => link.abort());
    },
  };
}

function handshakeOf({ method, url, headers }: FetchRequest): HandshakeRequest {
  const { pathname, search } = new URL(url);
  const fields: [string, string][] = [];
  headers.forEach((value, name) => fields.push([name, value]));
  const handshake = new HandshakeRequest(pathname + search, fields, method);
  if (method !== "GET") throw new InvalidMethod(method);
  return handshake;
}

/** How a response is sent is the runtime's business, headers that explain a refusal are ours. */
function responseOf({ statusCode, headers, body }: HandshakeResponse): Response {
  const fields = [...headers].filter(([name]) => !/^(connection|content-length|date)$/i.test(name));
  const init = fields.map(([name, value]): [string, string] => [name, value]);
  return new Response(new Uint8Array(body), { status: statusCode, headers: init });
}
