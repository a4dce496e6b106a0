// ws with its usual echo, which sends back the Buffer that it got. WS_NO_BUFFER_UTIL=1 makes it plain JavaScript.
import { createServer as createPlainServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { WebSocketServer } from "ws";
import { report, tlsOptions } from "./report.mjs";

// Text as strings, as this library hands it out: what the scenarios with non-ASCII text compare.
const asStrings = process.argv.includes("--strings");

// Compressed messages of any length, with a window of so many bits.
const bits = Number(process.argv[process.argv.indexOf("--deflate") + 1]);
const perMessageDeflate = process.argv.includes("--deflate") && { threshold: 0, serverMaxWindowBits: bits };

const tls = tlsOptions();
const server = tls === undefined ? createPlainServer() : createTlsServer(tls);
const sockets = new WebSocketServer({ server, perMessageDeflate, maxPayload: 0x100000 });
sockets.on("connection", (ws) => {
  ws.on("message", (/** @type {Buffer} */ data, isBinary) => {
    if (asStrings && !isBinary) ws.send(data.toString());
    else ws.send(data, { binary: isBinary });
  });
});
server.listen(0, "127.0.0.1", () => report(server.address()));
