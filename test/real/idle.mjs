// Memory of connections that were used once and wait: of a plain socket, of ws and of ours, by the same measure.
// npm run build && node test/real/idle.mjs <raw|ws|ours> <server|client> [count]
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect as connectSocket, createServer } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { connect, serve } from "wsasm";
import { memoryInUse } from "./million.mjs";

const HOST = "127.0.0.1";
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

function responseTo(head) {
  const key = /sec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? KEY;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** A frame, masked with a key of zeros for a server. */
function frame(firstByte, length, isMasked, fill = 0x61) {
  const mask = isMasked ? 0x80 : 0;
  const header = length < 126 ? [firstByte, mask | length] : [firstByte, mask | 126, length >> 8, length & 255];
  return Buffer.concat([Uint8Array.from(header), new Uint8Array(isMasked ? 4 : 0), new Uint8Array(length).fill(fill)]);
}

/** What everybody is told, in pieces that arrive on their own: text, bytes over several chunks, fragments, a ping. */
function trafficFor(isMasked) {
  const long = frame(0x82, 30_000, isMasked);
  return [
    frame(0x81, 1000, isMasked),
    long.subarray(0, 10_000),
    long.subarray(10_000),
    Buffer.concat([frame(0x01, 500, isMasked), frame(0x89, 50, isMasked)]),
    frame(0x80, 500, isMasked),
    frame(0x82, 100, isMasked),
  ];
}

/** Bytes of the payloads that come back. */
const ECHOED = 1000 + 30_000 + 1000 + 100;

/** Not a loop in an async function: the engine may keep dead variables of one that is suspended, and messages with them. */
function echo(ws) {
  ws.recv().then(
    (message) => {
      void ws.send(message);
      echo(ws);
    },
    () => {},
  );
}

function echoTheirs(ws) {
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
}

/** The opening of plain sockets, and an answer of as many bytes as from an echo. */
function answerRaw(socket, isServer) {
  let received = 0;
  const expected = trafficFor(isServer).reduce((sum, { length }) => sum + length, 0);
  socket.once("data", (head) => {
    if (isServer) socket.write(responseTo(head.toString("latin1")));
    socket.on("data", ({ length }) => {
      received += length;
      if (received >= expected) socket.write(new Uint8Array(ECHOED));
    });
  });
}

const SERVERS = {
  async raw() {
    const server = createServer({ noDelay: true }, (socket) => answerRaw(socket, true));
    await once(server.listen(0, HOST), "listening");
    return server.address().port;
  },
  async ws() {
    const server = new WebSocketServer({ host: HOST, port: 0 });
    server.on("connection", echoTheirs);
    await once(server, "listening");
    return server.address().port;
  },
  async ours() {
    const server = await serve((ws) => (echo(ws), ws.closed), { host: HOST });
    return server.addresses[0].port;
  },
};

const CLIENTS = {
  async raw(port) {
    const socket = connectSocket({ port, host: HOST, noDelay: true });
    socket.write(REQUEST);
    answerRaw(socket, false);
    await once(socket, "data");
    return socket;
  },
  async ws(port) {
    const ws = new WebSocket(`ws://${HOST}:${port}/`);
    echoTheirs(ws);
    await once(ws, "open");
    return ws;
  },
  async ours(port) {
    const ws = await connect(`ws://${HOST}:${port}/`);
    echo(ws);
    return ws;
  },
};

/** Counts what the plain socket at the other end reads. */
function countReads(socket) {
  socket.received = 0;
  socket.on("data", ({ length }) => {
    socket.received += length;
  });
}

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Opens connections of `subject` in a role; returns them and the plain sockets at their other ends. */
async function open(subject, role, count) {
  const peers = [];
  if (role === "server") {
    const port = await SERVERS[subject]();
    for (let i = 0; i < count; i++) {
      const socket = connectSocket({ port, host: HOST, noDelay: true });
      socket.write(REQUEST);
      countReads(socket);
      peers.push(socket);
      await until(() => socket.received > 0);
    }
    return { subjects: [], peers };
  }
  const server = createServer({ noDelay: true }, (socket) => {
    socket.once("data", (head) => {
      socket.write(responseTo(head.toString("latin1")));
      countReads(socket);
      peers.push(socket);
    });
  });
  await once(server.listen(0, HOST), "listening");
  const subjects = [];
  for (let i = 0; i < count; i++) subjects.push(await CLIENTS[subject](server.address().port));
  await until(() => peers.length === count);
  return { subjects, peers };
}

/** One connection, to its end: what is made once is made. */
async function measure(subject, role, count) {
  const memory = async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const used = await memoryInUse();
    return { used, buffers: process.memoryUsage().arrayBuffers, rss: process.memoryUsage.rss() };
  };
  const keep = [await open(subject, role, 10)];
  await use(keep[0].peers, role);
  const before = await memory();
  keep.push(await open(subject, role, count));
  const unused = await memory();
  await use(keep[1].peers, role);
  const used = await memory();
  const each = (from, to) => Math.round((to - from) / count);
  console.log(
    JSON.stringify({
      subject,
      role,
      count,
      unused: each(before.used, unused.used),
      used: each(before.used, used.used),
      buffers: each(before.buffers, used.buffers),
      rss: each(before.rss, used.rss),
    }),
  );
}

async function use(peers, role) {
  for (const peer of peers) peer.received = 0;
  for (const piece of trafficFor(role === "server")) {
    for (const peer of peers) peer.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => peers.every(({ received }) => received >= ECHOED));
}

const [subject = "ours", role = "server", count = "1000"] = process.argv.slice(2);
await measure(subject, role, Number(count));
process.exit();
