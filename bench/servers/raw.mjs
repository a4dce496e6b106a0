// The ceiling: bytes back as they came, without a protocol.
import { createServer } from "node:net";
import { report } from "./report.mjs";

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", (chunk) => socket.write(chunk));
  socket.on("error", () => {});
});
server.listen(0, "127.0.0.1", () => report(server.address()));
