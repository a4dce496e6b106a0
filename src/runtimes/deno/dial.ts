// Connecting with Deno.connect; what that cannot do is left to Node's code.
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { dial as dialWithNode } from "../node/dial.ts";
import { dialError } from "../node/errors.ts";
import { dialsWithNode } from "../node/left-to-node.ts";
import { checkPath } from "../node/unix.ts";
import { deno } from "./api.ts";
import { refuseCiphers } from "./ciphers.ts";
import { isNotCapable } from "./permission.ts";
import { DenoTransport } from "./transport.ts";

/** Connects over TCP, or to a Unix socket. TLS, and what TLS will be put on, are left to Node. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  refuseCiphers(options.tls?.options);
  refuseCiphers(options.wayTo?.tls?.options);
  if (dialsWithNode(options)) return leaveToNode(options, signal);
  const { host, port, unix } = options;
  signal.throwIfAborted();
  if (unix !== undefined) checkPath(unix);
  // Aborted in the turn in which it has connected, `Deno.connect` rejects and never closes the socket (seen in 2.9). A turn later it
  // has either given the connection away or none yet.
  const later = new AbortController();
  const abort = (): void => void setImmediate(() => later.abort());
  signal.addEventListener("abort", abort);
  try {
    // A Unix socket is connected to at once, or not at all.
    const place =
      unix === undefined ? { hostname: host, port, signal: later.signal } : { transport: "unix" as const, path: unix };
    const connection = await deno().connect(place);
    if (signal.aborted) connection.close();
    signal.throwIfAborted();
    return new DenoTransport(connection);
  } catch (error) {
    signal.throwIfAborted();
    throw dialError(doingOf(options), error);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function doingOf({ host, port, unix }: DialOptions): string {
  return `connect to ${unix ?? `${host}:${port}`}`;
}

async function leaveToNode(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  try {
    return await dialWithNode(options, signal);
  } catch (error) {
    // Of a Unix socket, node:net throws it at the call, and not as an event like every other error.
    throw isNotCapable(error) ? dialError(doingOf(options), error) : error;
  }
}
