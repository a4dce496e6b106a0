// The conformance suite against this library, as a server and as a client, in processes of their own. 20 messages where the
// original has 1,000; `npm run conformance` does all of it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { runtime } from "../repo/programs.ts";
import { casesOf, testClient, testServer } from "./suite.mjs";

const CASES = casesOf({ count: 20 });
const INFORMATIONAL = ["7.1.6", "7.13.1", "7.13.2"];
const LIMIT = 300_000;

const file = (name: string): string => fileURLToPath(new URL(`subjects/${name}.mjs`, import.meta.url));
const started: ChildProcess[] = [];

function start([program = "", ...args]: readonly string[]): ChildProcess {
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  return child;
}

afterAll(() => {
  for (const child of started) child.kill();
});

const RUNTIMES: readonly (readonly [name: string, command: readonly string[] | undefined])[] = [
  ["Node", [process.execPath]],
  ["Deno", commandOf("deno", "run", "--allow-net", "--allow-read", "--allow-env", "--allow-sys")],
  ["Bun", commandOf("bun")],
];

function commandOf(name: "deno" | "bun", ...args: readonly string[]): readonly string[] | undefined {
  const path = runtime(name);
  return path === undefined ? undefined : [path, ...args];
}

interface Result {
  readonly id: string;
  readonly verdict: string;
  readonly detail: string;
}

function check(results: readonly Result[]): void {
  expect(results.map(({ id }) => id)).toEqual(CASES.map(({ id }) => id));
  expect(results.filter(({ verdict }) => verdict === "failed")).toEqual([]);
  const informational = results.filter(({ verdict }) => verdict === "informational").map(({ id }) => id);
  expect(informational).toEqual(INFORMATIONAL);
}

test("there are 517 cases, and ours", () => {
  expect(CASES.filter(({ id }) => !id.startsWith("14."))).toHaveLength(517);
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
});

describe.each(RUNTIMES)("on %s", { tags: ["slow", "external"] }, (_name, command) => {
  test.skipIf(command === undefined)("a server passes all cases", { timeout: LIMIT }, async () => {
    const child = start([...(command ?? []), file("server-wsasm")]);
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    check(await testServer(line.toString().trim(), CASES));
  });

  test.skipIf(command === undefined)("a client passes all cases", { timeout: LIMIT }, async () => {
    check(
      await testClient((uri: string) => {
        start([...(command ?? []), file("client-wsasm"), uri]);
        return Promise.resolve();
      }, CASES),
    );
  });
});
