// Listening with Bun.listen; what that cannot do is left to Node's code.
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import type { Address } from "../../connection/transport.ts";
import type { OnTransport } from "../node/plain-acceptor.ts";
import { bindAll } from "../node/bind.ts";
import { listensWithNode } from "../node/left-to-node.ts";
import { listen as listenWithNode } from "../node/listen.ts";
import type { BunListener, BunSocket } from "./api.ts";
import { bun } from "./api.ts";
import { addressOf, BunTransport, HANDLERS } from "./transport.ts";

/** Listens on TCP and Unix sockets. TLS, shared ports and open listeners are left to Node. */
export async function listen(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  if (listensWithNode(target)) return listenWithNode(target, onTransport);
  const { backlog } = target;
  return bindAll(target, onTransport, async (place, take) => {
    const paths = "path" in place ? { local: place.path } : {};
    const where = "path" in place ? { unix: place.path } : { hostname: place.host ?? "::", port: place.port };
    const socket = { ...HANDLERS, open: (accepted: BunSocket) => take(new BunTransport(accepted, paths)) };
    const listener = bun().listen({ ...where, backlog, allowHalfOpen: true, socket });
    return new NativeListener(listener, addressOf(listener.hostname, listener.port, paths.local));
  });
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
