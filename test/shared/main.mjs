// Runs the shared cases on the runtime that runs this, and prints a line of JSON for each:
// node main.mjs <entry of the library> <folder for sockets> [places of servers that run already, as JSON]
import { runCases } from "./harness.mjs";
import { PAIR_CASES } from "./pair-cases.mjs";
import { RAW_CASES } from "./raw-cases.mjs";
import { openServers } from "./servers.mjs";

const [entry, folder, given] = process.argv.slice(2);
const library = await import(entry);
const tell = (line) => console.log(JSON.stringify(line));

const opened = given === undefined ? await openServers(library, `${folder}/shared.sock`) : undefined;
const context = { ...library, folder, places: opened?.places ?? JSON.parse(given) };
let failed = await runCases(PAIR_CASES, context, tell);
if (given === undefined) failed += await runCases(RAW_CASES, context, tell);
await opened?.close();
// Without exit(): whatever is left open keeps the process alive, and is a failure.
tell({ failed });
process.exitCode = failed > 0 ? 1 : 0;
