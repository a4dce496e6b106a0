// The load generator: a closed loop of messages over raw sockets, cheap enough to leave the server the slower side.
import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";
import { FrameCounter, header, maskedFrames } from "./frames.mjs";

/** All sockets read into it: each chunk is looked through before the next one is read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(0x40000);

const REQUEST =
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const KEY_LENGTH = 4;

/** One connection that keeps `depth` messages in flight while its load is running. */
class LoadConnection {
  #load;
  #socket;
  #counter;
  #response = "";
  #isOpen = false;
  #sentAt = 0;

  constructor(load, place, isWebSocket) {
    const { scenario } = load;
    const { isText, payload, isSecure } = scenario;
    this.#load = load;
    // A raw server echoes the frame as it was sent, mask and all.
    const expected = header(isText, payload.length, !isWebSocket);
    const frameLength = expected.length + (isWebSocket ? 0 : KEY_LENGTH) + payload.length;
    this.#counter = new FrameCounter(expected, frameLength);
    const options = {
      host: "127.0.0.1",
      ...place,
      noDelay: true,
      // The certificate is one of the tests.
      rejectUnauthorized: false,
      onread: { buffer: READ_BUFFER, callback: (length, chunk) => this.#receive(length, chunk) },
    };
    this.#socket = isSecure ? connectTls(options) : connectPlain(options);
    this.#socket.on("error", (error) => load.fail(error));
    this.#socket.on("end", () => load.fail(new Error("the server closed a connection")));
    this.#isOpen = !isWebSocket;
    this.#socket.once(isSecure ? "secureConnect" : "connect", () => {
      if (isWebSocket) this.#socket.write(REQUEST);
      else load.opened();
    });
  }

  #receive(length, chunk) {
    try {
      if (this.#isOpen) this.#receiveFrames(chunk, length);
      else this.#receiveResponse(chunk.latin1Slice(0, length));
    } catch (error) {
      this.#load.fail(error);
    }
    return true;
  }

  #receiveResponse(text) {
    this.#response += text;
    if (!this.#response.endsWith("\r\n\r\n")) return;
    if (!this.#response.startsWith("HTTP/1.1 101 ")) throw new Error(`no handshake: ${this.#response}`);
    this.#isOpen = true;
    this.#load.opened();
  }

  #receiveFrames(chunk, length) {
    const completed = this.#counter.count(chunk, length);
    if (completed === 0) return;
    const load = this.#load;
    if (load.scenario.depth === 1) load.latencies.push(performance.now() - this.#sentAt);
    if (load.isRunning) this.send(completed);
    load.echoed(completed);
  }

  send(count) {
    const { frames, frameLength } = this.#load;
    this.#load.inFlight += count;
    if (this.#load.scenario.depth === 1) this.#sentAt = performance.now();
    this.#socket.write(frames.subarray(0, count * frameLength));
  }

  close() {
    this.#socket.destroy();
  }
}

/** All connections of a scenario to one server. They stay open from round to round. */
export class Load {
  scenario;
  frames;
  frameLength;
  isRunning = false;
  inFlight = 0;
  /** Messages that came back since the round began. */
  echoes = 0;
  /** Round trips in milliseconds, where each connection has one message in flight. */
  latencies = [];
  #connections = [];
  #opened = 0;
  /** @type {(value?: any) => void} */
  #settle = () => {};
  /** @type {(error: unknown) => void} */
  #reject = () => {};

  constructor(scenario) {
    const { isText, payload, depth } = scenario;
    this.scenario = scenario;
    this.frames = maskedFrames(isText, payload, depth);
    this.frameLength = this.frames.length / depth;
  }

  /** Opens all connections to a port, or to the path of a Unix socket. */
  open(place, isWebSocket) {
    return this.#until(() => {
      for (let i = 0; i < this.scenario.connections; i++) {
        this.#connections.push(new LoadConnection(this, place, isWebSocket));
      }
    });
  }

  /** Runs for `duration` milliseconds and then until all messages in flight are back. */
  async run(duration) {
    this.echoes = 0;
    this.latencies = [];
    this.isRunning = true;
    const drained = this.#until(() => {
      for (const connection of this.#connections) connection.send(this.scenario.depth);
    });
    const timer = setTimeout(() => {
      this.isRunning = false;
    }, duration);
    // A message that never comes back must not hang the benchmark.
    const guard = setTimeout(() => this.fail(new Error("messages are missing")), duration + 10_000);
    try {
      await drained;
    } finally {
      clearTimeout(timer);
      clearTimeout(guard);
    }
  }

  close() {
    for (const connection of this.#connections) connection.close();
  }

  /** Resolves when `begin` has led to `settle`, rejects when the load fails. */
  #until(begin) {
    return new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#reject = reject;
      begin();
    });
  }

  opened() {
    this.#opened++;
    if (this.#opened === this.scenario.connections) this.#settle();
  }

  echoed(count) {
    this.echoes += count;
    this.inFlight -= count;
    if (this.inFlight === 0 && !this.isRunning) this.#settle();
  }

  fail(error) {
    this.isRunning = false;
    this.#reject(error);
  }
}
