// connect() over a WebSocket of the runtime: browsers, Workers.
import { sharedTimers } from "../async/timers.ts";
import { checkSignal } from "../connection/check-signal.ts";
import type { ConnectionLink } from "../connection/connection-link.ts";
import { NativeLink } from "../connection/native-link.ts";
import type { NativeConnectionOptions } from "../connection/native-options.ts";
import { readNativeOptions } from "../connection/native-options.ts";
import type { NativeSocket } from "../connection/native-socket.ts";
import type { ConnectionOptions, LinkSettings } from "../connection/options.ts";
import { checkFunction, checkKind, checkSubclass } from "../connection/options.ts";
import { InvalidURI } from "../errors/handshake.ts";
import { NetworkError, TimeoutError } from "../errors/network.ts";
import { backoff } from "./backoff.ts";
import { ClientConnection } from "./client-connection.ts";
import { Connecting } from "./connecting.ts";
import { OpenDeadline } from "./open-deadline.ts";
import type { ConnectOptions } from "./options.ts";
import { reconnecting } from "./reconnecting.ts";

type Inherited = Pick<ConnectOptions, "signal" | "processException" | "reconnectDelays" | "createConnection"> &
  Pick<ConnectionOptions, "openTimeout">;

/** Options of `connect` over a WebSocket of the runtime. Any other option of `connect` is a TypeError. */
export interface NativeConnectOptions extends NativeConnectionOptions, Inherited {
  /** Subprotocols to offer, the preferred one first. */
  readonly subprotocols?: readonly string[] | undefined;
}

const OWN = ["openTimeout", "subprotocols", "signal", "processException", "reconnectDelays", "createConnection"];

/** The type of `connect` over the WebSocket of a runtime. */
export interface NativeConnect {
  /** The same with a class of your own: connections are of `createConnection`. */
  <C extends ClientConnection>(
    uri: string | URL,
    options: NativeConnectOptions & { readonly createConnection: new (...args: never[]) => C },
  ): Connecting<C["data"], C>;
  /**
   * Connects to a WebSocket server, over the WebSocket of the runtime. `await` it for an open connection, or iterate over it
   * for one connection after the other.
   *
   * @param uri A `ws:` or `wss:` URI, absolute, without credentials and fragment.
   * @throws {InvalidURI} For anything else.
   * @throws {NetworkError} If there is no connection. Runtimes do not tell why: a refusal by the server looks the same.
   * @throws {TypeError} For an option that the WebSocket of the runtime cannot honour.
   * @throws {TimeoutError} After `openTimeout`.
   *
   * @example
   * const ws = await connect("wss://example.com/chat");
   * await ws.send("Hello world!");
   * console.log(await ws.recv());
   */
  <Data = unknown>(uri: string | URL, options?: NativeConnectOptions): Connecting<Data>;
}

/** Opens a WebSocket of the runtime. May throw what the runtime throws. */
export type OpenNativeSocket = (uri: string, subprotocols: string[]) => NativeSocket;

/** Makes the `connect` of a runtime that brings its WebSocket. */
export function bindNativeConnect(openSocket: OpenNativeSocket): NativeConnect {
  const connect = (uri: string, options: NativeConnectOptions = {}): Connecting =>
    new Connecting({
      open: async () => open(openSocket, uri, options, readOptions(uri, options)),
      iterate: () => iterate(openSocket, uri, options),
    });
  return connect as NativeConnect; // a URL is as good as its text for all that is done with it
}

async function* iterate(
  openSocket: OpenNativeSocket,
  uri: string,
  options: NativeConnectOptions,
): AsyncGenerator<ClientConnection, void, undefined> {
  const settings = readOptions(uri, options);
  const { signal } = options;
  yield* reconnecting({
    open: () => open(openSocket, uri, options, settings),
    processException: options.processException ?? processException,
    reconnectDelays: options.reconnectDelays ?? backoff,
    signal,
    log: settings.log,
  });
}

/** There are no answers to tell apart. */
function processException(error: unknown): unknown {
  return error instanceof NetworkError || error instanceof TimeoutError ? null : error;
}

function readOptions(uri: string, options: NativeConnectOptions): LinkSettings {
  checkUri(uri);
  const settings = readNativeOptions(options, OWN);
  const { subprotocols = [], signal, createConnection } = options;
  // What is in the list, the socket looks at.
  checkKind("subprotocols", Array.isArray(subprotocols), "a list");
  checkSignal(signal ?? undefined);
  checkSubclass("createConnection", createConnection, ClientConnection);
  checkFunction("processException", options.processException);
  checkFunction("reconnectDelays", options.reconnectDelays);
  return settings;
}

async function open(
  openSocket: OpenNativeSocket,
  uri: string,
  { signal, subprotocols = [], createConnection }: NativeConnectOptions,
  settings: LinkSettings,
): Promise<ClientConnection> {
  signal?.throwIfAborted();
  const link = new NativeLink(openSocket(uri, [...subprotocols]), settings, sharedTimers());
  const Class = (createConnection ?? ClientConnection) as new (link: ConnectionLink) => ClientConnection;
  const connection = new Class(link);
  const deadline = new OpenDeadline(settings.openTimeout, signal, sharedTimers());
  deadline.signal.addEventListener("abort", () => link.abort());
  link.start();
  try {
    await link.opened;
    return connection;
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    throw new NetworkError("other", `Cannot connect to ${uri}`, { cause: error });
  } finally {
    deadline.cancel();
  }
}

/** Stricter than browsers, which resolve what is relative, and drop what they do not send. */
function checkUri(uri: string): void {
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    throw new InvalidURI(uri, "it isn't absolute");
  }
  if (url.username !== "" || url.password !== "" || url.href.includes("#")) {
    throw new InvalidURI(url.host, "credentials and fragments are not sent");
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw new InvalidURI(uri, "scheme isn't ws or wss");
}
