// Permissions of Deno that have to be asked for before its node:net needs them.
import { isIPv6 } from "node:net";
import { deno } from "./api.ts";

/**
 * Makes sure that an address may be listened on. node:net of Deno (seen in 2.9.5) throws at the next tick, which would end the
 * process.
 *
 * @throws {Error} What Deno throws, named `NotCapable`.
 */
export function requireNet(host: string, port?: number): void {
  const name = isIPv6(host) ? `[${host}]` : host;
  const place = port === undefined ? name : `${name}:${port}`;
  const { permissions, errors } = deno();
  if (permissions.requestSync({ name: "net", host: place }).state === "granted") return;
  throw new errors.NotCapable(`Requires net access to "${place}"`);
}

/** Whether it is the error of Deno for what it was not permitted to do. */
export function isNotCapable(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}
