// The loop over all clients that the documentation of ws shows.
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { answer, cpuTime } from "../support/subject.mjs";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
answer({ port }, async ({ text, count }) => {
  for (let i = 0; i < count; i++) {
    for (const client of server.clients) client.send(text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { cpu: cpuTime() };
});
