// An echo server of this library, for the conformance suite, on Node, Deno and Bun: prints its URL.
import { serve } from "./library.mjs";

const LIMIT = 32 * 1024 * 1024;

const server = await serve(
  async (ws) => {
    for await (const message of ws) await ws.send(message);
  },
  { host: "127.0.0.1", port: 0, maxSize: LIMIT, logger: { warn: () => {}, error: console.error } },
);
console.log(`ws://127.0.0.1:${server.addresses[0].port}`);
