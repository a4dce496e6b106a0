// Runs the tests with real sockets on Deno and Bun, by their own copy of vitest: node test/runtimes/run.mjs [deno | bun] [filters]
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const RUNTIMES = {
  deno: [at("node_modules/deno/deno"), "run", "-A"],
  bun: [at("node_modules/bun/bin/bun.exe"), "--bun"],
};

const [first, ...rest] = process.argv.slice(2);
const isOne = first !== undefined && first in RUNTIMES;
const names = isOne ? [first] : Object.keys(RUNTIMES);
const filters = isOne ? rest : process.argv.slice(2);

const outcomes = names.map((name) => {
  const [program, ...args] = RUNTIMES[name];
  if (!existsSync(program)) return `SKIPPED on ${name}: not installed in test/runtimes`;
  console.log(`\n${name}`);
  const vitest = [at("../../node_modules/vitest/vitest.mjs"), "run", "-c", at("vitest.config.mjs"), ...filters];
  const { status, signal } = spawnSync(program, [...args, ...vitest], { stdio: "inherit", timeout: 900_000 });
  if (status !== 0) process.exitCode = 1;
  return `${name}: ${status === 0 ? "passed" : `FAILED (${signal ?? status})`}`;
});
console.log(outcomes.join("\n"));
