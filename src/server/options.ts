// Options of serve(), read once.
import { checkSignal } from "../connection/check-signal.ts";
import type { ConnectionOptions, ConnectionSettings } from "../connection/options.ts";
import {
  checkExtensions,
  checkFunction,
  checkOptions,
  checkSubclass,
  readConnectionOptions,
  readLimit,
} from "../connection/options.ts";
import type { ServerCompression } from "../extensions/compression-option.ts";
import { compressionFactories, withCompression } from "../extensions/compression-option.ts";
import { Headers } from "../http/headers.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { ServerHandshakeSettings } from "../protocol/server-handshake.ts";
import { VERSION } from "../version.ts";
import { checkHandshake } from "./check-handshake.ts";
import type { WebResponse } from "./hook-response.ts";
import { checkPlace, type PlaceOptions } from "./place.ts";
import { ServerConnection } from "./server-connection.ts";

const DEFAULT_MAX_HANDSHAKES = 1000;

/** What a hook may answer with: nothing, to go on; or a response. */
export type HookResult = HandshakeResponse | WebResponse | null | undefined | void;

/** Options of `serve`. */
export interface ServeOptions<Data = unknown> extends ConnectionOptions, ServerHandshakeSettings, PlaceOptions {
  /**
   * Compression of messages (RFC 7692): `"deflate"`, `"shared"`, `"max"`, settings, or `null` for none. An entry
   * for permessage-deflate in `extensions` goes before it.
   *
   * @default "deflate"
   */
  compression?: ServerCompression;
  /**
   * Called with every request, before it is checked. A returned response is sent instead of the opening handshake:
   * this is how to serve a health check, a page, or a refusal. Any method and HTTP/1.0 get here.
   */
  processRequest?: (ws: ServerConnection<Data>, request: HandshakeRequest) => HookResult | Promise<HookResult>;
  /**
   * Called with the response that is about to be sent. It may change its headers or return another response.
   */
  processResponse?: (
    ws: ServerConnection<Data>,
    request: HandshakeRequest,
    response: HandshakeResponse,
  ) => HookResult | Promise<HookResult>;
  /** Value of the Server header; `null` for none. Default: runtime and library with their versions. */
  serverHeader?: string | null;
  /**
   * Most connections at once, from the response to the end of TCP. A handshake beyond is answered with 503 and Retry-After;
   * other answers of `processRequest`, to a health check for example, are not concerned. `null` for no limit.
   *
   * @default null
   */
  maxConnections?: number | null;
  /**
   * Most opening handshakes at once, from TCP or the end of the TLS handshake to the response. A client beyond gets
   * 503 and Retry-After at once, whatever it asks for. `null` for no limit.
   *
   * @default 1000
   */
  maxHandshakes?: number | null;
  /** A class of your own for connections. */
  createConnection?: new (...args: never[]) => ServerConnection;
  /** Starts `server.close()` when it is aborted; aborted before the server listens, `serve` rejects. */
  signal?: AbortSignal | null;
}

/** The same where connections are made of a class of yours: the hooks get those. */
export interface ClassServeOptions<C extends ServerConnection> extends Omit<
  ServeOptions<C["data"]>,
  "processRequest" | "processResponse" | "createConnection"
> {
  processRequest?: (ws: C, request: HandshakeRequest) => HookResult | Promise<HookResult>;
  processResponse?: (ws: C, request: HandshakeRequest, response: HandshakeResponse) => HookResult | Promise<HookResult>;
  createConnection: new (...args: never[]) => C;
}

/** The same, checked and complete. */
export interface ServerSettings {
  readonly connection: ConnectionSettings;
  readonly handshake: ServerHandshakeSettings;
  readonly processRequest: NonNullable<ServeOptions["processRequest"]> | undefined;
  readonly processResponse: NonNullable<ServeOptions["processResponse"]> | undefined;
  readonly serverHeader: string | null;
  /** `Infinity` for no limit. */
  readonly maxConnections: number;
  readonly maxHandshakes: number;
  readonly createConnection: NonNullable<ServeOptions["createConnection"]>;
}

/**
 * Reads the options.
 *
 * @throws {TypeError | RangeError} For values that cannot be used.
 */
export function readServeOptions(options: ServeOptions, product: string): ServerSettings {
  checkOptions(options);
  const { origins, extensions, subprotocols, selectSubprotocol } = options;
  checkHandshake(options);
  checkSignal(options.signal ?? undefined);
  checkExtensions(extensions, "processRequest");
  checkSubclass("createConnection", options.createConnection, ServerConnection);
  checkFunction("processRequest", options.processRequest);
  checkFunction("processResponse", options.processResponse);
  // The server would not be secure, and nothing would say so.
  if ("cert" in options || "key" in options) throw new TypeError("Cannot use cert and key: expected them in tls");
  checkPlace(options);
  const { serverHeader = `${product} wsasm/${VERSION}` } = options;
  // It throws for what is no header.
  if (serverHeader !== null) new Headers().append("Server", serverHeader);
  const connection = readConnectionOptions(options);
  const compression = compressionFactories(options.compression, "server", (line) => connection.log.info(line));
  return {
    connection,
    handshake: {
      origins,
      extensions: withCompression(extensions ?? [], compression),
      subprotocols,
      selectSubprotocol,
    },
    processRequest: options.processRequest,
    processResponse: options.processResponse,
    maxConnections: readLimit("maxConnections", options.maxConnections, null) ?? Infinity,
    maxHandshakes: readLimit("maxHandshakes", options.maxHandshakes, DEFAULT_MAX_HANDSHAKES) ?? Infinity,
    createConnection: options.createConnection ?? ServerConnection,
    serverHeader,
  };
}
