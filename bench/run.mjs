// node bench/run.mjs [filter] [--quick | --smoke]: measures this library beside its peers and prints the ratios.
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { benchClient } from "./client.mjs";
import { benchConnections } from "./connections.mjs";
import { benchEcho } from "./echo.mjs";
import { benchParser } from "./parser.mjs";
import { benchRuntimes } from "./runtimes.mjs";
import { describeMachine } from "./support/machine.mjs";
import { printName, printRatios } from "./support/tally.mjs";

/** Milliseconds, how many rounds count, and how often processes that hold many connections are started anew. */
const FULL = { report: printRatios, rounds: 5, starts: 5, duration: 1500, warmUp: 1000 };
const QUICK = { report: printRatios, rounds: 3, starts: 1, duration: 500, warmUp: 400 };
/** Whether it works at all; the figures mean nothing. */
const SMOKE = { report: printName, rounds: 1, starts: 1, duration: 50, warmUp: 20 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    smoke: { type: "boolean" },
    rounds: { type: "string" },
    starts: { type: "string" },
  },
});
const settings = { ...(values.smoke ? SMOKE : values.quick ? QUICK : FULL) };
if (values.rounds !== undefined) settings.rounds = Number(values.rounds);
if (values.starts !== undefined) settings.starts = Number(values.starts);
const filter = positionals[0] ?? "";

/** Load averages over 1, 5 and 15 minutes; above 2 on 2 cores, others work here too and the figures are worth less. */
const loads = () =>
  loadavg()
    .map((value) => value.toFixed(1))
    .join(" ");

console.log(`${describeMachine()}; ${settings.rounds} rounds of ${settings.duration} ms; load before: ${loads()}`);
let count = 0;
for (const bench of [benchParser, benchEcho, benchClient, benchConnections, benchRuntimes]) {
  count += await bench(filter, settings);
}
console.log(`\nLoad after: ${loads()}`);
if (count === 0) {
  console.error(`Nothing to measure: no title contains "${filter}"`);
  process.exitCode = 1;
}
