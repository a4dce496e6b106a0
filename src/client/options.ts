// Options of connect(), checked and complete.
import { checkSignal } from "../connection/check-signal.ts";
import type { ConnectionOptions, ConnectionSettings } from "../connection/options.ts";
import {
  checkExtensions,
  checkKind,
  checkObject,
  checkOptions,
  checkSubclass,
  readConnectionOptions,
  readLimit,
} from "../connection/options.ts";
import type { ClientTlsOptions } from "../connection/tls.ts";
import type { ClientCompression } from "../extensions/compression-option.ts";
import { compressionFactories, withCompression } from "../extensions/compression-option.ts";
import type { ClientExtensionFactory } from "../extensions/extension.ts";
import { Headers } from "../http/headers.ts";
import { parseUri } from "../http/uri.ts";
import type { ClientHandshakeSettings } from "../protocol/client-handshake.ts";
import { buildRequest } from "../protocol/client-handshake.ts";
import { backoff } from "./backoff.ts";
import { ClientConnection } from "./client-connection.ts";
import type { DestinationOptions } from "./destination.ts";
import { destinationOf } from "./destination.ts";
import { processException } from "./process-exception.ts";
import type { ProxyURI } from "./proxy-uri.ts";
import { parseProxy } from "./proxy-uri.ts";
import type { Hop, Pinned } from "./redirect.ts";

const MOST_REDIRECTS = 10;

/** Options of `connect`. */
export interface ConnectOptions extends ConnectionOptions, ClientHandshakeSettings, DestinationOptions {
  /**
   * Compression of messages (RFC 7692): `"deflate"`, `"shared"`, `"max"`, settings, or `null` for none. An entry
   * for permessage-deflate in `extensions` goes before it.
   *
   * @default "deflate"
   */
  readonly compression?: ClientCompression | undefined;
  /**
   * Aborts the opening and, in `for await (const ws of connect(uri))`, the loop while no connection is open. It has no
   * effect on an open connection.
   */
  readonly signal?: AbortSignal | null | undefined;
  /**
   * The proxy to connect through: a URI with one of the schemes `http`, `https`, `socks4`, `socks4a`, `socks5` and `socks5h`,
   * and maybe a user and a password. `true`: what the environment says, in `wss_proxy`, `ws_proxy`, `socks_proxy`,
   * `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`. `null`: none. It is not asked for Unix sockets and transports.
   *
   * @default true
   */
  readonly proxy?: string | true | null | undefined;
  /** Options of TLS for the way to an `https` proxy. */
  readonly proxyTls?: ClientTlsOptions | undefined;
  /**
   * Most redirects to follow. 0: a redirect is an InvalidStatus. `null`: no limit but `openTimeout`.
   *
   * @default 10
   */
  readonly maxRedirects?: number | null | undefined;
  /**
   * Decides, in `for await`, about an error of connecting: `null` or nothing tries again, anything else is thrown.
   *
   * @default processException
   */
  readonly processException?: ((error: unknown) => unknown) | undefined;
  /**
   * Makes the delays between attempts in `for await`, in milliseconds, anew after each success. When they end, the last
   * error is thrown.
   *
   * @default a random delay of at most 5 s, then 3.1 s, growing by the factor 1.618 to 90 s
   */
  readonly reconnectDelays?: (() => Iterable<number>) | undefined;
  /** A class of your own for the connection. */
  readonly createConnection?: (new (...args: never[]) => ClientConnection) | undefined;
}

/** The same, checked and complete. */
export interface ConnectSettings {
  readonly options: ConnectOptions;
  readonly connection: ConnectionSettings;
  /** The server to begin with. */
  readonly first: Hop;
  readonly pinned: Pinned;
  /** What is offered, compression too. */
  readonly extensions: readonly ClientExtensionFactory[];
  readonly proxy: ProxyURI | "environment" | null;
  readonly maxRedirects: number;
  readonly processException: (error: unknown) => unknown;
  readonly reconnectDelays: () => Iterable<number>;
}

/**
 * Reads the options.
 *
 * @throws {InvalidURI | InvalidProxy | InvalidHeaderValue}
 * @throws {TypeError | RangeError} For options that cannot be used, alone or together.
 */
export function readConnectOptions(given: string | URL, options: ConnectOptions): ConnectSettings {
  const uri = parseUri(given);
  checkOptions(options);
  checkSignal(options.signal ?? undefined);
  checkExtensions(options.extensions, "requestParameters");
  checkSubclass("createConnection", options.createConnection, ClientConnection);
  checkObject("additionalHeaders", options.additionalHeaders);
  // What no server could be asked with is found before any is.
  const additionalHeaders = new Headers(options.additionalHeaders ?? []);
  buildRequest(uri, { ...options, additionalHeaders, extensions: [] }, "");
  destinationOf(uri, options);
  const proxy = readProxy(options);
  const connection = readConnectionOptions(options);
  const compression = compressionFactories(options.compression, "client", (line) => connection.log.info(line));
  return {
    options,
    connection,
    extensions: withCompression(options.extensions ?? [], compression),
    first: { uri, additionalHeaders },
    pinned: pinnedBy(uri.unix, options),
    proxy,
    maxRedirects: readLimit("maxRedirects", options.maxRedirects, MOST_REDIRECTS) ?? Infinity,
    processException: readFunction("processException", options.processException, processException),
    reconnectDelays: readFunction("reconnectDelays", options.reconnectDelays, backoff),
  };
}

function pinnedBy(unixOfUri: string | null, { transport, unix, host, port }: ConnectOptions): Pinned {
  if (transport != null) return "transport";
  return unixOfUri !== null || unix != null || host != null || port != null ? "address" : "nothing";
}

function readProxy({ proxy = true, proxyTls }: ConnectOptions): ProxyURI | "environment" | null {
  if (proxy !== null && proxy !== true && typeof proxy !== "string") {
    throw new TypeError("Cannot use proxy: expected a URI, true or null");
  }
  const parsed = typeof proxy === "string" ? parseProxy(proxy) : null;
  if (proxyTls != null && proxy !== true && parsed?.scheme !== "https") {
    throw new TypeError("Cannot use proxyTls: the scheme of the proxy is not https");
  }
  return proxy === true ? "environment" : parsed;
}

function readFunction<F>(name: string, value: F | undefined, byDefault: F): F {
  if (value === undefined) return byDefault;
  checkKind(name, typeof value === "function", "a function");
  return value;
}
