// ws with its usual echo, which sends back the Buffer that it got. WS_NO_BUFFER_UTIL=1 makes it plain JavaScript.
import { WebSocketServer } from "ws";
import { report } from "./report.mjs";

// Text as strings, as this library hands it out: what the scenarios with non-ASCII text compare.
const asStrings = process.argv.includes("--strings");

// Compressed messages of any length, with a window of so many bits.
const bits = Number(process.argv[process.argv.indexOf("--deflate") + 1]);
const perMessageDeflate = process.argv.includes("--deflate") && { threshold: 0, serverMaxWindowBits: bits };

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate, maxPayload: 0x100000 });
server.on("connection", (ws) => {
  ws.on("message", (/** @type {Buffer} */ data, isBinary) => {
    if (asStrings && !isBinary) ws.send(data.toString());
    else ws.send(data, { binary: isBinary });
  });
});
server.on("listening", () => report(server.address()));
