// All tests on all runtimes, and at the end a table of them: npm run test:all starts it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tableOf, totalsOf } from "./totals.mjs";

// Before known.mjs is loaded, and for the tests.
process.env.WSASM_ALL_RUNTIMES = "1";
const { NAMES, THIS_NODE, titleOf } = await import("./known.mjs");
const { runOn } = await import("./run.mjs");

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const REPORTS = join(ROOT, ".tmp/all");

const reportOf = (name) => join(REPORTS, `${name}.json`);
const reporters = (name) => ["--reporter=default", "--reporter=json", `--outputFile.json=${reportOf(name)}`];

function runHere() {
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", ...reporters(THIS_NODE)];
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" }).status === 0;
}

rmSync(REPORTS, { recursive: true, force: true });
mkdirSync(REPORTS, { recursive: true });
const runs = NAMES.map((name) => {
  const began = performance.now();
  const outcome = name === THIS_NODE ? runHere() : runOn(name, reporters(name));
  const seconds = (performance.now() - began) / 1000;
  const path = reportOf(name);
  const report = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  return { title: titleOf(name), outcome, seconds, report };
});
const totals = totalsOf(runs, titleOf(THIS_NODE));
console.log(`\n${tableOf(totals)}`);
for (const { title, seconds } of runs) console.log(`${title}: vitest took ${seconds.toFixed(0)} s`);
const isGood = runs.every(({ outcome }) => outcome !== false) && totals.every(({ failed }) => failed === 0);
process.exitCode = isGood ? 0 : 1;
