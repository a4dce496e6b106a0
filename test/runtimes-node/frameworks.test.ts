// Frameworks that share a port with a server of ours: their pages keep working, and so does Vite's own WebSocket.
import { once } from "node:events";
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { createServer as createViteServer } from "vite";
import { afterEach, describe, expect, test } from "vitest";
import { connect, serve } from "../../src/node.ts";
import type { Server, ServerConnection } from "../../src/server/server-connection.ts";
import type { ServeOptions } from "../../src/server/options.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function attach(server: HttpServer, options: ServeOptions = {}): Promise<Server> {
  const echo = async (ws: ServerConnection): Promise<void> => {
    for await (const message of ws) await ws.send(message);
  };
  const ours = await serve(echo, { server, closeTimeout: 1000, ...options });
  closing.push(() => ours.close());
  return ours;
}

async function portOf(server: HttpServer): Promise<number> {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Pages and messages by turns, while the WebSocket is open and when our server is gone. */
async function expectBoth(server: HttpServer, ours: Server): Promise<void> {
  const port = await portOf(server);
  const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/page`)).text();
  expect(await page()).toBe("page");
  const ws = await connect(`ws://127.0.0.1:${port}/chat`);
  await ws.send("Spam");
  expect(await ws.recv()).toBe("Spam");
  expect(await page()).toBe("page");
  await ws.send("eggs");
  expect(await ws.recv()).toBe("eggs");
  await ours.close();
  expect((await ws.closed).code).toBe(1001);
  expect(server.listening).toBe(true);
  expect(await page()).toBe("page");
}

describe("serve({ server })", () => {
  test("with Express", async () => {
    const app = express();
    app.get("/page", (_request: IncomingMessage, response: ServerResponse) => void response.end("page"));
    const server = createServer(app);
    await expectBoth(server, await attach(server));
  });

  test("with Fastify", async () => {
    const app = fastify();
    app.get("/page", () => "page");
    const ours = await attach(app.server);
    await app.listen({ port: 0, host: "127.0.0.1" });
    closing.push(() => app.close());
    await expectBoth(app.server, ours);
  });

  test("with Hono", async () => {
    const app = new Hono();
    app.get("/page", (context) => context.text("page"));
    const server = createAdaptorServer(app) as HttpServer;
    await expectBoth(server, await attach(server));
  });
});

/** What Vite's client in a page does: takes the token from its script, and opens a WebSocket with its subprotocol. */
async function tokenOf(port: number): Promise<string> {
  const script = await (await fetch(`http://127.0.0.1:${port}/@vite/client`)).text();
  return /const wsToken = "([^"]+)"/.exec(script)?.[1] ?? "";
}

test("serve({ server, match }) beside the WebSocket of Vite's development server", async () => {
  const root = mkdtempSync(join(tmpdir(), "wsasm-vite-"));
  closing.push(() => rmSync(root, { recursive: true, force: true }));
  const page = (title: string): void => writeFileSync(join(root, "index.html"), `<title>${title}</title>`);
  page("before");
  const server = createServer();
  const vite = await createViteServer({
    root,
    configFile: false,
    logLevel: "silent",
    appType: "spa",
    server: { middlewareMode: { server }, hmr: { server }, watch: { usePolling: true, interval: 20 } },
  });
  closing.push(() => vite.close());
  server.on("request", vite.middlewares);
  const ours = await attach(server, { match: ({ pathAndQuery }) => pathAndQuery === "/chat" });
  const port = await portOf(server);
  const theirs = await connect(`ws://127.0.0.1:${port}/?token=${await tokenOf(port)}`, { subprotocols: ["vite-hmr"] });
  expect(theirs.subprotocol).toBe("vite-hmr");
  expect(JSON.parse(await theirs.recv({ decode: true }))).toEqual({ type: "connected" });
  const ws = await connect(`ws://127.0.0.1:${port}/chat`);
  await ws.send("Spam");
  expect(await ws.recv()).toBe("Spam");
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain("<title>before</title>");
  // A change of a file reaches the page while both are open.
  const update = theirs.recv({ decode: true });
  page("after");
  expect(JSON.parse(await update)).toMatchObject({ type: "full-reload" });
  await ws.send("eggs");
  expect(await ws.recv()).toBe("eggs");
  await ours.close();
  expect((await ws.closed).code).toBe(1001);
  vite.ws.send({ type: "custom", event: "ping" });
  expect(JSON.parse(await theirs.recv({ decode: true }))).toMatchObject({ type: "custom", event: "ping" });
  await theirs.close();
});
