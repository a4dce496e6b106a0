// npm run conformance -- URL: tests a server that echoes what it gets, and prints what came of it.
// npm run conformance -- --clients COMMAND...: listens, runs the command with the URI behind it, and tests that client.
// --count N: messages in the cases that send many (default 1000); --filter 6.4: only those cases.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { casesOf, testClient, testServer } from "./suite.mjs";
import { tableOf } from "./report.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string" }, filter: { type: "string" }, clients: { type: "boolean" } },
});
const cases = casesOf({ count: Number(values.count ?? 1000), filter: values.filter ?? "" });
if (positionals.length === 0) {
  console.error("Usage: npm run conformance -- ws://host:port | --clients COMMAND...");
  process.exit(2);
}

const onResult = ({ id, verdict, detail }) => {
  if (verdict === "failed") console.log(`${id.padEnd(8)} ${detail}`);
};
const startClient = (uri) => {
  const [program, ...args] = positionals;
  spawn(program, [...args, uri], { stdio: ["ignore", "inherit", "inherit"] });
};
const results = values.clients
  ? await testClient(startClient, cases, { onResult })
  : await testServer(positionals[0], cases, { onResult });
console.log(tableOf(results));
if (results.some(({ verdict }) => verdict === "failed")) process.exitCode = 1;
