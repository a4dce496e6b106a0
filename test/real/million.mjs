// Numbered messages through a slow reader with a tiny queue: all arrive, in order, and memory stays flat. As a program:
// npm run build && node test/real/million.mjs [--count 1000000] [--tls]
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WebSocket, WebSocketServer } from "ws";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

const HOST = "127.0.0.1";
/** Bytes that a sender of `ws` has waiting before it waits itself. */
const THEIR_LIMIT = 0x10000;
/** How often a reader stops until nothing moves any more. */
const PAUSES = 10;
/** How often memory is looked at. */
const SAMPLES = 10;

const turn = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Message number `i`: text and binary, mostly small, sometimes larger than a chunk of a socket. */
function messageOf(i) {
  if (i % 2 === 0) return i % 10 === 0 ? `${i} é` : `${i}`;
  const bytes = new Uint8Array(lengthOf(i));
  new DataView(bytes.buffer).setUint32(0, i);
  return bytes;
}

/** Enough of the large ones that a short run too fills the buffers of TCP. */
function lengthOf(i) {
  return i % 51 === 0 ? 70_000 : 4 + (i % 61);
}

/** The number of a message, -1 when it is not what `messageOf` made. */
function numberOf(message) {
  if (typeof message === "string") {
    const i = Number.parseInt(message, 10);
    return message === messageOf(i) ? i : -1;
  }
  if (message.length < 4) return -1;
  const i = new DataView(message.buffer, message.byteOffset).getUint32(0);
  return i % 2 === 1 && message.length === lengthOf(i) ? i : -1;
}

const schemeOf = (tls) => (tls === undefined ? "ws" : "wss");

/** A server of ours with one client. */
async function serveOurs({ serve }, options, tls, openClient) {
  const opened = {};
  const server = await serve(
    async (ws) => {
      opened.resolve(ws);
      await ws.closed;
    },
    {
      host: HOST,
      pingInterval: null,
      compression: null,
      ...options,
      ...(tls && { tls: { cert: tls.cert, key: tls.key } }),
    },
  );
  const accepted = new Promise((resolve) => Object.assign(opened, { resolve }));
  const client = await openClient(`${schemeOf(tls)}://${HOST}:${server.addresses[0].port}/`);
  return { accepted: await accepted, client, close: () => server.close() };
}

/** A server of `ws` with one client. */
async function serveTheirs(tls, openClient) {
  const http = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  const server = new WebSocketServer({ server: http });
  const accepted = once(server, "connection");
  await once(http.listen(0, HOST), "listening");
  const client = await openClient(`${schemeOf(tls)}://${HOST}:${http.address().port}/`);
  const [ws] = await accepted;
  const close = async () => {
    ws.terminate();
    server.close();
    http.close();
    await once(http, "close");
  };
  return { accepted: ws, client, close };
}

function connectOurs({ connect }, options, tls) {
  return (uri) =>
    connect(uri, { pingInterval: null, compression: null, ...options, ...(tls && { tls: { ca: tls.cert } }) });
}

function connectTheirs(tls) {
  return async (uri) => {
    const ws = new WebSocket(uri, { ca: tls?.cert });
    await once(ws, "open");
    return ws;
  };
}

const sendOurs = (ws) => (message) => ws.send(message);

const sendTheirs = (ws) => (message) => {
  if (ws.bufferedAmount < THEIR_LIMIT) return ws.send(message);
  return new Promise((resolve, reject) => {
    ws.send(message, (error) => (error ? reject(error) : resolve()));
  });
};

/** Receives, now and then by a call that is cancelled. */
function receiveOurs(ws) {
  let i = 0;
  return async () => {
    if (++i % 100 !== 0) return ws.recv();
    const controller = new AbortController();
    const cancelled = ws.recv({ signal: controller.signal });
    controller.abort();
    return cancelled.catch(() => ws.recv());
  };
}

