// The opening of a client: from a URI to an open connection, by way of proxies, redirects and questions for credentials.
import { sharedTimers } from "../async/timers.ts";
import { diagnostics } from "../connection/diagnostics.ts";
import { Link } from "../connection/link.ts";
import { isTraceMissing, loadTrace } from "../connection/load-trace.ts";
import type { Runtime } from "../connection/runtime.ts";
import { internalsOf } from "../connection/runtime.ts";
import type { Transport } from "../connection/transport.ts";
import { InvalidStatus, SecurityError } from "../errors/handshake.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { isCompressionLoaded, loadCompression } from "../kernels/load-compression.ts";
import { ClientProtocol } from "../protocol/client-protocol.ts";
import { VERSION } from "../version.ts";
import type { Authentication } from "./authentication.ts";
import { ClientConnection } from "./client-connection.ts";
import type { DuplexLike } from "./destination.ts";
import { destinationOf, isTransport } from "./destination.ts";
import { OpenDeadline } from "./open-deadline.ts";
import type { ConnectSettings } from "./options.ts";
import { reach } from "./reach.ts";
import type { Hop } from "./redirect.ts";

const UNAUTHORIZED = 401;

function tellHandshake(connection: ClientConnection, startedAt: number, error: Error | null): void {
  if (!diagnostics.handshake.isWatched) return;
  const { request, response } = connection;
  const duration = sharedTimers().clock.now() - startedAt;
  diagnostics.handshake.publish({ connection, request, response, error, duration });
}

type ConnectionClass = new (link: Link) => ClientConnection;

function drop(transport: Transport | DuplexLike): void {
  if (isTransport(transport)) transport.abort();
  else if ("destroy" in transport) transport.destroy();
}

/** Opens a connection. `openTimeout` is one budget for all that it takes. */
export async function open(runtime: Runtime, settings: ConnectSettings): Promise<ClientConnection> {
  const { signal, transport } = settings.options;
  const deadline = new OpenDeadline(settings.connection.openTimeout, signal, sharedTimers());
  try {
    signal?.throwIfAborted();
    return await new Opening(runtime, settings, deadline.signal).run();
  } catch (error) {
    // It was handed over, and perhaps nobody has had it yet. One that was refused stays with whoever has it.
    if (transport != null && !(error instanceof TypeError)) drop(transport);
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    deadline.cancel();
  }
}

/** One opening: as many attempts as servers ask for. Each has a connection of its own. */
class Opening {
  readonly #runtime: Runtime;
  readonly #settings: ConnectSettings;
  readonly #signal: AbortSignal;
  readonly #userAgentHeader: string | null;
  #hop: Hop;
  #redirects = 0;
  /** Once a server asked for credentials. */
  #authentication: Authentication | undefined;

  constructor(runtime: Runtime, settings: ConnectSettings, signal: AbortSignal) {
    this.#runtime = runtime;
    this.#settings = settings;
    this.#signal = signal;
    this.#hop = settings.first;
    const { userAgentHeader = `${runtime.product} wsasm/${VERSION}` } = settings.options;
    this.#userAgentHeader = userAgentHeader;
  }

  async run(): Promise<ClientConnection> {
    if (this.#settings.options.compression !== null && !isCompressionLoaded()) {
      await loadCompression();
      this.#signal.throwIfAborted();
    }
    if (isTraceMissing(this.#settings.connection)) {
      await loadTrace();
      this.#signal.throwIfAborted();
    }
    for (;;) {
      try {
        return await this.#shakeHands(await this.#dial());
      } catch (error) {
        if (!(error instanceof InvalidStatus) || !(await this.#turnTo(error))) throw error;
      }
    }
  }

  /** Whether the server asks for another attempt, which is prepared then. */
  async #turnTo(error: InvalidStatus): Promise<boolean> {
    // Nobody else makes such an error here.
    const response = error.response as HandshakeResponse;
    const { pinned, maxRedirects } = this.#settings;
    if (pinned !== "transport" && (await this.#canAuthenticate(response))) return true;
    if (maxRedirects === 0 || response.statusCode < 300 || response.statusCode > 399) return false;
    const { followRedirect, isSameOrigin } = await import("./redirect.ts");
    const next = followRedirect(response, this.#hop, pinned);
    if (next === null) return false;
    this.#redirects++;
    if (this.#redirects > maxRedirects) {
      throw new SecurityError(`Cannot follow redirect: more than ${maxRedirects}`, { cause: error });
    }
    // The answer to one server is no answer to another, nor one of another user.
    const isSame = isSameOrigin(this.#hop.uri, next.uri) && this.#hop.uri.username === next.uri.username;
    if (!isSame) this.#authentication = undefined;
    this.#hop = next;
    return true;
  }

  async #canAuthenticate(response: HandshakeResponse): Promise<boolean> {
    if (response.statusCode !== UNAUTHORIZED || this.#hop.uri.username === null) return false;
    if (this.#authentication === undefined) {
      const { Authentication } = await import("./authentication.ts");
      this.#authentication = new Authentication();
    }
    return this.#authentication.accepts(response, this.#hop);
  }

  async #dial(): Promise<Transport> {
    const { options, connection, proxy } = this.#settings;
    const destination = destinationOf(this.#hop.uri, options);
    if (isTransport(destination)) return destination;
    const { httpLimits } = connection;
    const way = { proxy, proxyTls: options.proxyTls, userAgentHeader: this.#userAgentHeader, httpLimits };
    return reach(this.#runtime, destination, way, this.#signal);
  }

  async #shakeHands(transport: Transport): Promise<ClientConnection> {
    const abort = (): void => transport.abort();
    this.#signal.addEventListener("abort", abort);
    const startedAt = sharedTimers().clock.now();
    let link: Link<ClientProtocol> | undefined;
    let connection: ClientConnection | undefined;
    let isStarted = false;
    try {
      link = this.#link(transport);
      const { protocol } = link;
      connection = new ((this.#settings.options.createConnection ?? ClientConnection) as ConnectionClass)(link);
      const request = protocol.connect();
      await this.#authentication?.authorize(request);
      this.#signal.throwIfAborted();
      link.request = request;
      protocol.sendRequest(request);
      isStarted = true;
      const answered = link.handshake;
      link.start();
      link.flush();
      link.response = (await answered) as HandshakeResponse;
      if (protocol.handshakeError !== null) throw protocol.handshakeError;
      tellHandshake(connection, startedAt, null);
      return connection;
    } catch (error) {
      if (connection !== undefined) tellHandshake(connection, startedAt, error as Error);
      transport.abort();
      // So that it hears of its end, which who closes it in its constructor waits for.
      if (!isStarted) link?.start();
      throw error;
    } finally {
      this.#signal.removeEventListener("abort", abort);
    }
  }

  #link(transport: Transport): Link<ClientProtocol> {
    const { options, connection, extensions } = this.#settings;
    const { uri, additionalHeaders } = this.#hop;
    const { httpLimits, protocol: limits } = connection;
    const userAgentHeader = this.#userAgentHeader;
    const handshake = { ...options, ...limits, httpLimits, additionalHeaders, extensions, userAgentHeader };
    const protocol = new ClientProtocol(uri, handshake, internalsOf(this.#runtime));
    return new Link(transport, protocol, connection, sharedTimers());
  }
}
