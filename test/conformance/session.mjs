// One connection of the testing side, behind the opening handshake: what it sends, and what it saw.
import { Compressor, Decompressor } from "./deflate.mjs";
import { describe, encodeFrame, FrameReader, randomKey } from "./wire.mjs";

const RSV1 = 0x40;
const CLOSE = 0x88;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A connection to a subject; `isClient`: whether the testing side is the client. */
export class Session {
  /** Messages and pongs, as `describe` tells them. */
  events = [];
  /** The last message as it is, for who compares only its length. */
  last = null;
  /** Breaches of the protocol that have no place in `events`. */
  faults = [];
  /** `{ code, reason }` of the Close frame of the subject; the code is `null` where there is none. */
  closeReceived = null;
  /** Who ended the connection first: `"us"`, `"peer"`. */
  endedBy = null;
  /** The subject has ended TCP. */
  isTcpOver = false;
  isClient;
  #socket;
  #closeSent = false;
  #reader = new FrameReader();
  #parts = [];
  #first = 0;
  #compressor = null;
  #decompressor = null;
  #changed = () => {};

  constructor(socket, isClient, agreement, rest) {
    this.isClient = isClient;
    this.#socket = socket;
    if (agreement !== null) {
      const { client, server } = agreement;
      this.#compressor = new Compressor(isClient ? client : server);
      this.#decompressor = new Decompressor(isClient ? server : client);
    }
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("end", () => this.#tcpOver());
    socket.on("close", () => this.#tcpOver());
    if (rest.length > 0) this.#receive(rest);
  }

  get isCompressing() {
    return this.#compressor !== null;
  }

  get isOver() {
    return this.closeReceived !== null || this.isTcpOver;
  }

  #tcpOver() {
    this.isTcpOver = true;
    this.endedBy ??= "peer";
    this.#changed();
  }

  #receive(chunk) {
    this.#reader.push(chunk);
    for (let frame = this.#reader.next(); frame !== null; frame = this.#reader.next()) {
      try {
        this.#take(frame);
      } catch (error) {
        this.faults.push(error.message);
      }
    }
    this.#changed();
  }

  #take({ first, payload, isMasked, minimal }) {
    if (isMasked === this.isClient) this.faults.push(isMasked ? "a masked frame" : "a frame without a mask");
    if (!minimal) this.faults.push("a length in more octets than needed");
    if (this.closeReceived !== null) this.faults.push("a frame behind a Close");
    if (first & 0x08) this.#takeControl(first, payload);
    else this.#takeData(first, payload);
  }

  #takeControl(first, payload) {
    if (!(first & 0x80) || first & 0x70 || payload.length > 125)
      this.faults.push(`control frame ${first.toString(16)}`);
    if (first === 0x89) this.#write({ first: 0x8a, payload });
    else if (first === 0x8a) this.events.push(describe(first, payload));
    else if (first === CLOSE) this.#takeClose(payload);
    else this.faults.push(`opcode ${first.toString(16)}`);
  }

  #takeClose(payload) {
    if (payload.length === 1) this.faults.push("a Close of one octet");
    this.closeReceived = {
      code: payload.length < 2 ? null : payload.readUInt16BE(0),
      reason: payload.subarray(2).toString(),
    };
    this.endedBy ??= "peer";
    if (!this.#closeSent) this.close(this.closeReceived.code ?? 1000);
    // The server ends TCP first (RFC 6455 7.1.1).
    if (!this.isClient) this.#socket.end();
  }

  #takeData(first, payload) {
    const opcode = first & 0x0f;
    const isFirst = opcode !== 0;
    if (isFirst === this.#parts.length > 0) this.faults.push(`fragment ${first.toString(16)} out of order`);
    if (first & 0x30 || (first & RSV1 && (!isFirst || !this.isCompressing))) this.faults.push("reserved bits");
    if (isFirst) this.#first = first;
    this.#parts.push(payload);
    if (!(first & 0x80)) return;
    const joined = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
    this.#parts = [];
    const message = this.#first & RSV1 ? this.#decompressor.decompress(joined) : joined;
    this.last = { opcode: this.#first & 0x0f, payload: message };
    this.events.push(describe((this.#first & 0x0f) | 0x80, message));
  }

  #write(frame) {
    if (frame.first === CLOSE) this.#sendingClose();
    const { head, body } = encodeFrame(frame, this.isClient ? randomKey() : null);
    this.#socket.write(Buffer.concat([head, body]));
  }

  #sendingClose() {
    this.#closeSent = true;
    this.endedBy ??= "us";
  }

  /** Sends frames. `how`: `"once"` in one write, `"frames"` each in its own, or a number: pieces of so many octets. */
  async send(frames, how = "once") {
    const all = frames.map((frame) => {
      if (frame.first === CLOSE) this.#sendingClose();
      const { head, body } = encodeFrame(frame, this.isClient ? randomKey() : null);
      return Buffer.concat([head, body]);
    });
    if (how === "once") return this.write(Buffer.concat(all));
    for (const octets of how === "frames" ? all : [Buffer.concat(all)]) {
      const size = how === "frames" ? octets.length : how;
      // Time for the socket now and then: a megabyte in pieces of 64 octets has many.
      for (let at = 0, n = 0; at < octets.length; at += size, n++) {
        this.#socket.write(octets.subarray(at, at + size));
        if (octets.length < 1000 || n % 64 === 0) await turn();
      }
    }
    return undefined;
  }

  async write(octets) {
    if (!this.#socket.destroyed) this.#socket.write(octets);
    await turn();
  }

  /** Sends a message, compressed where that was agreed; in fragments of at most `size` octets on the wire. */
  async sendMessage(opcode, message, size = Infinity, isCompressed = this.isCompressing) {
    const payload = isCompressed ? this.#compressor.compress(message) : message;
    const frames = [];
    for (let at = 0; at === 0 || at < payload.length; at += size) {
      const isLast = at + size >= payload.length;
      const first = (at === 0 ? opcode | (isCompressed ? RSV1 : 0) : 0) | (isLast ? 0x80 : 0);
      frames.push({ first, payload: payload.subarray(at, Math.min(payload.length, at + size)) });
    }
    await this.send(frames, "once");
  }

  /** Tells the compressor of plain octets that a case compressed by itself. */
  noteSent(plain) {
    this.#compressor?.add(plain);
  }

  close(code) {
    if (this.#closeSent || this.#socket.destroyed) return;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#write({ first: CLOSE, payload });
  }

  /** Waits until `condition` holds, for `patience` milliseconds at most; returns whether it does. */
  until(condition, patience) {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (value) => {
        clearTimeout(timer);
        this.#changed = () => {};
        resolve(value);
      };
      const timer = setTimeout(() => finish(condition()), patience);
      this.#changed = () => condition() && finish(true);
    });
  }

  /** Drops TCP. */
  destroy() {
    this.#socket.destroy();
  }
}
