// Servers of node:net and node:tls that turn what they accept into transports.
import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { createServer as createTlsServer } from "node:tls";
import type { ListenTarget } from "../../connection/runtime.ts";
import type { ServerTlsOptions } from "../../connection/tls.ts";
import type { OnTransport } from "./plain-acceptor.ts";
import { plainServerMaker, SOCKETS } from "./plain-acceptor.ts";
import { SecureTransport } from "./secure-transport.ts";
import { serverTls } from "./tls-options.ts";
import { prepare } from "./streams.ts";
import type { SocketEnds } from "./transport.ts";
import { NodeTransport } from "./transport.ts";

/** The longest delay of a timer: Node takes 0 for its own default. */
const NEVER = 2 ** 31 - 1;

/** How a TLS server treats its clients. */
export interface SecuredOptions {
  readonly requestCert?: ServerTlsOptions["requestCert"];
  readonly paths?: SocketEnds;
}

/**
 * Makes servers that listen nowhere yet.
 *
 * @throws {TypeError} For options of TLS that cannot be used.
 */
export function serverMaker(target: ListenTarget): (onTransport: OnTransport) => Server {
  const { unix, tls, openTimeout } = target;
  if (tls === undefined) return plainServerMaker(target);
  const paths = unix === undefined ? {} : { local: unix };
  // Until TLS stands, the end of the client is the end: a half-open one would be kept until its time is over.
  const settings = { ...serverTls(tls), ...SOCKETS, allowHalfOpen: false, handshakeTimeout: openTimeout ?? NEVER };
  return (onTransport) => {
    const server = createTlsServer(settings);
    takeSecured(server, { requestCert: tls.requestCert, paths }, onTransport);
    return server;
  };
}

/** Where a client comes from: all that the socket below TLS and the one above have in common. */
function originOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Gives away what a TLS server accepts, at once where that is possible: the deadline of the opening covers TLS. */
export function takeSecured(server: Server, { requestCert, paths }: SecuredOptions, onTransport: OnTransport): void {
  const pending = new Map<string, SecureTransport>();
  const takeFrom = (socket: Socket): SecureTransport | undefined => {
    const origin = originOf(socket) ?? "";
    const transport = pending.get(origin);
    pending.delete(origin);
    return transport;
  };
  server.on("connection", (raw: Socket) => {
    const origin = originOf(raw);
    // The clients of a Unix socket have no addresses: they have a deadline for TLS, and another one for the rest.
    if (origin === undefined) return;
    const transport = new SecureTransport(raw);
    pending.set(origin, transport);
    raw.on("close", () => {
      if (pending.get(origin) === transport) pending.delete(origin);
    });
    onTransport(transport);
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const transport = takeFrom(socket);
    prepare(socket);
    // A certificate that is not verified is as good as none, and says something else.
    if (requestCert === "optional" && !socket.authorized && socket.getPeerX509Certificate() !== undefined) {
      socket.destroy();
    } else if (transport === undefined) onTransport(new NodeTransport(socket, paths));
    else transport.secured(socket);
  });
  server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    takeFrom(socket)?.failed(error);
  });
}
