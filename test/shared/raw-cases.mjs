// Cases between the library and bare sockets of node:net in the same process: ends of TCP, and dialing.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect as connectTcp, createServer as createTcpServer } from "node:net";
import { assert, assertMatches, errorOf, sleep, until, within } from "./harness.mjs";
import { bytesOf, isWhole } from "./payloads.mjs";

const HOST = "127.0.0.1";
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const OPTIONS = { logger: SILENT, compression: null, pingInterval: null };
const REQUEST = [
  "GET /chat HTTP/1.1",
  "Host: example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "",
  "",
].join("\r\n");
const MASKED_HI = Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69);
const MASKED_CLOSE = Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8);

function responseTo(head) {
  const key = /^sec-websocket-key: *(.*?) *$/im.exec(head)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** A socket that keeps what it reads. */
function peerOf(socket) {
  const peer = { socket, received: new Uint8Array(0), hasEnded: false, isClosed: false, error: undefined };
  socket.on("data", (chunk) => {
    peer.received = Buffer.concat([peer.received, chunk]);
  });
  socket.on("end", () => (peer.hasEnded = true));
  socket.on("error", (error) => (peer.error = error));
  socket.on("close", () => (peer.isClosed = true));
  return peer;
}

/** A server of ours, and a bare client that has shaken hands with it. */
async function rawToServer({ serve }, handler, use) {
  const server = await serve(handler, { ...OPTIONS, host: HOST });
  const socket = connectTcp({ host: HOST, port: server.addresses[0].port, noDelay: true, allowHalfOpen: true });
  const peer = peerOf(socket);
  try {
    await once(socket, "connect");
    socket.write(REQUEST);
    const endOfHead = () => Buffer.from(peer.received).indexOf("\r\n\r\n");
    await until("the response", () => endOfHead() >= 0);
    peer.received = peer.received.subarray(endOfHead() + 4);
    await use(peer, server);
  } finally {
    socket.destroy();
    await within("the server to close", server.close());
  }
}

/** A bare server that does what `use` says with the first connection of a client of ours. */
async function rawToClient({ connect }, onSocket, use, options = {}) {
  const sockets = new Set();
  const server = createTcpServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const peer = peerOf(socket);
    socket.once("data", (chunk) => onSocket(peer, chunk.toString("latin1")));
  });
  server.listen(0, HOST);
  await once(server, "listening");
  try {
    await use(connect(`ws://${HOST}:${server.address().port}/`, { ...OPTIONS, ...options }));
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** A handler that leaves the connection to the case. */
function hold() {
  const held = {};
  held.connection = new Promise((resolve) => {
    held.handler = async (ws) => {
      resolve(ws);
      await ws.closed;
    };
  });
  return held;
}

const ENDS = [
  {
    name: "a client that ends TCP without a Close",
    async run(context) {
      const { handler, connection } = hold();
      await rawToServer(context, handler, async (peer) => {
        peer.socket.end();
        const ws = await connection;
        assertMatches(await within("the end", ws.closed), {
          code: 1006,
          received: null,
          error: { cause: { reason: "eof" } },
        });
        await until("the end of TCP", () => peer.isClosed);
      });
    },
  },
  {
    name: "a client that resets TCP",
    async run(context) {
      const { handler, connection } = hold();
      await rawToServer(context, handler, async (peer) => {
        // What is unread when a socket is closed makes the system reset TCP.
        const ws = await connection;
        peer.socket.pause();
        await ws.send(bytesOf(100_000));
        await sleep(50);
        peer.socket.resetAndDestroy();
        assertMatches(await within("the end", ws.closed), { code: 1006, received: null });
      });
    },
  },
  {
    name: "a half-closed client still gets what is queued for it",
    run: (context) =>
      rawToServer(
        context,
        async (ws) => {
          for await (const message of ws) {
            if (message === "hi") for (let i = 0; i < 50; i++) void ws.send(bytesOf(100_000));
          }
        },
        async (peer) => {
          peer.socket.end(Buffer.concat([MASKED_HI, MASKED_CLOSE]));
          await until("the end", () => peer.hasEnded);
          const header = 10;
          const frames = 50 * (header + 100_000);
          assert.same(peer.received.length, frames + 4);
          for (let i = 0; i < 50; i++) {
            const at = i * (header + 100_000) + header;
            assert.ok(isWhole(new Uint8Array(peer.received.subarray(at, at + 100_000)), 100_000));
          }
          await until("the end of TCP", () => peer.isClosed);
        },
      ),
  },
  {
    name: "a server's half-close and Close come in order, after what is queued",
    run: (context) =>
      rawToServer(
        context,
        async (ws) => {
          for (let i = 0; i < 50; i++) void ws.send(bytesOf(100_000));
          await ws.close();
        },
        async (peer) => {
          await until("the Close", () => peer.received.length >= 50 * 100_010 + 4);
          assert.ok(!peer.hasEnded, "TCP ended before the closing handshake did");
          peer.socket.write(MASKED_CLOSE);
          await until("the end", () => peer.hasEnded);
          peer.socket.end();
          await until("the end of TCP", () => peer.isClosed);
        },
      ),
  },
  {
    name: "a client that never answers a Close is dropped after closeTimeout",
    run: (context) =>
      rawToServer(
        { serve: (handler, options) => context.serve(handler, { ...options, closeTimeout: 200 }) },
        () => {},
        async (peer) => {
          await until("the end", () => peer.hasEnded || peer.isClosed, 5000);
          assert.equal([...peer.received].slice(0, 4), [0x88, 2, 0x03, 0xe8]);
        },
      ),
  },
  {
    name: "a client that does not read and stalls is dropped by pingTimeout",
    async run(context) {
      const { handler, connection } = hold();
      const serve = (each, options) =>
        context.serve(each, { ...options, pingInterval: 200, pingTimeout: 200, closeTimeout: 200 });
      await rawToServer({ serve }, handler, async (peer) => {
        peer.socket.pause();
        const ws = await connection;
        for (let i = 0; i < 200; i++) void ws.send(bytesOf(100_000)).catch(() => {});
        assertMatches(await within("the end", ws.closed, 5000), { code: 1006 });
      });
    },
  },
  {
    name: "a server that ends TCP without a Close",
    run: (context) =>
      rawToClient(
        context,
        (peer, head) => peer.socket.end(responseTo(head)),
        async (connecting) => {
          const ws = await connecting;
          assertMatches(await within("the end", ws.closed), { code: 1006, error: { cause: { reason: "eof" } } });
        },
      ),
  },
  {
    name: "a server that goes before it answers",
    run: (context) =>
      rawToClient(
        context,
        (peer) => peer.socket.destroy(),
        async (connecting) => {
          assertMatches(await errorOf(connecting), { code: /INVALID_MESSAGE|NETWORK_ERROR/ });
        },
      ),
  },
  {
    name: "a server that says nothing",
    run: (context) =>
      rawToClient(
        context,
        () => {},
        async (connecting) => {
          assertMatches(await errorOf(connecting), { code: "TIMEOUT" });
        },
        { openTimeout: 100 },
      ),
  },
  {
    name: "a connection that is given up while it opens",
    run: async (context) => {
      const controller = new AbortController();
      let peer;
      await rawToClient(
        context,
        (each) => {
          peer = each;
          controller.abort(new Error("given up"));
        },
        async (connecting) => {
          assertMatches(await errorOf(connecting), { message: "given up" });
          await until("the client to leave", () => peer.hasEnded || peer.isClosed);
        },
        { signal: controller.signal },
      );
    },
  },
];

const DIALING = [
  {
    name: "nobody listens",
    async run({ connect }) {
      const server = createTcpServer();
      server.listen(0, HOST);
      await once(server, "listening");
      const { port } = server.address();
      await new Promise((done) => server.close(done));
      for (const host of [HOST, "localhost"]) {
        const error = await errorOf(connect(`ws://${host}:${port}/`, OPTIONS));
        assertMatches(error, {
          code: "NETWORK_ERROR",
          reason: "refused",
          message: /^Cannot connect to .*: connection refused$/,
        });
      }
    },
  },
  {
    name: "a name that nobody has",
    async run({ connect }) {
      const error = await errorOf(connect("ws://nobody.invalid/", OPTIONS));
      assertMatches(error, { code: "NETWORK_ERROR", reason: "dns", message: /name not found$/ });
    },
  },
  {
    name: "a Unix socket that is not there",
    async run({ connect, folder }) {
      const error = await errorOf(connect("ws://localhost/", { ...OPTIONS, unix: `${folder}/none.sock` }));
      assertMatches(error, { code: "NETWORK_ERROR", reason: "refused" });
    },
  },
  {
    name: "a signal that is aborted already",
    async run({ connect }) {
      const signal = AbortSignal.abort(new Error("never"));
      assertMatches(await errorOf(connect(`ws://${HOST}:1/`, { ...OPTIONS, signal })), { message: "never" });
    },
  },
  {
    name: "a port that is taken",
    async run({ serve }) {
      const server = await serve(() => {}, { ...OPTIONS, host: HOST });
      const { port } = server.addresses[0];
      const error = await errorOf(serve(() => {}, { ...OPTIONS, host: HOST, port }));
      assertMatches(error, { code: "NETWORK_ERROR", reason: "address-in-use" });
      await server.close();
      const next = await serve(() => {}, { ...OPTIONS, host: HOST, port });
      assert.equal(next.addresses, [{ host: HOST, port }]);
      await next.close();
    },
  },
  {
    name: "an address that is not ours",
    async run({ serve }) {
      const error = await errorOf(serve(() => {}, { ...OPTIONS, host: "192.0.2.1" }));
      assertMatches(error, { code: "NETWORK_ERROR" });
    },
  },
  {
    name: "a server that closes frees its port, also while connections last",
    async run({ connect, serve }) {
      const server = await serve((ws) => ws.closed.then(() => {}), { ...OPTIONS, host: HOST });
      const { port } = server.addresses[0];
      const ws = await connect(`ws://${HOST}:${port}/`, OPTIONS);
      const closed = server.close({ closeConnections: false });
      await sleep(50);
      const next = await serve(() => {}, { ...OPTIONS, host: HOST, port });
      assertMatches(ws, { state: "open" });
      await ws.close();
      await within("the first server", closed);
      await next.close();
    },
  },
  {
    name: "a server that closes tells its clients 1001",
    async run({ connect, serve }) {
      const server = await serve((ws) => ws.closed.then(() => {}), { ...OPTIONS, host: HOST });
      const ws = await connect(`ws://${HOST}:${server.addresses[0].port}/`, OPTIONS);
      await within("the server", server.close());
      assertMatches(await ws.closed, { code: 1001, received: { code: 1001 } });
    },
  },
];

/** Descriptors that the process has open, where that can be seen. */
const descriptors = () => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0);

