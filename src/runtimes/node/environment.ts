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

/** The value of an environment variable. */
export function environment(name: string): string | undefined {
  return process.env[name];
}
