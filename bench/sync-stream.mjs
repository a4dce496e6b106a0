// One message of many bytes through `wsasm/sync`, both ways: how fast, and in how much memory.
// node bench/sync-stream.mjs [--mebibytes 1024]; also for Deno and Bun. Needs a build before.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const MIB = 0x100000;

/** A server that sends each message back while it comes. */
async function server() {
  const { serve } = await import("wsasm");
  const options = { host: "127.0.0.1", port: 0, compression: null, maxSize: null };
  const running = await serve(async (ws) => {
    const first = Number(await ws.recv());
    if (first > 0) {
      const piece = new Uint8Array(MIB);
      await ws.send(Array.from({ length: first }, () => piece));
      await ws.closed;
      return;
    }
    let length = 0;
    for await (const piece of ws.recvStreaming({ decode: false })) length += piece.length;
    await ws.send(String(length));
    await ws.closed;
  }, options);
  const [{ port }] = /** @type {readonly { port: number }[]} */ (running.addresses);
  console.log(port);
}

/** Most memory of the process, its threads included, since the call. */
function watchMemory() {
  let most = 0;
  return {
    look: () => (most = Math.max(most, process.memoryUsage.rss())),
    mebibytes: () => Math.round(most / MIB),
  };
}

async function main() {
  const { values } = parseArgs({ options: { mebibytes: { type: "string", default: "1024" } } });
  const mebibytes = Number(values.mebibytes);
  const { connect } = await import("wsasm/sync");
  const child = spawn("node", [fileURLToPath(import.meta.url), "server"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const uri = `ws://127.0.0.1:${Number(line)}`;
  const options = { compression: null, maxSize: null };
  const report = (what, start, memory) => {
    const seconds = (performance.now() - start) / 1000;
    const speed = (mebibytes / seconds).toFixed(0);
    console.log(
      `${what} ${mebibytes} MiB: ${seconds.toFixed(1)} s, ${speed} MiB/s, at most ${memory.mebibytes()} MiB resident`,
    );
  };
  try {
    const before = connect(uri, options);
    console.log(`connected: ${Math.round(process.memoryUsage.rss() / MIB)} MiB resident`);
    before.abort();

    const down = connect(uri, options);
    let [start, memory, received] = [performance.now(), watchMemory(), 0];
    down.send(String(mebibytes));
    for (const piece of down.recvStreaming({ decode: false })) {
      received += piece.length;
      memory.look();
    }
    if (received !== mebibytes * MIB) throw new Error(`received ${received} bytes`);
    report("down", start, memory);
    down.close();

    const up = connect(uri, options);
    [start, memory] = [performance.now(), watchMemory()];
    up.send("0");
    const piece = new Uint8Array(MIB);
    up.send(
      (function* () {
        for (let i = 0; i < mebibytes; i++) {
          yield piece;
          memory.look();
        }
      })(),
    );
    if (up.recv() !== String(mebibytes * MIB)) throw new Error("bytes are missing");
    report("up", start, memory);
    up.close();
  } finally {
    child.kill();
  }
}

if (process.argv[2] === "server") await server();
else await main();
