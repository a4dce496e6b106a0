// connect(): the opening of a client, from a URI to an open connection.
import { sharedTimers } from "../async/timers.ts";
import type { ConnectionOptions, ConnectionSettings } from "../connection/options.ts";
import { readConnectionOptions, refuseUnsupported } from "../connection/options.ts";
import { Link } from "../connection/link.ts";
import type { Runtime } from "../connection/runtime.ts";
import { internalsOf } from "../connection/runtime.ts";
import type { Transport } from "../connection/transport.ts";
import { TimeoutError } from "../errors/network.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { WebSocketURI } from "../http/uri.ts";
import { parseUri } from "../http/uri.ts";
import type { ClientHandshakeSettings } from "../protocol/client-handshake.ts";
import { ClientProtocol } from "../protocol/client-protocol.ts";
import { checkSubprotocols } from "../protocol/negotiation.ts";
import { VERSION } from "../version.ts";
import { ClientConnection } from "./client-connection.ts";
import { Connecting } from "./connecting.ts";
import { destinationOf, type DestinationOptions, isTransport } from "./destination.ts";

/** Options that are planned. Ignoring `proxy` would connect past it. */
const UNSUPPORTED = ["proxy", "compression"];

/** Options of `connect`. */
export interface ConnectOptions extends ConnectionOptions, ClientHandshakeSettings, DestinationOptions {
  /** Aborts the opening. It has no effect on an open connection. */
  signal?: AbortSignal;
}

/**
 * Connects to a WebSocket server. `await` it for an open connection.
 *
 * @param uri A `ws:` or `wss:` URI (RFC 6455 3), or `ws+unix:/path/of/socket:/resource`.
 * @throws {InvalidURI} For anything else.
 * @throws {NetworkError} If there is no connection to the host, or its certificate is refused.
 * @throws {TypeError | RangeError} For options that cannot be used, alone or together.
 * @throws {InvalidHandshake} If the server does not answer as a WebSocket server that agrees.
 * @throws {TimeoutError} After `openTimeout`.
 *
 * @example
 * await using ws = await connect("ws://localhost:8765");
 * await ws.send("Hello world!");
 * console.log(await ws.recv());
 */
export type Connect = (uri: string, options?: ConnectOptions) => Connecting;

/** Makes the `connect` of a runtime. */
export function bindConnect(runtime: Runtime): Connect {
  return (uri, options = {}) => new Connecting(() => open(runtime, uri, options));
}

async function open(runtime: Runtime, uri: string, options: ConnectOptions): Promise<ClientConnection> {
  const target = parseUri(uri);
  checkSubprotocols(options.subprotocols ?? []);
  refuseUnsupported(options, UNSUPPORTED);
  const settings = readConnectionOptions(options);
  const destination = destinationOf(target, options);
  options.signal?.throwIfAborted();
  const deadline = new OpenDeadline(settings.openTimeout, options.signal);
  try {
    const transport = isTransport(destination) ? destination : await runtime.dial(destination, deadline.signal);
    return await shakeHands(runtime, transport, target, options, settings, deadline.signal);
  } catch (error) {
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    deadline.cancel();
  }
}

/** One budget of time over the whole opening, and the user's signal. */
class OpenDeadline {
  readonly #controller = new AbortController();
  readonly #userSignal: AbortSignal | undefined;
  readonly #timer;
  readonly #abort = (): void => this.#controller.abort(this.#userSignal?.reason);

  constructor(openTimeout: number | null, userSignal: AbortSignal | undefined) {
    this.#userSignal = userSignal;
    userSignal?.addEventListener("abort", this.#abort);
    if (openTimeout === null) return;
    this.#timer = sharedTimers().schedule(openTimeout, () => {
      this.#controller.abort(new TimeoutError(`opening handshake not over after ${openTimeout} ms`));
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cancel(): void {
    this.#userSignal?.removeEventListener("abort", this.#abort);
    sharedTimers().cancel(this.#timer);
  }
}

async function shakeHands(
  runtime: Runtime,
  transport: Transport,
  target: WebSocketURI,
  options: ConnectOptions,
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<ClientConnection> {
  const userAgentHeader = options.userAgentHeader === undefined ? userAgent(runtime) : options.userAgentHeader;
  const protocol = new ClientProtocol(
    target,
    { ...options, ...settings.protocol, httpLimits: settings.httpLimits, userAgentHeader },
    internalsOf(runtime),
  );
  const link = new Link(transport, protocol, settings, sharedTimers());
  const connection = new ClientConnection(link);
  const abort = (): void => link.abort();
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    const request = protocol.connect();
    link.request = request;
    protocol.sendRequest(request);
    link.start();
    link.flush();
    link.response = (await link.handshake) as HandshakeResponse;
    if (protocol.handshakeError !== null) throw protocol.handshakeError;
    return connection;
  } catch (error) {
    link.abort();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function userAgent(runtime: Runtime): string {
  return `${runtime.product} wsasm/${VERSION}`;
}
