// Connecting with Deno.connect; what that cannot do is left to node:net and node:tls.
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { dial as dialWithNode } from "../node/dial.ts";
import { networkError } from "../node/errors.ts";
import { deno } from "./api.ts";
import { DenoTransport } from "./transport.ts";

/** Connects over TCP. TLS, what TLS will be put on, and Unix sockets are left to Node. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  const { host, port, unix, socket, through, tls, isWay } = options;
  const isPlain = unix === undefined && socket === undefined && through === undefined && tls === undefined;
  if (!isPlain || isWay === true) return dialWithNode(options, signal);
  signal.throwIfAborted();
  try {
    return new DenoTransport(await deno().connect({ hostname: host, port, signal }));
  } catch (error) {
    signal.throwIfAborted();
    throw networkError(`connect to ${host}:${port}`, error);
  }
}
