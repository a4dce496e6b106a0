// The parser of ws as its WebSocket uses it, and text as strings. WS_NO_BUFFER_UTIL=1 makes it plain JavaScript.
import * as ws from "ws";
import { serveParser } from "./measure.mjs";

// Exported, but not in its types.
const { Receiver } = /** @type {any} */ (ws);

serveParser(() => {
  const receiver = new Receiver({ isServer: true, maxPayload: 0x100000, allowSynchronousEvents: true });
  let messages = 0;
  let size = 0;
  receiver.on("error", (error) => {
    throw error;
  });
  receiver.on("message", (data, isBinary) => {
    const message = isBinary ? data : data.toString();
    messages++;
    size += message.length;
  });
  return {
    feed(chunk) {
      receiver.write(chunk);
    },
    taken() {
      const result = { messages, size };
      messages = 0;
      size = 0;
      return result;
    },
  };
});
