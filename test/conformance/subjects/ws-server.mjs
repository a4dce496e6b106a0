// The control: an echo server of `ws`, for the conformance suite. Prints its URL.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  maxPayload: 32 * 1024 * 1024,
  maxFragments: 1e6,
  perMessageDeflate: true,
});
server.on("connection", (ws) => {
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on("error", () => {});
});
server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}`));
