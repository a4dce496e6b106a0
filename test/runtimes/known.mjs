// The runtimes that tests start, and where test/runtimes has them.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const installed = (path) => fileURLToPath(new URL(path, import.meta.url));
const HERE = `node${process.versions.node.split(".")[0]}`;

/**
 * Command lines. Of Node only the newest comes with `npm test`; `npm run test:all` brings the others.
 * @type {Record<string, string[]>}
 */
const COMMANDS = {
  node20: [installed("nodes/node_modules/node20/bin/node")],
  node22: [installed("nodes/node_modules/node22/bin/node")],
  node24: [installed("nodes/node_modules/node24/bin/node")],
  node26: [installed("node_modules/node26/bin/node")],
  deno: [installed("node_modules/deno/deno"), "run", "-A", "--quiet"],
  bun: [installed("node_modules/bun/bin/bun.exe")],
  [HERE]: [process.execPath],
};

const TITLES = { deno: "Deno", bun: "Bun" };

/** The Node that runs this. */
export const THIS_NODE = HERE;
export const NEWEST_NODE = "node26";

/** Whether this is `npm run test:all`. */
export const isAll = process.env.WSASM_ALL_RUNTIMES === "1";

/** What tests run on: what is not installed is skipped, and told. */
export const NAMES = [...new Set([HERE, ...(isAll ? ["node20", "node22", "node24"] : []), "node26", "deno", "bun"])];

/** @type {(name: string) => string} Such as "Node 26". */
export function titleOf(name) {
  return TITLES[name] ?? name.replace("node", "Node ");
}

/**
 * The command line that starts a module on a runtime; `null`, and told, when it is not installed.
 * @returns {string[] | null}
 */
export function commandOf(name) {
  const command = COMMANDS[name] ?? [];
  if (existsSync(command[0] ?? "") && spawnSync(command[0], ["--version"]).status === 0) return command;
  console.warn(`SKIPPED on ${titleOf(name)}: not installed in test/runtimes (build/prepare-runtimes.mjs installs it)`);
  return null;
}
