// The parser as connections of this library use it on Node: bytes in, strings and bytes out.
import { importInternal } from "../support/internals.mjs";
import { serveParser } from "./measure.mjs";

const { ServerProtocol } = await importInternal("protocol/server-protocol");
const { internalsOf } = await importInternal("connection/runtime");
const { nodeRuntime } = await importInternal("runtimes/node/runtime");

const REQUEST =
  "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function openProtocol() {
  const protocol = new ServerProtocol({ delivery: "messages" }, internalsOf(nodeRuntime));
  protocol.receiveData(Buffer.from(REQUEST));
  const [request] = protocol.eventsReceived();
  protocol.sendResponse(protocol.accept(request));
  protocol.dataToSend();
  return protocol;
}

serveParser(() => {
  const protocol = openProtocol();
  let messages = 0;
  let size = 0;
  return {
    feed(chunk) {
      protocol.receiveData(chunk);
      for (const message of protocol.eventsReceived()) {
        messages++;
        size += message.length;
      }
    },
    taken() {
      const result = { messages, size };
      messages = 0;
      size = 0;
      return result;
    },
  };
});
