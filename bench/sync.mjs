// Round trips of `wsasm/sync` against a bare hand-over: a Worker with a TCP socket, a message to it, Atomics back.
// node bench/sync.mjs [--rounds 9] [--trips 2000]; also for Deno and Bun.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, connect as connectTcp } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { parseArgs } from "node:util";

const SIZE = 16;

/** The bare hand-over: one word counts answers, the bytes follow. */
async function bareThread({ buffer, port }) {
  const words = new Int32Array(buffer, 0, 2);
  const bytes = new Uint8Array(buffer, 8, SIZE);
  const socket = connectTcp({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  let received = 0;
  const answer = () => {
    Atomics.add(words, 0, 1);
    Atomics.notify(words, 0);
  };
  socket.on("data", (/** @type {Buffer} */ chunk) => {
    bytes.set(chunk, received);
    received += chunk.length;
    if (received < SIZE) return;
    received = 0;
    answer();
  });
  parentPort?.on("message", (message) => socket.write(message));
  answer();
}

function bareClient(port) {
  const buffer = new SharedArrayBuffer(8 + SIZE);
  const words = new Int32Array(buffer, 0, 2);
  const bytes = new Uint8Array(buffer, 8, SIZE);
  const worker = new Worker(new URL(import.meta.url), { workerData: { bare: { buffer, port } } });
  worker.unref();
  Atomics.wait(words, 0, 0);
  const message = new TextEncoder().encode("x".repeat(SIZE));
  return () => {
    const before = Atomics.load(words, 0);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    worker.postMessage(message);
    Atomics.wait(words, 0, before);
    return bytes.slice();
  };
}

async function blockingClient(port) {
  const { connect } = await import("wsasm/sync");
  const ws = connect(`ws://127.0.0.1:${port}`, { compression: null });
  const message = "x".repeat(SIZE);
  return () => {
    ws.send(message);
    return ws.recv();
  };
}

/** Both servers, in a process of their own. */
async function servers() {
  const { serve } = await import("wsasm");
  const raw = createServer({ noDelay: true }, (socket) => socket.on("data", (chunk) => socket.write(chunk)));
  raw.listen(0, "127.0.0.1");
  await once(raw, "listening");
  const echo = async (ws) => {
    for await (const message of ws) await ws.send(message);
  };
  const server = await serve(echo, { host: "127.0.0.1", port: 0, compression: null });
  const places = /** @type {{ port: number }[]} */ ([raw.address(), server.addresses[0]]);
  console.log(JSON.stringify(places.map(({ port }) => port)));
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

function microseconds(trip, trips) {
  const start = performance.now();
  for (let i = 0; i < trips; i++) trip();
  return ((performance.now() - start) * 1000) / trips;
}

async function main() {
  const { values } = parseArgs({ options: { rounds: { type: "string" }, trips: { type: "string" } } });
  const rounds = Number(values.rounds ?? 9);
  const trips = Number(values.trips ?? 2000);
  const child = spawn("node", [fileURLToPath(import.meta.url), "servers"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const [rawPort, wsPort] = JSON.parse(String(line));
  try {
    const bare = bareClient(rawPort);
    const blocking = await blockingClient(wsPort);
    microseconds(bare, trips);
    microseconds(blocking, trips);
    const results = [];
    for (let round = 0; round < rounds; round++) {
      results.push([microseconds(bare, trips), microseconds(blocking, trips)]);
    }
    const ratio = median(results.map(([a, b]) => b / a));
    const [bareTime, blockingTime] = [0, 1].map((column) => median(results.map((row) => row[column])));
    console.log(
      `bare hand-over ${bareTime.toFixed(1)} us, wsasm/sync ${blockingTime.toFixed(1)} us: ${ratio.toFixed(2)}x`,
    );
  } finally {
    child.kill();
  }
  process.exit();
}

if (!isMainThread) {
  if (workerData?.bare !== undefined) await bareThread(workerData.bare);
} else if (process.argv[2] === "servers") await servers();
else await main();
