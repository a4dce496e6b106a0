// Connecting with Bun.connect; what that cannot do is left to node:net and node:tls.
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { dial as dialWithNode } from "../node/dial.ts";
import { networkError } from "../node/errors.ts";
import { ignore } from "../node/streams.ts";
import type { BunSocket } from "./api.ts";
import { bun } from "./api.ts";
import { BunTransport, HANDLERS } from "./transport.ts";

/** Connects over TCP. TLS, what TLS will be put on, and Unix sockets are left to Node. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  const { host, port, unix, socket, through, tls, isWay } = options;
  const isPlain = unix === undefined && socket === undefined && through === undefined && tls === undefined;
  if (!isPlain || isWay === true) return dialWithNode(options, signal);
  signal.throwIfAborted();
  return new Promise((done, fail) => {
    const abort = (): void => fail(signal.reason);
    const failed = (error: unknown): void => {
      signal.removeEventListener("abort", abort);
      fail(networkError(`connect to ${host}:${port}`, error));
    };
    const open = (each: BunSocket): void => {
      signal.removeEventListener("abort", abort);
      const transport = new BunTransport(each);
      // An attempt cannot be taken back: nobody waits for it any more.
      if (signal.aborted) transport.abort();
      else done(transport);
    };
    signal.addEventListener("abort", abort);
    const handlers = { ...HANDLERS, open, connectError: ignore };
    bun().connect({ hostname: host, port, allowHalfOpen: true, socket: handlers }).catch(failed);
  });
}
