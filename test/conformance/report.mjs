// Runs the suite for each runtime and role, and writes the tables of docs/conformance.md: npm run conformance:report -- --messages 1000
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { casesFor, isOriginal } from "./cases.mjs";
import { ClientTests, testServer } from "./suite.mjs";
import { runClient, runtime, startServer } from "./subjects.mjs";
import { groupsOf, markdown, totalsOf } from "./table.mjs";
import { OUTCOMES } from "./verdict.mjs";

const PAGE = new URL("../../docs/conformance.md", import.meta.url);
const SUBJECTS = [
  ["wsasm", "node", ""],
  ["wsasm", "deno", ""],
  ["wsasm", "bun", ""],
  ["ws", "node", "ws-"],
];
const ROLES = ["server", "client"];

const { values } = parseArgs({
  options: { messages: { type: "string", default: "20" }, "at-once": { type: "string", default: "8" } },
});
const options = { messages: Number(values.messages), concurrency: Number(values["at-once"]), patience: 5000 };

async function resultsOf(command, prefix, role) {
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

const columns = [];
for (const [library, name, prefix] of SUBJECTS) {
  const command = runtime(name);
  if (command === null) continue;
  for (const role of ROLES) {
    console.log(`${library} on ${name}, ${role}`);
    const results = await resultsOf(command, prefix, role);
    for (const { id, outcome, detail } of results) {
      if (outcome === "FAILED" && library === "wsasm") console.log(`${id}: ${detail}`);
    }
    columns.push({ title: `${library}, ${name[0].toUpperCase()}${name.slice(1)}, ${role}`, results });
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
const page = readFileSync(PAGE, "utf8");
const note = `Node ${process.versions.node}, ${values.messages} messages in each case of groups 12 and 13.`;
writeFileSync(
  PAGE,
  page.replace(
    /(<!-- tables -->\n)[^]*(<!-- end of tables -->)/,
    (_, begin, end) => `${begin}\n${tables}\n\n${note}\n\n${end}`,
  ),
);
