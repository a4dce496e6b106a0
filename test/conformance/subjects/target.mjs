// A server for resource tests: echoes with the default limits; /deaf never reads; /memory tells its memory and descriptors.
import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { serve } from "../../../dist/index.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
const [openTimeout = "10000"] = process.argv.slice(2);

async function tellMemory(ws) {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const descriptors = process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
  await ws.send(JSON.stringify({ rss, used: heapUsed + external, descriptors }));
}

const server = await serve(
  async (ws) => {
    const { pathAndQuery } = ws.request;
    if (pathAndQuery === "/deaf") return ws.closed.then(() => {});
    for await (const message of ws) await (pathAndQuery === "/memory" ? tellMemory(ws) : ws.send(message));
  },
  {
    host: "127.0.0.1",
    port: 0,
    openTimeout: Number(openTimeout),
    maxHandshakes: null,
    logger: { warn: () => {}, error: console.error },
  },
);
console.log(`ws://127.0.0.1:${server.addresses[0].port}`);
