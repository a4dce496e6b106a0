// serve({ server }) and handleUpgrade() on servers of node:http and node:https. On real sockets.
import { once } from "node:events";
import type { IncomingMessage, RequestListener, Server as HttpServer } from "node:http";
import { createServer, get } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { duplexPair } from "./duplex-pair.ts";
import { afterEach, describe, expect, test } from "vitest";
import { InvalidStatus } from "../../src/errors/handshake.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { HandshakeRequest } from "../../src/http/request.ts";
import { connect, serve } from "../../src/node.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import { type Server, ServerConnection } from "../../src/server/server-connection.ts";
import { CA, LOCALHOST } from "../support/certificates.ts";
import { GOOD_REQUEST, masked, RecordingLogger } from "../support/network.ts";
import { hex } from "../support/hex.ts";
import { connectTo, until } from "./sockets.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const app: RequestListener = (request, response) => void response.end(`page ${request.url}`);

async function httpServer(server: HttpServer = createServer(app)): Promise<{ server: HttpServer; port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function echo(ws: ServerConnection): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

async function attached(options: ServeOptions): Promise<Server> {
  const server = await serve(echo, { closeTimeout: 1000, ...options });
  closing.push(() => server.close());
  return server;
}

async function echoes(uri: string, options: ConnectOptions = {}): Promise<void> {
  const ws = await connect(uri, options);
  await ws.send("Spam");
  expect(await ws.recv()).toBe("Spam");
  await ws.close();
  expect(ws.closeCode).toBe(1000);
}

async function textOf(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return response.text();
}

async function statusOf(uri: string): Promise<unknown> {
  return connect(uri).then(
    () => "open",
    (error: unknown) => (error instanceof InvalidStatus ? error.response.statusCode : error),
  );
}

describe("serve({ server })", () => {
  test("takes upgrades, and leaves all other requests to the server", async () => {
    const { server: http, port } = await httpServer();
    const server = await attached({ server: http });
    expect(server.addresses).toEqual([{ host: "127.0.0.1", port }]);
    await echoes(`ws://127.0.0.1:${port}/chat`);
    expect(await textOf(port, "/a")).toBe("page /a");
  });

  test("a server that listens later has its addresses then", async () => {
    const http = createServer(app);
    const server = await attached({ server: http });
    expect(server.addresses).toEqual([]);
    const { port } = await httpServer(http);
    expect(server.addresses).toEqual([{ host: "127.0.0.1", port }]);
    await echoes(`ws://127.0.0.1:${port}/`);
  });

  test("close() takes leave of the server, which goes on", async () => {
    const { server: http, port } = await httpServer();
    const server = await attached({ server: http });
    server.unref();
    server.ref();
    const ws = await connect(`ws://127.0.0.1:${port}/`);
    await server.close();
    await ws.closed;
    expect([ws.closeCode, server.addresses]).toEqual([1001, []]);
    expect([http.listening, http.listenerCount("upgrade")]).toEqual([true, 0]);
    expect(await textOf(port, "/b")).toBe("page /b");
    // Nobody takes it any more: node:http ends it, or takes it for a page.
    expect(await statusOf(`ws://127.0.0.1:${port}/`)).not.toBe("open");
  });

  test("over https, and a Unix socket", async () => {
    const { server: https, port } = await httpServer(createHttpsServer(LOCALHOST, app));
    await attached({ server: https });
    await echoes(`wss://localhost:${port}/`, { tls: { ca: CA } });
    const unix = createServer(app);
    const path = `/tmp/wsasm-upgrades-${process.pid}.sock`;
    unix.listen(path);
    await once(unix, "listening");
    const server = await attached({ server: unix });
    expect(server.addresses).toEqual([{ path }]);
    await echoes(`ws+unix:${path}:/`);
    await server.close();
    unix.close();
  });

  test("the request keeps its headers as they came, and what was sent behind it is read", async () => {
    const { server: http, port } = await httpServer();
    let seen: HandshakeRequest | undefined;
    const server = await serve(echo, { server: http, processRequest: (_ws, request) => void (seen = request) });
    closing.push(() => server.close());
    const socket = await connectTo(port);
    const text = GOOD_REQUEST.replace(
      "\r\n\r\n",
      "\r\nX-a:  \u00e9 b \r\nx-A: 2\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
    );
    socket.write(Buffer.concat([Buffer.from(text, "latin1"), masked(hex`81 04 53 70 61 6d`)]));
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    await until(() => answer.endsWith("\x81\x04Spam"));
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    const names = [...(seen as HandshakeRequest).headers].slice(-4);
    expect(names).toEqual([
      ["X-a", "\u00e9 b"],
      ["x-A", "2"],
      ["Cookie", "a=1"],
      ["Cookie", "b=2"],
    ]);
    socket.destroy();
  });

  test.each<[string, string, number]>([
    ["another upgrade", GOOD_REQUEST.replace("websocket", "h2c"), 426],
    ["a bad version", GOOD_REQUEST.replace(": 13", ": 7"), 426],
    ["a body", GOOD_REQUEST.replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\nbody"), 400],
    ["no key", GOOD_REQUEST.replace("Sec-WebSocket-Key", "X-Key"), 400],
    ["too many headers", GOOD_REQUEST.replace("\r\n\r\n", `${"\r\nX: y".repeat(130)}\r\n\r\n`), 431],
  ])("%s is refused as on a port of ours", async (_what, request, status) => {
    const { server: http, port } = await httpServer();
    await attached({ server: http });
    const socket = await connectTo(port);
    socket.write(request);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    socket.destroy();
  });

  test("what the lenient parser lets pass cannot add a header", async () => {
    const { server: http, port } = await httpServer(createServer({ insecureHTTPParser: true }, app));
    await attached({ server: http });
    const socket = await connectTo(port);
    socket.write(GOOD_REQUEST.replace("\r\n\r\n", "\r\nX: a\u0001b\r\n\r\n"));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });

  test("time limits of the server do not end connections", async () => {
    const options = { headersTimeout: 100, requestTimeout: 100, keepAliveTimeout: 50, connectionsCheckingInterval: 20 };
    const { server: http, port } = await httpServer(createServer({ ...options, noDelay: false }, app));
    http.setTimeout(80);
    await attached({ server: http, pingInterval: null });
    const ws = await connect(`ws://127.0.0.1:${port}/`, { pingInterval: null });
    await new Promise((resolve) => setTimeout(resolve, 400));
    await ws.send("Spam");
    expect(await ws.recv()).toBe("Spam");
    await ws.close();
  });

  test("hooks work, and so do hooks that answer by plain HTTP", async () => {
    const { server: http, port } = await httpServer();
    await attached({
      server: http,
      processRequest: (ws, request) => (request.path === "/no" ? ws.respond(403, "No\n") : null),
    });
    expect(await statusOf(`ws://127.0.0.1:${port}/no`)).toBe(403);
    await echoes(`ws://127.0.0.1:${port}/yes`);
  });

  test("a client that resets, or ends, leaves the server as it was", async () => {
    const { server: http, port } = await httpServer();
    const server = await attached({ server: http });
    for (const end of [(socket: Socket) => socket.resetAndDestroy(), (socket: Socket) => socket.end()]) {
      const socket = await connectTo(port);
      socket.resume();
      socket.write(GOOD_REQUEST);
      await until(() => server.connections.size === 1);
      end(socket);
      await until(() => server.connections.size === 0);
    }
    expect(await textOf(port, "/c")).toBe("page /c");
  });
});

describe("match", () => {
  const isChat = (request: HandshakeRequest): boolean => request.pathAndQuery.startsWith("/chat");
  const isNews = (request: HandshakeRequest): boolean => request.pathAndQuery === "/news";

  test("several servers share one, each with its requests; others are answered with 404", async () => {
    const { server: http, port } = await httpServer();
    const chat = await attached({ server: http, match: isChat });
    const news = await serve((ws) => ws.send("news"), { server: http, match: isNews });
    await echoes(`ws://127.0.0.1:${port}/chat?room=1`);
    const ws = await connect(`ws://127.0.0.1:${port}/news`);
    expect(await ws.recv()).toBe("news");
    await ws.close();
    expect(await statusOf(`ws://127.0.0.1:${port}/other`)).toBe(404);
    await news.close();
    expect(await statusOf(`ws://127.0.0.1:${port}/news`)).toBe(404);
    await echoes(`ws://127.0.0.1:${port}/chat`);
    await chat.close();
    expect(http.listenerCount("upgrade")).toBe(0);
  });

  test("requests that do not match are left to other listeners", async () => {
    const { server: http, port } = await httpServer();
    http.on("upgrade", (request: IncomingMessage, socket) => {
      if (request.url === "/theirs") socket.end("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n");
    });
    await attached({ server: http, match: isChat });
    await echoes(`ws://127.0.0.1:${port}/chat`);
    expect(await statusOf(`ws://127.0.0.1:${port}/theirs`)).toBe(418);
  });

  test.each<[string, (request: HandshakeRequest) => boolean]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["returns a promise", (() => Promise.resolve(true)) as never],
    ["returns nothing", (() => undefined) as never],
  ])("one that %s means no, and is logged", async (_what, match) => {
    const { server: http, port } = await httpServer();
    const logger = new RecordingLogger();
    await attached({ server: http, match, logger });
    expect(await statusOf(`ws://127.0.0.1:${port}/`)).toBe(404);
    expect(logger.lines).toMatchObject([{ level: "error", message: "! match failed" }]);
  });

  test("a request that is none of ours in any case is not asked about", async () => {
    const { server: http, port } = await httpServer();
    let asked = 0;
    await attached({ server: http, match: () => ++asked > 0 });
    const socket = await connectTo(port);
    socket.write(GOOD_REQUEST.replace("\r\n\r\n", "\r\nContent-Length: 4\r\n\r\nbody"));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
    expect(asked).toBe(0);
    socket.resetAndDestroy();
    const other = await connectTo(port);
    other.write(GOOD_REQUEST);
    other.resetAndDestroy();
    await echoes(`ws://127.0.0.1:${port}/`);
  });
});