const iterateOurs = (ws) => {
  const iterator = ws[Symbol.asyncIterator]();
  return async () => (await iterator.next()).value;
};

/** Who sends to whom. Each opens a pair and returns how to send, how to receive, and how to end. */
export const ROUTES = {
  async "a client of ws to our server"(api, options, tls) {
    const { accepted, client, close } = await serveOurs(api, options, tls, connectTheirs(tls));
    return { send: sendTheirs(client), receive: iterateOurs(accepted), close };
  },
  async "a server of ws to our client"(api, options, tls) {
    const { accepted, client, close } = await serveTheirs(tls, connectOurs(api, options, tls));
    return { send: sendTheirs(accepted), receive: receiveOurs(client), close };
  },
  async "our client to our server"(api, options, tls) {
    const { accepted, client, close } = await serveOurs(api, options, tls, connectOurs(api, options, tls));
    return { send: sendOurs(client), receive: receiveOurs(accepted), close };
  },
  async "our server to our client"(api, options, tls) {
    const { accepted, client, close } = await serveOurs(api, options, tls, connectOurs(api, options, tls));
    return { send: sendOurs(accepted), receive: iterateOurs(client), close };
  },
};

/**
 * Sends `count` messages over a route. Throws at the first that is not the next one.
 *
 * @param settings `maxQueue` of the reader; whether it `pauses`; a function that returns the memory in use.
 */
export async function run(api, route, { count, maxQueue, pauses, tls, memory = () => Promise.resolve(0) }) {
  const { send, receive, close } = await ROUTES[route](api, { maxQueue }, tls);
  const start = performance.now();
  let sent = 0;
  const sending = (async () => {
    for (; sent < count; sent++) {
      await send(messageOf(sent));
      if (sent % 64 === 0) await turn();
    }
  })();
  const used = [];
  let stalls = 0;
  for (let i = 0; i < count; i++) {
    if (pauses && i % Math.ceil(count / PAUSES) === 1 && (await untilStill(() => sent)) < count) stalls++;
    if (i % 16 === 0) await turn();
    const received = numberOf(await receive());
    if (received !== i) throw new Error(`message ${i} expected, ${received} received`);
    if (i % Math.ceil(count / SAMPLES) === Math.ceil(count / SAMPLES) >> 1) used.push(await memory());
  }
  await sending;
  const seconds = (performance.now() - start) / 1000;
  await close();
  return { stalls, growth: Math.max(...used) - used[0], perSecond: Math.round(count / seconds) };
}

/** Waits until `read` gives the same value for many turns. */
async function untilStill(read) {
  let last = read();
  for (let still = 0; still < 100; still++) {
    await turn();
    if (read() === last) continue;
    last = read();
    still = 0;
  }
  return last;
}

/** Memory of this process that something refers to. Buffers are freed a little later than what refers to them. */
export async function memoryInUse() {
  for (let i = 0; i < 3; i++) {
    collect();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function certificate() {
  const pem = execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"].concat([
      "-subj",
      "/CN=localhost",
      "-addext",
      `subjectAltName=IP:${HOST}`,
      "-keyout",
      "-",
      "-out",
      "-",
    ]),
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  return { key: pem, cert: pem.slice(pem.indexOf("-----BEGIN CERTIFICATE")) };
}

async function main() {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "1000000" }, tls: { type: "boolean" } },
  });
  const count = Number(values.count);
  const tls = values.tls ? certificate() : undefined;
  const api = await import("wsasm");
  for (const route of Object.keys(ROUTES)) {
    for (const maxQueue of [1, 4]) {
      for (const pauses of [false, true]) {
        const result = await run(api, route, { count, maxQueue, pauses, tls, memory: memoryInUse });
        const rss = Math.round(process.memoryUsage.rss() / 0x100000);
        console.log(JSON.stringify({ route, maxQueue, pauses, count, ...result, rss }));
      }
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
