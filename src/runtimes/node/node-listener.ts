// Servers of node:net and node:tls that listen, as one listener.
import type { AddressInfo, ListenOptions, Server } from "node:net";
import type { Listener } from "../../connection/runtime.ts";
import type { Address } from "../../connection/transport.ts";
import { ignore } from "./streams.ts";

/** Makes a server listen. */
export function bind(server: Server, options: ListenOptions | { readonly fd: number }): Promise<Server> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(options, () => {
      server.off("error", fail);
      // Out of file descriptors and the like: the listener goes on.
      server.on("error", ignore);
      done(server);
    });
  });
}

/**
 * Makes a server listen no more. Resolves when its handle is gone, which is at the end of this turn of the event loop or
 * the next one. The event of Node waits for all connections, too: a server may have others than ours.
 */
export async function unbind(server: Server): Promise<void> {
  server.close();
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** The address of a server as Node tells it; nothing unless it listens. */
export function addressesOf(address: AddressInfo | string | null): Address[] {
  if (address === null) return [];
  return [typeof address === "string" ? { path: address } : { host: address.address, port: address.port }];
}

/** Servers with all that they accept. */
export class NodeListener implements Listener {
  readonly addresses: readonly Address[];
  readonly #servers: readonly Server[];

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
    this.addresses = servers.flatMap((server) => addressesOf(server.address()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(unbind));
  }

  ref(): void {
    for (const server of this.#servers) server.ref();
  }

  unref(): void {
    for (const server of this.#servers) server.unref();
  }
}
