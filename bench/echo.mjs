// Echo: what a server costs on one CPU, in processes of their own and a closed loop of messages.
import { fileURLToPath } from "node:url";
import { Load } from "./support/load.mjs";
import { pinGenerator, ServerProcess } from "./support/machine.mjs";
import { asciiText, binary, mixedText } from "./support/payloads.mjs";
import { median, quantile, ratio, spread } from "./support/stats.mjs";
import { percent, short, table, times, verdict } from "./support/table.mjs";

const server = (name) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));

const CONTENDERS = {
  wsasm: { file: server("wsasm") },
  "ws+bufferutil": { file: server("ws") },
  ws: { file: server("ws"), env: { WS_NO_BUFFER_UTIL: "1" } },
  "ws strings": { file: server("ws"), args: ["--strings"] },
  "raw socket": { file: server("raw"), isRaw: true },
};

const BYTES = ["wsasm", "ws+bufferutil", "ws", "raw socket"];
const STRINGS = ["wsasm", "ws strings", "raw socket"];

/** The bars are those of the design: at least so many times the other, in messages per second of server CPU. */
const SCENARIOS = [
  {
    name: "16 B text, 100 connections x 32",
    ...{ payload: asciiText(16), isText: true, connections: 100, depth: 32 },
    ...{ contenders: BYTES, bars: { "ws+bufferutil": 10 } },
  },
  {
    name: "1 KiB text, 100 connections x 32",
    ...{ payload: asciiText(1024), isText: true, connections: 100, depth: 32 },
    ...{ contenders: BYTES, bars: { "ws+bufferutil": 6 } },
  },
  {
    name: "16 B text, 100 connections x 1",
    ...{ payload: asciiText(16), isText: true, connections: 100, depth: 1 },
    ...{ contenders: BYTES, bars: { "ws+bufferutil": 1 } },
  },
  {
    name: "16 KiB binary, 100 connections x 4",
    ...{ payload: binary(0x4000), isText: false, connections: 100, depth: 4 },
    ...{ contenders: BYTES, bars: { "ws+bufferutil": 1.1, ws: 3, "raw socket": 0.8 } },
  },
  {
    name: "1 MiB binary, 8 connections x 2",
    ...{ payload: binary(0x100000), isText: false, connections: 8, depth: 2 },
    ...{ contenders: BYTES, bars: { "ws+bufferutil": 1.05, ws: 3, "raw socket": 0.8 } },
  },
  {
    name: "1 KiB non-ASCII text as strings, 100 connections x 32",
    ...{ payload: mixedText(1024), isText: true, connections: 100, depth: 32 },
    ...{ contenders: STRINGS, bars: { "ws strings": 3 } },
  },
  {
    name: "256 KiB non-ASCII text as strings, 16 connections x 4",
    ...{ payload: mixedText(0x40000), isText: true, connections: 16, depth: 4 },
    ...{ contenders: STRINGS, bars: { "ws strings": 4 } },
  },
];

/** One scenario on one server, and what its rounds gave. */
class Run {
  perCpu = [];
  perWall = [];
  load = [];
  p50 = [];
  p99 = [];
  #server;
  #load;

  constructor(name, process, scenario) {
    this.name = name;
    this.#server = process;
    this.#load = new Load(scenario);
  }

  open() {
    return this.#load.open(this.#server.port, CONTENDERS[this.name].isRaw !== true);
  }

  /** The server is idle before and after, so that its CPU time and the messages counted belong together. */
  async round(duration, isCounted) {
    const cpuBefore = await this.#server.cpu();
    const started = performance.now();
    await this.#load.run(duration);
    const wall = (performance.now() - started) / 1e3;
    const cpu = ((await this.#server.cpu()) - cpuBefore) / 1e6;
    if (isCounted) this.#count(wall, cpu);
  }

  #count(wall, cpu) {
    const { echoes, latencies } = this.#load;
    this.perCpu.push(echoes / cpu);
    this.perWall.push(echoes / wall);
    this.load.push(cpu / wall);
    if (latencies.length === 0) return;
    this.p50.push(quantile(latencies, 0.5));
    this.p99.push(quantile(latencies, 0.99));
  }

  close() {
    this.#load.close();
  }
}

async function runScenario(scenario, servers, { rounds, duration, warmUp }) {
  const runs = scenario.contenders.map((name) => new Run(name, servers.get(name), scenario));
  try {
    for (const run of runs) await run.open();
    for (const run of runs) await run.round(warmUp, false);
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another server, so that none always follows the same neighbour.
      const first = round % runs.length;
      for (const run of [...runs.slice(first), ...runs.slice(0, first)]) await run.round(duration, true);
    }
  } finally {
    for (const run of runs) run.close();
  }
  return runs;
}

function print(scenario, runs) {
  const others = runs.slice(1);
  const [ours] = runs;
  const hasLatency = scenario.depth === 1;
  const head = ["", "msg/cpu-s", "±", "MB/cpu-s", "msg/s", "server CPU", ...others.map(({ name }) => `/ ${name}`)];
  if (hasLatency) head.push("p50 ms", "p99 ms");
  const rows = runs.map((run) => {
    const row = [run.name, short(median(run.perCpu)), percent(spread(run.perCpu))];
    row.push(short((median(run.perCpu) * scenario.payload.length) / 1e6));
    row.push(short(median(run.perWall)), percent(median(run.load)));
    row.push(...others.map((other) => times(ratio(run.perCpu, other.perCpu))));
    if (hasLatency) row.push(median(run.p50).toFixed(2), median(run.p99).toFixed(2));
    return row;
  });
  console.log(`\n### Echo: ${scenario.name}\n\n${table(head, rows)}\n`);
  for (const other of others) {
    const wall = `wall ${times(ratio(ours.perWall, other.perWall))}`;
    const bar = scenario.bars[other.name];
    const value = ratio(ours.perCpu, other.perCpu);
    const cpu = bar === undefined ? `${times(value)} ${other.name}` : verdict(value, bar, other.name);
    console.log(`- CPU ${cpu}; ${wall}`);
  }
}

/** Runs the scenarios whose title contains `filter`, each with all its contenders in turn. */
export async function benchEcho(filter, settings) {
  const scenarios = SCENARIOS.filter(({ name }) => `echo: ${name}`.includes(filter));
  if (scenarios.length === 0) return;
  pinGenerator();
  const servers = new Map();
  try {
    for (const name of new Set(scenarios.flatMap(({ contenders }) => contenders))) {
      const { file, args, env } = CONTENDERS[name];
      servers.set(name, await ServerProcess.start(file, args, env));
    }
    for (const scenario of scenarios) print(scenario, await runScenario(scenario, servers, settings));
  } finally {
    for (const process of servers.values()) await process.stop();
  }
}
