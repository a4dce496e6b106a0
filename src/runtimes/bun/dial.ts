// Connecting with Bun.connect; what that cannot do is left to Node's code.
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { dial as dialWithNode } from "../node/dial.ts";
import { dialError } from "../node/errors.ts";
import { dialsWithNode } from "../node/left-to-node.ts";
import { ignore } from "../node/streams.ts";
import { checkPath } from "../node/unix.ts";
import type { BunSocket } from "./api.ts";
import { bun } from "./api.ts";
import { BunTransport, HANDLERS } from "./transport.ts";

/** Connects over TCP, or to a Unix socket. TLS, and what TLS will be put on, are left to Node. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  if (dialsWithNode(options)) return dialWithNode(options, signal);
  const { host, port, unix } = options;
  signal.throwIfAborted();
  if (unix !== undefined) checkPath(unix);
  return new Promise((done, fail) => {
    const abort = (): void => fail(signal.reason);
    const failed = (error: unknown): void => {
      signal.removeEventListener("abort", abort);
      fail(dialError(`connect to ${unix ?? `${host}:${port}`}`, error));
    };
    const open = (each: BunSocket): void => {
      signal.removeEventListener("abort", abort);
      const transport = new BunTransport(each, unix === undefined ? {} : { remote: unix });
      // An attempt cannot be taken back: nobody waits for it any more.
      if (signal.aborted) transport.abort();
      else done(transport);
    };
    signal.addEventListener("abort", abort);
    const socket = { ...HANDLERS, open, connectError: ignore };
    const place = unix === undefined ? { hostname: host, port } : { unix };
    bun()
      .connect({ ...place, allowHalfOpen: true, socket })
      .catch(failed);
  });
}
