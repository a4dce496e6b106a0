// Binding all addresses of a name to one port, or a Unix socket, with whatever a runtime listens with.
import { lookup } from "node:dns/promises";
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import type { Address, Transport } from "../../connection/transport.ts";
import type { OnTransport } from "./plain-acceptor.ts";
import { codeOf, networkError } from "./errors.ts";
import { checkPath } from "./unix.ts";

/** How often to look for a port that is free on all addresses of a name. */
const PORT_ATTEMPTS = 10;

/** One address to listen on; no host: all addresses of the machine. */
export type Place = { readonly host: string | undefined; readonly port: number } | { readonly path: string };

/** Listens on one address. */
export type Bind = (place: Place, onTransport: OnTransport) => Promise<Listener>;

/** How errors tell what was to be done. */
export function doingOf({ host, port = 0, unix }: ListenTarget): string {
  return `listen on ${unix ?? `${host ?? "all addresses"}:${port}`}`;
}

/** Listens on all addresses of a host, or on a Unix socket. */
export async function bindAll(target: ListenTarget, onTransport: OnTransport, bind: Bind): Promise<Listener> {
  const { host, port = 0, unix } = target;
  if (unix !== undefined) checkPath(unix);
  const gate = new Gate(bind, onTransport);
  try {
    const listeners =
      unix === undefined ? await bindSamePort(await addressesOf(host), port, gate) : [await bindUnix(unix, gate)];
    gate.open();
    return new Listeners(listeners);
  } catch (error) {
    throw networkError(doingOf(target), error);
  }
}

/** Several listeners as one. */
class Listeners implements Listener {
  readonly addresses: readonly Address[];
  readonly #all: readonly Listener[];

  constructor(all: readonly Listener[]) {
    this.#all = all;
    this.addresses = all.flatMap(({ addresses }) => addresses);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.close()));
  }

  ref(): void {
    for (const listener of this.#all) listener.ref();
  }

  unref(): void {
    for (const listener of this.#all) listener.unref();
  }
}

/** Binds, and holds the clients of the first address until the last is bound: perhaps it never is. */
class Gate {
  readonly #bind: Bind;
  readonly #onTransport: OnTransport;
  readonly #held: Transport[] = [];
  #isOpen = false;

  constructor(bind: Bind, onTransport: OnTransport) {
    this.#bind = bind;
    this.#onTransport = onTransport;
  }

  bind(place: Place): Promise<Listener> {
    return this.#bind(place, (transport) => {
      if (this.#isOpen) this.#onTransport(transport);
      else this.#held.push(transport);
    });
  }

  open(): void {
    this.#isOpen = true;
    for (const transport of this.#held.splice(0)) this.#onTransport(transport);
  }

  /** Closes listeners again. Nobody waits for their clients, who would have to leave first. */
  drop(listeners: readonly Listener[]): void {
    for (const listener of listeners) void listener.close();
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
  port: number,
  gate: Gate,
): Promise<readonly Listener[]> {
  for (let attempt = 1; ; attempt++) {
    const listeners: Listener[] = [];
    try {
      let unavailable: unknown;
      for (const host of hosts) unavailable = await bindNext(listeners, { host, port }, gate);
      if (listeners.length === 0) throw unavailable;
      return listeners;
    } catch (error) {
      gate.drop(listeners);
      const canTryAgain = port === 0 && listeners.length > 0 && attempt < PORT_ATTEMPTS;
      if (!canTryAgain || codeOf(error) !== "EADDRINUSE") throw error;
    }
  }
}

/** Adds a listener for a host. Returns the error if this machine does not have the address. */
async function bindNext(
  listeners: Listener[],
  { host, port }: { host: string | undefined; port: number },
  gate: Gate,
): Promise<unknown> {
  const [first] = listeners[0]?.addresses ?? [];
  try {
    listeners.push(await gate.bind({ host, port: first !== undefined && "port" in first ? first.port : port }));
    return undefined;
  } catch (error) {
    // localhost has ::1 in the hosts file of machines that have no IPv6: one address is enough.
    if (codeOf(error) !== "EADDRNOTAVAIL") throw error;
    return error;
  }
}

/** What Unix sockets take is loaded when it is needed. */
async function bindUnix(path: string, gate: Gate): Promise<Listener> {
  const { bindPath } = await import("./unix-listener.ts");
  return bindPath(path, () => gate.bind({ path }));
}
