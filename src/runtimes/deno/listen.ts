// Listening with Deno.listen; what that cannot do is left to Node's code.
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import type { Address } from "../../connection/transport.ts";
import type { OnTransport } from "../node/plain-acceptor.ts";
import type { Place } from "../node/bind.ts";
import { bindAll, doingOf } from "../node/bind.ts";
import { networkError } from "../node/errors.ts";
import { listensWithNode } from "../node/left-to-node.ts";
import { listen as listenWithNode } from "../node/listen.ts";
import type { DenoListener } from "./api.ts";
import { deno } from "./api.ts";
import { refuseCiphers } from "./ciphers.ts";
import { requireNet } from "./permission.ts";
import { addressOf, DenoTransport } from "./transport.ts";

/** How long to wait when nothing can be accepted: out of file descriptors, for one. */
const RETRY_DELAY = 100;

/** Listens on TCP and Unix sockets. TLS, shared ports and open listeners are left to Node. */
export async function listen(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  refuseCiphers(target.tls);
  if (listensWithNode(target)) return leaveToNode(target, onTransport);
  return bindAll(target, onTransport, async (place, take) => new NativeListener(open(place, target), take));
}

async function leaveToNode(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  try {
    // Whether ports can be shared is tried on one of this address.
    if (target.reusePort === true && target.listener === undefined) requireNet("127.0.0.1");
  } catch (error) {
    throw networkError(doingOf(target), error);
  }
  return listenWithNode(target, onTransport, (place) => {
    if ("host" in place && place.host !== undefined) requireNet(place.host, place.port);
  });
}

function open(place: Place, { backlog }: ListenTarget): DenoListener {
  if ("path" in place) return deno().listen({ transport: "unix", path: place.path });
  return deno().listen({ hostname: place.host ?? "::", port: place.port, tcpBacklog: backlog });
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
