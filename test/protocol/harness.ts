// Open protocols without a network, and their wire in plain view. Nothing here uses the code under test to make bytes.
import type { TextCodec } from "../../src/bytes/text-codec.ts";
import { portableTextCodec } from "../../src/bytes/text-codec.ts";
import type { Extension } from "../../src/extensions/extension.ts";
import { Frame } from "../../src/frames/frame.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import { getKernels } from "../../src/kernels/select.ts";
import type { ProtocolEvent } from "../../src/protocol/events.ts";
import type { Delivery } from "../../src/protocol/options.ts";
import type { ProtocolInternals, ProtocolOptions } from "../../src/protocol/options.ts";
import { Protocol } from "../../src/protocol/protocol.ts";
import type { Side } from "../../src/protocol/state.ts";
import { nodeTextCodec } from "../../src/runtimes/node/text-codec.ts";
import { toHex } from "../support/hex.ts";
import { concat } from "../support/splits.ts";

export const SIDES: readonly Side[] = ["server", "client"];
export const KERNELS: readonly Kernels[] = [getKernels(), new ReferenceKernels()];
export const CODECS: readonly (readonly [name: string, codec: TextCodec])[] = [
  ["portable", portableTextCodec()],
  ["node", nodeTextCodec],
];
export const DELIVERIES: readonly Delivery[] = ["frames", "messages", "bytes"];

/** A protocol whose opening handshake is over. */
export class OpenProtocol extends Protocol {
  constructor(
    side: Side,
    options: ProtocolOptions = {},
    internals: ProtocolInternals = {},
    extensions: readonly Extension[] = [],
  ) {
    super(side, options, internals);
    this.open(extensions, null, []);
  }

  protected override receiveHandshake(): never {
    throw new Error("the opening handshake is over");
  }

  protected override receiveHandshakeEof(): never {
    throw new Error("the opening handshake is over");
  }
}

/** One combination of what a rule must hold for. */
export interface Variant {
  readonly name: string;
  readonly options: ProtocolOptions & { readonly delivery: Delivery };
  readonly internals: ProtocolInternals;
}

/** Each implementation of the kernels with each delivery; the codecs take turns. */
export const VARIANTS: readonly Variant[] = KERNELS.flatMap((kernels, i) =>
  DELIVERIES.map((delivery, j) => {
    const [codecName, codec] = CODECS[(i + j) % 2] as (typeof CODECS)[number];
    const name = `${kernels.name} kernels, ${delivery}, ${codecName} codec`;
    return { name, options: { delivery }, internals: { kernels, codec } };
  }),
);

/** A frame of `payload` without a mask, with the shortest length. `firstByte` holds FIN, reserved bits and opcode. */
export function frame(firstByte: number, payload: Uint8Array | string = ""): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? utf8(payload) : payload;
  const { length } = bytes;
  const header = [firstByte];
  if (length < 126) header.push(length);
  else if (length < 65_536) header.push(126, length >> 8, length & 255);
  else header.push(127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  return concat([Uint8Array.from(header), bytes]);
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/**
 * Frames as the peer of `side` sends them: masked by a client. They are written without a mask; what follows a whole
 * one in the same array is another one, and the last one may be cut short.
 */
export function fromPeer(side: Side, ...frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = concat(frames);
  if (side === "client") return bytes;
  const masked: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const header = headerOf(bytes, at);
    const end = Math.min(bytes.length, at + header.length + header.payloadLength);
    if (at + header.length > bytes.length) {
      // Cut inside its header: only the mask bit is to be set.
      const rest = bytes.slice(at);
      if (rest.length > 1) rest[1] = (rest[1] as number) | 0x80;
      return concat([...masked, rest]);
    }
    masked.push(mask(bytes, at, header.length, end, i));
    at = end;
  }
  return concat(masked);
}

function mask(bytes: Uint8Array, at: number, headerLength: number, end: number, i: number): Uint8Array {
  const key = [0x37 + i, 0xfa - i, 0x21 ^ i, 0x3d].map((byte) => byte & 255);
  const header = bytes.slice(at, at + headerLength);
  header[1] = (header[1] as number) | 0x80;
  const payload = bytes.slice(at + headerLength, end);
  for (let j = 0; j < payload.length; j++) payload[j] = (payload[j] as number) ^ (key[j & 3] as number);
  return concat([header, Uint8Array.from(key), payload]);
}

/** Length of a header (without a masking key) and of its payload. */
function headerOf(bytes: Uint8Array, at: number): { length: number; payloadLength: number } {
  const code = (bytes[at + 1] ?? 0) & 0x7f;
  const size = [2, 8][code - 126] ?? 0;
  let payloadLength = size === 0 ? code : 0;
  for (let i = 0; i < size; i++) payloadLength = payloadLength * 256 + (bytes[at + 2 + i] ?? 0);
  return { length: 2 + size, payloadLength };
}

/** A frame that was sent. */
export interface WireFrame {
  readonly firstByte: number;
  readonly lengthForm: 0 | 2 | 8;
  readonly maskingKey: Uint8Array | null;
  /** Unmasked. */
  readonly payload: Uint8Array;
}

/** Reads frames, all whole. */
export function readWire(bytes: Uint8Array): WireFrame[] {
  const frames: WireFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const header = headerOf(bytes, at);
    const isMasked = ((bytes[at + 1] as number) & 0x80) !== 0;
    const payloadAt = at + header.length + (isMasked ? 4 : 0);
    const end = payloadAt + header.payloadLength;
    if (end > bytes.length) throw new Error(`half a frame at ${at} of ${bytes.length}`);
    const payload = bytes.slice(payloadAt, end);
    const maskingKey = isMasked ? bytes.slice(payloadAt - 4, payloadAt) : null;
    if (maskingKey !== null) {
      for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] as number) ^ (maskingKey[i & 3] as number);
    }
    frames.push({
      firstByte: bytes[at] as number,
      lengthForm: (header.length - 2) as 0 | 2 | 8,
      maskingKey,
      payload,
    });
    at = end;
  }
  return frames;
}

