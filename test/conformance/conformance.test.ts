// The conformance suite against this library, as server and as client, on Node, Deno and Bun; and against `ws` as a control.
import { describe, expect, test } from "vitest";
import { NAMES, THIS_NODE, titleOf } from "../runtimes/known.mjs";
import { casesFor, isOriginal } from "./cases.mjs";
import { runClient, runtime, startServer } from "./subjects.mjs";
import { ClientTests, testServer } from "./suite.mjs";
import { totalsOf } from "./table.mjs";

interface Result {
  id: string;
  outcome: string;
  detail: string;
  code: number | null | undefined;
}

/** Cases at a time: many of them wait, some for a second. */
const AT_ONCE = 8;
/** Messages of each case in groups 12 and 13: the command runs them with 1000. */
const MESSAGES = 20;
const PATIENCE = 10_000;

async function serverResults(command: readonly string[], program: string, options: object, prefixes?: string[]) {
  const server = await startServer(command, program);
  try {
    const results: Result[] = await testServer(server.url, casesFor("server", prefixes), options);
    return results;
  } finally {
    await server.stop();
  }
}

async function clientResults(command: readonly string[], program: string, options: object, prefixes?: string[]) {
  const tests = new ClientTests(casesFor("client", prefixes), options);
  const url = await tests.listen();
  try {
    await Promise.all([runClient(command, program, url), tests.finished()]);
    return tests.results as Result[];
  } finally {
    tests.close();
  }
}

const ROLES = { server: serverResults, client: clientResults };

/** Outcome and close code of each case, by runtime and role. */
const seen = new Map<string, Map<string, string>>();

function expectStrict(results: readonly Result[]): void {
  const notOk = results.filter(({ outcome }) => outcome !== "OK" && outcome !== "INFORMATIONAL");
  expect(notOk).toEqual([]);
  expect(totalsOf(results.filter(isOriginal))).toMatchObject({ OK: 514, INFORMATIONAL: 3 });
  // What the original leaves open: a Close without a code, or none at all, would pass there.
  const violations = results.filter(({ id }) => /^(3|4|5\.(1|2|9|1[0-8])|14\.6\.[1-9])(\.|$)/.test(id));
  expect(violations.filter(({ code }) => code !== 1002)).toEqual([]);
  const invalid = results.filter(({ id }) => /^6\.(3|4|8|10|1[2-9]|20|21)\./.test(id));
  expect(invalid.filter(({ code }) => code !== 1007)).toEqual([]);
}

describe.each(NAMES.map((name) => [titleOf(name), name]))("%s", (_title, name) => {
  const command = runtime(name);
  const options = { patience: PATIENCE, messages: MESSAGES, concurrency: AT_ONCE };

  test.skipIf(command === null).each(["server", "client"] as const)(
    "the %s gives the strict result in every case",
    { tags: ["slow", "external"], timeout: 180_000 },
    async (role) => {
      const results = await ROLES[role](command ?? [], `${role}.mjs`, options);
      seen.set(`${name} ${role}`, new Map(results.map(({ id, outcome, code }) => [id, `${outcome} ${code}`])));
      expectStrict(results);
    },
  );

  test.skipIf(command === null).each(["rejection", "exception"])(
    "a program under test does not survive an unhandled %s",
    { tags: ["external"] },
    async (what) => {
      // What this suite says of the library holds only where that is so.
      await expect(runClient(command ?? [], "faulty.mjs", what)).rejects.toThrow(
        /^faulty\.mjs ended with 1: [^]*nobody/,
      );
    },
  );
});

test.skipIf(NAMES.length < 2).each(["server", "client"])("the outcome of a %s is the same everywhere", (role) => {
  const expected = seen.get(`${THIS_NODE} ${role}`);
  const others = [...seen].filter(([key]) => key.endsWith(role));
  expect(expected?.size).toBeGreaterThan(500);
  for (const [key, outcomes] of others) expect([key, outcomes]).toEqual([key, expected]);
});

describe("control", () => {
  const options = { patience: 3000, messages: 2, concurrency: AT_ONCE };
  const prefixes = ["1", "2", "3", "4", "5", "6", "7", "10", "12.1", "13", "14.5", "14.6"];

  test.each(["server", "client"] as const)(
    "the known results of ws as %s come out",
    { tags: ["slow"] },
    async (role) => {
      const results = await ROLES[role](runtime("node") ?? [], `ws-${role}.mjs`, options, prefixes);
      const original = results.filter(isOriginal);
      const late = original.filter(({ outcome }) => outcome === "NON-STRICT").map(({ id }) => id);
      expect(late).toEqual(["6.4.1", "6.4.2", "6.4.3", "6.4.4"]);
      expect(original.filter(({ outcome }) => outcome === "FAILED")).toEqual([]);
      // It takes lengths in more octets than they need.
      const lengths = results.filter(({ id }) => /^14\.6\.[1-4]$/.test(id));
      expect(lengths.map(({ outcome }) => outcome)).toEqual(["FAILED", "FAILED", "FAILED", "FAILED"]);
    },
  );
});
