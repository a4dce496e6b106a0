// Listening with Bun.listen; what that cannot do is left to Node's code.
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import type { ServerTlsOptions } from "../../connection/tls.ts";
import type { Address, Transport } from "../../connection/transport.ts";
import type { OnTransport } from "../node/plain-acceptor.ts";
import { bindAll } from "../node/bind.ts";
import { listensWithNode } from "../node/left-to-node.ts";
import { listen as listenWithNode } from "../node/listen.ts";
import type { BunHandlers, BunListener, BunSocket, BunTls } from "./api.ts";
import type { SocketEnds } from "../node/transport.ts";
import { bun } from "./api.ts";
import { addressOf, BunTransport, HANDLERS } from "./transport.ts";

/** What Bun.listen has of TLS. */
const OWN_TLS: readonly string[] = ["cert", "key", "passphrase", "ca", "alpn"];

/** Listens on TCP and Unix sockets, with TLS if that is asked for. Shared ports and open listeners are left to Node. */
export async function listen(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  if (listensWithNode(target, OWN_TLS)) return listenWithNode(target, onTransport);
  const { backlog } = target;
  const { tls, handlers, transportOf } = target.tls === undefined ? PLAIN : await secured(target.tls);
  return bindAll(target, onTransport, async (place, take) => {
    const paths = "path" in place ? { local: place.path } : {};
    const where = "path" in place ? { unix: place.path } : { hostname: place.host ?? "::", port: place.port };
    const socket = { ...handlers, open: (accepted: BunSocket) => take(transportOf(accepted, paths)) };
    const listener = bun().listen({ ...where, backlog, allowHalfOpen: true, tls, socket });
    return new NativeListener(listener, addressOf(listener.hostname, listener.port, paths.local));
  });
}

interface Manner {
  readonly tls: BunTls | undefined;
  readonly handlers: BunHandlers;
  readonly transportOf: (socket: BunSocket, paths: SocketEnds) => Transport;
}

const PLAIN: Manner = {
  tls: undefined,
  handlers: HANDLERS,
  transportOf: (socket, paths) => new BunTransport(socket, paths),
};

/** What TLS takes is loaded when it is needed. */
async function secured(options: ServerTlsOptions): Promise<Manner> {
  const { bunServerTls } = await import("./tls-options.ts");
  const { BunTlsTransport, TLS_HANDLERS } = await import("./tls-transport.ts");
  return {
    tls: bunServerTls(options),
    handlers: TLS_HANDLERS,
    transportOf: (socket, paths) => new BunTlsTransport(socket, paths, false),
  };
}

class NativeListener implements Listener {
  readonly addresses: readonly Address[];
  readonly #listener: BunListener;

  constructor(listener: BunListener, address: Address) {
    this.#listener = listener;
    this.addresses = [address];
  }

  async close(): Promise<void> {
    this.#listener.stop();
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }
}
