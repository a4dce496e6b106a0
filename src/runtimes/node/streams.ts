// Sockets that somebody else has opened: whether they can be used, and making them ready.
import { Socket } from "node:net";
import type { SocketLike } from "./transport.ts";

/**
 * Refuses a socket that cannot carry bytes yet, or not as bytes.
 *
 * @throws {TypeError}
 */
export function checkSocket(what: string, socket: SocketLike): void {
  const problem = problemOf(socket);
  if (problem !== undefined) throw new TypeError(`Cannot use ${what}: ${problem}`);
}

function problemOf(socket: SocketLike): string | undefined {
  if (isTaken(socket)) return "a connection uses it already";
  if (socket.connecting === true || ("secureConnecting" in socket && socket.secureConnecting === true)) {
    return "the socket is not connected yet";
  }
  if (socket.readableEncoding !== null || socket.readableObjectMode || socket.writableObjectMode) {
    return "the stream does not carry bytes";
  }
  return undefined;
}

const taken = new WeakSet<SocketLike>();

/** Whether a connection has it: two would each read some of what comes. */
export function isTaken(socket: SocketLike): boolean {
  return taken.has(socket);
}

/** Takes it, and undoes what its owner or a server of HTTP has set. */
export function prepare(socket: SocketLike): void {
  taken.add(socket);
  // What is queued behind the peer's FIN still leaves.
  socket.allowHalfOpen = true;
  if (!(socket instanceof Socket)) return;
  // Idle connections of HTTP end; ours have pings.
  socket.setTimeout(0);
  socket.setNoDelay(true);
}

/** Listens for errors of what cannot be told to anybody, which would end the process otherwise. */
export function ignore(): void {}
