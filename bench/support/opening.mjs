// Opening handshakes by hand, with sockets that cost the generator little.
import { once } from "node:events";
import { connect } from "node:net";

/** What a browser sends, more or less. */
export const REQUEST =
  "GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nOrigin: http://127.0.0.1\r\nAccept-Language: en\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** What bare sockets answer to everybody, without a look at the key. */
export const RESPONSE =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/** Opens a connection; resolves with its socket once the handshake is over. */
export async function open(port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  socket.write(REQUEST);
  let head = "";
  while (!head.endsWith("\r\n\r\n")) head += (await once(socket, "data"))[0].latin1Slice();
  if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`no handshake: ${head}`);
  return socket;
}
