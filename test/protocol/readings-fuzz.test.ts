// Many connections that share parsers and readers, in random turns and from inside of each other: each sees what its own peer
// sent, and nothing else. WSASM_FUZZ multiplies the number of runs.
import { constants, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { ClientDeflateFactory } from "../../src/extensions/client-deflate-factory.ts";
import type { Extension } from "../../src/extensions/extension.ts";
import { ServerDeflateFactory } from "../../src/extensions/server-deflate-factory.ts";
import { Frame } from "../../src/frames/frame.ts";
import { type Compression, getCompression } from "../../src/kernels/compression.ts";
import type { ProtocolEvent } from "../../src/protocol/events.ts";
import { MessagePiece } from "../../src/protocol/events.ts";
import type { Delivery, ProtocolOptions } from "../../src/protocol/options.ts";
import type { Side } from "../../src/protocol/state.ts";
import { FUZZ_FACTOR, FUZZ_OPTIONS } from "../kernels/harness.ts";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";
import { CODECS, DELIVERIES, EventLog, expectEvents, frame, fromPeer, KERNELS, OpenProtocol } from "./harness.ts";
import { readWire, sentBy, SIDES, utf8 } from "./harness.ts";

const RUNS = 50;
const RSV1 = 0x40;
const MAX_MESSAGE = 0x40000;
const MAX_FRAGMENTS = 40;
const SIZES = [0, 1, 5, 125, 126, 300, 2000, 20_000, 66_000, 140_000];

const compression = getCompression() as Compression;

/** What connections have in common: few, so that many share their settings, and one more than is remembered. */
const SHARED: readonly ProtocolOptions[] = [
  { maxMessage: MAX_MESSAGE, maxFragments: MAX_FRAGMENTS },
  { maxMessage: MAX_MESSAGE, maxFragments: MAX_FRAGMENTS, maxFragment: 230_000 },
];

/** Frames that no peer may send, behind whole messages or, where `isInside`, in the middle of one, and their close code. */
const FAULTS: readonly (readonly [bytes: readonly Uint8Array[], code: number, isInside?: boolean])[] = [
  [[frame(0x83)], 1002],
  [[frame(0x91, "rsv3")], 1002],
  [[frame(0x80, "nothing to continue")], 1002],
  [[frame(0x09, "in fragments")], 1002],
  [[frame(0x89, "x".repeat(126))], 1002],
  [[frame(0x88, "x")], 1002],
  [[frame(0x01, "begun"), frame(0x81, "and again")], 1002],
  [[frame(0x82, "begun")], 1002, true],
  [[frame(0x81, Uint8Array.of(0x41, 0xff))], 1007],
  [[frame(0x01, Uint8Array.of(0xe2, 0x82)), frame(0x80, "A")], 1007],
  [[frame(0x01, Uint8Array.of(0xe2)), frame(0x80, Uint8Array.of(0x82))], 1007],
  [[frame(0x82, new Uint8Array(MAX_MESSAGE + 1))], 1009],
  [[frame(0x02), ...Array.from({ length: MAX_FRAGMENTS }, () => frame(0x00, "f"))], 1009],
];

/** Compresses with the history of one connection (RFC 7692 7.2.1). */
class Compressor {
  #history = new Uint8Array(0);

  compress(payload: Uint8Array): Uint8Array {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, dictionary: this.#history };
    const bytes = deflateRawSync(payload, this.#history.length > 0 ? options : { finishFlush: constants.Z_SYNC_FLUSH });
    this.#history = concat([this.#history, payload]).slice(-0x8000);
    return new Uint8Array(bytes.subarray(0, -4));
  }
}

function deflateOf(side: Side): Extension {
  if (side === "client") return new ClientDeflateFactory({}, () => compression).processResponse([], []);
  return new ServerDeflateFactory({}, () => compression).processRequest([], []).extension;
}

/** What a peer sends, and what a connection makes of it. */
class Script {
  readonly entries: string[] = [];
  readonly frames: Uint8Array[] = [];
  payloadLength = 0;
  /** `null` where nothing is wrong to the end. */
  code: number | null = null;
  readonly #prng: Prng;
  readonly #name: string;
  readonly #compressor: Compressor | undefined;

  constructor(prng: Prng, name: string, isDeflated: boolean) {
    this.#prng = prng;
    this.#name = name;
    this.#compressor = isDeflated ? new Compressor() : undefined;
    for (let count = prng.between(1, 12); count > 0; count--) {
      if (prng.chance(0.25)) this.#addControl();
      else this.#addMessage(true);
    }
    if (prng.chance(0.5)) this.#addEnd();
  }

  /** Nobody else has the same bytes: every few of them name the connection. */
  #payload(isText: boolean): Uint8Array {
    const prng = this.#prng;
    const length = prng.chance(0.7) ? prng.below(40) : prng.pick(SIZES);
    if (!isText && prng.chance(0.3)) return prng.bytes(Math.min(length, 2000));
    const part = `${this.#name}${prng.chance(0.5) ? "é€\u{1f600}" : ""}${prng.below(1000)}|`;
    return utf8(part.repeat(Math.ceil(length / part.length)));
  }

  #addControl(): void {
    const kind = this.#prng.pick(["ping", "pong"] as const);
    const payload = utf8(`${this.#name}${"c".repeat(this.#prng.below(100))}`);
    this.frames.push(frame(kind === "ping" ? 0x89 : 0x8a, payload));
    this.#expect(kind, payload);
  }

  #expect(kind: string, payload: Uint8Array): void {
    const log = new EventLog("messages");
    log.add([payload as Uint8Array<ArrayBuffer>]);
    this.entries.push((log.entries[0] as string).replace("binary", kind));
  }

  #addMessage(isWhole: boolean): void {
    const prng = this.#prng;
    const isText = prng.chance(0.6);
    const payload = this.#payload(isText);
    const compressor = prng.chance(0.6) ? this.#compressor : undefined;
    const bytes = compressor?.compress(payload) ?? payload;
    const parts = prng.chance(0.4) ? prng.chunks(bytes, Math.max(1, Math.ceil(bytes.length / 8))).slice() : [bytes];
    if (parts.length === 0 || prng.chance(0.1)) parts.push(new Uint8Array(0));
    if (parts.length > MAX_FRAGMENTS - 2) parts.splice(0, parts.length, bytes);
    if (!isWhole) parts.push(new Uint8Array(0));
    parts.forEach((part, i) => {
      const isLast = i === parts.length - 1;
      if (isLast && !isWhole) return;
      const opcode = i === 0 ? (isText ? 1 : 2) | (compressor === undefined ? 0 : RSV1) : 0;
      this.frames.push(frame((isLast ? 0x80 : 0) | opcode, part));
      if (!isLast && prng.chance(0.2)) this.#addControl();
    });
    if (!isWhole) return;
    this.#expect(isText ? "text" : "binary", payload);
    this.payloadLength += payload.length;
  }

  #addEnd(): void {
    const prng = this.#prng;
    const dice = prng.below(10);
    if (dice < 3) {
      if (prng.chance(0.5)) this.#addMessage(false);
      this.frames.push(frame(0x88, Uint8Array.of(0x0f, 0xa0)));
      this.entries.push("close|0f a0");
      this.code = 4000;
    } else if (this.#compressor !== undefined && dice < 6) {
      this.frames.push(frame(0x82 | RSV1, Uint8Array.of(0xff, 0xff)));
      this.code = 1007;
    } else {
      const [bytes, code, isInside] = prng.pick(FAULTS);
      if (isInside) this.#addMessage(false);
      this.frames.push(...bytes);
      this.code = code;
      // It is parsed, and an event, before it turns out to mean nothing.
      if (bytes[0]?.[0] === 0x88) this.entries.push("close|78");
    }
    // Nobody hears what comes behind.
    this.frames.push(frame(0x81, "too late"), frame(0x01, "far too late"));
  }
}

