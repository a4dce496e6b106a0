// Memory of a server with compression: of connections that wait after some traffic, over a million messages, and over ten
// thousand connections that come and go. Clients are ws in a process of their own. As a program:
// npm run build && node test/real/compressed-memory.mjs <idle|messages|opened> [deflate|shared|max|none|ws] [count]
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket, WebSocketServer } from "ws";
import { memoryInUse } from "./million.mjs";

const HOST = "127.0.0.1";
const SELF = fileURLToPath(import.meta.url);
const SAMPLES = 10;

const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** JSON of some kilobytes, another one for each `i`; enough of them fill every window. */
function messageOf(i, length) {
  let text = "";
  for (let n = i * 1000; text.length < length; n++)
    text += `{"id":${n},"value":${Math.sin(n)},"name":"user ${n % 977}"},`;
  return text.slice(0, length);
}

// The clients

/** Opens `count` connections, tells each `messages` messages and waits for their echoes. They are kept. */
async function openClients(port, count, messages, length) {
  const open = [];
  for (let i = 0; i < count; i++) {
    const ws = new WebSocket(`ws://${HOST}:${port}/`, { perMessageDeflate: { threshold: 0 } });
    await once(ws, "open");
    for (let n = 0; n < messages; n++) {
      const echoed = once(ws, "message");
      const message = messageOf(i + n, length);
      ws.send(message);
      if (String((await echoed)[0]) !== message) throw new Error(`not the message ${n} of ${i}`);
    }
    open.push(ws);
  }
  return open;
}

const CLIENT_TASKS = {
  async idle(port, count) {
    await openClients(port, count, 12, 4096);
  },
  async messages(port, count) {
    const sockets = await openClients(port, 10, 1, 100);
    const DEPTH = 20;
    await Promise.all(
      sockets.map(
        (ws, i) =>
          new Promise((resolve) => {
            let [sent, received] = [0, 0];
            const send = () => ws.send(messageOf(i + (sent++ % 50), 100 + (sent % 7) * 150));
            ws.on("message", () => {
              received++;
              if (received === count / 10) resolve(undefined);
              else if (sent < count / 10) send();
            });
            for (let n = 0; n < DEPTH; n++) send();
          }),
      ),
    );
  },
  async opened(port, count) {
    const AT_ONCE = 20;
    for (let i = 0; i < count; i += AT_ONCE) {
      const lanes = Array.from({ length: AT_ONCE }, () => openClients(port, 1, 3, 4096));
      for (const [ws] of await Promise.all(lanes)) {
        ws.close();
        await once(ws, "close");
      }
    }
  },
};

// The server

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

/** Returns the port of an echo server. */
async function listen(subject) {
  if (subject !== "ws") {
    const { serve } = await import("wsasm");
    const compression = subject === "none" ? null : subject;
    const server = await serve((ws) => (echo(ws), ws.closed), { host: HOST, compression, pingInterval: null });
    return server.addresses[0].port;
  }
  const server = new WebSocketServer({ host: HOST, port: 0, perMessageDeflate: { threshold: 0 } });
  server.on("connection", (ws) => ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary })));
  await once(server, "listening");
  return server.address().port;
}

async function memory() {
  await rest(200);
  const used = await memoryInUse();
  return { used, buffers: process.memoryUsage().arrayBuffers, rss: process.memoryUsage.rss() };
}

/** Starts clients in a process of their own; resolves when they have done their task. */
async function startClients(task, port, count) {
  const clients = fork(SELF, ["clients", task, String(port), String(count)]);
  const [done] = await once(clients, "message");
  if (done !== "done") throw new Error(String(done));
  return clients;
}

const TASKS = {
  async idle(port, count) {
    const keep = [await startClients("idle", port, 10)];
    const before = await memory();
    keep.push(await startClients("idle", port, count));
    const after = await memory();
    for (const clients of keep) clients.kill();
    const each = (name) => Math.round((after[name] - before[name]) / count);
    return { used: each("used"), buffers: each("buffers"), rss: each("rss") };
  },
  async messages(port, count) {
    return growth("messages", port, count);
  },
  async opened(port, count) {
    return growth("opened", port, count);
  },
};

/** A tenth of the work, as often; how memory was after each, in MiB. */
async function growth(task, port, count) {
  const used = [];
  const rss = [];
  for (let i = 0; i < SAMPLES; i++) {
    const clients = await startClients(task, port, Math.ceil(count / SAMPLES));
    clients.kill();
    const after = await memory();
    used.push(Math.round(after.used / 0x2000) / 128);
    rss.push(Math.round(after.rss / 0x100000));
  }
  return { used, rss };
}

const COUNTS = { idle: 1000, messages: 1_000_000, opened: 10_000 };

/** Returns what a task gives for a server of `subject`: a preset, "none", or "ws". */
export async function measure(task, subject, count = COUNTS[task]) {
  const result = await TASKS[task](await listen(subject), count);
  return { task, subject, count, ...result };
}

if (process.argv[2] === "clients") {
  const [, , , task, port, count] = process.argv;
  await CLIENT_TASKS[task](Number(port), Number(count)).then(
    () => process.send("done"),
    (error) => process.send(String(error)),
  );
} else if (process.argv[1] === SELF) {
  const [task = "idle", subject = "deflate", count] = process.argv.slice(2);
  console.log(JSON.stringify(await measure(task, subject, count === undefined ? undefined : Number(count))));
  process.exit();
}
