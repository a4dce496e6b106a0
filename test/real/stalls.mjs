// How long the event loop stands still while one long message is sent and received: node test/real/stalls.mjs [MiB]
// Both ends are programs of their own. What is told is the CPU time of the thread in the longest of its turns, the median of the
// rounds: other programs on the machine do not count. Needs Linux.
import { fork } from "node:child_process";
import { openSync, readSync } from "node:fs";
import { connect, serve } from "wsasm";

const SIZE = (Number(process.argv[2]) || 20) << 20;
const ROUNDS = 5;

const stat = openSync(`/proc/self/task/${process.pid}/schedstat`);
const line = Buffer.alloc(64);

/** Milliseconds that the thread was on a CPU. */
const cpu = () => Number(line.toString("latin1", 0, readSync(stat, line, 0, 64, 0)).split(" ")[0]) / 1e6;

/** Watches the loop until it is told to stop. */
function watch() {
  let longest = 0;
  let isOver = false;
  let last = cpu();
  const look = () => {
    const now = cpu();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    isOver = true;
    look();
    return longest;
  };
}

/** About `SIZE` bytes. */
const MESSAGES = {
  "ASCII text": () => text("Pack my box with five dozen jugs. "),
  "text with umlauts": () => text("Zwölf Boxkämpfer jagen Viktor quer über den Deich "),
  "Chinese text": () => text("天地玄黃宇宙洪荒日月盈昃辰宿列張"),
  "text of random letters": () => Buffer.from(randomBytes()).toString("base64").slice(0, SIZE),
  "random bytes": () => randomBytes(),
  zeros: () => new Uint8Array(SIZE),
};

/** In one piece, which a string of `repeat` is not. */
function text(words) {
  return Buffer.alloc(Buffer.byteLength(words) * Math.floor(SIZE / Buffer.byteLength(words)), words).toString();
}

function randomBytes() {
  const bytes = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

async function receiver() {
  const server = await serve(
    async (ws) => {
      for (;;) {
        await ws.recv();
        await new Promise(setImmediate);
        const stop = watch();
        const message = await ws.recv();
        const { length } = message;
        const longest = stop();
        await ws.send(JSON.stringify({ length, longest }));
      }
    },
    { port: 0, host: "127.0.0.1", maxSize: null, compression: process.argv[4] === "plain" ? null : "deflate" },
  );
  process.send(server.addresses[0].port);
}

async function main() {
  for (const kind of ["plain", "compressed"]) {
    const child = fork(new URL(import.meta.url).pathname, [String(SIZE >> 20), "receiver", kind]);
    const port = await new Promise((resolve) => child.once("message", resolve));
    const compression = kind === "plain" ? null : "deflate";
    const ws = await connect(`ws://127.0.0.1:${port}`, { compression, maxSize: null });
    for (const [name, make] of Object.entries(MESSAGES)) {
      const sent = [];
      const received = [];
      for (let round = 0; round < ROUNDS; round++) {
        const message = make();
        await ws.send("go");
        await new Promise((resolve) => setTimeout(resolve, 100));
        const stop = watch();
        await ws.send(message);
        sent.push(stop());
        const { length, longest } = JSON.parse(await ws.recv());
        if (length !== message.length) throw new Error(`${length} of ${message.length} arrived`);
        received.push(longest);
      }
      const median = (values) => values.toSorted((a, b) => a - b)[ROUNDS >> 1].toFixed(1);
      console.log(`${kind}\t${name}\tsender ${median(sent)} ms\treceiver ${median(received)} ms`);
    }
    await ws.close();
    child.kill();
  }
}

await (process.argv[3] === "receiver" ? receiver() : main());
