// Bad input over real sockets has the same outcome on every runtime: the tables of test/real and test/runtimes-node, run there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { start, temporaryFolder } from "../repo/programs.ts";
import { commandOf, NAMES, THIS_NODE, titleOf } from "../runtimes/known.mjs";

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const LIMIT = 150_000;

/** What cannot be tried there, with why: see exceptions.mjs. */
const LEFT_OUT: Record<string, readonly string[]> = {
  deno: ["responses to a client a reset in place of a response, and nobody there"],
};

for (const name of NAMES.filter((each) => each !== THIS_NODE)) {
  test.skipIf(commandOf(name) === null)(`bad input on ${titleOf(name)}`, { tags: ["external"] }, async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "report.json");
    const args = ["test/runtimes/run.mjs", name, "bad-input", "--reporter=json", `--outputFile.json=${path}`];
    const vitest = start(process.execPath, args, ROOT);
    const status = await vitest.exited(LIMIT);
    const { testResults } = JSON.parse(readFileSync(path, "utf8")) as Report;
    const all = testResults.flatMap(({ assertionResults }) => assertionResults);
    const namesOf = (...wanted: string[]): string[] =>
      all.filter((each) => wanted.includes(each.status)).map(({ fullName }) => fullName);
    expect(namesOf("failed")).toEqual([]);
    expect(namesOf("skipped", "pending", "todo")).toEqual(LEFT_OUT[name] ?? []);
    expect(namesOf("passed").length).toBeGreaterThan(700);
    expect(status, vitest.output()).toBe(0);
  });
}
