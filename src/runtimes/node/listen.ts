// Listening with node:net and node:tls.
import { lookup } from "node:dns/promises";
import type { AddressInfo, ListenOptions as NetListenOptions, Server } from "node:net";
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { NetworkError } from "../../errors/network.ts";
import type { OnTransport } from "./acceptor.ts";
import { serverMaker } from "./acceptor.ts";
import { codeOf, networkError } from "./errors.ts";
import { bind, NodeListener } from "./node-listener.ts";
import { adopt } from "./open-listener.ts";
import { canReusePort } from "./reuse-port.ts";
import { checkPath, removeStale } from "./unix.ts";

/** How often to look for a port that is free on all addresses of a name. */
const PORT_ATTEMPTS = 10;

/** Listens on all addresses of a host, on a Unix socket, or takes a listener that is open. */
export async function listen(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  const { host, port = 0, unix, listener } = target;
  if (listener !== undefined) return adopt(listener, target, onTransport);
  if (unix !== undefined) checkPath(unix);
  const doing = `listen on ${unix ?? `${host ?? "all addresses"}:${port}`}`;
  if (target.reusePort === true && !(await canReusePort())) {
    throw new NetworkError("unsupported", `Cannot ${doing}: reusePort is not supported here`);
  }
  const gate = new Gate(serverMaker(target), onTransport);
  try {
    const servers =
      unix === undefined ? await bindSamePort(await addressesOf(host), target, gate) : [await bindPath(target, gate)];
    gate.open();
    return new NodeListener(servers);
  } catch (error) {
    throw networkError(doing, error);
  }
}

/** Makes servers, and holds the clients of the first address until the last is bound: perhaps it never is. */
class Gate {
  readonly #makeServer: (onTransport: OnTransport) => Server;
  readonly #onTransport: OnTransport;
  readonly #held: Transport[] = [];
  #isOpen = false;

  constructor(makeServer: (onTransport: OnTransport) => Server, onTransport: OnTransport) {
    this.#makeServer = makeServer;
    this.#onTransport = onTransport;
  }

  makeServer(): Server {
    return this.#makeServer((transport) => {
      if (this.#isOpen) this.#onTransport(transport);
      else this.#held.push(transport);
    });
  }

  open(): void {
    this.#isOpen = true;
    for (const transport of this.#held.splice(0)) this.#onTransport(transport);
  }

  /** Closes servers again. Nobody waits for their clients, who would have to leave first. */
  drop(servers: readonly Server[]): void {
    for (const server of servers) server.close();
    for (const transport of this.#held.splice(0)) transport.abort();
  }
}

async function addressesOf(host: string | undefined): Promise<readonly (string | undefined)[]> {
  if (host === undefined) return [undefined];
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** Binds all hosts to one port. With port 0, the first takes any and the others follow, if they can. */
async function bindSamePort(
  hosts: readonly (string | undefined)[],
  { port = 0, backlog, reusePort }: ListenTarget,
  gate: Gate,
): Promise<Server[]> {
  const options = { backlog, ...(reusePort === true ? { reusePort } : {}) };
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = [];
    try {
      let unavailable: unknown;
      for (const host of hosts) unavailable = await bindNext(servers, { ...options, host, port }, gate);
      if (servers.length === 0) throw unavailable;
      return servers;
    } catch (error) {
      gate.drop(servers);
      const canTryAgain = port === 0 && servers.length > 0 && attempt < PORT_ATTEMPTS;
      if (!canTryAgain || codeOf(error) !== "EADDRINUSE") throw error;
    }
  }
}

/** Adds a server for a host. Returns the error if this machine does not have the address. */
async function bindNext(servers: Server[], options: NetListenOptions, gate: Gate): Promise<unknown> {
  const port = servers[0] === undefined ? options.port : portOf(servers[0]);
  try {
    servers.push(await bind(gate.makeServer(), { ...options, port }));
    return undefined;
  } catch (error) {
    // localhost has ::1 in the hosts file of machines that have no IPv6: one address is enough.
    if (codeOf(error) !== "EADDRNOTAVAIL") throw error;
    return error;
  }
}

async function bindPath({ unix = "", backlog }: ListenTarget, gate: Gate): Promise<Server> {
  try {
    return await bind(gate.makeServer(), { path: unix, backlog });
  } catch (error) {
    // A server that was killed leaves its file behind, and nobody can listen there until it is removed.
    if (codeOf(error) !== "EADDRINUSE" || !(await removeStale(unix))) throw error;
    return bind(gate.makeServer(), { path: unix, backlog });
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
