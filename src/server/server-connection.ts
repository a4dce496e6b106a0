// A connection from the server's side, and the server as it and its owner see it.
import { Connection } from "../connection/connection.ts";
import type { UpgradeRequest } from "../connection/runtime.ts";
import type { Address } from "../connection/transport.ts";
import type { Link } from "../connection/link.ts";
import type { HeadersLike } from "../http/headers.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { plainResponse } from "../protocol/rejection.ts";

/** Options of {@link Server.close}. */
export interface ServerCloseOptions {
  /** Whether open connections are closed; otherwise the server waits until they are. Default: true. */
  readonly closeConnections?: boolean;
  /** Close code for open connections. Default: 1001. */
  readonly code?: number;
  /** Close reason for open connections. Default: none. */
  readonly reason?: string;
  /** Stops the waiting: the promise rejects, and the server goes on closing. */
  readonly signal?: AbortSignal;
}

/**
 * A server; see `serve`. Disposing of it closes it.
 *
 * @typeParam C Class of connections.
 */
export interface Server<Data = unknown, C = ServerConnection<Data>> extends AsyncDisposable {
  /** The addresses that the server listens on; empty once it is closed. */
  readonly addresses: readonly Address[];
  /** The connections that are open right now, in a new set. */
  readonly connections: Set<C>;
  /** Resolves when the server was closed and its connections are gone. It does not wait for handlers. */
  readonly finished: Promise<void>;
  /**
   * Closes the server: it stops listening, answers 503 to opening handshakes under way, and closes open connections.
   * Hooks get `closeTimeout` to answer. Resolves with `finished`. Further calls only wait.
   *
   * @throws {RangeError} For a code that must not be sent, or a reason of more than 123 bytes.
   */
  close(options?: ServerCloseOptions): Promise<void>;
  /**
   * Takes the connection of a request with `Upgrade`: what the `upgrade` event of a server of `node:http` gives. This is
   * what `listen: false` is for; it works beside listening, too.
   *
   * @param data What is known of the client already: `ws.data`, from its first moment on.
   * @throws {TypeError} For anything else.
   *
   * @example
   * const server = await serve(handler, { listen: false });
   * http.on("upgrade", (request, socket, head) => server.handleUpgrade(request, socket, head));
   */
  handleUpgrade(request: UpgradeRequest, socket: object, head: Uint8Array, data?: Data): void;
  /** Keeps the process alive while the server listens; so it does by default. A server of another is left alone. */
  ref(): void;
  /** Lets the process end although the server listens. */
  unref(): void;
}

/** A connection of a client; what handlers and hooks get. */
export class ServerConnection<Data = unknown> extends Connection<Data> {
  /** The server that accepted it. */
  readonly server: Server<Data>;
  /** Who the client is, once `basicAuth` or a hook of yours has said so; `null` before. */
  username: string | null = null;

  /** @internal */
  constructor(link: Link, server: Server<Data>) {
    super(link);
    this.server = server;
  }

  /**
   * Makes a plain text response, for `processRequest` to return. `headers` are added to, or replace, those of the text.
   *
   * @example
   * processRequest: (ws, request) => (request.path === "/healthz" ? ws.respond(200, "OK\n") : undefined)
   */
  respond(statusCode: number, text: string, headers?: HeadersLike): HandshakeResponse {
    return plainResponse(statusCode, text, headers);
  }
}
