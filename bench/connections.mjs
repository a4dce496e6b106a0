// What servers do for many connections: open them, and send the same message to all of them.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pinGenerator, withSubjects } from "./support/machine.mjs";
import { open, REQUEST } from "./support/opening.mjs";
import { interleave } from "./support/rounds.mjs";
import { Tally } from "./support/tally.mjs";

const server = (name) => fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));
const AT_ONCE = 50;
const CONNECTIONS = 1000;
/** Broadcasts between two looks at the clock. */
const BATCH = 5;
const HEADER_LENGTHS = [2, 4];

/** Opening handshakes, some at once, each on a connection that is dropped then. */
class Handshakes {
  #server;

  constructor(name, subject, tally) {
    this.name = name;
    this.tally = tally;
    this.#server = subject;
  }

  async round(duration, isCounted) {
    const before = (await this.#server.ask("cpu")).cpu;
    const started = performance.now();
    let count = 0;
    const loop = async () => {
      while (performance.now() - started < duration) {
        const socket = await open(this.#server.greeting.port);
        count++;
        socket.end();
        await once(socket.resume(), "close");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, loop));
    const wall = (performance.now() - started) / 1e3;
    const cpu = ((await this.#server.ask("cpu")).cpu - before) / 1e6;
    if (isCounted) this.tally.add(count, wall, cpu);
  }

  open() {}
  close() {}
}

/** One message for a thousand connections, again and again. */
class Broadcasts {
  #server;
  #text;
  #sockets = [];
  #received = 0;
  /** @type {() => void} */
  #check = () => {};

  constructor(name, subject, tally, text) {
    this.name = name;
    this.tally = tally;
    this.#server = subject;
    this.#text = text;
  }

  async open() {
    while (this.#sockets.length < CONNECTIONS) {
      const socket = await open(this.#server.greeting.port);
      socket.on("data", ({ length }) => {
        this.#received += length;
        this.#check();
      });
      this.#sockets.push(socket);
    }
  }

  async round(duration, isCounted) {
    const { cpu: before } = await this.#server.ask({ text: this.#text, count: 0 });
    const started = performance.now();
    let count = 0;
    for (; performance.now() - started < duration; count += BATCH) await this.#batch();
    const wall = (performance.now() - started) / 1e3;
    const { cpu } = await this.#server.ask({ text: this.#text, count: 0 });
    if (isCounted) this.tally.add(count * CONNECTIONS, wall, (cpu - before) / 1e6);
  }

  /** Until all have all of it. */
  async #batch() {
    this.#received = 0;
    const length = this.#text.length + HEADER_LENGTHS[this.#text.length < 126 ? 0 : 1];
    const all = new Promise((resolve) => {
      this.#check = () => this.#received === length * CONNECTIONS * BATCH && resolve(undefined);
    });
    await this.#server.ask({ text: this.#text, count: BATCH });
    await all;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
  }
}

const RAW = { "raw socket": { file: server("raw-connections"), isRaw: true } };
const SERVERS = {
  wsasm: { file: server("wsasm") },
  ws: { file: server("ws") },
  ...RAW,
};
const BROADCASTERS = {
  wsasm: { file: server("broadcast-wsasm") },
  ws: { file: server("broadcast-ws") },
  ...RAW,
};

const text = (length) => "Lorem ipsum dolor sit amet, ".repeat(length).slice(0, length);

const SCENARIOS = [
  {
    name: "Handshakes: 50 at once",
    ...{ size: REQUEST.length, contenders: SERVERS, bars: { ws: 1 } },
    make: (name, subject, tally) => new Handshakes(name, subject, tally),
  },
  ...[100, 1000].map((size) => ({
    name: `Broadcast: ${size} B to 1,000 connections`,
    ...{ size, contenders: BROADCASTERS, bars: { ws: 1.15 } },
    make: (name, subject, tally) => new Broadcasts(name, subject, tally, text(size)),
  })),
];

/** Runs the scenarios whose title contains `filter`; returns how many. */
export async function benchConnections(filter, settings) {
  const scenarios = SCENARIOS.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  if (scenarios.length === 0) return 0;
  pinGenerator();
  for (const scenario of scenarios) await measure(scenario, settings);
  return scenarios.length;
}

/**
 * Where the objects and buffers of a thousand connections come to lie is settled when they are made, and is worth more than
 * all noise between rounds: processes are started several times.
 */
async function measure({ name, size, contenders, bars, make }, settings) {
  const names = Object.keys(contenders);
  const results = names.map((each) => ({ name: each, tally: new Tally() }));
  for (let start = 0; start < settings.starts; start++) {
    await withSubjects(contenders, names, async (subjects) => {
      const runs = results.map((each) => make(each.name, subjects.get(each.name), each.tally));
      try {
        for (const run of runs) await run.open();
        await interleave(runs, settings, (run, duration, isCounted) => run.round(duration, isCounted));
      } finally {
        for (const run of runs) run.close();
      }
    });
  }
  settings.report(name, size, results, bars);
}
