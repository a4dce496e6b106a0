// Listening with node:net.
import { lookup } from "node:dns/promises";
import type { AddressInfo, ListenOptions as NetListenOptions, Server } from "node:net";
import { createServer } from "node:net";
import type { Address, Transport } from "../../connection/transport.ts";
import type { Listener, ListenOptions } from "../../connection/runtime.ts";
import { codeOf, networkError } from "./errors.ts";
import { NodeTransport } from "./transport.ts";

/** How often to look for a port that is free on all addresses of a name. */
const PORT_ATTEMPTS = 10;

type OnTransport = (transport: Transport) => void;

/** Listens on all addresses of a host. */
export async function listen(options: ListenOptions, onTransport: OnTransport): Promise<Listener> {
  const { host, port = 0 } = options;
  const doing = `listen on ${host ?? "all addresses"}:${port}`;
  try {
    const hosts = host === undefined ? [undefined] : await resolve(host);
    return new NodeListener(await bindSamePort(hosts, port, options.backlog, onTransport));
  } catch (error) {
    throw networkError(doing, error);
  }
}

async function resolve(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** Binds all hosts to one port. With port 0, the first takes any and the others follow, if they can. */
async function bindSamePort(
  hosts: readonly (string | undefined)[],
  port: number,
  backlog: number | undefined,
  onTransport: OnTransport,
): Promise<Server[]> {
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = [];
    try {
      let unavailable: unknown;
      for (const host of hosts) unavailable = await bindNext(servers, host, port, backlog, onTransport);
      if (servers.length === 0) throw unavailable;
      return servers;
    } catch (error) {
      await Promise.all(servers.map(close));
      const canTryAgain = port === 0 && servers.length > 0 && attempt < PORT_ATTEMPTS;
      if (!canTryAgain || codeOf(error) !== "EADDRINUSE") throw error;
    }
  }
}

/** Adds a server for `host`. Returns the error if this machine does not have the address. */
async function bindNext(
  servers: Server[],
  host: string | undefined,
  port: number,
  backlog: number | undefined,
  onTransport: OnTransport,
): Promise<unknown> {
  const taken = servers[0] === undefined ? port : portOf(servers[0]);
  try {
    servers.push(await bind({ host, port: taken, backlog }, onTransport));
    return undefined;
  } catch (error) {
    // localhost has ::1 in the hosts file of machines that have no IPv6: one address is enough.
    if (codeOf(error) !== "EADDRNOTAVAIL") throw error;
    return error;
  }
}

function bind(options: NetListenOptions, onTransport: OnTransport): Promise<Server> {
  // Half-open, so that what is queued behind the peer's FIN still leaves; paused, so that nothing is lost before
  // somebody listens; without Nagle, which would hold a small write back until the peer's delayed ACK, 40 ms.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    onTransport(new NodeTransport(socket));
  });
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(options, () => {
      server.off("error", fail);
      // Out of file descriptors and the like: the listener goes on.
      server.on("error", () => {});
      done(server);
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
  });
}

class NodeListener implements Listener {
  readonly addresses: readonly Address[];
  readonly #servers: readonly Server[];

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
    this.addresses = servers.map((server) => {
      const { address, port } = server.address() as AddressInfo;
      return { host: address, port };
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(close));
  }

  ref(): void {
    for (const server of this.#servers) server.ref();
  }

  unref(): void {
    for (const server of this.#servers) server.unref();
  }
}
