// The library as a server under test. Prints its URI.
import { serve } from "wsasm";

const server = await serve(
  async (ws) => {
    for await (const message of ws) await ws.send(message);
  },
  { host: "127.0.0.1", maxSize: 64 * 1024 * 1024, logger: { warn() {}, error: console.error } },
);
console.log(`ws://127.0.0.1:${server.addresses[0].port}`);
