// Servers behind nginx and HAProxy, configured as examples/deploy says.
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import type { Server, ServerConnection, ServeOptions } from "../../src/node.ts";
import { serve } from "../../src/node.ts";
import { type Changes, installed, KINDS, type Proxy, startProxy } from "./proxy.ts";

const FORWARDED = ["X-Forwarded-For", "X-Forwarded-Proto"];

let stack: AsyncDisposable[] = [];
let isHealthy = true;
let checks = 0;

afterEach(async () => {
  for (const one of stack.toReversed()) await one[Symbol.asyncDispose]();
  stack = [];
  isHealthy = true;
  checks = 0;
});

/** Sends messages back; answers "headers" with what the proxy says about the client. */
async function handler(ws: ServerConnection): Promise<void> {
  for await (const message of ws) {
    const headers = FORWARDED.map((name) => ws.request?.headers.getAll(name).join(", ")).join(" ");
    await ws.send(message === "headers" ? headers : message);
  }
}

interface Scene {
  readonly server: Server;
  readonly proxy: Proxy;
  readonly open: (options?: ClientOptions) => WebSocket;
  readonly get: (path: string) => Promise<{ readonly status: number | undefined; readonly body: string }>;
}

async function behind(name: keyof typeof KINDS, options: ServeOptions = {}, changes: Changes = []): Promise<Scene> {
  const server = await serve(handler, {
    host: "127.0.0.1",
    port: 0,
    pingInterval: null,
    processRequest(ws, request) {
      if (request.pathAndQuery !== "/healthz") return undefined;
      checks++;
      return isHealthy ? ws.respond(200, "OK\n") : ws.respond(503, "Draining.\n");
    },
    ...options,
  });
  stack.push(server);
  const { port } = server.addresses[0] as { port: number };
  const proxy = await startProxy(name, port, changes);
  stack.push(proxy);
  return {
    server,
    proxy,
    open(clientOptions) {
      const ws = new WebSocket(`wss://127.0.0.1:${proxy.port}/chat`, { ca: proxy.ca, ...clientOptions });
      ws.on("error", () => {});
      stack.push({ [Symbol.asyncDispose]: async () => ws.terminate() });
      return ws;
    },
    get: (path) => get(proxy, path),
  };
}

function get({ port, ca }: Proxy, path: string): ReturnType<Scene["get"]> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ host: "127.0.0.1", port, ca, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** The status of the answer to an opening handshake. */
async function statusOf(ws: WebSocket): Promise<number> {
  const [status] = await Promise.race([
    once(ws, "open").then(() => [101]),
    once(ws, "unexpected-response").then(([, response]) => [response.statusCode as number]),
  ]);
  return status as number;
}

async function ask(ws: WebSocket, message: string | Uint8Array): Promise<string> {
  ws.send(message);
  const [answer] = await once(ws, "message");
  return String(answer);
}

const names = installed();
/** They start another program, and wait for nothing that takes long. */
const EXTERNAL = { tags: ["external"], timeout: 20_000 };

describe.each(names)("behind %s", EXTERNAL, (name) => {
  test("a client opens a connection over TLS, which ends there, and messages go both ways", async () => {
    const { open, server } = await behind(name, { maxSize: null });
    const ws = open();
    expect(await statusOf(ws)).toBe(101);
    expect(await ask(ws, "Grüße €")).toBe("Grüße €");
    const large = "x".repeat(3_000_000);
    expect(await ask(ws, large)).toBe(large);
    expect(server.connections.size).toBe(1);
  });

  test("the server learns the address of the client, and not what the client claims", async () => {
    const { open } = await behind(name);
    const ws = open({ headers: { "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "gopher" } });
    expect(await statusOf(ws)).toBe(101);
    expect(await ask(ws, "headers")).toBe("127.0.0.1 https");
  });

  test("origins: same-host holds, because the Host header is passed on with its port", async () => {
    const { open, proxy } = await behind(name, { origins: "same-host" });
    expect(await statusOf(open({ origin: `https://127.0.0.1:${proxy.port}` }))).toBe(101);
    expect(await statusOf(open({ origin: "https://evil.example" }))).toBe(403);
  });

  test("keepalive keeps an idle connection open", async () => {
    const { open } = await behind(name, { pingInterval: 300 }, KINDS[name].idle(2));
    const ws = open();
    expect(await statusOf(ws)).toBe(101);
    await new Promise((resolve) => setTimeout(resolve, 4500));
    expect(await ask(ws, "still here")).toBe("still here");
  });

  test("an idle connection without keepalive is dropped, which both ends see as 1006", async () => {
    const { open, server } = await behind(name, {}, KINDS[name].idle(2));
    const ws = open();
    expect(await statusOf(ws)).toBe(101);
    const [connection] = server.connections;
    const [code] = await once(ws, "close");
    expect(code).toBe(1006);
    expect(await connection?.closed).toMatchObject({ code: 1006, error: { cause: { code: "NETWORK_ERROR" } } });
  });

  test("the health check is answered, without an upgrade", async () => {
    const { get: getPath } = await behind(name);
    expect(await getPath("/healthz")).toEqual({ status: 200, body: "OK\n" });
    isHealthy = false;
    expect(await getPath("/healthz")).toMatchObject({ status: 503 });
  });

  test("a page is refused with 426", async () => {
    const { get: getPath } = await behind(name);
    expect(await getPath("/chat")).toMatchObject({ status: 426 });
  });

  test("the end of the server reaches the client as 1001 with its reason", async () => {
    const { open, server } = await behind(name);
    const ws = open();
    expect(await statusOf(ws)).toBe(101);
    const closed = once(ws, "close");
    await server.close({ reason: "server restarts" });
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([1001, "server restarts"]);
  });
});

describe.skipIf(!names.includes("nginx"))("behind nginx", EXTERNAL, () => {
  test("origins: same-host refuses everybody when the Host header is not passed on", async () => {
    const changes = [["proxy_set_header Host $http_host;", ""]] as const;
    const { open, proxy } = await behind("nginx", { origins: "same-host" }, changes);
    expect(await statusOf(open({ origin: `https://127.0.0.1:${proxy.port}` }))).toBe(403);
  });
});

describe.skipIf(!names.includes("haproxy"))("behind haproxy", EXTERNAL, () => {
  test("nobody is sent to a server whose health check fails; who is connected stays", async () => {
    const { open } = await behind("haproxy");
    const ws = open();
    expect(await statusOf(ws)).toBe(101);
    await vi.waitUntil(() => checks > 0, { timeout: 5000 });
    isHealthy = false;
    await vi.waitUntil(async () => (await statusOf(open())) === 503, { timeout: 5000, interval: 100 });
    expect(await ask(ws, "still here")).toBe("still here");
    isHealthy = true;
    await vi.waitUntil(async () => (await statusOf(open())) === 101, { timeout: 5000, interval: 100 });
  });
});

test("a PROXY header, which is no HTTP, is answered with 400", async () => {
  const server = await serve(handler, { host: "127.0.0.1", port: 0 });
  stack.push(server);
  const { port } = server.addresses[0] as { port: number };
  const socket = connectTcp({ host: "127.0.0.1", port });
  socket.write("PROXY TCP4 203.0.113.7 127.0.0.1 40000 8765\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
  socket.destroy();
});
