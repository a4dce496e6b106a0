// The runtimes that the shared suite runs on: this Node and those of test/runtimes, each with its entry of the library.
import { commandOf, isAll, NAMES, NEWEST_NODE, THIS_NODE, titleOf } from "../runtimes/known.mjs";

export interface Runtime {
  readonly name: string;
  /** Starts a module; `null` when the runtime is not installed. */
  readonly command: readonly string[] | null;
  /** The entry of the library for it. */
  readonly entry: string;
  /** Whether it is paired with all others. */
  readonly isPaired: boolean;
}

const PAIRED = new Set([THIS_NODE, ...(isAll ? [NEWEST_NODE] : []), "deno", "bun"]);

function runtimeOf(name: string): Runtime[] {
  const command = commandOf(name);
  const runtime = { name: titleOf(name), command, entry: "wsasm/node", isPaired: PAIRED.has(name) };
  if (name.startsWith("node")) return [runtime];
  // On Deno and Bun the adapter of Node works too, and is another one to test.
  return [
    { ...runtime, entry: `wsasm/${name}` },
    { ...runtime, name: `${runtime.name} with node:net`, isPaired: false },
  ];
}

export const RUNTIMES: readonly Runtime[] = NAMES.flatMap(runtimeOf);
