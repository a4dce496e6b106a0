// Listening with node:net and node:tls.
import type { Server } from "node:net";
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import { NetworkError } from "../../errors/network.ts";
import type { Place } from "./bind.ts";
import { bindAll, doingOf } from "./bind.ts";
import { bind, NodeListener } from "./node-listener.ts";
import type { OnTransport } from "./plain-acceptor.ts";
import { plainServerMaker } from "./plain-acceptor.ts";
import { canReusePort } from "./reuse-port.ts";
import { ignore } from "./streams.ts";

/**
 * Listens on all addresses of a host, on a Unix socket, or takes a listener that is open. `check` throws for a place that must not
 * be bound.
 */
export async function listen(
  target: ListenTarget,
  onTransport: OnTransport,
  check: (place: Place) => void = ignore,
): Promise<Listener> {
  const { listener, backlog, reusePort } = target;
  if (listener !== undefined) {
    const { adopt } = await import("./open-listener.ts");
    return adopt(listener, target, onTransport);
  }
  if (isForbidden()) throw new NetworkError("permission", `Cannot ${doingOf(target)}: permission denied`);
  if (reusePort === true && !(await canReusePort())) {
    throw new NetworkError("unsupported", `Cannot ${doingOf(target)}: reusePort is not supported here`);
  }
  const makeServer = await serverMakerFor(target);
  const options = { backlog, ...(reusePort === true ? { reusePort } : {}) };
  return bindAll(target, onTransport, async (place, take) => {
    check(place);
    return new NodeListener([await bind(makeServer(take), { ...options, ...place })]);
  });
}

/**
 * Whether `node --permission` came without `--allow-net`. For a host, `listen` of Node throws that later, out of everybody's
 * reach. Before version 25 it knows no such permission, and no such flag.
 */
function isForbidden(): boolean {
  const permission = process.permission as NodeJS.ProcessPermission | undefined;
  return permission?.has("net") === false && process.allowedNodeEnvironmentFlags.has("--allow-net");
}

/** What TLS takes is loaded when it is needed. */
async function serverMakerFor(target: ListenTarget): Promise<(onTransport: OnTransport) => Server> {
  if (target.tls === undefined) return plainServerMaker(target);
  const { serverMaker } = await import("./acceptor.ts");
  return serverMaker(target);
}
