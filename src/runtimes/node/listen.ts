// Listening with node:net and node:tls.
import type { Listener, ListenTarget } from "../../connection/runtime.ts";
import { NetworkError } from "../../errors/network.ts";
import type { OnTransport } from "./acceptor.ts";
import { serverMaker } from "./acceptor.ts";
import { bindAll, doingOf } from "./bind.ts";
import { bind, NodeListener } from "./node-listener.ts";
import { adopt } from "./open-listener.ts";
import { canReusePort } from "./reuse-port.ts";

/** Listens on all addresses of a host, on a Unix socket, or takes a listener that is open. */
export async function listen(target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  const { listener, backlog, reusePort } = target;
  if (listener !== undefined) return adopt(listener, target, onTransport);
  if (reusePort === true && !(await canReusePort())) {
    throw new NetworkError("unsupported", `Cannot ${doingOf(target)}: reusePort is not supported here`);
  }
  const makeServer = serverMaker(target);
  const options = { backlog, ...(reusePort === true ? { reusePort } : {}) };
  return bindAll(target, onTransport, async (place, take) => {
    return new NodeListener([await bind(makeServer(take), { ...options, ...place })]);
  });
}
