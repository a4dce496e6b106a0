// Environment variables on Deno, which asks the user unless it was told before.
import { deno } from "./api.ts";

/** The value of a variable, if it may be read without a prompt. */
export function environment(name: string): string | undefined {
  const { permissions, env } = deno();
  return permissions.querySync({ name: "env", variable: name }).state === "granted" ? env.get(name) : undefined;
}
