// One connection of the testing side: sends what a case says, reads strictly, and records what comes back.
import { isUtf8 } from "node:buffer";
import { setImmediate as turn } from "node:timers/promises";
import { Compressor, Decompressor } from "./deflate.mjs";
import { describe, encodeFrame, FrameReader, parseFrame, randomKey } from "./wire.mjs";

export const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

const notated = (frame) => (typeof frame === "string" ? parseFrame(frame) : frame);

export class Session {
  /** What came back: messages and pongs, as `describe` tells them. */
  events = [];
  /** What the other side did against the protocol, by our own reading. */
  fault = null;
  /** The code of its Close frame: a number, or `null` for none in it; `undefined` before it came. */
  closeCode = undefined;
  /** Who sent the first Close frame, or ended TCP: "us" or "peer". */
  endedBy = null;
  tcpEnded = false;
  /** Recorded messages; switched off in cases that take them by `receive`. */
  isRecording = true;
  #socket;
  #isClient;
  #reader = new FrameReader();
  #compressor = null;
  #decompressor = null;
  #inbox = [];
  #message = null;
  #wakers = new Set();

  constructor({ socket, rest, agreement }, isClient) {
    this.#socket = socket;
    this.#isClient = isClient;
    this.agreement = agreement;
    if (agreement !== null) {
      this.#compressor = new Compressor(isClient ? agreement.client : agreement.server);
      this.#decompressor = new Decompressor(isClient ? agreement.server : agreement.client);
    }
    const gone = () => {
      this.tcpEnded = true;
      this.endedBy ??= "peer";
      this.#wake();
    };
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("end", gone).on("close", gone).on("error", gone);
    if (rest.length > 0) this.#take(rest);
    socket.resume();
  }

  get isClient() {
    return this.#isClient;
  }

  #wake() {
    for (const waker of this.#wakers) waker();
  }

  /** Waits for `condition`, at most for `patience` milliseconds: tells whether it holds. */
  async until(condition, patience) {
    if (condition()) return true;
    return new Promise((resolve) => {
      const look = () => {
        if (condition()) finish(true);
      };
      const timer = setTimeout(() => finish(condition()), patience);
      const finish = (value) => {
        clearTimeout(timer);
        this.#wakers.delete(look);
        resolve(value);
      };
      this.#wakers.add(look);
    });
  }

  /** Whether the other side started the end, or finished it. */
  get hasEnded() {
    return this.tcpEnded || this.closeCode !== undefined;
  }

