// What runtimes with sockets of their own leave to Node's code, with all its options: one decision for each call.
import type { DialOptions, ListenTarget } from "../../connection/runtime.ts";

/** Whether to listen with Node's code: on what is open already, on a shared port, and with TLS. */
export function listensWithNode({ listener, reusePort, tls }: ListenTarget): boolean {
  return listener !== undefined || reusePort === true || tls !== undefined;
}

/** Whether to connect with Node's code: on what is connected already, with TLS, and where TLS will be put on. */
export function dialsWithNode({ socket, through, isWay, tls }: DialOptions): boolean {
  return socket !== undefined || through !== undefined || isWay === true || tls !== undefined;
}