/** One connection, what its peer has for it, and what it said. */
class Talk {
  readonly protocol: OpenProtocol;
  readonly script: Script;
  readonly delivery: Delivery;
  readonly context: string;
  readonly #prng: Prng;
  readonly #isLent: boolean;
  readonly #chunks: Uint8Array[];
  #next = 0;
  #isReceiving = false;
  #isStreaming = false;
  readonly #events: ProtocolEvent[] = [];
  readonly #sent: Uint8Array[] = [];

  /** @param meanwhile Called from inside: others may go on. */
  constructor(prng: Prng, index: number, meanwhile: () => void) {
    this.#prng = prng;
    const side = prng.pick(SIDES);
    const kernels = prng.pick(KERNELS);
    const isDeflated = prng.chance(0.25);
    this.delivery = prng.chance(0.7) ? "messages" : prng.pick(DELIVERIES);
    const isCalling = prng.chance(0.2);
    const caller: Extension = {
      name: "caller",
      reservedBits: 0,
      encode: (sent) => sent,
      decode: (received: Frame) => {
        meanwhile();
        return received;
      },
    };
    const extensions = [...(isCalling ? [caller] : []), ...(isDeflated ? [deflateOf(side)] : [])];
    const options = { ...prng.pick(SHARED), delivery: this.delivery };
    const [[, portable], [, node]] = CODECS as [(typeof CODECS)[number], (typeof CODECS)[number]];
    const internals = { kernels, codec: prng.chance(0.1) ? portable : node };
    this.protocol = new OpenProtocol(side, options, internals, extensions);
    this.#isLent = prng.chance(0.5);
    this.protocol.receiver.isLent = this.#isLent;
    if (prng.chance(0.3)) this.protocol.observer = { frameSent: meanwhile, received: meanwhile };
    if (extensions.length > 0 && prng.chance(0.5)) {
      this.protocol.receiver.isSlicing = true;
      this.protocol.receiver.room = { hasRoomBeside: () => prng.chance(0.6) };
    }
    this.script = new Script(prng, `<${index}>`, isDeflated);
    const bytes = fromPeer(side, ...this.script.frames);
    const most = Math.max(prng.pick([1, 7, 300, 5000, 70_000]), Math.ceil(bytes.length / 400));
    this.#chunks = prng.chance(0.3) ? [bytes] : prng.chunks(bytes, most);
    this.context = `${side} ${index}, ${kernels.name} kernels, ${this.delivery}, ${extensions.map(({ name }) => name)}`;
  }

