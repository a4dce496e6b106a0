// Sends a message to all its connections as often as it is told to.
import { broadcast, serve } from "wsasm";
import { answer, cpuTime } from "../support/subject.mjs";

const server = await serve(async (ws) => void (await ws.closed), {
  host: "127.0.0.1",
  pingInterval: null,
  maxHandshakes: null,
});
const [{ port }] = /** @type {readonly { port: number }[]} */ (server.addresses);
answer({ port }, async ({ text, count }) => {
  for (let i = 0; i < count; i++) {
    broadcast(server.connections, text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { cpu: cpuTime() };
});
