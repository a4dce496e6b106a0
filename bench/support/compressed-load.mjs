// A closed loop of compressed messages over raw sockets: all different, made before, and what comes back is only counted.
import { connect } from "node:net";
import { constants, deflateRawSync } from "node:zlib";
import { maskedFrame } from "./frames.mjs";

const REQUEST =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12\r\n\r\n";
const RSV1 = 0x40;
const TAIL = 4;

/** A whole message as a client with a window of 4 KiB sends it that compresses each on its own. */
export function compressedFrame(isText, message, n) {
  const deflated = deflateRawSync(message, { windowBits: 12, finishFlush: constants.Z_SYNC_FLUSH });
  const frame = maskedFrame(isText, deflated.subarray(0, -TAIL), n);
  frame[0] |= RSV1;
  return frame;
}

/** Counts frames of any length, and the bytes of all of them. */
class Counter {
  bytes = 0;
  /** Of the frame under way: header bytes so far, and what of it is still to come. */
  #header = [];
  #left = 0;

  /** Returns how many frames the chunk completes. */
  count(chunk) {
    this.bytes += chunk.length;
    let completed = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#left === 0) {
        this.#header.push(chunk[at++]);
        const length = this.#payloadLength();
        if (length === undefined) continue;
        this.#header = [];
        this.#left = length;
      } else {
        const step = Math.min(this.#left, chunk.length - at);
        this.#left -= step;
        at += step;
      }
      if (this.#left === 0) completed++;
    }
    return completed;
  }

  #payloadLength() {
    const [first = 0, code = 0, ...rest] = this.#header;
    if ((first & 0xb0) !== 0x80 || (first & 0x0f) > 2) throw new Error(`unexpected frame: ${first}`);
    if (this.#header.length < 2) return undefined;
    if (code < 126) return code;
    if (rest.length < (code === 126 ? 2 : 8)) return undefined;
    return rest.reduce((sum, byte) => sum * 256 + byte, 0);
  }
}

/** All connections of a scenario to one server. They stay open from round to round. */
export class CompressedLoad {
  echoes = 0;
  /** Bytes that came back, of all echoes. */
  bytes = 0;
  #scenario;
  #sockets = [];
  #isRunning = false;
  #inFlight = 0;
  #settle = () => {};
  #reject = (_error) => {};

  /** @param scenario `frames`, `connections`, and `depth`: messages in flight on each of them. */
  constructor(scenario) {
    this.#scenario = scenario;
  }

  async open(port) {
    for (let i = 0; i < this.#scenario.connections; i++) this.#sockets.push(await this.#connect(port, i));
  }

  #connect(port, i) {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true }, () => socket.write(REQUEST));
      const { frames, connections } = this.#scenario;
      const connection = { socket, next: Math.floor((i * frames.length) / connections), counter: new Counter() };
      let head = "";
      const onHead = (chunk) => {
        head += chunk.latin1Slice();
        if (!head.endsWith("\r\n\r\n")) return;
        if (!/permessage-deflate/i.test(head)) return reject(new Error(`no compression: ${head}`));
        socket.off("data", onHead);
        socket.on("data", (bytes) => this.#receive(connection, bytes));
        resolve(connection);
      };
      socket.on("data", onHead);
      socket.on("error", (error) => (reject(error), this.#reject(error)));
    });
  }

  #receive(connection, bytes) {
    try {
      const count = connection.counter.count(bytes);
      this.echoes += count;
      this.bytes += bytes.length;
      this.#inFlight -= count;
      if (this.#isRunning && count > 0) this.#send(connection, count);
      if (this.#inFlight === 0) this.#settle();
    } catch (error) {
      this.#reject(error);
    }
  }

  #send(connection, count) {
    const { frames } = this.#scenario;
    connection.socket.cork();
    for (let i = 0; i < count; i++) connection.socket.write(frames[connection.next++ % frames.length]);
    connection.socket.uncork();
    this.#inFlight += count;
  }

  /** Runs for `duration` milliseconds and then until all messages in flight are back. */
  run(duration) {
    this.echoes = 0;
    this.bytes = 0;
    this.#isRunning = true;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => (this.#isRunning = false), duration);
      const guard = setTimeout(() => reject(new Error("messages are missing")), duration + 20_000);
      const end = (settle) => (value) => {
        clearTimeout(timer);
        clearTimeout(guard);
        settle(value);
      };
      this.#settle = end(resolve);
      this.#reject = end(reject);
      for (const connection of this.#sockets) this.#send(connection, this.#scenario.depth);
    });
  }

  close() {
    for (const { socket } of this.#sockets) socket.destroy();
  }
}
