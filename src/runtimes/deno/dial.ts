// Connecting with Deno.connect; what that cannot do is left to Node's code.
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { dial as dialWithNode } from "../node/dial.ts";
import { dialError } from "../node/errors.ts";
import { dialsWithNode } from "../node/left-to-node.ts";
import { checkPath } from "../node/unix.ts";
import { deno } from "./api.ts";
import { DenoTransport } from "./transport.ts";

/** Connects over TCP, or to a Unix socket. TLS, and what TLS will be put on, are left to Node. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  if (dialsWithNode(options)) return dialWithNode(options, signal);
  const { host, port, unix } = options;
  signal.throwIfAborted();
  if (unix !== undefined) checkPath(unix);
  try {
    // A Unix socket is connected to at once, or not at all.
    const place = unix === undefined ? { hostname: host, port, signal } : { transport: "unix" as const, path: unix };
    const connection = await deno().connect(place);
    if (signal.aborted) connection.close();
    signal.throwIfAborted();
    return new DenoTransport(connection);
  } catch (error) {
    signal.throwIfAborted();
    throw dialError(`connect to ${unix ?? `${host}:${port}`}`, error);
  }
}
