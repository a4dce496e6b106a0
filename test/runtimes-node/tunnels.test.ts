// TLS through tunnels of a proxy, with and without TLS of its own, on real sockets.
import { once } from "node:events";
import type { Server as NetServer, Socket } from "node:net";
import { connect as connectNet, createServer } from "node:net";
import type { TLSSocket } from "node:tls";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../src/client/options.ts";
import { connect, serve } from "../../src/node.ts";
import type { ServerTlsOptions } from "../../src/connection/tls.ts";
import { NodeTransport } from "../../src/runtimes/node/transport.ts";
import { CA, EXPIRED, FOREIGN, LOCALHOST, ONE } from "../support/certificates.ts";
import { listening, RecordingSink, socketPair, until } from "./sockets.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanup.splice(0).map((clean) => clean()));
});

async function echoServer(tls?: ServerTlsOptions): Promise<number> {
  const server = await serve(
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", tls, closeTimeout: 1000, logger: { warn() {}, error() {} } },
  );
  cleanup.push(() => server.close());
  return (server.addresses[0] as { port: number }).port;
}

interface Proxy {
  readonly port: number;
  readonly sockets: Set<Socket>;
  /** Heads of the requests. */
  readonly requests: string[];
}

/** A proxy that knows CONNECT alone. What it is asked for is on this machine, whatever its name. */
async function proxyServer(tls?: { cert: string; key: string }): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const onClient = (client: Socket | TLSSocket): void => {
    sockets.add(client);
    client.on("close", () => sockets.delete(client));
    client.on("error", () => {});
    client.once("data", (head: Uint8Array) => {
      const request = Buffer.from(head).toString("latin1");
      requests.push(request);
      const port = Number(/^CONNECT \S*:(\d+) /.exec(request)?.[1]);
      const upstream = connectNet({ host: "127.0.0.1", port, allowHalfOpen: true });
      upstream.on("error", () => client.destroy());
      upstream.on("connect", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(upstream);
        upstream.pipe(client);
      });
      client.on("end", () => client.destroy());
      client.on("close", () => upstream.destroy());
    });
  };
  const server: NetServer =
    tls === undefined
      ? createServer({ allowHalfOpen: true }, onClient)
      : createTlsServer({ ...tls, allowHalfOpen: true }, onClient);
  // Below TLS, for those that never come to an end of it.
  const raw: Socket[] = [];
  server.on("connection", (socket: Socket) => raw.push(socket));
  const port = await listening(server);
  cleanup.push(async () => {
    for (const socket of [...sockets, ...raw]) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { port, sockets, requests };
}

async function echo(uri: string, options: ConnectOptions): Promise<void> {
  const ws = await connect(uri, options);
  const big = new Uint8Array(900_000).map((_, i) => i * 7);
  await ws.send("Spam");
  expect(await ws.recv()).toBe("Spam");
  await ws.send(big);
  expect(Buffer.compare(big, await ws.recv({ decode: false }))).toBe(0);
  await ws.close();
  expect((await ws.closed).code).toBe(1000);
}

const trusted = { tls: { ca: CA }, proxyTls: { ca: CA } };

describe("through a proxy", () => {
  test.each([
    ["http", "ws"],
    ["http", "wss"],
    ["https", "ws"],
    ["https", "wss"],
  ])("of %s, %s: works", async (proxyScheme, scheme) => {
    const port = await echoServer(scheme === "wss" ? LOCALHOST : undefined);
    const proxy = await proxyServer(proxyScheme === "https" ? LOCALHOST : undefined);
    await echo(`${scheme}://localhost:${port}/`, {
      proxy: `${proxyScheme}://localhost:${proxy.port}`,
      ...(scheme === "wss" ? { tls: trusted.tls } : {}),
      ...(proxyScheme === "https" ? { proxyTls: trusted.proxyTls } : {}),
    });
    expect(proxy.requests[0]).toMatch(new RegExp(`^CONNECT localhost:${port} HTTP/1.1\r\n`));
    await until(() => proxy.sockets.size === 0);
  });

  test.each([
    ["http", "wss"],
    ["https", "ws"],
    ["https", "wss"],
  ])("of %s, %s: takes every certificate when it is told to", async (proxyScheme, scheme) => {
    const anybody = { rejectUnauthorized: false };
    const port = await echoServer(scheme === "wss" ? ONE : undefined);
    const proxy = await proxyServer(proxyScheme === "https" ? ONE : undefined);
    await echo(`${scheme}://localhost:${port}/`, {
      proxy: `${proxyScheme}://localhost:${proxy.port}`,
      ...(scheme === "wss" ? { tls: anybody } : {}),
      ...(proxyScheme === "https" ? { proxyTls: anybody } : {}),
    });
    await until(() => proxy.sockets.size === 0);
  });

  test.each<[string, { cert: string; key: string }, { cert: string; key: string }, ConnectOptions, "server" | "proxy"]>(
    [
      ["a server that nobody knows", FOREIGN, LOCALHOST, trusted, "server"],
      ["a server whose certificate has expired", EXPIRED, LOCALHOST, trusted, "server"],
      ["a server with another name", ONE, LOCALHOST, trusted, "server"],
      ["a proxy that nobody knows", LOCALHOST, FOREIGN, trusted, "proxy"],
      ["a proxy whose certificate has expired", LOCALHOST, EXPIRED, trusted, "proxy"],
      ["a proxy with another name", LOCALHOST, ONE, trusted, "proxy"],
      ["no trust in the server", LOCALHOST, LOCALHOST, { proxyTls: trusted.proxyTls }, "server"],
      ["no trust in the proxy", LOCALHOST, LOCALHOST, { tls: trusted.tls }, "proxy"],
    ],
  )("%s is an error that names it", async (_what, ofServer, ofProxy, options, who) => {
    const port = await echoServer(ofServer);
    const proxy = await proxyServer(ofProxy);
    const error = await connect(`wss://localhost:${port}/`, {
      proxy: `https://localhost:${proxy.port}`,
      ...options,
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "NETWORK_ERROR",
      reason: "tls",
      message: expect.stringContaining(`Cannot connect to localhost:${who === "server" ? port : proxy.port}`),
    });
    expect((error as { certificateFault: unknown }).certificateFault).toEqual(expect.any(String));
    await until(() => proxy.sockets.size === 0);
  });

  test.each<[string, { cert: string; key: string }]>([
    ["nobody knows", FOREIGN],
    ["has expired", EXPIRED],
    ["has another name", ONE],
  ])("a certificate behind it that %s is refused", async (_what, ofServer) => {
    const port = await echoServer(ofServer);
    const proxy = await proxyServer();
    const options = { proxy: `http://localhost:${proxy.port}`, tls: trusted.tls };
    await expect(connect(`wss://localhost:${port}/`, options)).rejects.toMatchObject({
      reason: "tls",
      message: expect.stringContaining(`Cannot connect to localhost:${port}: TLS failed: `),
      certificateFault: expect.any(String),
    });
    await until(() => proxy.sockets.size === 0);
  });

  test("TLS to an address behind it, or with options of Node alone, works too", async () => {
    const port = await echoServer(LOCALHOST);
    const proxy = `http://localhost:${(await proxyServer()).port}`;
    await echo(`wss://127.0.0.1:${port}/`, { proxy, tls: trusted.tls });
    await echo(`wss://localhost:${port}/`, { proxy, tls: { ...trusted.tls, minVersion: "TLSv1.3" } });
    const wrong = connect(`wss://127.0.0.2:${port}/`, { proxy, tls: trusted.tls });
    await expect(wrong).rejects.toMatchObject({ certificateFault: expect.any(String) });
  });

  test("who does not read stops the other side, and gets everything then", { tags: ["slow"] }, async () => {
    const [size, count] = [1 << 20, 48];
    let sent = 0;
    let received = 0;
    const send = async (ws: { send(message: Uint8Array): PromiseLike<void> }): Promise<void> => {
      for (; sent < count; sent++) await ws.send(new Uint8Array(size));
    };
    const server = await serve(
      async (ws) => {
        await send(ws);
        await new Promise((resolve) => setTimeout(resolve, 500));
        for await (const message of ws) received += message.length;
      },
      { host: "127.0.0.1", tls: LOCALHOST, compression: null },
    );
    cleanup.push(() => server.close());
    const { port } = server.addresses[0] as { port: number };
    const proxy = `http://localhost:${(await proxyServer()).port}`;
    const ws = await connect(`wss://localhost:${port}/`, { proxy, tls: trusted.tls, compression: null });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sent).toBeLessThan(count - 8);
    for (let i = 0; i < count; i++) expect((await ws.recv()).length).toBe(size);
    sent = 0;
    const sending = send(ws);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(count - 8);
    await sending;
    await ws.close();
    await until(() => received === size * count);
  });

  test("bad options of TLS leave nothing open", async () => {
    const port = await echoServer(LOCALHOST);
    const proxy = await proxyServer();
    const options = { proxy: `http://localhost:${proxy.port}`, tls: { cert: "nonsense" } };
    await expect(connect(`wss://localhost:${port}/`, options)).rejects.toBeInstanceOf(TypeError);
    await until(() => proxy.sockets.size === 0);
  });

  test("a signal ends TLS in a tunnel that hangs", async () => {
    const silent = createServer((socket) => void socket.resume());
    const port = await listening(silent);
    cleanup.push(() => new Promise((resolve) => silent.close(resolve)));
    const proxy = await proxyServer();
    const controller = new AbortController();
    const going = connect(`wss://localhost:${port}/`, {
      proxy: `http://localhost:${proxy.port}`,
      signal: controller.signal,
    }).catch((reason: unknown) => reason);
    await until(() => proxy.requests.length === 1);
    setTimeout(() => controller.abort("enough"), 50);
    expect(await going).toBe("enough");
    await until(() => proxy.sockets.size === 0);
  });
});

test("NodeTransport.release() gives the socket with what it received since it was paused", async () => {
  const { ours, peer } = await socketPair();
  const transport = new NodeTransport(ours);
  const sink = new RecordingSink();
  transport.attach(sink);
  peer.write("first");
  await until(() => sink.received === 5);
  transport.pause();
  peer.write("second");
  const socket = transport.release();
  expect(socket).toBe(ours);
  const chunks: string[] = [];
  socket.on("data", (chunk) => chunks.push(String(chunk)));
  socket.resume();
  await until(() => chunks.join("") === "second");
  peer.destroy();
  socket.destroy();
  await once(socket, "close");
  expect([sink.text(), sink.events]).toEqual(["first", ["data"]]);
});
