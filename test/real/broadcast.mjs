// A broadcast to very many, one in a hundred of which never reads: the rest get everything, memory stays bounded, and the
// slow ones are closed. As a program: npm run build && node test/real/broadcast.mjs [--count 10000]
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { memoryInUse } from "./million.mjs";

const FILE = fileURLToPath(import.meta.url);
const HOST = "127.0.0.1";
const SIZE = 0x10000;
const FRAME = SIZE + 10;
/** The system takes megabytes for each socket before anything is felt here. */
const MOST_ROUNDS = 400;
const AT_ONCE = 200;
const REQUEST =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const isSlow = (i) => i % 100 === 0;

/** Opens one connection; resolves when its handshake is over. It reads then, unless it is a slow one. */
async function open(port, i, received) {
  const socket = connect({ port, host: HOST, noDelay: true });
  socket.on("error", () => {});
  socket.write(REQUEST);
  const [head] = await once(socket, "data");
  if (!head.latin1Slice().startsWith("HTTP/1.1 101 ")) throw new Error(`no handshake: ${head}`);
  if (isSlow(i)) socket.pause();
  else socket.on("data", ({ length }) => received(length));
  return socket;
}

/** The other process: clients that tell how many bytes they have, when they have all of a round. */
async function beClients(port, count) {
  const good = Array.from({ length: count }, (_, i) => i).filter((i) => !isSlow(i)).length;
  let total = 0;
  let rounds = 0;
  const received = (length) => {
    total += length;
    if (total === (rounds + 1) * good * FRAME) process.send(++rounds);
  };
  const sockets = [];
  for (let i = 0; i < count; i += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, k) => open(port, i + k, received));
    sockets.push(...(await Promise.all(some)));
  }
  process.on("disconnect", () => process.exit());
  process.send("open");
}

/**
 * Broadcasts to `count` connections until all slow ones are closed.
 *
 * @returns How many rounds it took, what became of connections, and the most memory that was in use, in bytes.
 */
export async function run({ serve, broadcast }, count, maxBuffered) {
  const codes = [];
  const server = await serve(
    async (ws) => {
      codes.push((await ws.closed).sent?.code);
    },
    { host: HOST, maxHandshakes: null, pingInterval: null, closeTimeout: 1000 },
  );
  const clients = fork(FILE, ["--clients", String(count), "--port", String(server.addresses[0].port)]);
  await once(clients, "message");
  const slow = Math.ceil(count / 100);
  const message = new Uint8Array(SIZE);
  const before = await memoryInUse();
  const rssBefore = process.memoryUsage.rss();
  let most = 0;
  let rounds = 0;
  while (codes.length < slow && rounds < MOST_ROUNDS) {
    broadcast(server.connections, message, { maxBuffered });
    rounds++;
    await once(clients, "message");
    if (rounds % 8 === 0) most = Math.max(most, (await memoryInUse()) - before);
  }
  const left = server.connections.size;
  const rss = process.memoryUsage.rss() - rssBefore;
  clients.disconnect();
  await server.close();
  return { count, rounds, left, closed: codes.slice(0, slow), most, rss };
}

if (process.argv[1] === FILE) {
  const { values } = parseArgs({
    options: { count: { type: "string" }, clients: { type: "string" }, port: { type: "string" } },
  });
  if (values.clients === undefined) {
    const { closed, ...rest } = await run(await import("wsasm"), Number(values.count ?? 10_000), 0x40000);
    const codes = Object.fromEntries(closed.map((code) => [code, closed.filter((other) => other === code).length]));
    console.log(JSON.stringify({ ...rest, codes }));
  } else {
    await beClients(Number(values.port), Number(values.clients));
  }
}
