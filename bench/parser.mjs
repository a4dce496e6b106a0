// The parser alone: bytes of a socket to messages, without a socket.
import { fileURLToPath } from "node:url";
import { compileInternals } from "./support/internals.mjs";
import { pinGenerator, withSubjects } from "./support/machine.mjs";
import { asciiText, binary } from "./support/payloads.mjs";
import { interleave } from "./support/rounds.mjs";
import { median } from "./support/stats.mjs";
import { short } from "./support/table.mjs";
import { Tally } from "./support/tally.mjs";

const file = (name) => fileURLToPath(new URL(`parsers/${name}.mjs`, import.meta.url));

const CONTENDERS = {
  wsasm: { file: file("wsasm") },
  "ws+bufferutil": { file: file("ws") },
  ws: { file: file("ws"), env: { WS_NO_BUFFER_UTIL: "1" } },
};

/** The bars are those of the design, against ws with bufferutil. */
const SCENARIOS = [
  {
    name: "16 B text, chunks of 64 KiB",
    ...{ payload: asciiText(16), isText: true, frames: 2978 },
    bars: { "ws+bufferutil": 12 },
  },
  {
    name: "16 B text, a chunk each",
    ...{ payload: asciiText(16), isText: true, frames: 1000, isFrameByFrame: true },
    bars: {},
  },
  {
    name: "1 KiB text, chunks of 64 KiB",
    ...{ payload: asciiText(1024), isText: true, frames: 256 },
    bars: { "ws+bufferutil": 3 },
  },
  {
    name: "64 KiB binary, chunks of 64 KiB",
    ...{ payload: binary(0x10000), isText: false, frames: 16 },
    bars: { "ws+bufferutil": 1.1 },
  },
];

async function runScenario(scenario, subjects, settings) {
  const runs = [...subjects].map(([name, subject]) => ({ name, subject, tally: new Tally() }));
  const question = { ...scenario, payload: scenario.payload.toString("base64") };
  await interleave(runs, settings, async ({ subject, tally }, duration, isCounted) => {
    const { messages, wall, cpu } = await subject.ask({ scenario: question, duration });
    if (isCounted) tally.add(messages, wall / 1e3, cpu / 1e6);
  });
  return runs;
}

const COLUMNS = [["ns/msg", ({ tally }) => short(1e9 / median(tally.perWall))]];

/** Runs the scenarios whose title contains `filter`, each with all contenders in turn; returns how many. */
export async function benchParser(filter, settings) {
  const scenarios = SCENARIOS.filter(({ name }) => `parser: ${name}`.includes(filter));
  if (scenarios.length === 0) return 0;
  compileInternals();
  pinGenerator();
  for (const scenario of scenarios) {
    await withSubjects(CONTENDERS, Object.keys(CONTENDERS), async (subjects) => {
      const runs = await runScenario(scenario, subjects, settings);
      settings.report(`Parser: ${scenario.name}`, scenario.payload.length, runs, scenario.bars, COLUMNS);
    });
  }
  return scenarios.length;
}
