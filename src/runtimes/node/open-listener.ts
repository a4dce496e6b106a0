// Listening on what is open already: a server of node:net or node:tls, or a file descriptor.
import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { Server } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Listener, ListenTarget, OpenListener } from "../../connection/runtime.ts";
import type { OnTransport } from "./plain-acceptor.ts";
import { serverMaker, takeSecured } from "./acceptor.ts";
import { networkError } from "./errors.ts";
import { addressesOf, bind, NodeListener } from "./node-listener.ts";
import { ignore, prepare } from "./streams.ts";
import { NodeTransport } from "./transport.ts";

/** Takes over a listener: it is closed with the server. */
export async function adopt(listener: OpenListener, target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  if (!(listener instanceof Server)) return adoptDescriptor(listener, target, onTransport);
  if (listener instanceof HttpServer || listener instanceof HttpsServer) {
    throw new TypeError("Cannot use listener: it is a server of HTTP, which is for the option server");
  }
  if (!listener.listening) throw new TypeError("Cannot use listener: it does not listen");
  const [address] = addressesOf(listener.address());
  const paths = address !== undefined && "path" in address ? { local: address.path } : {};
  if (listener instanceof TlsServer) {
    if (target.tls !== undefined) throw new TypeError("Cannot use tls together with listener: it has TLS already");
    takeSecured(listener, { paths }, onTransport);
  } else if (target.tls === undefined) {
    listener.on("connection", (socket: Socket) => {
      prepare(socket);
      onTransport(new NodeTransport(socket, paths));
    });
  } else {
    const secure = serverMaker(target)(onTransport);
    listener.on("connection", (socket: Socket) => {
      prepare(socket);
      secure.emit("connection", socket);
    });
  }
  // Out of file descriptors and the like: the listener goes on.
  listener.on("error", ignore);
  return new NodeListener([listener]);
}

/** What systemd and others open for a program, such as `{ fd: 3 }`. */
async function adoptDescriptor(listener: object, target: ListenTarget, onTransport: OnTransport): Promise<Listener> {
  const fd = "fd" in listener ? listener.fd : undefined;
  if (typeof fd !== "number" || !Number.isInteger(fd) || fd < 0) {
    throw new TypeError("Cannot use listener: expected a server of node:net or node:tls, or { fd }");
  }
  const server = serverMaker(target)(onTransport);
  try {
    return new NodeListener([await bind(server, { fd })]);
  } catch (error) {
    throw networkError(`listen on file descriptor ${fd}`, error);
  }
}
