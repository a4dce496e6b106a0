// The opening handshake of one connection on a server: request, hooks, response.
import { InvalidHandshake, NegotiationError } from "../errors/handshake.ts";
import { diagnostics } from "../connection/diagnostics.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { plainResponse, rejectionFor } from "../protocol/rejection.ts";
import type { ServerProtocol } from "../protocol/server-protocol.ts";
import { toHandshakeResponse } from "./hook-response.ts";
import type { ServerSettings } from "./options.ts";
import type { Guest } from "./roster.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { ServerLog } from "./server-log.ts";

const SWITCHING_PROTOCOLS = 101;
/** Seconds. */
const RETRY_AFTER = "5";

/** What the server knows of all handshakes. */
export interface OpeningContext {
  readonly settings: ServerSettings;
  readonly log: ServerLog;
  /** The answer to a client that could be served, but not now; `null` if it can. */
  refusal(): HandshakeResponse | null;
  /** The connection is about to be open: nothing else runs between this and `refusal`. */
  opened(guest: Guest): void;
}

/** The answer of a server that is closing. */
export function shuttingDown(): HandshakeResponse {
  return plainResponse(503, "Server is shutting down.\n");
}

/** The answer of a server with too many of something. */
export function overloaded(what: "connections" | "opening handshakes"): HandshakeResponse {
  return plainResponse(503, `Too many ${what}.\n`, { "Retry-After": RETRY_AFTER });
}

/**
 * Goes through the opening handshake. Resolves to whether the connection is open; if it is not, a response was sent
 * and the connection is ending, or it was lost.
 */
export async function shakeHands(guest: Guest, context: OpeningContext): Promise<boolean> {
  const { protocol, connection } = guest;
  const startedAt = guest.timers.clock.now();
  let request: HandshakeRequest;
  try {
    request = (await guest.handshake) as HandshakeRequest;
  } catch (error) {
    tell(guest, startedAt, error as Error);
    return false; // lost, or not HTTP and already answered
  }
  guest.request = request;
  const answered = answer(protocol, connection, request, context.settings);
  // Without hooks there is nothing to wait for.
  const response = answered instanceof Promise ? await answered : answered;
  if (protocol.state !== "connecting" || protocol.closeExpected()) {
    tell(guest, startedAt, protocol.closeError());
    return false; // lost, or answered meanwhile
  }
  const final = response.statusCode === SWITCHING_PROTOCOLS ? (context.refusal() ?? response) : response;
  const isOpen = final.statusCode === SWITCHING_PROTOCOLS;
  guest.response = final;
  protocol.sendResponse(final);
  if (isOpen) context.opened(guest);
  if (isOpen) context.log.open(guest);
  else context.log.rejected(guest, final);
  tell(guest, startedAt, protocol.handshakeError);
  guest.answered();
  return isOpen;
}

/** Tells diagnostics how the handshake ended. */
function tell(guest: Guest, startedAt: number, error: Error | null): void {
  if (!diagnostics.handshake.isWatched) return;
  const { connection, request, response } = guest;
  const duration = guest.timers.clock.now() - startedAt;
  diagnostics.handshake.publish({ connection, request, response, error, duration });
}

function answer(
  protocol: ServerProtocol,
  connection: ServerConnection,
  request: HandshakeRequest,
  settings: ServerSettings,
): HandshakeResponse | Promise<HandshakeResponse> {
  if (settings.processRequest == null && settings.processResponse == null) {
    return named(accept(protocol, connection, request), settings);
  }
  return answerWithHooks(protocol, connection, request, settings);
}

async function answerWithHooks(
  protocol: ServerProtocol,
  connection: ServerConnection,
  request: HandshakeRequest,
  settings: ServerSettings,
): Promise<HandshakeResponse> {
  const before = await guarded(connection, async () => {
    const result = await settings.processRequest?.(connection, request);
    return result == null ? accept(protocol, connection, request) : toHandshakeResponse(result);
  });
  named(before, settings);
  const { processResponse } = settings;
  if (processResponse == null) return before;
  return guarded(connection, async () => {
    const result = await processResponse(connection, request, before);
    return result == null ? before : toHandshakeResponse(result);
  });
}

function named(response: HandshakeResponse, { serverHeader }: ServerSettings): HandshakeResponse {
  if (serverHeader !== null) response.headers.set("Server", serverHeader);
  return response;
}

function accept(protocol: ServerProtocol, connection: ServerConnection, request: HandshakeRequest): HandshakeResponse {
  const response = protocol.accept(request);
  const error = protocol.handshakeError;
  if (error !== null && !(error instanceof InvalidHandshake)) {
    connection.link.settings.log.error("! opening handshake failed", error);
  }
  return response;
}

/**
 * What a hook throws is an answer too: 400 for a NegotiationError, else 500 and a line in the log. Other handshake errors
 * may be those of a connection that the hook made itself, and are none of the client's business.
 */
async function guarded(
  connection: ServerConnection,
  hook: () => Promise<HandshakeResponse>,
): Promise<HandshakeResponse> {
  try {
    return await hook();
  } catch (error) {
    if (error instanceof NegotiationError) return rejectionFor(error);
    if (diagnostics.error.isWatched) diagnostics.error.publish({ connection, during: "handshake", error });
    connection.link.settings.log.error("! opening handshake failed", error);
    return rejectionFor(undefined);
  }
}
