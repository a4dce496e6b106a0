// Runs the suite for each runtime and role, and writes the tables of docs/conformance.md: npm run conformance:report -- --messages 1000
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { casesFor, isOriginal } from "./cases.mjs";
import { ClientTests, testServer } from "./suite.mjs";
import { runClient, runtime, startServer, TITLES, versionOf } from "./subjects.mjs";
import { groupsOf, markdown, totalsOf } from "./table.mjs";
import { OUTCOMES } from "./verdict.mjs";

const PAGE = new URL("../../docs/conformance.md", import.meta.url);
const KEPT = new URL("../../.tmp/conformance/", import.meta.url);
const SUBJECTS = [
  ["wsasm", "node", ""],
  ["wsasm", "deno", ""],
  ["wsasm", "bun", ""],
  ["ws", "node", "ws-"],
];
const ROLES = ["server", "client"];

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "20" },
    "at-once": { type: "string", default: "8" },
    // Takes results of an earlier report that was interrupted.
    resume: { type: "boolean" },
  },
});
const messages = Number(values.messages);

async function run(library, command, prefix, role) {
  // A case of the control that fails does so by saying nothing: it need not be waited for as long.
  const patience = library === "ws" ? 2000 : 10_000;
  const options = { messages, concurrency: Number(values["at-once"]), patience };
  if (role === "server") {
    const server = await startServer(command, `${prefix}server.mjs`);
    try {
      return await testServer(server.url, casesFor(role), options);
    } finally {
      await server.stop();
    }
  }
  const tests = new ClientTests(casesFor(role), options);
  const url = await tests.listen();
  try {
    await Promise.all([runClient(command, `${prefix}client.mjs`, url), tests.finished()]);
    return tests.results;
  } finally {
    tests.close();
  }
}

async function resultsOf(library, name, command, prefix, role) {
  const file = new URL(`${library}-${name}-${role}-${messages}.json`, KEPT);
  if (values.resume && existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const began = performance.now();
  const results = await run(library, command, prefix, role);
  const seconds = Math.round((performance.now() - began) / 1000);
  for (const { id, outcome, detail } of results) {
    if (outcome === "FAILED" && library === "wsasm") console.log(`${id}: ${detail}`);
  }
  console.log(`${library} on ${name}, ${role}: ${seconds} s`);
  writeFileSync(file, JSON.stringify(results));
  return results;
}

mkdirSync(KEPT, { recursive: true });
const columns = [];
const versions = new Set();
for (const [library, name, prefix] of SUBJECTS) {
  const command = runtime(name);
  if (command === null) {
    console.warn(`SKIPPED on ${name}: not installed in test/runtimes`);
    continue;
  }
  versions.add(versionOf(name));
  for (const role of ROLES) {
    const results = await resultsOf(library, name, command, prefix, role);
    columns.push({ title: `${library}, ${TITLES[name]}, ${role}`, results });
  }
}

const original = columns.map(({ title, results }) => {
  const totals = totalsOf(results.filter(isOriginal));
  return [title, ...OUTCOMES.map((outcome) => String(totals[outcome]))];
});
const groups = columns.map(({ title, results }) => [
  title,
  ...groupsOf(results).map(
    ([, members]) => `${members.filter(({ outcome }) => outcome === "OK").length}/${members.length}`,
  ),
]);
const tables = [
  markdown([["The 517 cases", ...OUTCOMES], ...original]),
  markdown([["OK, by group", ...groupsOf(columns[0].results).map(([title]) => title.split(" ")[0])], ...groups]),
].join("\n\n");
const control = `ws ${createRequire(import.meta.url)("ws/package.json").version}`;
const note = `${[...versions, control].join(", ")}; ${messages} messages in each case of groups 12 and 13.`;
const page = readFileSync(PAGE, "utf8");
writeFileSync(
  PAGE,
  page.replace(
    /(<!-- tables -->\n)[^]*(<!-- end of tables -->)/,
    (_, begin, end) => `${begin}\n${tables}\n\n${note}\n\n${end}`,
  ),
);
