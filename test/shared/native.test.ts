// Clients and servers over the WebSocket of a runtime, with all others: Chromium, workerd, Deno.serve and Bun.serve.
import { cpSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { type Running, start, temporaryFolder } from "../repo/programs.ts";
import { commandOf, THIS_NODE, titleOf } from "../runtimes/known.mjs";
import { application } from "../support/bundle.ts";
import { hasChromium, startChromium } from "../support/chromium.ts";
import { hasWorkerd, startWorker } from "../support/workerd.ts";
import { NATIVE_CASES, READER_CASE, SENDER_CASE } from "./native-cases.mjs";

const LIMIT = 120_000;
const SHARED = "test/shared";
const PAGE = `<!doctype html><link rel="icon" href="data:,">
<script type="module">
  import { connect } from "/dist/browser.js";
  import { NATIVE_CASES, runNativeCases, SENDER_CASE } from "/test/shared/native-cases.mjs";
  const context = { connect, options: { maxQueue: null } };
  globalThis.run = ({ names, ...given }) =>
    runNativeCases([...NATIVE_CASES, SENDER_CASE].filter(({ name }) => names.includes(name)), { ...context, ...given });
  document.title = "ready";
</script>`;

/** What a client is given: where a server is, and which cases to run. */
interface Given {
  readonly uri: string;
  /** Without compression, where there is such a one. */
  readonly rawUri: string | undefined;
  readonly names: readonly string[];
  readonly isRestrictedServer: boolean;
}

type Outcomes = Record<string, string | null>;

interface Server {
  readonly title: string;
  readonly isMissing: boolean;
  /** Over a WebSocket of the runtime. */
  readonly isNative: boolean;
  /** Cannot send all close codes. */
  readonly isRestrictedServer?: boolean;
  /** Where it is: without compression behind "raw", with TLS behind "tls". */
  start(): Promise<Record<string, string>>;
}

interface Client {
  readonly title: string;
  readonly isMissing: boolean;
  readonly isNative: boolean;
  /** Cases of backpressure. */
  readonly more: readonly string[];
  run(given: Given): Promise<Outcomes>;
}

const running: Running[] = [];
const folder = temporaryFolder();

/** Starts a program, and gives `read` the last line that it printed. */
async function startProgram<T>(
  command: readonly string[] | null,
  args: readonly string[],
  read: (line: string) => T | undefined,
): Promise<T> {
  const [program = "", ...before] = command ?? [];
  const started = start(program, [...before, ...args], ROOT);
  running.push(started);
  const look = (): T | undefined => {
    if (started.output().endsWith("\n")) return read(started.output().trimEnd().split("\n").at(-1) ?? "");
    if (started.child.exitCode !== null) throw new Error(`ended: ${started.output()}`);
    return undefined;
  };
  return vi.waitUntil(look, { timeout: LIMIT - 20_000, interval: 20 });
}

const COMMANDS = Object.fromEntries([THIS_NODE, "deno", "bun"].map((name) => [name, commandOf(name)] as const));
const entryOf = (name: string): string => (name === THIS_NODE ? "wsasm/node" : `wsasm/${name}`);

function serverOf(name: string): Server {
  const command = COMMANDS[name] ?? null;
  return {
    title: titleOf(name),
    isMissing: command === null,
    isNative: false,
    async start() {
      const read = (output: string): Record<string, { port: number }> => JSON.parse(output) as never;
      const sockets = mkdtempSync(join(folder.path, "sockets-"));
      const args = [`${SHARED}/serve.mjs`, entryOf(name), sockets, "forever"];
      const { plain, raw, tls } = await startProgram(command, args, read);
      const [uri, rawUri] = [plain, raw].map((place) => `ws://127.0.0.1:${place?.port}`);
      return { plain: uri ?? "", raw: rawUri ?? "", tls: `wss://localhost:${tls?.port}` };
    },
  };
}

function nativeServerOf(name: string): Server {
  const command = COMMANDS[name] ?? null;
  return {
    title: `${titleOf(name)}.serve`,
    isMissing: command === null,
    isNative: true,
    isRestrictedServer: name === "deno",
    async start() {
      const args = [`${SHARED}/native-serve.mjs`, entryOf(name)];
      const uri = `ws://127.0.0.1:${await startProgram(command, args, (output) => Number(output))}`;
      return { plain: uri, raw: uri };
    },
  };
}

function clientOf(name: string): Client {
  const command = COMMANDS[name] ?? null;
  return {
    title: titleOf(name),
    isMissing: command === null,
    isNative: false,
    more: [READER_CASE.name],
    async run(given) {
      const context = JSON.stringify({ ...given, options: { pingInterval: null } });
      const args = [`${SHARED}/native-main.mjs`, entryOf(name), context];
      return startProgram(command, args, (output) => JSON.parse(output) as Outcomes);
    },
  };
}

let worker: number;

async function askWorker(path: string, given: Given): Promise<Outcomes> {
  const response = await fetch(`http://127.0.0.1:${worker}${path}`, { method: "POST", body: JSON.stringify(given) });
  return (await response.json()) as Outcomes;
}

function workerClient(title: string, path: string, more: readonly string[]): Client {
  return { title, isMissing: !hasWorkerd(), isNative: true, more, run: (given) => askWorker(path, given) };
}

let web: HttpServer;
let browser: BrowserContext;
let page: Page;

async function openPage(): Promise<void> {
  web = createServer(({ url = "/" }, response) => {
    response.setHeader("Content-Type", url === "/" ? "text/html" : "text/javascript");
    response.end(url === "/" ? PAGE : readFileSync(join(ROOT, normalize(url))));
  });
  await new Promise<void>((resolve) => web.listen(0, "localhost", resolve));
  browser = await startChromium(join(folder.path, "profile"), ["--ignore-certificate-errors"]);
  page = await browser.newPage();
  await page.goto(`http://localhost:${(web.address() as AddressInfo).port}/`);
  await page.waitForFunction("document.title === 'ready'");
}

const SERVERS: readonly Server[] = [
  ...[THIS_NODE, "deno", "bun"].map(serverOf),
  ...["deno", "bun"].map(nativeServerOf),
  {
    title: "workerd",
    isMissing: !hasWorkerd(),
    isNative: true,
    start: async () => ({ plain: `ws://127.0.0.1:${worker}` }),
  },
];

const CLIENTS: readonly Client[] = [
  ...[THIS_NODE, "deno", "bun"].map(clientOf),
  workerClient("workerd", "/native", []),
  workerClient("workerd over TCP", "/tcp", [SENDER_CASE.name, READER_CASE.name]),
  {
    title: "Chromium",
    isMissing: !hasChromium(),
    isNative: true,
    more: [SENDER_CASE.name],
    run: (given) => page.evaluate(`run(${JSON.stringify(given)})`),
  },
];

beforeAll(async () => {
  if (hasChromium()) await openPage();
  if (!hasWorkerd()) return;
  const at = fileURLToPath(new URL(".", import.meta.url));
  const entry = application(folder.path, readFileSync(join(at, "native-worker.mjs"), "utf8"));
  for (const name of ["behaviours.mjs", "native-cases.mjs", "payloads.mjs"]) {
    cpSync(join(at, name), join(folder.path, name));
  }
  const started = await startWorker(entry, folder.path);
  running.push(started.running);
  worker = started.port;
}, LIMIT);

afterAll(async () => {
  await browser?.close();
  web?.close();
  for (const program of running) await program.kill();
  folder[Symbol.dispose]();
});

describe.each(SERVERS.map((server): [string, Server] => [server.title, server]))("%s", (_title, server: Server) => {
  let places: Record<string, string>;

  beforeAll(async () => {
    if (!server.isMissing) places = await server.start();
  }, LIMIT);

  // Both of `serve` and `connect`: shared.test.ts has these.
  const clients: readonly Client[] = CLIENTS.filter(({ isNative }) => isNative || server.isNative);
  // Over TCP a Worker has no options of TLS.
  const placesFor = (client: Client): string[] =>
    server.isNative || client.title.endsWith("TCP") ? ["plain"] : ["plain", "tls"];
  const ways = clients.flatMap((client: Client) => placesFor(client).map((place) => ({ client, place })));

  for (const { client, place } of ways) {
    const over = place === "tls" ? " over TLS" : "";
    // In Workers nothing tells a server to wait.
    const more =
      server.title === "workerd" || place === "tls"
        ? []
        : client.more.filter((name) => name === READER_CASE.name || !server.isNative);
    const names: string[] = [...NATIVE_CASES.map(({ name }) => name), ...more];

    describe.skipIf(server.isMissing || client.isMissing)(
      `${server.title} to ${client.title}${over}`,
      { tags: ["external"] },
      () => {
        let outcomes: Outcomes;

        beforeAll(async () => {
          const { isRestrictedServer = false } = server;
          outcomes = await client.run({ uri: places[place] ?? "", rawUri: places["raw"], names, isRestrictedServer });
        }, LIMIT);

        test.each(names)("%s", (name: string) => {
          const fault = outcomes[name] === undefined ? "it did not run" : outcomes[name];
          if (fault !== null) expect.fail(fault);
        });
      },
    );
  }
});
