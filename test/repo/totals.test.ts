// The table at the end of npm run test:all: each test counts for the runtime that it is about.
import { expect, test } from "vitest";
import { tableOf, totalsOf } from "../runtimes/totals.mjs";

const one = (status: string, ...titles: string[]): object => ({
  status,
  ancestorTitles: titles.slice(0, -1),
  title: titles.at(-1),
});

const file = (...assertionResults: object[]): object => ({ status: "passed", assertionResults });
const report = (...testResults: object[]): object => ({ testResults, numFailedTests: 0 });
const run = (title: string, outcome: boolean | null, ...files: object[]): object => ({
  title,
  outcome,
  report: outcome === null ? undefined : report(...files),
});

test.each([
  ["a test of its own", ["sends on a closed connection"], "Node 20"],
  ["a runtime in front", ["Node 26", "plain: text"], "Node 26"],
  ["with another adapter", ["Deno with node:net", "plain: text"], "Deno"],
  ["in the end", ["wsasm in workerd", "closes"], "workerd"],
  ["in the end of the test", ["the packed package", "echoes on Bun"], "Bun"],
  ["two of them", ["Bun", "Bun.serve to workerd over TCP", "text"], "between runtimes"],
  ["two of them, plainly", ["Node 20 to Deno", "text"], "between runtimes"],
])("%s", (_what, titles, row) => {
  const runs = [run("Node 20", true, file(one("passed", ...titles)))];
  expect(totalsOf(runs, "Node 20")).toEqual([{ title: row, passed: 1, failed: 0, skipped: 0 }]);
});

test("what is skipped, absent or broken is counted", () => {
  const broken = { status: "failed", assertionResults: [] };
  const unprepared = { status: "failed", assertionResults: [one("skipped", "a")] };
  const runs = [
    run("Node 20", false, file(one("passed", "a"), one("failed", "b"), one("pending", "Node 26", "c")), broken),
    run("Node 24", null),
    run("Deno", false, unprepared),
    { title: "Bun", outcome: false, report: undefined },
  ];
  const totals = totalsOf(runs, "Node 20");
  expect(totals).toEqual([
    { title: "Node 20", passed: 1, failed: 2, skipped: 0 },
    { title: "Node 26", passed: 0, failed: 0, skipped: 1 },
    { title: "Node 24", passed: 0, failed: 0, skipped: 1 },
    { title: "Deno", passed: 0, failed: 1, skipped: 1 },
    { title: "Bun", passed: 0, failed: 1, skipped: 0 },
  ]);
  expect(tableOf(totals).split("\n")).toEqual([
    "runtime   passed   failed  skipped",
    "Node 20        1        2        0",
    "Node 26        0        0        1",
    "Node 24        0        0        1",
    "Deno           0        1        1",
    "Bun            0        1        0",
    "all            1        4        3",
  ]);
});
