// How many tests passed, failed and were skipped on each runtime, from reports of vitest.

/** The runtime that a title of a test, or of what is around it, tells in its end. */
const TOLD = /(?:^|\b(?:on|in) )(Node \d+|Deno|Bun|workerd|Chromium)(?: with node:net)?$/;
/** Titles of what is between two of them. */
const BETWEEN = /^(Node \d+|Deno|Bun|workerd)\S* to (Node \d+|Deno|Bun|workerd|Chromium)\b/;

/** What a test of `vitest run` is counted for: it may start another runtime than that which runs it. */
function rowOf({ ancestorTitles, title }, otherwise) {
  const titles = [...ancestorTitles, title];
  if (titles.some((each) => BETWEEN.test(each))) return "between runtimes";
  const told = titles.map((each) => TOLD.exec(each)?.[1]).filter((each) => each !== undefined);
  return told[0] ?? otherwise;
}

/** A file that could not be loaded or prepared has no tests that failed. */
function isBroken({ status, assertionResults }) {
  return status === "failed" && !assertionResults.some((test) => test.status === "failed");
}

/**
 * Counts of all runs: each has the `title` of its runtime, the `report` of vitest, and `outcome`: whether all passed, or `null` if
 * the runtime is not there. Tests of the run on `here` count for the runtime that they name.
 */
export function totalsOf(runs, here) {
  const rows = new Map();
  const count = (title, outcome) => {
    const row = rows.get(title) ?? { title, passed: 0, failed: 0, skipped: 0 };
    row[outcome]++;
    rows.set(title, row);
  };
  for (const { title, outcome, report } of runs) {
    const files = report?.testResults ?? [];
    for (const test of files.flatMap(({ assertionResults }) => assertionResults)) {
      const isRun = test.status === "passed" || test.status === "failed";
      count(title === here ? rowOf(test, here) : title, isRun ? test.status : "skipped");
    }
    const broken = files.filter(isBroken).length;
    for (let i = 0; i < broken; i++) count(title, "failed");
    if (outcome === null) count(title, "skipped");
    // Without a report, or with nothing in it that failed: an error outside of all tests.
    if (outcome === false && (report?.numFailedTests ?? 0) + broken === 0) count(title, "failed");
  }
  return [...rows.values()];
}

/** The table to be printed. */
export function tableOf(totals) {
  const sum = { title: "all", passed: 0, failed: 0, skipped: 0 };
  for (const row of totals) for (const key of ["passed", "failed", "skipped"]) sum[key] += row[key];
  const width = Math.max(...totals.map(({ title }) => title.length));
  const lines = [...totals, sum].map(({ title, passed, failed, skipped }) =>
    [title.padEnd(width), ...[passed, failed, skipped].map((n) => String(n).padStart(7))].join("  "),
  );
  return [`${"runtime".padEnd(width)}   passed   failed  skipped`, ...lines].join("\n");
}
