// Echo on Deno and Bun: their own sockets, their node:net, and the WebSocket servers that they bring.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runScenario, LATENCY } from "./echo.mjs";
import { pinGenerator, withSubjects } from "./support/machine.mjs";
import { asciiText, binary, mixedText } from "./support/payloads.mjs";
import { BUN, DENO } from "./support/programs.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** How Deno and Bun are started, and the server that each brings. */
const RUNTIMES = {
  Deno: {
    program: DENO,
    args: ["run", "-A"],
    entry: "deno",
    own: "Deno.serve",
  },
  Bun: { program: BUN, args: [], entry: "bun", own: "Bun.serve" },
};

/**
 * The bars are those of the design: at least so many times the runtime's own server.
 * @type {any[]}
 */
const SCENARIOS = [
  {
    name: "16 B text, 100 connections x 32",
    ...{ payload: asciiText(16), isText: true, connections: 100, depth: 32, bars: { Deno: 12, Bun: 1 } },
  },
  {
    name: "1 KiB text, 100 connections x 32",
    ...{ payload: asciiText(1024), isText: true, connections: 100, depth: 32, bars: { Deno: 6, Bun: 1.2 } },
  },
  {
    name: "16 KiB binary, 100 connections x 4",
    ...{ payload: binary(0x4000), isText: false, connections: 100, depth: 4, bars: { Deno: 2, Bun: 1.2 } },
  },
  {
    name: "1 MiB binary, 8 connections x 2",
    ...{ payload: binary(0x100000), isText: false, connections: 8, depth: 2, bars: { Deno: 1.5, Bun: 1.2 } },
  },
  {
    name: "16 B text, 100 connections x 1",
    ...{ payload: asciiText(16), isText: true, connections: 100, depth: 1, bars: { Deno: 0.85, Bun: 0.8 } },
  },
  {
    name: "1 KiB non-ASCII text, 100 connections x 32",
    ...{ payload: mixedText(1024), isText: true, connections: 100, depth: 32, bars: { Deno: 1, Bun: 1 } },
  },
];

/** Over Unix sockets and with TLS, the entry of the runtime beside that of Node. */
const WAYS = [
  { way: "Unix socket", flags: ["--unix"], isSecure: false },
  { way: "TLS", flags: ["--tls"], isSecure: true },
];
for (const { way, ...settings } of WAYS) {
  for (const { name, bars: _, ...scenario } of SCENARIOS.slice(0, 5)) {
    SCENARIOS.push({ ...scenario, ...settings, name: `${way}, ${name}`, bars: {} });
  }
}

function contendersOf({ program, args, entry, own }, { flags, isText, payload, depth }) {
  const runtime = [program, ...args];
  const wsasm = (name) => ({ file: here("servers/wsasm.mjs"), args: [name, ...(flags ?? [])], runtime });
  const ours = { wsasm: wsasm(`wsasm/${entry}`), "wsasm on node:net": wsasm("wsasm/node") };
  if (flags !== undefined) return ours;
  // The queue of its messages is empty when a chunk comes, and ASCII needs no other length.
  const hasStrings = entry === "bun" && isText && depth > 1 && payload.every((byte) => byte < 0x80);
  const strings = { file: here("servers/bun-strings.mjs"), args: [String(payload.length)], runtime };
  const bytes = { file: here("servers/bytes.mjs"), args: [String(payload.length)], runtime };
  return {
    ...ours,
    [own]: { file: here(`servers/${entry}-serve.mjs`), runtime },
    "raw node:net": { file: here("servers/raw.mjs"), runtime, isRaw: true },
    "raw socket": { file: here(`servers/${entry}-raw.mjs`), runtime, isRaw: true },
    ...(hasStrings && { "strings alone": strings }),
    ...(!isText && { "bytes alone": bytes }),
  };
}

/** Runs the scenarios whose title contains `filter` on each runtime that is installed; returns how many. */
export async function benchRuntimes(filter, settings) {
  let count = 0;
  for (const [name, runtime] of Object.entries(RUNTIMES)) {
    const chosen = SCENARIOS.filter((scenario) => `${name}: ${scenario.name}`.includes(filter));
    if (chosen.length === 0) continue;
    if (!existsSync(runtime.program)) {
      console.log(`\nSkipped: ${name} is not installed in test/runtimes`);
      continue;
    }
    pinGenerator();
    for (const scenario of chosen) {
      const contenders = contendersOf(runtime, scenario);
      const names = Object.keys(contenders);
      await withSubjects(contenders, names, async (servers) => {
        const runs = await runScenario({ ...scenario, contenders: names }, servers, settings, contenders);
        const columns = scenario.depth === 1 ? LATENCY : [];
        const bars = { [runtime.own]: scenario.bars[name] };
        settings.report(`${name}: ${scenario.name}`, scenario.payload.length, runs, bars, columns);
      });
    }
    count += chosen.length;
  }
  return count;
}
