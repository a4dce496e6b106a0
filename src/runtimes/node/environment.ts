// What a client asks of the system beside sockets: the addresses of a name, and the variables of the environment.
import { lookup } from "node:dns/promises";
import { networkError } from "./errors.ts";

/** The addresses of a name, in the order of the system. */
export async function resolve(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    throw networkError(`look up ${host}`, error);
  }
}

/** What is used of Deno, which runs this code too. */
interface DenoPermissions {
  readonly permissions: {
    querySync(what: { readonly name: "env"; readonly variable: string }): { readonly state: string };
  };
}

/** The value of an environment variable. Deno would ask the user for one that may not be read: there it counts as not set. */
export function environment(name: string): string | undefined {
  const { Deno } = globalThis as { Deno?: DenoPermissions };
  const isAllowed =
    Deno === undefined || Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
  return isAllowed ? process.env[name] : undefined;
}
