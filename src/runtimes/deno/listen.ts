// Listening with Deno.listen; what that cannot do is left to node:net.
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import type { Address } from "../../connection/transport.ts";
import type { OnTransport } from "../node/plain-acceptor.ts";
import { bindAll, isForNode } from "../node/bind.ts";
import { listen as listenWithNode } from "../node/listen.ts";
import type { DenoListener } from "./api.ts";
import { deno } from "./api.ts";
import { addressOf, DenoTransport } from "./transport.ts";

/** How long to wait when nothing can be accepted: out of file descriptors, for one. */
const RETRY_DELAY = 100;

/** Listens. TLS, Unix sockets, shared ports and open listeners are those of Node, with all their options. */
export async function listen(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  if (isForNode(target)) return listenWithNode(target, onTransport);
  const { backlog } = target;
  return bindAll(target, onTransport, async (place, take) => {
    const { host = "::", port } = place as { readonly host?: string; readonly port: number };
    return new NativeListener(deno().listen({ hostname: host, port, tcpBacklog: backlog }), take);
  });
}

class NativeListener implements Listener {
  readonly addresses: readonly Address[];
  readonly #listener: DenoListener;
  readonly #accepting: Promise<void>;
  #isClosed = false;

  constructor(listener: DenoListener, onTransport: OnTransport) {
    this.#listener = listener;
    this.addresses = [addressOf(listener.addr)];
    this.#accepting = this.#acceptAll(onTransport);
  }

  async #acceptAll(onTransport: OnTransport): Promise<void> {
    while (!this.#isClosed) {
      try {
        onTransport(new DenoTransport(await this.#listener.accept()));
      } catch {
        // The listener was closed, or is out of file descriptors and goes on; or the client has left already.
        if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#isClosed) this.#listener.close();
    this.#isClosed = true;
    // The address is free again when nobody waits for clients.
    await this.#accepting;
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }
}
