// The ceiling: bytes back as they came, without a protocol.
import { createServer as createPlainServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { report, tlsOptions } from "./report.mjs";

function echo(socket) {
  socket.on("data", (chunk) => socket.write(chunk));
  socket.on("error", () => {});
}

const tls = tlsOptions();
const options = { noDelay: true, ...tls };
const server = tls === undefined ? createPlainServer(options, echo) : createTlsServer(options, echo);
server.listen(0, "127.0.0.1", () => report(server.address()));
