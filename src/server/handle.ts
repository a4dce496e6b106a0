// What is done with an open connection of a server: the handler, and the end that follows it.
import type { Connection } from "../connection/connection.ts";
import { diagnostics } from "../connection/diagnostics.ts";
import { CloseCode } from "../frames/close-code.ts";

/**
 * Runs the handler. When it returns, the connection is closed with 1000; when it throws, with 1011. Never rejects. No `async`
 * function: what such a one takes while it waits, each idle connection would take.
 */
export function handleConnection<C extends Connection>(
  connection: C,
  handler: (ws: C) => void | Promise<void>,
): Promise<void> {
  return started(connection, handler).then(
    () => connection.close(),
    (error: unknown) => closeFailed(connection, error),
  );
}

function started<C extends Connection>(connection: C, handler: (ws: C) => void | Promise<void>): Promise<void> {
  try {
    return Promise.resolve(handler(connection));
  } catch (error) {
    return Promise.reject(error);
  }
}

function closeFailed(connection: Connection, error: unknown): Promise<void> {
  if (!connection.isOwnEnd(error)) {
    if (diagnostics.error.isWatched) diagnostics.error.publish({ connection, during: "handler", error });
    connection.link.settings.log.error("! connection handler failed", error);
  }
  return connection.close(CloseCode.INTERNAL_ERROR);
}
