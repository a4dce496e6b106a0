// The shared cases on every runtime that is installed, and between every two of them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../repo/programs.ts";
import { RUNTIMES } from "./runtimes.ts";
import { PAIR_CASES } from "./pair-cases.mjs";
import { RAW_CASES } from "./raw-cases.mjs";

/** All cases of a run. */
const LIMIT = 150_000;
/** How long a process may live when all is done: whatever is left open would keep it alive. */
const LINGER = 5000;

interface Outcome {
  readonly name: string;
  readonly error?: string;
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Runs all cases in another runtime. What it did not come to is missing. */
async function runCases(command: readonly string[], args: readonly string[]): Promise<Map<string, Outcome>> {
  const [program = "", ...before] = command;
  const child = spawn(program, [...before, file("main.mjs"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const outcomes = new Map<string, Outcome>();
  let complaints = "";
  let timer = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  child.stderr.on("data", (chunk) => (complaints += String(chunk)));
  createInterface(child.stdout).on("line", (line) => {
    const outcome = JSON.parse(line) as Outcome & { failed?: number };
    if (outcome.failed === undefined) {
      outcomes.set(outcome.name, outcome);
    } else {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), LINGER);
    }
  });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(timer);
  const ended = status === 0 || status === 1 ? {} : { error: `${signal ?? status}: ${complaints}` };
  return outcomes.set("the process ends by itself", { name: "", ...ended });
}

/** The servers of the cases, running on another runtime until they are disposed of. */
async function startServers(
  command: readonly string[],
  args: readonly string[],
): Promise<AsyncDisposable & { places: string }> {
  const [program = "", ...before] = command;
  const child = spawn(program, [...before, file("serve.mjs"), ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const [places] = (await Promise.race([once(createInterface(child.stdout), "line"), closed])) as [string];
  return {
    places,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}

function expectPassed(outcomes: ReadonlyMap<string, Outcome>, name: string): void {
  const { error } = outcomes.get(name) ?? { error: "it did not run" };
  if (error !== undefined) expect.fail(error);
}

const NAMES = [...PAIR_CASES, ...RAW_CASES].map(({ name }) => name);

for (const { name: title, command, entry } of RUNTIMES) {
  describe.skipIf(command === null)(title, { tags: ["external"] }, () => {
    let outcomes: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      using folder = temporaryFolder();
      outcomes = await runCases(command ?? [], [entry, folder.path]);
    }, LIMIT + LINGER);

    test.each([...NAMES, "the process ends by itself"])("%s", (name) => expectPassed(outcomes, name));
  });
}

const PAIRS = RUNTIMES.filter(({ isPaired }) => isPaired).flatMap((server, _index, all) =>
  all.filter((client) => client.isPaired && client !== server).map((client) => [server, client] as const),
);

for (const [server, client] of PAIRS) {
  const isMissing = server.command === null || client.command === null;

  describe.skipIf(isMissing)(`${server.name} to ${client.name}`, { tags: ["external"] }, () => {
    let outcomes: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      using folder = temporaryFolder();
      await using servers = await startServers(server.command ?? [], [server.entry, folder.path]);
      outcomes = await runCases(client.command ?? [], [client.entry, folder.path, servers.places]);
    }, LIMIT + LINGER);

    test.each([...PAIR_CASES.map(({ name }) => name), "the process ends by itself"])("%s", (name) =>
      expectPassed(outcomes, name),
    );
  });
}
