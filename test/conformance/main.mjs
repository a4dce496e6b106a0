// The conformance suite as a command: tests a server at a URL, one of the programs in subjects/, or any client.
import { parseArgs } from "node:util";
import { casesFor, isOriginal } from "./cases.mjs";
import { ClientTests, testServer } from "./suite.mjs";
import { runClient, runtime, startServer } from "./subjects.mjs";
import { tableOf, totalsOf } from "./table.mjs";

const USAGE = `npm run conformance -- ws://host:port      tests the echo server at a URL
npm run conformance -- --client            waits for an echo client on a port, and prints the URL
npm run conformance -- --subject server --runtime deno
                                           tests a program of test/conformance/subjects: server, client, ws-server, ws-client

  --cases 1,6.4     only these numbers
  --messages 20     messages of each case in groups 12 and 13 (1000)
  --patience 1000   milliseconds for what is due at once
  --at-once 8       cases at a time (1)
  --json            results for a program`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    client: { type: "boolean" },
    subject: { type: "string" },
    runtime: { type: "string", default: "node" },
    cases: { type: "string" },
    messages: { type: "string", default: "1000" },
    patience: { type: "string", default: "1000" },
    "at-once": { type: "string", default: "1" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});

const prefixes = values.cases?.split(",") ?? [];
const options = {
  messages: Number(values.messages),
  patience: Number(values.patience),
  concurrency: Number(values["at-once"]),
  onResult: ({ id, outcome, detail }) => {
    if (outcome === "FAILED" || outcome === "NON-STRICT") console.error(`${id}: ${outcome} ${detail}`);
  },
};

async function testClients(run) {
  const tests = new ClientTests(casesFor("client", prefixes), options);
  const url = await tests.listen();
  try {
    await Promise.race([run(url), tests.finished()]);
    return tests.results;
  } finally {
    tests.close();
  }
}

async function testSubject(name, command) {
  if (command === null)
    throw new Error(`Cannot run ${values.runtime}: not installed (node build/prepare-runtimes.mjs)`);
  if (name.endsWith("client")) {
    return testClients((url) => runClient(command, `${name}.mjs`, url));
  }
  const server = await startServer(command, `${name}.mjs`);
  try {
    return await testServer(server.url, casesFor("server", prefixes), options);
  } finally {
    await server.stop();
  }
}

async function main() {
  if (values.subject !== undefined) return testSubject(values.subject, runtime(values.runtime));
  if (values.client) {
    return testClients((url) => {
      console.error(`Waiting for a client at ${url}`);
      return new Promise(() => {});
    });
  }
  return testServer(positionals[0], casesFor("server", prefixes), options);
}

if (values.help || (positionals.length !== 1 && !values.client && values.subject === undefined)) console.log(USAGE);
else {
  const results = (await main()).filter((result) => result !== undefined);
  console.log(values.json ? JSON.stringify(results) : tableOf(results));
  const { FAILED } = totalsOf(results.filter(isOriginal));
  process.exitCode = FAILED > 0 ? 1 : 0;
}
