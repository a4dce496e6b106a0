// Runs the tests with real sockets on other runtimes, by their own copy of vitest: node test/runtimes/run.mjs [name of a runtime] [filters]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { commandOf, NAMES, THIS_NODE, titleOf } from "./known.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VITEST = `${ROOT}node_modules/vitest/vitest.mjs`;
const CONFIG = fileURLToPath(new URL("vitest.config.mjs", import.meta.url));
const LIMIT = 900_000;
/** So that the workers of vitest are Bun too. */
const MORE = { bun: ["--bun"] };

/** Runs them on one. `null` when it is not installed, otherwise whether all have passed. */
export function runOn(name, args) {
  const command = commandOf(name);
  if (command === null) return null;
  const [program, ...before] = command;
  console.log(`\n${titleOf(name)}`);
  const all = [...before, ...(MORE[name] ?? []), VITEST, "run", "-c", CONFIG, ...args];
  return spawnSync(program, all, { cwd: ROOT, stdio: "inherit", timeout: LIMIT }).status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, ...rest] = process.argv.slice(2);
  const isOne = NAMES.includes(first);
  const names = isOne ? [first] : NAMES.filter((name) => name !== THIS_NODE);
  const filters = isOne ? rest : process.argv.slice(2);
  if (names.map((name) => runOn(name, filters)).includes(false)) process.exitCode = 1;
}
