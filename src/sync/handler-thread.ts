// A thread that runs handlers in blocking style.
import type { ThreadHost } from "../connection/threads.ts";
import { CloseCode } from "../frames/close-code.ts";
import { BlockingConnection } from "./blocking-connection.ts";
import { Hub } from "./hub.ts";
import type { Job, JobConnection } from "./layout.ts";
import { ConnectionMemory, ThreadMemory } from "./layout.ts";
import { loadDefault } from "./load-module.ts";
import type { ShutdownOptions } from "./server.ts";
import { checkShutdown } from "./server.ts";
import { encodeError } from "./wire.ts";

/** The server, for its handlers. */
export interface HandlerServer {
  /**
   * Begins to shut the server down, this connection included, and does not wait for it.
   *
   * @throws {RangeError} For a code or a reason that cannot be sent.
   */
  shutdown(options?: ShutdownOptions): void;
}

/** What the module of a handler exports as `default`. */
export type BlockingHandler = (ws: BlockingConnection, server: HandlerServer) => unknown;

/** Does the jobs of the pool until this thread ends. */
export function runHandlers(host: ThreadHost): void {
  const hub = new Hub(host, new ThreadMemory(host.memory));
  const server: HandlerServer = {
    shutdown: (options = {}) => hub.post({ do: "shutdown", options: checkShutdown(options) }),
  };
  const perform = async ({ handlerModule, connection }: Job): Promise<void> => {
    try {
      const handler = await load(handlerModule);
      if (connection !== undefined) await handle(hub, connection, (ws) => handler(ws, server));
      hub.post({ do: "done", error: undefined });
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      hub.post({ do: "done", error: { ...encodeError(error), stack } });
    }
  };
  host.onMessage((job) => void perform(job as Job));
}

async function load(handlerModule: string): Promise<BlockingHandler> {
  const handler = await loadDefault(handlerModule);
  if (typeof handler !== "function")
    throw new TypeError("Cannot serve: the default export of handlerModule is no function");
  return handler as BlockingHandler;
}

async function handle(
  hub: Hub,
  { id, buffer, opened }: JobConnection,
  handler: (ws: BlockingConnection) => unknown,
): Promise<void> {
  const memory = new ConnectionMemory(buffer);
  hub.adopt(id, memory);
  const ws = new BlockingConnection(hub, memory, id, opened);
  try {
    await handler(ws);
    ws.close();
  } catch (error) {
    ws.close(CloseCode.INTERNAL_ERROR);
    // What the end of its own connection threw in a handler is no fault of it.
    if (!ws.isOwnEnd(error)) throw error;
  }
}
