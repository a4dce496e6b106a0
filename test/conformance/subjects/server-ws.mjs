// A control: ws as a server, with compression.
import { once } from "node:events";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true });
server.on("connection", (ws) => {
  ws.on("error", () => {});
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
});
await once(server, "listening");
console.log(`ws://127.0.0.1:${server.address().port}`);