describe("handleUpgrade()", () => {
  test("takes what a server of HTTP gives, later too", async () => {
    const { server: http, port } = await httpServer();
    const server = await attached({ listen: false });
    expect(server.addresses).toEqual([]);
    server.unref();
    server.ref();
    http.on("upgrade", (request, socket, head) => {
      setTimeout(() => server.handleUpgrade(request, socket, head), request.url === "/late" ? 20 : 0);
    });
    await echoes(`ws://127.0.0.1:${port}/`);
    await echoes(`ws://127.0.0.1:${port}/late`);
    const ws = await connect(`ws://127.0.0.1:${port}/`);
    await server.close();
    expect((await ws.closed).code).toBe(1001);
    expect(await statusOf(`ws://127.0.0.1:${port}/`)).toBe(503);
  });

  test("hands over what is known of the client, before any hook", async () => {
    class Player extends ServerConnection<string> {
      override data = "by the class";
    }
    const { server: http, port } = await httpServer();
    const seen: unknown[] = [];
    const server = await serve((ws) => ws.send(ws.data), {
      createConnection: Player,
      listen: false,
      processRequest: (ws) => void seen.push(ws.data),
    });
    closing.push(() => server.close());
    http.on("upgrade", (request, socket, head) => {
      server.handleUpgrade(request, socket, head, request.url === "/known" ? "Ada" : undefined);
    });
    for (const [path, data] of [
      ["/known", "Ada"],
      ["/", "by the class"],
    ]) {
      const ws = await connect(`ws://127.0.0.1:${port}${path}`);
      expect([await ws.recv(), seen.at(-1)]).toEqual([data, data]);
      await ws.close();
    }
  });

  test("a socket that is gone meanwhile is no error", async () => {
    const { server: http, port } = await httpServer();
    const server = await attached({ listen: false });
    const socket = await connectTo(port);
    socket.write(GOOD_REQUEST);
    const [request, theirs, head] = (await once(http, "upgrade")) as [IncomingMessage, Socket, Buffer];
    theirs.destroy();
    await once(theirs, "close");
    server.handleUpgrade(request, theirs, head);
    await server.close();
  });

  test.each<[string, readonly ("first" | "second" | "attached")[], number]>([
    ["twice to one server", ["first", "first"], 1],
    ["to two servers", ["first", "second"], 1],
    ["to a server that is attached, and to another", ["attached", "first"], 1],
    ["to a server, and to another that is attached", ["first", "attached"], 0],
  ])("a socket that goes %s stays with the first", async (_what, takers, refusals) => {
    const { server: http, port } = await httpServer();
    const servers = { first: await attached({ listen: false }), second: await attached({ listen: false }) };
    const errors: unknown[] = [];
    for (const taker of takers) {
      if (taker === "attached") {
        await attached({ server: http });
        continue;
      }
      http.on("upgrade", (request, socket, head) => {
        try {
          servers[taker].handleUpgrade(request, socket, head);
        } catch (error) {
          errors.push(error);
        }
      });
    }
    await echoes(`ws://127.0.0.1:${port}/`);
    const refusal = new TypeError("Cannot use socket: a connection uses it already");
    expect(errors).toEqual(Array.from({ length: refusals }, () => refusal));
  });

  test("works beside listening, and with a stream that is no socket", async () => {
    const server = await attached({ host: "127.0.0.1" });
    const [ours, theirs] = duplexPair();
    const [requestLine = "", ...lines] = GOOD_REQUEST.trimEnd().split("\r\n");
    const rawHeaders = lines.flatMap((line) => line.split(": "));
    const [method, url] = requestLine.split(" ");
    const sent = masked(hex`81 04 53 70 61 6d`);
    const kept = sent.slice();
    server.handleUpgrade({ method, url, httpVersion: "1.1", rawHeaders }, ours, new Uint8Array(0));
    theirs.write(sent);
    let answer = "";
    theirs.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    await until(() => answer.endsWith("Spam"));
    expect(sent).toEqual(kept);
    expect([...server.connections][0]?.remoteAddress).toEqual({ path: "" });
    await server.close();
  });

  test.each<[string, (good: [object, object, Uint8Array]) => unknown[], string]>([
    [
      "no request",
      ([, socket, head]) => [null, socket, head],
      "Cannot use request: expected the one of an upgrade event",
    ],
    [
      "another request",
      ([, socket, head]) => [{}, socket, head],
      "Cannot use request: expected the one of an upgrade event",
    ],
    [
      "no socket",
      ([request, , head]) => [request, {}, head],
      "Cannot use socket: expected the one of an upgrade event",
    ],
    ["no head", ([request, socket]) => [request, socket], "Cannot use head: expected the one of an upgrade event"],
    [
      "a stream of strings",
      ([request, , head]) => [request, duplexPair()[0].setEncoding("utf8"), head],
      "Cannot use socket: the stream does not carry bytes",
    ],
  ])("throws for %s", async (_what, change, message) => {
    const server = await attached({ listen: false });
    const good: [object, object, Uint8Array] = [
      { httpVersion: "1.1", rawHeaders: [] },
      duplexPair()[0],
      new Uint8Array(0),
    ];
    const [request, socket, head] = change(good) as [never, never, never];
    expect(() => server.handleUpgrade(request, socket, head)).toThrow(new TypeError(message));
  });
});

test.each([[{}], [7]])("serve({ server: %j }) refuses what is no server of HTTP", async (server) => {
  await expect(serve(echo, { server: server as never })).rejects.toEqual(
    new TypeError("Cannot use server: expected a server of node:http or node:https"),
  );
});

test("a request of node:http's own client is upgraded, too", async () => {
  const { server: http, port } = await httpServer();
  await attached({ server: http });
  const request = get({
    port,
    host: "127.0.0.1",
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version": "13",
    },
  });
  const [response, socket] = (await once(request, "upgrade")) as [IncomingMessage, Socket];
  expect(response.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  socket.destroy();
});
