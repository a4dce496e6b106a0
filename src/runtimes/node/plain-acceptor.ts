// Servers of node:net that turn what they accept into transports.
import type { Server } from "node:net";
import { createServer } from "node:net";
import type { ListenTarget } from "../../connection/runtime.ts";
import type { Address, Transport } from "../../connection/transport.ts";
import { addressesOf } from "./node-listener.ts";
import type { SocketEnds } from "./transport.ts";
import { NodeTransport } from "./transport.ts";

export type OnTransport = (transport: Transport) => void;

/**
 * Half-open, so that what is queued behind the peer's FIN still leaves; paused, so that nothing is lost before
 * somebody listens; without Nagle, which would hold a small write back until the peer's delayed ACK, 40 ms.
 */
export const SOCKETS = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };

const WILDCARDS: ReadonlySet<string> = new Set(["::", "0.0.0.0"]);

/** Makes servers that listen nowhere yet, on a Unix socket if `unix` is given. */
export function plainServerMaker({ unix }: Pick<ListenTarget, "unix">): (onTransport: OnTransport) => Server {
  const paths = unix === undefined ? {} : { local: unix };
  return (onTransport) => {
    let ends: SocketEnds | undefined;
    const server = createServer(SOCKETS, (socket) => {
      ends ??= { ...paths, address: onlyAddress(server) };
      onTransport(new NodeTransport(socket, ends));
    });
    return server;
  };
}

/** The address that all clients of a server reach; `undefined` if it listens on all of the machine. */
function onlyAddress(server: Server): Address | undefined {
  const [address] = addressesOf(server.address());
  return address !== undefined && "host" in address && !WILDCARDS.has(address.host) ? address : undefined;
}