  #take(chunk) {
    this.#reader.push(chunk);
    for (let frame = this.#reader.next(); frame !== null && this.fault === null; frame = this.#reader.next()) {
      this.fault = this.#read(frame);
    }
    this.#wake();
  }

  /** Takes a frame; tells what is wrong with it. */
  #read({ first, payload, isMasked, minimal }) {
    const opcode = first & 0x0f;
    const isFinal = (first & 0x80) !== 0;
    if (this.closeCode !== undefined) return "a frame behind its Close";
    if (isMasked === this.#isClient) return isMasked ? "a masked frame" : "a frame without a mask";
    if (!minimal) return "a length in more octets than it needs";
    if ((first & 0x30) !== 0) return "a reserved bit";
    if (opcode >= CLOSE) {
      if (!isFinal || payload.length > 125 || (first & 0x40) !== 0) return "a malformed control frame";
      return this.#readControl(opcode, first, payload);
    }
    if (opcode > 2) return `opcode ${opcode}`;
    return this.#readData(opcode, (first & 0x40) !== 0, isFinal, payload);
  }

  #readControl(opcode, first, payload) {
    if (opcode === PING) {
      if (this.endedBy === null) void this.send({ first: 0x8a, payload });
    } else if (opcode === PONG) {
      this.events.push(describe(first, payload));
    } else if (opcode === CLOSE) {
      if (payload.length === 1 || !isUtf8(payload.subarray(2))) return "a malformed Close";
      this.closeCode = payload.length === 0 ? null : payload.readUInt16BE(0);
      this.endedBy ??= "peer";
    } else return `opcode ${opcode}`;
    return null;
  }

  #readData(opcode, isCompressed, isFinal, payload) {
    if ((opcode === 0) !== (this.#message !== null)) return "fragments in disorder";
    if (isCompressed && (opcode === 0 || this.#decompressor === null)) return "an unexpected RSV1";
    this.#message ??= { opcode, isCompressed, parts: [] };
    this.#message.parts.push(payload);
    if (!isFinal) return null;
    const message = this.#message;
    this.#message = null;
    let whole = message.parts.length === 1 ? message.parts[0] : Buffer.concat(message.parts);
    try {
      if (message.isCompressed) whole = this.#decompressor.decompress(whole);
    } catch (error) {
      return `what cannot be decompressed: ${error.message}`;
    }
    if (message.opcode === 1 && !isUtf8(whole)) return "text that is not UTF-8";
    if (this.isRecording) this.events.push(describe(0x80 | message.opcode, whole));
    else this.#inbox.push({ opcode: message.opcode, payload: whole });
    return null;
  }

  /** The next message when the recording is off; `null` when there is none. */
  async receive(patience) {
    await this.until(() => this.#inbox.length > 0 || this.hasEnded || this.fault !== null, patience);
    return this.#inbox.shift() ?? null;
  }

  #encode(frame) {
    const { head, body } = encodeFrame(frame, this.#isClient !== (frame.wrongMask ?? false) ? randomKey() : null);
    if (frame.first === (0x80 | CLOSE)) this.endedBy ??= "us";
    return [head, body];
  }

  async #write(octets) {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded || socket.write(octets)) return;
    await new Promise((resolve) => {
      const finish = () => {
        socket.off("drain", finish).off("close", finish);
        resolve();
      };
      socket.on("drain", finish).on("close", finish);
    });
  }

  /** Sends frames in one write; resolves when the socket wants more. */
  async send(...frames) {
    const pieces = frames.flatMap((frame) => this.#encode(notated(frame)));
    const [head, body] = pieces;
    if (pieces.length === 2 && body.length > 65_536) {
      this.#socket.cork();
      const written = [this.#write(head), this.#write(body)];
      this.#socket.uncork();
      await Promise.all(written);
      return;
    }
    await this.#write(Buffer.concat(pieces));
  }

  /** Sends each frame in a write of its own, and goes through the event loop between. */
  async sendFrames(...frames) {
    for (const frame of frames) {
      await this.send(frame);
      await turn();
    }
  }

  /** Sends frames in writes of so many octets. */
  async sendPieces(size, ...frames) {
    const octets = Buffer.concat(frames.flatMap((frame) => this.#encode(notated(frame))));
    for (let start = 0; start < octets.length; start += size) {
      if (this.tcpEnded) return;
      await this.#write(octets.subarray(start, start + size));
      await turn();
    }
  }

  sendOctets(...frames) {
    return this.sendPieces(1, ...frames);
  }

  /** The octets of frames, for cases that cut them themselves. */
  octetsOf(...frames) {
    return Buffer.concat(frames.flatMap((frame) => this.#encode(notated(frame))));
  }

  async sendRaw(octets) {
    await this.#write(octets);
  }

  /** The compressed octets of a message. */
  compress(payload) {
    return this.#compressor.compress(payload);
  }

  /** Tells the compressor of a message that the case compressed itself. */
  noteCompressed(payload) {
    this.#compressor.add(payload);
  }

  /** Sends a message compressed, in fragments of at most `size` octets, with an empty last one where it divides evenly. */
  async sendCompressed(opcode, payload, size = Infinity) {
    const compressed = this.compress(payload);
    await this.send(...fragments(opcode | 0x40, compressed, size));
  }

  /** Drops TCP when everything was sent. */
  end() {
    if (!this.#socket.destroyed) this.#socket.end();
  }

  destroy() {
    this.#socket.destroy();
  }
}

/** Frames of a message in fragments of `size` octets; evenly divided payloads end with an empty fragment. */
export function fragments(opcode, payload, size) {
  if (size === Infinity) return [{ first: 0x80 | opcode, payload }];
  const frames = [];
  for (let start = 0; start + size <= payload.length; start += size) {
    frames.push({ first: frames.length === 0 ? opcode : 0, payload: payload.subarray(start, start + size) });
  }
  const rest = payload.subarray(frames.length * size);
  frames.push({ first: 0x80 | (frames.length === 0 ? opcode : 0), payload: rest });
  return frames;
}
