// Listening with Bun.listen; what that cannot do is left to node:net.
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import type { Address } from "../../connection/transport.ts";
import type { OnTransport } from "../node/plain-acceptor.ts";
import { bindAll, isForNode } from "../node/bind.ts";
import { listen as listenWithNode } from "../node/listen.ts";
import type { BunListener, BunSocket } from "./api.ts";
import { bun } from "./api.ts";
import { BunTransport, HANDLERS } from "./transport.ts";

/** Listens. TLS, Unix sockets, shared ports and open listeners are those of Node, with all their options. */
export async function listen(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  if (isForNode(target)) return listenWithNode(target, onTransport);
  const { backlog } = target;
  return bindAll(target, onTransport, async (place, take) => {
    const { host = "::", port } = place as { readonly host?: string; readonly port: number };
    const socket = { ...HANDLERS, open: (accepted: BunSocket) => take(new BunTransport(accepted)) };
    return new NativeListener(bun().listen({ hostname: host, port, backlog, allowHalfOpen: true, socket }));
  });
}

class NativeListener implements Listener {
  readonly addresses: readonly Address[];
  readonly #listener: BunListener;

  constructor(listener: BunListener) {
    this.#listener = listener;
    this.addresses = [{ host: listener.hostname, port: listener.port }];
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
