// What runtimes with sockets of their own leave to Node's code, with all its options: one decision for each call.
import { isIP } from "node:net";
import type { DialOptions, ListenTarget } from "../../connection/runtime.ts";

/**
 * Whether to listen with Node's code: on what is open already, on a shared port, and with TLS, unless `ownTls` has all
 * the options of TLS that are given.
 */
export function listensWithNode({ listener, reusePort, tls }: ListenTarget, ownTls: readonly string[] = []): boolean {
  return listener !== undefined || reusePort === true || (tls !== undefined && !hasOnly(tls, ownTls));
}

/** Whether to connect with Node's code: on what is connected already, where TLS will be put on, and as above with TLS. */
export function dialsWithNode(options: DialOptions, ownTls: readonly string[] = []): boolean {
  const { socket, through, isWay, tls } = options;
  if (socket !== undefined || through !== undefined || isWay === true) return true;
  return tls !== undefined && !(hasOnly(tls.options, ownTls) && hasOwnName(options, tls));
}

/** A name to look for in the certificate, or the address that is connected to: runtimes look for no other address. */
function hasOwnName({ host, unix }: DialOptions, tls: NonNullable<DialOptions["tls"]>): boolean {
  const { servername = tls.host } = tls.options;
  return isIP(servername) === 0 || (unix === undefined && servername === host);
}

/** Node's code tells what is wrong with anything else. */
function hasOnly(options: unknown, names: readonly string[]): boolean {
  if (typeof options !== "object" || options === null || names.length === 0) return false;
  return Object.entries(options).every(([name, value]) => value == null || names.includes(name));
}