const LEFT = [
  {
    name: "connections leave no file descriptor open, whoever closes or aborts",
    async run({ connect, serve }) {
      const accepted = [];
      const server = await serve((ws) => (accepted.push(ws), ws.closed.then(() => {})), { ...OPTIONS, host: HOST });
      const uri = `ws://${HOST}:${server.addresses[0].port}/`;
      for (const end of [
        (ws) => ws.close(),
        (_ws, other) => other.close(),
        (ws, other) => [ws.close(), other.close()],
        (ws) => ws.abort(),
        (_ws, other) => other.abort(),
      ]) {
        const before = descriptors();
        for (let i = 0; i < 20; i++) {
          const ws = await connect(uri, OPTIONS);
          await until("the server's side", () => accepted.length > 0);
          const other = accepted.pop();
          end(ws, other);
          await within("both ends", Promise.all([ws.closed, other.closed]));
        }
        await until("descriptors to be closed", () => descriptors() <= before);
      }
      await server.close();
    },
  },
];

/** Echoes once through a server of node:http that `attach` has made part of a server of ours. */
async function echoOverHttp({ connect }, http, attach) {
  http.listen(0, HOST);
  await once(http, "listening");
  const server = await attach(http);
  const ws = await connect(`ws://${HOST}:${http.address().port}/chat`, OPTIONS);
  for (const message of ["hi", bytesOf(300_000)]) {
    await ws.send(message);
    assert.equal(await ws.recv(), message);
  }
  await ws.close();
  assertMatches(await ws.closed, { code: 1000 });
  await within("the server", server.close());
  assert.ok(http.listening, "a server that is another's was closed");
  http.closeAllConnections();
  await new Promise((done) => http.close(done));
}

async function echo(ws) {
  for await (const message of ws) await ws.send(message);
}

const HTTP = [
  {
    name: "serve({ server }) on node:http, beside its requests",
    run: (context) =>
      echoOverHttp(
        context,
        createHttpServer((_request, response) => response.end("plain")),
        async (server) => {
          const answer = await fetch(`http://${HOST}:${server.address().port}/`);
          assert.same(await answer.text(), "plain");
          return context.serve(echo, { ...OPTIONS, server });
        },
      ),
  },
  {
    name: "handleUpgrade on node:http",
    run: (context) =>
      echoOverHttp(context, createHttpServer(), async (http) => {
        const server = await context.serve(echo, { ...OPTIONS, listen: false });
        http.on("upgrade", (request, socket, head) => server.handleUpgrade(request, socket, head));
        return server;
      }),
  },
];

export const RAW_CASES = [...ENDS, ...DIALING, ...LEFT, ...HTTP];
