// The server that clients are measured against: it answers every message of a known length with one as long.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { FrameCounter, header, serverFrames } from "./frames.mjs";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_LENGTH = 4;

function response(request) {
  const key = /^sec-websocket-key: *(\S+)/im.exec(request)?.[1];
  const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** Answers the opening handshake, then counts frames and sends as many. */
function serveSocket(socket, { isText, payload, burst }) {
  const answers = serverFrames(isText, payload, burst);
  const answerLength = answers.length / burst;
  const expected = header(isText, payload.length, true);
  const counter = new FrameCounter(expected, expected.length + KEY_LENGTH + payload.length);
  let request = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    if (request.endsWith("\r\n\r\n")) {
      const count = counter.count(chunk, chunk.length);
      if (count > 0) socket.write(answers.subarray(0, count * answerLength));
      return;
    }
    request += chunk.latin1Slice();
    if (request.endsWith("\r\n\r\n")) socket.write(response(request));
  });
}

/** Listens on a free port of the loopback interface. */
export async function startPeer(scenario) {
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    serveSocket(socket, scenario);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `ws://127.0.0.1:${port}/`,
    close() {
      // What clients still send is their Close frames, which are no answer to anything.
      for (const socket of sockets) socket.removeAllListeners("data").destroy();
      server.close();
    },
  };
}
