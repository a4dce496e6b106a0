// The ceiling for text on Bun: chunks cut at known places, a string and a promise a message, and nothing of a protocol.
// @ts-nocheck: the types of another runtime
import { Buffer } from "node:buffer";
import { nextTick } from "node:process";
import { report } from "./report.mjs";

const { latin1Slice, latin1Write } = Buffer.prototype;
const length = Number(process.argv[2]);
const header = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255];
const KEY_LENGTH = 4;
const frameLength = header.length + KEY_LENGTH + length;
const RESPONSE =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/** As many neighbours become one string first as in the library. */
const GROUP = Math.max(1, Math.floor(Math.max(1024, 4 * length) / frameLength));
const DONE = Promise.resolve();

const output = new Uint8Array(0x40000);
let used = 0;

class Connection {
  #socket;
  #messages = [];
  #front = 0;
  #rest = new Uint8Array(0);
  #deliver;
  #keep = (resolve) => void (this.#deliver = resolve);

  constructor(socket) {
    this.#socket = socket;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    const value = this.#messages[this.#front++];
    return value === undefined ? new Promise(this.#keep) : Promise.resolve({ done: false, value });
  }

  send(text) {
    output.set(header, used);
    latin1Write.call(output, text, used + header.length, length);
    used += header.length + length;
    return DONE;
  }

  receive(chunk) {
    const bytes = this.#rest.length === 0 ? chunk : new Uint8Array(Buffer.concat([this.#rest, chunk]));
    const count = Math.floor(bytes.length / frameLength);
    this.#rest = bytes.subarray(count * frameLength);
    if (count === 0) return;
    this.#messages = [];
    this.#front = 1;
    for (let i = 0; i < count; i += GROUP) this.#cut(bytes, i, Math.min(count, i + GROUP));
    this.#deliver({ done: false, value: this.#messages[0] });
    queueMicrotask(() => nextTick(() => this.#flush()));
  }

  #cut(bytes, first, end) {
    const text = latin1Slice.call(bytes, first * frameLength, end * frameLength);
    for (let at = header.length + KEY_LENGTH; at < text.length; at += frameLength) {
      this.#messages.push(text.substring(at, at + length));
    }
  }

  #flush() {
    if (this.#socket.write(output, 0, used) !== used) throw new Error("the client does not read");
    used = 0;
  }
}

async function echo(connection) {
  for await (const message of connection) await connection.send(message);
}

const listener = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open: (socket) => void socket.setNoDelay(true),
    data(socket, chunk) {
      if (socket.data === undefined) {
        socket.data = new Connection(socket);
        void echo(socket.data);
        socket.write(RESPONSE);
      } else {
        socket.data.receive(chunk);
      }
    },
    error: (_socket, error) => console.error(error),
  },
});
report(listener);
