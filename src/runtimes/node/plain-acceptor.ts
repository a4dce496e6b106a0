// Servers of node:net that turn what they accept into transports.
import type { Server } from "node:net";
import { createServer } from "node:net";
import type { ListenTarget } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { NodeTransport } from "./transport.ts";

export type OnTransport = (transport: Transport) => void;

/**
 * Half-open, so that what is queued behind the peer's FIN still leaves; paused, so that nothing is lost before
 * somebody listens; without Nagle, which would hold a small write back until the peer's delayed ACK, 40 ms.
 */
export const SOCKETS = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };

/** Makes servers that listen nowhere yet, on a Unix socket if `unix` is given. */
export function plainServerMaker({ unix }: Pick<ListenTarget, "unix">): (onTransport: OnTransport) => Server {
  const paths = unix === undefined ? {} : { local: unix };
  return (onTransport) => createServer(SOCKETS, (socket) => onTransport(new NodeTransport(socket, paths)));
}
