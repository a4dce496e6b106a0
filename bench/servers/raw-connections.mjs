// What Node's sockets take by themselves: a constant answer to whoever connects, and a loop of `write` over all of them.
import { once } from "node:events";
import { createServer } from "node:net";
import { serverFrames } from "../support/frames.mjs";
import { RESPONSE } from "../support/opening.mjs";
import { answer, cpuTime } from "../support/subject.mjs";

const sockets = new Set();
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => {});
  socket.once("data", () => socket.write(RESPONSE, "latin1"));
  socket.resume();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
answer({ port }, async ({ text, count }) => {
  for (let i = 0; i < count; i++) {
    const frame = serverFrames(true, Buffer.from(text), 1);
    for (const socket of sockets) socket.write(frame);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { cpu: cpuTime() };
});
