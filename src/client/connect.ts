// connect(): binds what a client does to a runtime.
import type { Runtime } from "../connection/runtime.ts";
import type { ClientConnection } from "./client-connection.ts";
import { Connecting } from "./connecting.ts";
import { open } from "./opening.ts";
import type { ConnectOptions } from "./options.ts";
import { readConnectOptions } from "./options.ts";
import { retryAfter } from "./retry-delay.ts";

/** The type of `connect`. */
export interface Connect {
  /** The same with a class of your own: connections are of `createConnection`. */
  <C extends ClientConnection>(
    uri: string | URL,
    options: ConnectOptions & { readonly createConnection: new (...args: never[]) => C },
  ): Connecting<C["data"], C>;
  /**
   * Connects to a WebSocket server. `await` it for an open connection, or iterate over it for one connection after the other.
   *
   * @typeParam Data Type of `data` of the connection.
   * @param uri A `ws:` or `wss:` URI (RFC 6455 3), or `ws+unix:/path/of/socket:/resource`.
   * @throws {InvalidURI} For anything else.
   * @throws {InvalidProxy} If the URI of the proxy cannot be used.
   * @throws {NetworkError} If there is no connection to the host, or its certificate is refused.
   * @throws {TypeError | RangeError} For a URI that is neither a string nor a URL, and for options that cannot be used, alone or together.
   * @throws {InvalidHandshake} If the server does not answer as a WebSocket server that agrees, or the proxy not as a proxy.
   * @throws {TimeoutError} After `openTimeout`.
   *
   * @example
   * await using ws = await connect("ws://localhost:8765");
   * await ws.send("Hello world!");
   * console.log(await ws.recv());
   */
  <Data = unknown>(uri: string | URL, options?: ConnectOptions): Connecting<Data>;
}

/** Makes the `connect` of a runtime. */
export function bindConnect(runtime: Runtime): Connect {
  const connect = (uri: string | URL, options: ConnectOptions = {}): Connecting =>
    new Connecting({
      open: async () => open(runtime, readConnectOptions(uri, options)),
      iterate: () => iterate(runtime, uri, options),
    });
  return connect; // what type `data` has is the user's affair
}

async function* iterate(
  runtime: Runtime,
  uri: string | URL,
  options: ConnectOptions,
): AsyncGenerator<ClientConnection, void, undefined> {
  const settings = readConnectOptions(uri, options);
  if (settings.pinned === "transport") throw new TypeError("Cannot connect again: transport is set");
  const { processException, reconnectDelays, connection } = settings;
  const { signal } = options;
  const { log } = connection;
  const { reconnecting } = await import("./reconnecting.ts");
  yield* reconnecting({
    open: () => open(runtime, settings),
    processException,
    reconnectDelays,
    leastDelay: retryAfter,
    signal,
    log,
  });
}
