// Upgrades on servers of node:http and node:https that somebody else runs.
import { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import type { Listener, UpgradeRequest, UpgradeTaker } from "../../connection/runtime.ts";
import type { Address, Transport } from "../../connection/transport.ts";
import { addressesOf } from "./node-listener.ts";
import { checkSocket, ignore, isTaken, prepare } from "./streams.ts";
import type { SocketLike } from "./transport.ts";
import { NodeTransport } from "./transport.ts";

/** The answer to an upgrade that nobody takes. */
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** A request as its sender wrote it, but for white space and for what node:http has refused already. */
function headOf({ method = "", url = "", httpVersion, rawHeaders }: UpgradeRequest): string {
  let head = lineOf(`${method} ${url} HTTP/${httpVersion}`);
  for (let i = 0; i < rawHeaders.length; i += 2) head += lineOf(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${head}\r\n`;
}

/** The lenient parser of node:http lets control characters pass: here none may begin another line. NUL is refused by ours. */
function lineOf(text: string): string {
  return `${text.replaceAll(/[^\t\u0020-\u00ff]/g, "\0")}\r\n`;
}

/** Makes a transport of what an `upgrade` event gives. */
export function takeOver(request: UpgradeRequest, socket: object, head: Uint8Array): Transport {
  if (typeof request !== "object" || !Array.isArray(request?.rawHeaders)) {
    throw new TypeError("Cannot use request: expected the one of an upgrade event");
  }
  if (!(socket instanceof Duplex)) throw new TypeError("Cannot use socket: expected the one of an upgrade event");
  if (!(head instanceof Uint8Array)) throw new TypeError("Cannot use head: expected the one of an upgrade event");
  checkSocket("socket", socket);
  return start(socket, headOf(request), head);
}

/** The parser of HTTP let go of the socket: what it has read goes back, for ours to read. */
function start(socket: SocketLike, text: string, head: Uint8Array): Transport {
  prepare(socket);
  // First, because it listens for errors.
  const transport = new NodeTransport(socket);
  if (head.length > 0) socket.unshift(head);
  socket.unshift(Buffer.from(text, "latin1"));
  return transport;
}

type HttpServer = EventEmitter & { address(): AddressInfo | string | null };

function isHttpServer(server: object): server is HttpServer {
  return "on" in server && "off" in server && "listenerCount" in server && "address" in server;
}

/** All that take upgrades of one server: only together they know whether a request is nobody's. */
class Hub {
  readonly #server: HttpServer;
  readonly #takers = new Set<UpgradeTaker>();

  constructor(server: HttpServer) {
    this.#server = server;
  }

  add(taker: UpgradeTaker): void {
    if (this.#takers.size === 0) this.#server.on("upgrade", this.#onUpgrade);
    this.#takers.add(taker);
  }

  remove(taker: UpgradeTaker): void {
    this.#takers.delete(taker);
    if (this.#takers.size === 0) this.#server.off("upgrade", this.#onUpgrade);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // By another listener, with `handleUpgrade`.
    if (isTaken(socket)) return;
    const text = headOf(request);
    for (const taker of this.#takers) {
      if (taker.isOurs(text)) return taker.take(start(socket, text, head));
    }
    // Without a listener of ours, node:http would have answered by itself. Other listeners have to.
    if (this.#server.listenerCount("upgrade") === 1) refuse(socket);
  };
}

function refuse(socket: Duplex): void {
  socket.on("error", ignore);
  socket.end(NOT_FOUND, () => socket.destroy());
}

const hubs = new WeakMap<HttpServer, Hub>();

/** Waits for upgrades on a server of HTTP. Closing only stops that. */
export function attach(server: object, taker: UpgradeTaker): Listener {
  if (typeof server !== "object" || server === null || !isHttpServer(server)) {
    throw new TypeError("Cannot use server: expected a server of node:http or node:https");
  }
  const hub = hubs.get(server) ?? new Hub(server);
  hubs.set(server, hub);
  hub.add(taker);
  return {
    get addresses(): readonly Address[] {
      return addressesOf(server.address());
    },
    async close() {
      hub.remove(taker);
    },
    // The server is another's, and so is the decision whether it keeps the process alive.
    ref() {},
    unref() {},
  };
}
