// Echo: what a server costs on one CPU, in processes of their own and a closed loop of messages.
import { fileURLToPath } from "node:url";
import { Load } from "./support/load.mjs";
import { pinGenerator, withSubjects } from "./support/machine.mjs";
import { asciiText, binary, mixedText } from "./support/payloads.mjs";
import { interleave } from "./support/rounds.mjs";
import { median, quantile } from "./support/stats.mjs";
import { Tally } from "./support/tally.mjs";

const server = (name) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));

const CONTENDERS = {
  wsasm: { file: server("wsasm") },
  "ws+bufferutil": { file: server("ws") },
  ws: { file: server("ws"), env: { WS_NO_BUFFER_UTIL: "1" } },
  "ws strings": { file: server("ws"), args: ["--strings"] },
  "raw socket": { file: server("raw"), isRaw: true },
};

/**
 * The same with TLS, by the names of a scenario.
 *
 * @param {{ name: string, isSecure?: boolean }} scenario
 */
function contendersOf({ isSecure }) {
  if (!isSecure) return CONTENDERS;
  const secured = ([name, contender]) => [name, { ...contender, args: [...(contender.args ?? []), "--tls"] }];
  return Object.fromEntries(Object.entries(CONTENDERS).map(secured));
}

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
  {
    name: "TLS, 16 B text, 100 connections x 32",
    ...{ payload: asciiText(16), isText: true, connections: 100, depth: 32, isSecure: true },
    ...{ contenders: BYTES, bars: {} },
  },
  {
    name: "TLS, 16 B text, 100 connections x 1",
    ...{ payload: asciiText(16), isText: true, connections: 100, depth: 1, isSecure: true },
    ...{ contenders: BYTES, bars: {} },
  },
  {
    name: "TLS, 1 KiB text, 100 connections x 32",
    ...{ payload: asciiText(1024), isText: true, connections: 100, depth: 32, isSecure: true },
    ...{ contenders: BYTES, bars: {} },
  },
  {
    name: "TLS, 16 KiB binary, 100 connections x 4",
    ...{ payload: binary(0x4000), isText: false, connections: 100, depth: 4, isSecure: true },
    ...{ contenders: BYTES, bars: {} },
  },
];

/** One scenario on one server, and what its rounds gave. */
class Run {
  tally = new Tally();
  p50 = [];
  p99 = [];
  #server;
  #load;

  constructor(name, subject, scenario, isRaw) {
    this.name = name;
    this.isRaw = isRaw;
    this.#server = subject;
    this.#load = new Load(scenario);
  }

  open() {
    const { port, path } = this.#server.greeting;
    return this.#load.open(path === undefined ? { port } : { path }, !this.isRaw);
  }

  /** The server is idle before and after, so that its CPU time and the messages counted belong together. */
  async round(duration, isCounted) {
    const cpuBefore = await this.#cpu();
    const started = performance.now();
    await this.#load.run(duration);
    const wall = (performance.now() - started) / 1e3;
    const cpu = ((await this.#cpu()) - cpuBefore) / 1e6;
    if (isCounted) this.#count(wall, cpu);
  }

  async #cpu() {
    return (await this.#server.ask("cpu")).cpu;
  }

  #count(wall, cpu) {
    const { echoes, latencies } = this.#load;
    this.tally.add(echoes, wall, cpu);
    if (latencies.length === 0) return;
    this.p50.push(quantile(latencies, 0.5));
    this.p99.push(quantile(latencies, 0.99));
  }

  close() {
    this.#load.close();
  }
}

/**
 * One scenario with all its contenders in turn.
 *
 * @param {Record<string, { file: string, isRaw?: boolean }>} contenders
 */
export async function runScenario(scenario, servers, settings, contenders = CONTENDERS) {
  const isRaw = (name) => contenders[name].isRaw === true;
  const runs = scenario.contenders.map((name) => new Run(name, servers.get(name), scenario, isRaw(name)));
  try {
    for (const run of runs) await run.open();
    await interleave(runs, settings, (run, duration, isCounted) => run.round(duration, isCounted));
  } finally {
    for (const run of runs) run.close();
  }
  return runs;
}

export const LATENCY = [
  ["p50 ms", ({ p50 }) => median(p50).toFixed(2)],
  ["p99 ms", ({ p99 }) => median(p99).toFixed(2)],
];

/** Runs the scenarios whose title contains `filter`, each with all its contenders in turn; returns how many. */
export async function benchEcho(filter, settings) {
  const scenarios = SCENARIOS.filter(({ name }) => `echo: ${name}`.includes(filter));
  if (scenarios.length === 0) return 0;
  pinGenerator();
  for (const scenario of scenarios) {
    await withSubjects(contendersOf(scenario), scenario.contenders, async (servers) => {
      const runs = await runScenario(scenario, servers, settings);
      const columns = scenario.depth === 1 ? LATENCY : [];
      settings.report(`Echo: ${scenario.name}`, scenario.payload.length, runs, scenario.bars, columns);
    });
  }
  return scenarios.length;
}
