// A connection from the server's side.
import { Connection } from "../connection/connection.ts";
import type { Link } from "../connection/link.ts";
import type { HeadersLike } from "../http/headers.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { plainResponse } from "../protocol/rejection.ts";
import type { Server } from "./server.ts";

/** A connection of a client; what handlers and hooks get. */
export class ServerConnection extends Connection {
  /** The server that accepted it. */
  readonly server: Server;

  /** @internal */
  constructor(link: Link, server: Server) {
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