  get isDone(): boolean {
    return this.#next === this.#chunks.length && !this.protocol.receiver.hasEncoded;
  }

  /** Goes on, unless it is what called. */
  step(): void {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    const { protocol } = this;
    if (this.delivery === "messages" && !this.#isStreaming && this.#prng.chance(0.15)) this.#stream();
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined || this.#prng.chance(0.1)) {
      protocol.decodeWaiting(true);
      this.#take();
    } else {
      this.#next++;
      const given = chunk.slice();
      protocol.receiveData(given);
      this.#take();
      if (this.#isLent) given.fill(0xaa);
    }
    // Nothing is written in reply to what still waits to be decoded.
    if (!protocol.receiver.hasEncoded) {
      for (const bytes of protocol.dataToSend()) this.#sent.push(bytes.slice());
      protocol.releaseOutput();
    }
    this.#isReceiving = false;
  }

  #stream(): void {
    const piece = this.protocol.streamMessage();
    if (piece === undefined && this.#prng.chance(0.3)) return this.protocol.stopStreaming();
    this.#isStreaming = true;
    if (piece !== undefined) this.#events.push(piece);
  }

  #take(): void {
    for (const event of this.protocol.eventsReceived()) {
      const isPiece = event instanceof MessagePiece;
      // Others may stream, but not with what we read.
      if (isPiece || !(event instanceof Frame)) expect(isPiece, this.context).toBe(this.#isStreaming);
      if (isPiece && event.isLast) this.#isStreaming = false;
      this.#events.push(event);
    }
  }

  /** Only at the end: what was given out stays as it is, whatever others receive. */
  check(seed: number): void {
    const { script, protocol, delivery } = this;
    const context = `seed ${seed}, ${this.context}`;
    const log = new EventLog(delivery);
    let pieces: Uint8Array[] = [];
    for (const event of this.#events) {
      if (!(event instanceof MessagePiece)) {
        log.add([event]);
        continue;
      }
      pieces.push(event.bytes);
      if (!event.isLast) continue;
      const whole = concat(pieces);
      log.add([event.isText ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole) : whole]);
      pieces = [];
    }
    // A control frame overtakes data that waits to be decoded or is part of a stream: each kind has its own order.
    for (const isData of [true, false]) {
      const only = (entries: readonly string[]) =>
        entries.filter((entry) => /^(text|binary|data)/.test(entry) === isData);
      expect(only(log.entries), context).toEqual(only(expectEvents(delivery, script.entries)));
    }
    const wire = concat(this.#sent.filter((bytes) => bytes.length > 0));
    const closes = readWire(wire).filter(({ firstByte }) => firstByte === 0x88);
    const codes = closes.map(({ payload }) => ((payload[0] as number) << 8) | (payload[1] as number));
    expect(codes, context).toEqual(script.code === null ? [] : [script.code]);
    if (script.code === 4000) expect(protocol.closeReceived?.code, context).toBe(4000);
    else expect(protocol.parserError === null, context).toBe(script.code === null);
    if (script.code !== null) return;
    if (delivery !== "frames") expect(protocol.payloadReceived, context).toBe(script.payloadLength);
    expect(sentBy(protocol)).toEqual([]);
  }
}

test("connections with shared readings see what their own peers sent, whoever goes on meanwhile", FUZZ_OPTIONS, () => {
  const prng = new Prng();
  const codes = new Set<number | null>();
  for (let run = 0; run < RUNS * FUZZ_FACTOR; run++) {
    const talks: Talk[] = [];
    let depth = 0;
    const meanwhile = (): void => {
      if (depth > 3 || prng.chance(0.4)) return;
      depth++;
      prng.pick(talks).step();
      depth--;
    };
    for (let i = prng.between(2, 10); i > 0; i--) talks.push(new Talk(prng, run * 10 + i, meanwhile));
    for (let waiting = talks; waiting.length > 0; waiting = waiting.filter((talk) => !talk.isDone)) {
      prng.pick(waiting).step();
    }
    for (const talk of talks) {
      talk.step();
      talk.check(prng.seed);
      codes.add(talk.script.code);
    }
  }
  expect(codes).toEqual(new Set([1002, 1007, 1009, 4000, null]));
});
