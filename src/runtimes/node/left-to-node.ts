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

/**
 * Whether to connect with Node's code: on what is connected already, with TLS unless `ownTls` has all its options, and where
 * such TLS will be put on, or TLS inside TLS.
 */
export function dialsWithNode(options: DialOptions, ownTls: readonly string[] = []): boolean {
  const { host, unix, socket, through, wayTo, tls } = options;
  if (socket !== undefined || through !== undefined) return true;
  if (tls !== undefined && !hasOwnTls(tls, ownTls, unix === undefined ? host : undefined)) return true;
  return wayTo?.tls !== undefined && (tls !== undefined || !hasOwnTls(wayTo.tls, ownTls, undefined));
}

/** Runtimes look for a name in the certificate, or for the address that they have connected to, but for no other address. */
function hasOwnTls(
  { host, options }: NonNullable<DialOptions["tls"]>,
  names: readonly string[],
  connected: string | undefined,
): boolean {
  const { servername = host } = options;
  return hasOnly(options, names) && (isIP(servername) === 0 || servername === connected);
}

/** Node's code tells what is wrong with anything else. */
function hasOnly(options: unknown, names: readonly string[]): boolean {
  if (typeof options !== "object" || options === null || names.length === 0) return false;
  return Object.entries(options).every(([name, value]) => value == null || names.includes(name));
}
