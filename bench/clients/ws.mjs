// The client of ws, and text as strings. WS_NO_BUFFER_UTIL=1 makes it plain JavaScript.
import { once } from "node:events";
import { WebSocket } from "ws";
import { Countdown, serveClient } from "./measure.mjs";

serveClient(async (url) => {
  const ws = new WebSocket(url, { perMessageDeflate: false });
  const countdown = new Countdown();
  ws.on("message", (/** @type {Buffer} */ data, isBinary) =>
    countdown.received((isBinary ? data : data.toString()).length),
  );
  await once(ws, "open");
  return {
    burst(message, count) {
      const received = countdown.expect(count, message.length);
      for (let i = 0; i < count; i++) ws.send(message);
      return received;
    },
  };
});
