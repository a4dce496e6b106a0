// Tells how many tests passed and failed, from the report of `vitest --reporter=json --outputFile.json=.tmp/tests.json`
// and, when there is one, that of build/check.mjs, each of whose failed steps counts as one failed test.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.mjs";

function report(name) {
  const path = join(ROOT, ".tmp", name);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

const tests = report("tests.json");
const steps = report("check.json")?.failed ?? [];
const passed = tests?.numPassedTests ?? 0;
// A file that cannot be loaded or prepared has no tests that failed.
const hasFailed = ({ assertionResults }) => assertionResults.some(({ status }) => status === "failed");
const broken = tests?.testResults.filter((file) => file.status === "failed" && !hasFailed(file)) ?? [];
const failedTests = tests === undefined ? 1 : tests.numFailedTests + broken.length;
// Failed without a failed test: too little coverage, or an error outside of all tests.
const outside = tests !== undefined && !tests.success && failedTests === 0 ? 1 : 0;
const failed = failedTests + outside + steps.length;

if (tests === undefined) console.log("No report of the tests: counted as one failure");
for (const file of broken) console.log(`Cannot run ${file.name}`);
for (const step of steps) console.log(`Failed check: ${step}`);
if ((tests?.numPendingTests ?? 0) > 0) console.log(`${tests.numPendingTests} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