/** A frame as text: its first byte, and its payload; a long one is cut. */
export function describeWire({ firstByte, payload }: WireFrame): string {
  return `${firstByte.toString(16).padStart(2, "0")}|${describeBytes(payload)}`;
}

function describeBytes(bytes: Uint8Array): string {
  return bytes.length <= 512 ? toHex(bytes) : `${bytes.length} bytes, sum ${checksum(bytes)}`;
}

/** A checksum that depends on the order (FNV-1a). */
export function checksum(bytes: Uint8Array): number {
  let sum = 0x811c_9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x0100_0193);
  return sum >>> 0;
}

/** What a protocol has to send, as `first byte|payload`, and `EOF`. Checks that only clients mask. */
export function sentBy(protocol: Protocol): string[] {
  const chunks = protocol.dataToSend();
  const endsStream = chunks.at(-1)?.length === 0;
  if (endsStream) chunks.pop();
  if (chunks.some((chunk) => chunk.length === 0)) throw new Error("an empty chunk before the last one");
  const frames = readWire(concat(chunks));
  protocol.releaseOutput();
  if (frames.some(({ maskingKey }) => (maskingKey !== null) !== (protocol.side === "client"))) {
    throw new Error(`a mask is wrong in what the ${protocol.side} sends`);
  }
  return [...frames.map(describeWire), ...(endsStream ? ["EOF"] : [])];
}

const OPCODES = new Map([
  [1, "text"],
  [2, "binary"],
  [8, "close"],
  [9, "ping"],
  [10, "pong"],
]);

/**
 * Events as text: `kind|payload`, the same for every delivery: frames of a message are joined, and a string is the
 * bytes of its UTF-8. Where `delivery` is "bytes", nothing tells text from binary: both are `data`.
 */
export class EventLog {
  readonly entries: string[] = [];
  readonly #delivery: Delivery;
  #kind = "";
  #parts: Uint8Array[] = [];

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  add(events: readonly ProtocolEvent[]): void {
    for (const event of events) {
      if (typeof event === "string") this.#push("text", utf8(event));
      else if (event instanceof Uint8Array) this.#push(this.#delivery === "bytes" ? "data" : "binary", event);
      else if (event instanceof Frame) this.#addFrame(event);
      else throw new Error("an event of the opening handshake");
    }
  }

  #addFrame(received: Frame): void {
    if (received.rsv1 || received.rsv2 || received.rsv3) throw new Error("reserved bits reached the application");
    const kind = OPCODES.get(received.opcode);
    if (received.isControl) return this.#push(String(kind), received.payload);
    if (this.#delivery !== "frames") throw new Error("a data frame where messages are delivered");
    this.#kind = kind ?? this.#kind;
    this.#parts.push(received.payload);
    if (!received.fin) return;
    this.#push(this.#kind, concat(this.#parts));
    this.#parts = [];
  }

  #push(kind: string, payload: Uint8Array): void {
    this.entries.push(`${kind}|${describeBytes(payload)}`);
  }
}

/** Expected events in the words of {@link EventLog}. */
export function expectEvents(delivery: Delivery, entries: readonly string[]): string[] {
  return delivery === "bytes" ? entries.map((entry) => entry.replace(/^(text|binary)\|/, "data|")) : [...entries];
}

/** All that can be seen of a protocol behind some chunks. */
export interface Outcome {
  readonly events: readonly string[];
  readonly sent: readonly string[];
  readonly state: string;
  /** Name and message of the peer's fault. */
  readonly error: string | null;
}

/** Feeds chunks; takes events, lets `act` react to them, and takes what is to be sent, behind each of them. */
export function feed(
  protocol: Protocol,
  delivery: Delivery,
  chunks: readonly Uint8Array[],
  act: (events: readonly ProtocolEvent[]) => void = () => {},
): Outcome {
  const log = new EventLog(delivery);
  const sent: string[] = [];
  for (const chunk of chunks) {
    protocol.receiveData(chunk);
    const events = protocol.eventsReceived();
    log.add(events);
    act(events);
    sent.push(...sentBy(protocol));
  }
  const { parserError, state } = protocol;
  const error = parserError === null ? null : `${parserError.name}: ${parserError.message}`;
  return { events: log.entries, sent, state, error };
}

/** Sends back each message, as an application does. */
export class Echo {
  readonly #protocol: Protocol;
  #opcode = 0;
  #parts: Uint8Array[] = [];

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  readonly act = (events: readonly ProtocolEvent[]): void => {
    if (this.#protocol.state !== "open") return;
    for (const event of events) {
      if (typeof event === "string") this.#protocol.sendText(event);
      else if (event instanceof Uint8Array) this.#protocol.sendBinary(event);
      else if (event instanceof Frame && !event.isControl) this.#addFrame(event);
    }
  };

  #addFrame({ opcode, payload, fin }: Frame): void {
    if (opcode !== 0) this.#opcode = opcode;
    this.#parts.push(payload);
    if (!fin) return;
    const message = concat(this.#parts);
    this.#parts = [];
    if (this.#opcode === 1) this.#protocol.sendText(message);
    else this.#protocol.sendBinary(message);
  }
}

/** Half a Ping: must change nothing, wherever it comes. */
export function halfAPing(side: Side): Uint8Array<ArrayBuffer> {
  return fromPeer(side, Uint8Array.of(0x89, 0x05, 0x01));
}
