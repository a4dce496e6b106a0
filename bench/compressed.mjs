// node bench/compressed.mjs [--rounds 5] [filter]: what an echo of compressed messages costs a server, beside ws; and how
// short they become. Needs a build before.
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CompressedLoad, compressedFrame } from "./support/compressed-load.mjs";
import { describeMachine, pinGenerator, withSubjects } from "./support/machine.mjs";
import { interleave } from "./support/rounds.mjs";
import { SAMPLES } from "./support/samples.mjs";
import { median, ratio, spread } from "./support/stats.mjs";
import { percent, table, times } from "./support/table.mjs";

const server = (name) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));
/** Compression as it is by default; `ws` has 128 B and more compressed too, and once more the window of ours. */
const CONTENDERS = {
  wsasm: { file: server("wsasm") },
  ws: { file: server("ws"), args: ["--deflate", "15"] },
  "ws 2^12": { file: server("ws"), args: ["--deflate", "12"] },
};
const SIZES = [
  { size: 128, connections: 16, depth: 8 },
  { size: 1024, connections: 16, depth: 8 },
  { size: 16_384, connections: 16, depth: 4 },
  { size: 262_144, connections: 4, depth: 2 },
];
/** Bytes of the messages that a scenario has. */
const VARIETY = 4e6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, duration: { type: "string", default: "1000" } },
});
const settings = { rounds: Number(values.rounds), duration: Number(values.duration), warmUp: 700 };

class Run {
  /** Microseconds of CPU a message, and bytes of its echo, a number a round. */
  cost = [];
  bytes = [];
  #subject;
  #load;

  constructor(name, subject, scenario) {
    this.name = name;
    this.#subject = subject;
    this.#load = new CompressedLoad(scenario);
  }

  open() {
    return this.#load.open(this.#subject.greeting.port);
  }

  async round(duration, isCounted) {
    const before = (await this.#subject.ask("cpu")).cpu;
    await this.#load.run(duration);
    const used = (await this.#subject.ask("cpu")).cpu - before;
    if (!isCounted) return;
    this.cost.push(used / this.#load.echoes);
    this.bytes.push(this.#load.bytes / this.#load.echoes);
  }

  close() {
    this.#load.close();
  }
}

async function measure(kind, { size, connections, depth }) {
  const count = Math.min(500, Math.max(16, Math.ceil(VARIETY / size)));
  const frames = Array.from({ length: count }, (_, i) => compressedFrame(kind !== "random", SAMPLES[kind](size, i), i));
  const names = Object.keys(CONTENDERS);
  let cells = [];
  await withSubjects(CONTENDERS, names, async (subjects) => {
    const runs = names.map((name) => new Run(name, subjects.get(name), { frames, connections, depth }));
    for (const run of runs) await run.open();
    await interleave(runs, settings, (run, duration, isCounted) => run.round(duration, isCounted));
    for (const run of runs) run.close();
    const [ours, ...others] = runs;
    cells = [
      ...runs.map(({ cost }) => `${median(cost).toFixed(1)} µs ± ${percent(spread(cost))}`),
      ...others.map(({ cost }) => times(ratio(cost, ours.cost))),
      ...runs.map(({ bytes }) => (median(bytes) / size).toFixed(3)),
    ];
  });
  return cells;
}

console.log(
  `${describeMachine()}; ${settings.rounds} rounds of ${settings.duration} ms; load before: ${loadavg()[0]?.toFixed(1)}\n`,
);
pinGenerator();
const rows = [];
for (const kind of Object.keys(SAMPLES)) {
  for (const scenario of SIZES) {
    const title = `${kind} ${scenario.size}`;
    if (title.includes(positionals[0] ?? "")) rows.push([title, ...(await measure(kind, scenario))]);
  }
}
const names = Object.keys(CONTENDERS);
const head = [
  "",
  ...names,
  ...names.slice(1).map((name) => `CPU of ${name} / ours`),
  ...names.map((name) => `length, ${name}`),
];
console.log(table(head, rows));
console.log(`\nLoad after: ${loadavg()[0]?.toFixed(1)}`);
