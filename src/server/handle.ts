// What is done with an open connection of a server: the handler, and the end that follows it.
import type { Connection } from "../connection/connection.ts";
import { diagnostics } from "../connection/diagnostics.ts";
import { CloseCode } from "../frames/close-code.ts";

/** Runs the handler. When it returns, the connection is closed with 1000; when it throws, with 1011. Never rejects. */
export async function handleConnection<C extends Connection>(
  connection: C,
  handler: (ws: C) => void | Promise<void>,
): Promise<void> {
  try {
    await handler(connection);
    await connection.close();
  } catch (error) {
    if (!connection.isOwnEnd(error)) {
      if (diagnostics.error.isWatched) diagnostics.error.publish({ connection, during: "handler", error });
      connection.link.settings.log.error("! connection handler failed", error);
    }
    await connection.close(CloseCode.INTERNAL_ERROR);
  }
}
