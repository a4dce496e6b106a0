// The order of outgoing frames (RFC 6455 5.4, 5.5) and their way through extensions to the writer.
import type { TimerWheel } from "../async/timers.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import { ProtocolError } from "../errors/protocol.ts";
import type { EncodeHint } from "../extensions/extension.ts";
import { sentFrameWatcher } from "../frames/frame-watch.ts";
import { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import type { ExtensionPipeline } from "./extension-pipeline.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { FrameObserver } from "./observer.ts";
import type { PreparedMessage } from "./prepared-message.ts";
import type { State } from "./state.ts";

const FIN = 0x80;
const MAX_CONTROL_PAYLOAD = 125;

/** Characters that are encoded as UTF-8 in one step. */
const TEXT_IN_STEP = 0x40000;

/** Milliseconds for which a long message is encoded before others may go on. */
const LONGEST_TURN = 4;

/** A whole message: its payload, and the frame that extensions made of it. */
interface Encoded {
  readonly payload: Uint8Array;
  readonly frame: Frame;
}

/** A whole message that is encoded in steps, each of a few milliseconds at most. */
export class EncodingSteps {
  readonly #steps: Generator<undefined, Encoded, undefined>;
  #encoded: Encoded | undefined;
  #error: unknown;

  constructor(steps: Generator<undefined, Encoded, undefined>) {
    this.#steps = steps;
  }

  /** Does one step. Returns whether it was the last. */
  step(): boolean {
    // A generator that threw is done, without a frame.
    if (this.#error !== undefined) throw this.#error;
    if (this.#encoded !== undefined) return true;
    try {
      const { done, value } = this.#steps.next();
      if (done === true) this.#encoded = value;
      return done === true;
    } catch (error) {
      this.#error = error ?? new Error("error in an extension");
      throw error;
    }
  }

  /** Does all steps, and lets other connections go on between them. Gives up once the connection is not open. */
  async inTurns(timers: TimerWheel, connection: { readonly state: State }): Promise<void> {
    let pauseAt = timers.clock.now() + LONGEST_TURN;
    while (!this.step()) {
      if (timers.clock.now() < pauseAt) continue;
      await new Promise<void>((resolve) => timers.resumeLater(resolve));
      if (connection.state !== "open") return;
      pauseAt = timers.clock.now() + LONGEST_TURN;
    }
  }

  /** Does all steps that are left. */
  finish(): Encoded {
    while (!this.step());
    return this.#encoded as Encoded;
  }
}

/** UTF-8 of `text`, in steps. */
function* bytesInSteps(codec: TextCodec, text: string): Generator<undefined, Uint8Array, undefined> {
  const pieces: string[] = [];
  let length = 0;
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = start + TEXT_IN_STEP;
    // Both halves of a character outside the BMP belong to one piece.
    if (isHighSurrogate(text.charCodeAt(end - 1))) end--;
    const piece = text.slice(start, end);
    pieces.push(piece);
    length += codec.byteLength(piece);
    yield;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    at += codec.encodeInto(piece, bytes, at);
    yield;
  }
  return bytes;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Sends the frames of one side. It knows the order of fragments, not the state of the connection. */
export class FrameSender extends FrameWriter {
  /** Set once extensions were negotiated. */
  extensions: ExtensionPipeline | undefined;
  observer: FrameObserver | undefined;
  /** Payload bytes of data frames, before extensions, and messages that were finished. */
  payloadLength = 0;
  messages = 0;
  #isFragmenting = false;
  /** The transport has more than it can write: Pings and Pongs overtake what waits in the output. */
  isCongested = false;
  #waitingPong: Uint8Array | undefined;

  /** Not before the head of the opening handshake has left: nothing may overtake that. */
  get #isOvertaking(): boolean {
    return this.isCongested && this.output.taken > 0;
  }

  /** Whether a message was begun and not finished. */
  get isFragmenting(): boolean {
    return this.#isFragmenting;
  }

  /** Whether to send a message may call extensions or the observer. */
  get callsOut(): boolean {
    return this.extensions !== undefined || this.observer !== undefined;
  }

  /** Checks that a frame of a data opcode may come now. */
  checkOrder(opcode: Opcode): void {
    if (opcode === Opcode.CONTINUATION && !this.#isFragmenting)
      throw new ProtocolError("unexpected continuation frame");
    if (opcode !== Opcode.CONTINUATION && this.#isFragmenting) throw new ProtocolError("expected a continuation frame");
  }

  /** @throws {TypeError} For a payload that is neither text nor bytes. */
  sendData(opcode: Opcode, payload: string | Uint8Array, fin: boolean, hint?: EncodeHint): void {
    if (typeof payload !== "string") checkBytes(payload);
    this.payloadLength += this.#sendPayload(opcode, payload, fin, hint);
    if (fin) this.messages++;
    this.#isFragmenting = !fin;
    this.observer?.frameSent(opcode, payload, fin);
  }

  /** Sends a message that other connections are sent too. */
  sendPrepared(prepared: PreparedMessage): undefined {
    const bytes = this.#share(prepared);
    if (bytes === undefined) return;
    this.output.pushShared(bytes);
    this.observer?.frameSent(prepared.frame.opcode, prepared.frame.payload, true);
  }

  /** The same for nobody who observes, past the output: returns the bytes to write now, or `undefined` if they wait to be taken. */
  passPrepared(prepared: PreparedMessage): Uint8Array | undefined {
    const bytes = this.#share(prepared);
    if (bytes === undefined || this.output.pass(bytes)) return bytes;
    this.output.pushShared(bytes);
    return undefined;
  }

  /** Returns the frame of a message as others get it too; `undefined` if that cannot be, and it was sent by itself. */
  #share(prepared: PreparedMessage): Uint8Array | undefined {
    const { frame, encodings, wire } = prepared;
    const { opcode, payload } = frame;
    const encoded = this.extensions === undefined ? frame : this.extensions.encodeShared(frame, encodings);
    // Every frame of a client has a masking key of its own (RFC 6455 5.3).
    if (encoded === undefined || this.isMasking) {
      this.sendData(opcode, payload, true);
      return undefined;
    }
    this.payloadLength += payload.length;
    this.messages++;
    const made = wire.get(encoded);
    const bytes = made ?? this.wholeFrame(firstByteOf(encoded), encoded.payload);
    if (made === undefined) wire.set(encoded, bytes);
    else if (sentFrameWatcher() !== null) this.note(firstByteOf(encoded), encoded.payload.length);
    return bytes;
  }

  /** Encodes a whole message in steps, for {@link sendEncoded}; `undefined` if it is not so long that this is worth it. */
  encodeInSteps(opcode: Opcode, payload: string | Uint8Array, hint?: EncodeHint): EncodingSteps | undefined {
    const { extensions } = this;
    if (extensions?.encodesInSteps(payload.length) !== true) return undefined;
    return new EncodingSteps(this.#encodeInSteps(extensions, opcode, payload, hint));
  }

  *#encodeInSteps(
    extensions: ExtensionPipeline,
    opcode: Opcode,
    data: string | Uint8Array,
    hint?: EncodeHint,
  ): Generator<undefined, Encoded, undefined> {
    const payload = typeof data === "string" ? yield* bytesInSteps(this.codec, data) : data;
    return { payload, frame: yield* extensions.encodeInSteps(new Frame(opcode, payload), hint) };
  }

  /** Sends what was encoded in steps. */
  sendEncoded(encoding: EncodingSteps): void {
    const { payload, frame } = encoding.finish();
    this.payloadLength += payload.length;
    this.messages++;
    this.writeBytes(firstByteOf(frame), frame.payload);
    this.observer?.frameSent(frame.opcode, payload, true);
  }

  /** Returns the length of the payload in bytes. */
  #sendPayload(opcode: Opcode, payload: string | Uint8Array, fin: boolean, hint?: EncodeHint): number {
    if (this.extensions !== undefined) {
      const bytes = this.#bytesOf(payload);
      this.#sendFrame(new Frame(opcode, bytes, { fin }), hint);
      return bytes.length;
    }
    const firstByte = (fin ? FIN : 0) | opcode;
    if (typeof payload === "string") return this.writeText(firstByte, payload);
    this.writeBytes(firstByte, payload);
    return payload.length;
  }

  /** Sends a Ping or Pong; in front of what waits while the transport is congested. */
  sendControl(opcode: Opcode, payload: Uint8Array): void {
    checkBytes(payload);
    if (payload.length > MAX_CONTROL_PAYLOAD) {
      throw new RangeError(
        `Cannot send control frame: ${payload.length} bytes, expected at most ${MAX_CONTROL_PAYLOAD}`,
      );
    }
    if (!this.#isOvertaking) return this.sendInOrder(opcode, payload);
    this.output.pushUrgent(this.#controlFrame(opcode, payload), undefined);
    this.observer?.frameSent(opcode, payload, true);
  }

  /**
   * Answers a Ping. While the transport is congested only the latest is answered, which RFC 6455 5.5.3 allows: a
   * peer that pings and does not read cannot make us hoard Pongs.
   */
  answerPing(payload: Uint8Array): void {
    if (!this.#isOvertaking) return this.sendInOrder(Opcode.PONG, payload);
    const pong = this.#controlFrame(Opcode.PONG, payload);
    this.output.pushUrgent(pong, this.#waitingPong);
    this.#waitingPong = pong;
    this.observer?.frameSent(Opcode.PONG, payload, true);
  }

  /** Sends a whole frame behind everything else. */
  sendInOrder(opcode: Opcode, payload: Uint8Array): void {
    if (this.extensions === undefined) this.writeBytes(FIN | opcode, payload);
    else this.#sendFrame(new Frame(opcode, payload));
    this.observer?.frameSent(opcode, payload, true);
  }

  #controlFrame(opcode: Opcode, payload: Uint8Array): Uint8Array {
    if (this.extensions === undefined) return this.wholeFrame(FIN | opcode, payload);
    const encoded = this.extensions.encode(new Frame(opcode, payload));
    return this.wholeFrame(firstByteOf(encoded), encoded.payload);
  }

  #bytesOf(payload: string | Uint8Array): Uint8Array {
    if (typeof payload !== "string") return payload;
    const bytes = new Uint8Array(this.codec.byteLength(payload));
    this.codec.encodeInto(payload, bytes, 0);
    return bytes;
  }

  #sendFrame(frame: Frame, hint?: EncodeHint): void {
    const encoded = (this.extensions as ExtensionPipeline).encode(frame, hint);
    this.writeBytes(firstByteOf(encoded), encoded.payload);
  }
}

/** Not by its class: bytes of another realm will do. */
function checkBytes(payload: Uint8Array | null): void {
  if (payload?.BYTES_PER_ELEMENT !== 1) throw new TypeError("Cannot send: expected a string or a Uint8Array");
}

function firstByteOf({ opcode, fin, rsv1, rsv2, rsv3 }: Frame): number {
  return (fin ? FIN : 0) | (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0) | opcode;
}
