// Clients: bursts of messages to a raw server and back, CPU of the client's process.
import { fileURLToPath } from "node:url";
import { pinGenerator, withSubjects } from "./support/machine.mjs";
import { asciiText, binary } from "./support/payloads.mjs";
import { startPeer } from "./support/peer.mjs";
import { interleave } from "./support/rounds.mjs";
import { Tally } from "./support/tally.mjs";

const file = (name) => fileURLToPath(new URL(`clients/${name}.mjs`, import.meta.url));

const CONTENDERS = {
  wsasm: { file: file("wsasm") },
  "ws+bufferutil": { file: file("ws") },
  ws: { file: file("ws"), env: { WS_NO_BUFFER_UTIL: "1" } },
  // Behind a flag in Node 20.
  undici: { file: file("undici"), execArgv: "WebSocket" in globalThis ? [] : ["--experimental-websocket"] },
};

const BARS = { "ws+bufferutil": 1.5, undici: 2 };

const SCENARIOS = [
  { name: "16 B text, 20 connections, bursts of 32", payload: asciiText(16), isText: true, burst: 32 },
  { name: "1 KiB text, 20 connections, bursts of 32", payload: asciiText(1024), isText: true, burst: 32 },
  { name: "16 KiB binary, 20 connections, bursts of 4", payload: binary(0x4000), isText: false, burst: 4 },
];
const CONNECTIONS = 20;

async function runScenario(scenario, subjects, settings) {
  const peer = await startPeer(scenario);
  const question = { ...scenario, connections: CONNECTIONS, payload: scenario.payload.toString("base64") };
  const runs = [...subjects].map(([name, subject]) => ({ name, subject, tally: new Tally() }));
  try {
    await interleave(runs, settings, async ({ subject, tally }, duration, isCounted) => {
      const { messages, wall, cpu } = await subject.ask({ url: peer.url, scenario: question, duration });
      if (isCounted) tally.add(messages, wall / 1e3, cpu / 1e6);
    });
  } finally {
    peer.close();
  }
  return runs;
}

/** Runs the scenarios whose title contains `filter`, each with all contenders in turn; returns how many. */
export async function benchClient(filter, settings) {
  const scenarios = SCENARIOS.filter(({ name }) => `client: ${name}`.includes(filter));
  if (scenarios.length === 0) return 0;
  pinGenerator();
  for (const scenario of scenarios) {
    await withSubjects(CONTENDERS, Object.keys(CONTENDERS), async (subjects) => {
      const runs = await runScenario(scenario, subjects, settings);
      settings.report(`Client: ${scenario.name}`, scenario.payload.length, runs, BARS);
    });
  }
  return scenarios.length;
}
