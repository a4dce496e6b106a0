// The WebSocket that Node itself has: undici's.
import { once } from "node:events";
import { Countdown, serveClient } from "./measure.mjs";

serveClient(async (url) => {
  const ws = new WebSocket(url);
  ws.binaryType = "arraybuffer";
  const countdown = new Countdown();
  ws.addEventListener("message", ({ data }) => countdown.received(data.length ?? data.byteLength));
  await once(ws, "open");
  return {
    burst(message, count) {
      const received = countdown.expect(count, message.length);
      for (let i = 0; i < count; i++) ws.send(message);
      return received;
    },
  };
});
