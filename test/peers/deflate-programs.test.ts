// permessage-deflate with clients and servers of other platforms, each a process of its own.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { type Connection, connect, type Server, serve } from "../../src/node.ts";
import { runtime, type Running, start } from "../repo/programs.ts";
import { talk } from "./deflate-talk.mjs";

const EXTERNAL = { tags: ["external"] };
const HOST = "127.0.0.1";
const LIMIT = 30_000;
/** How many messages the programs send. */
const TALKED = 16;
const PYTHON_TALKED = 15;
const PRESETS = ["deflate", "shared", "max"] as const;

/** An echo server of ours, and who connected to it. */
async function echoServer(
  compression: (typeof PRESETS)[number],
): Promise<{ readonly server: Server; readonly uri: string; readonly accepted: Connection[] }> {
  const accepted: Connection[] = [];
  const server = await serve(
    async (ws) => {
      accepted.push(ws);
      for await (const message of ws) await ws.send(message);
    },
    { host: HOST, compression },
  );
  return { server, uri: `ws://${HOST}:${(server.addresses[0] as { port: number }).port}/`, accepted };
}

/** Runs a client against a server of ours, and expects that what it sent came back and that compression was agreed on. */
async function expectTalk(
  compression: (typeof PRESETS)[number],
  client: (uri: string) => Promise<string>,
  talked: number = TALKED,
): Promise<Connection> {
  const { server, uri, accepted } = await echoServer(compression);
  try {
    expect((await client(uri)).trim()).toBe(String(talked));
    expect(accepted.map(({ extensions }) => extensions.map(({ name }) => name))).toEqual([["permessage-deflate"]]);
    return accepted[0] as Connection;
  } finally {
    await server.close();
  }
}

async function outputOf(command: string, ...args: readonly string[]): Promise<string> {
  const program = start(command, args, ROOT);
  try {
    const status = await program.exited(LIMIT);
    return status === 0 ? program.output() : `ended with ${status}: ${program.output()}`;
  } finally {
    await program.kill();
  }
}

describe("the WebSocket of a runtime", EXTERNAL, () => {
  const flags = "WebSocket" in globalThis ? [] : ["--experimental-websocket"];
  const TALK = join(ROOT, "test/peers/deflate-talk.mjs");
  test.each(PRESETS)("Node, which is undici: our server with %j", async (preset) => {
    await expectTalk(preset, (uri) => outputOf(process.execPath, ...flags, TALK, uri));
  });

  const bun = runtime("bun");
  test.skipIf(bun === undefined).each(PRESETS)("Bun: our server with %j", async (preset) => {
    await expectTalk(preset, (uri) => outputOf(bun as string, TALK, uri));
  });
});

const CHROMIUM = "/usr/bin/chromium";
const hasChromium = existsSync(CHROMIUM);
if (!hasChromium) console.warn(`SKIPPED in a browser: there is no ${CHROMIUM} (apt-get install chromium)`);

describe.skipIf(!hasChromium)("Chromium", EXTERNAL, () => {
  test("our server with every preset", async () => {
    const http: HttpServer = createServer((_request, response) => response.end("<!doctype html>"));
    await new Promise<void>((resolve) => http.listen(0, HOST, resolve));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      await page.goto(`http://${HOST}:${(http.address() as AddressInfo).port}/`);
      for (const preset of PRESETS) {
        const ws = await expectTalk(preset, async (uri) =>
          String(await page.evaluate(`(${talk})(${JSON.stringify(uri)})`)),
        );
        expect(ws.request?.headers.get("Sec-WebSocket-Extensions")).toBe("permessage-deflate; client_max_window_bits");
      }
    } finally {
      await browser.close();
      http.close();
    }
  });
});

/** That of Debian is not always the first in PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (each) => spawnSync(each, ["-c", "import websockets"]).status === 0,
);
if (python === undefined)
  console.warn("SKIPPED with Python: there is no websockets (apt-get install python3-websockets)");

describe.skipIf(python === undefined)("websockets for Python", EXTERNAL, () => {
  const SCRIPT = join(ROOT, "test/peers/deflate_talk.py");
  const SETTINGS = [
    ["15", "15", "0"],
    ["12", "12", "0"],
    ["9", "9", "0"],
    ["12", "12", "1"],
  ] as const;

  test.each(SETTINGS.flatMap((settings) => PRESETS.map((preset) => [preset, settings] as const)))(
    "our server with %j, windows and takeover %j",
    async (preset, settings) => {
      await expectTalk(preset, (uri) => outputOf(python as string, SCRIPT, "connect", uri, ...settings), PYTHON_TALKED);
    },
  );

  test.each(SETTINGS)("their server with %s %s %s", async (...settings) => {
    const program: Running = start(python as string, [SCRIPT, "serve", ...settings], ROOT);
    try {
      const port = await vi.waitUntil(() => /^\d+/.exec(program.output())?.[0], { timeout: LIMIT, interval: 20 });
      for (const compression of PRESETS) {
        await using ws = await connect(`ws://${HOST}:${port}/`, { compression });
        expect(ws.extensions.map(({ name }) => name)).toEqual(["permessage-deflate"]);
        for (const message of ["Hello world! ".repeat(100), "", new Uint8Array(100_000), "Hello world! ".repeat(100)]) {
          await ws.send(message);
          const echoed = await ws.recv();
          expect(
            typeof message === "string" ? echoed === message : Buffer.compare(echoed as Uint8Array, message) === 0,
          ).toBe(true);
        }
        await ws.send(["a".repeat(500), "b".repeat(500)]);
        expect(await ws.recv()).toBe("a".repeat(500) + "b".repeat(500));
      }
    } finally {
      await program.kill();
    }
  });
});
