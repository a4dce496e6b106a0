// The runtimes that the shared suite runs on: those of test/runtimes that are installed, and this Node.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { RUNTIMES as HOME } from "../repo/programs.ts";

export interface Runtime {
  readonly name: string;
  /** Starts a module. */
  readonly command: readonly string[];
  /** The entry of the library for it. */
  readonly entry: string;
  /** Whether it is paired with all others. */
  readonly isPaired: boolean;
}

const installed = (path: string): string => join(HOME, "node_modules", path);

const KNOWN: readonly Runtime[] = [
  { name: `Node ${process.versions.node}`, command: [process.execPath], entry: "wsasm/node", isPaired: true },
  ...["node22", "node24", "node26"].map((name) => ({
    name: name.replace("node", "Node "),
    command: [installed(`../nodes/node_modules/${name}/bin/node`)],
    entry: "wsasm/node",
    isPaired: false,
  })),
  { name: "Deno", command: [installed("deno/deno"), "run", "-A"], entry: "wsasm/deno", isPaired: true },
  { name: "Bun", command: [installed("bun/bin/bun.exe")], entry: "wsasm/bun", isPaired: true },
  {
    name: "Deno with node:net",
    command: [installed("deno/deno"), "run", "-A"],
    entry: "wsasm/node",
    isPaired: false,
  },
  { name: "Bun with node:net", command: [installed("bun/bin/bun.exe")], entry: "wsasm/node", isPaired: false },
];

function isInstalled({ name, command: [program = ""] }: Runtime): boolean {
  if (existsSync(program) && spawnSync(program, ["--version"]).status === 0) return true;
  console.warn(`SKIPPED on ${name}: not installed in test/runtimes (node build/prepare-runtimes.mjs installs it)`);
  return false;
}

export const RUNTIMES: readonly Runtime[] = KNOWN.filter(isInstalled);
