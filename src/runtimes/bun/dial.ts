// Connecting with Bun.connect; what that cannot do is left to Node's code.
import type { DialOptions } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { dial as dialWithNode } from "../node/dial.ts";
import { dialError } from "../node/errors.ts";
import { dialsWithNode } from "../node/left-to-node.ts";
import { ignore } from "../node/streams.ts";
import { checkPath } from "../node/unix.ts";
import type { BunPlace, BunSocket } from "./api.ts";
import { bun } from "./api.ts";
import { BunTransport, HANDLERS } from "./transport.ts";

/** What Bun.connect has of TLS. */
const OWN_TLS: readonly string[] = ["cert", "key", "passphrase", "ca", "alpn", "rejectUnauthorized", "servername"];

/** Connects over TCP, or to a Unix socket, with TLS if that is asked for. */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  const { host, port, unix, through, tls } = options;
  // Way and target were looked at together: a way of Bun's own sockets is there for TLS of Bun's own.
  const isOwn = through instanceof BunTransport;
  if (!isOwn && dialsWithNode(options, OWN_TLS)) return dialWithNode(options, signal);
  signal.throwIfAborted();
  if (unix !== undefined) checkPath(unix);
  const place = unix === undefined ? { hostname: host, port } : { unix };
  const doing = `connect to ${unix ?? `${host}:${port}`}`;
  if (tls === undefined) return dialPlain(place, doing, signal);
  const { dialTls } = await import("./tls-dial.ts");
  signal.throwIfAborted();
  return dialTls(tls, isOwn ? through : place, doing, signal);
}

function dialPlain(place: BunPlace, doing: string, signal: AbortSignal): Promise<Transport> {
  const paths = "unix" in place ? { remote: place.unix } : {};
  return new Promise((done, fail) => {
    const abort = (): void => fail(signal.reason);
    const failed = (error: unknown): void => {
      signal.removeEventListener("abort", abort);
      fail(dialError(doing, error));
    };
    const open = (each: BunSocket): void => {
      signal.removeEventListener("abort", abort);
      const transport = new BunTransport(each, paths);
      // An attempt cannot be taken back: nobody waits for it any more.
      if (signal.aborted) transport.abort();
      else done(transport);
    };
    signal.addEventListener("abort", abort);
    const socket = { ...HANDLERS, open, connectError: ignore };
    bun()
      .connect({ ...place, allowHalfOpen: true, socket })
      .catch(failed);
  });
}
