// What connections cost on the bare sockets of each runtime: constant answers to a handshake and to one message.
// @ts-nocheck: the types of other runtimes
import { createServer } from "node:net";
import { serverFrames } from "../support/frames.mjs";
import { RESPONSE } from "../support/opening.mjs";
import { report } from "./report.mjs";

const HEAD = Buffer.from(RESPONSE);
const REPLY = serverFrames(true, Buffer.from("used once, 16 B."), 1);
/** A request begins with the G of GET. */
const answerTo = (chunk) => (chunk[0] === 0x47 ? HEAD : REPLY);

async function answerOnDeno(connection) {
  const memory = new Uint8Array(1024);
  while ((await connection.read(memory)) !== null) await connection.write(answerTo(memory));
}

if (globalThis.Deno !== undefined) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  report(listener.addr);
  for await (const connection of listener) answerOnDeno(connection).catch(() => {});
} else if (globalThis.Bun !== undefined) {
  const data = (socket, chunk) => socket.write(answerTo(chunk));
  report(Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data, error() {} } }));
} else {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => socket.write(answerTo(chunk)));
  });
  server.listen(0, "127.0.0.1", () => report(server.address()));
}
