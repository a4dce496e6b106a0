import { describe, expect, test } from "vitest";
import type { TextCodec } from "../../src/bytes/text-codec.ts";
import { portableTextCodec } from "../../src/bytes/text-codec.ts";
import { PayloadTooBig, TooManyFragments } from "../../src/errors/protocol.ts";
import { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import type { Message } from "../../src/protocol/events.ts";
import { MessagePiece } from "../../src/protocol/events.ts";
import { MessageReader } from "../../src/protocol/message-reader.ts";
import type { ProtocolInternals } from "../../src/protocol/options.ts";
import type { Side } from "../../src/protocol/state.ts";
import { hex, toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { concat, splitsOf } from "../support/splits.ts";
import { CODECS, frame, fromPeer, KERNELS, OpenProtocol, SIDES, utf8 } from "./harness.ts";

type Delivery = "messages" | "bytes";

/** Memory with old bytes in it, which nobody may see. */
function dirty(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).fill(0xdd);
}

/** The node codec as it is on another version of Node: short text is transcoded by the kernel. */
function transcodingUpTo(length: number): TextCodec {
  return { ...(CODECS[1] as (typeof CODECS)[number])[1], transcodeUpTo: length };
}

const ALL_CODECS: readonly (readonly [name: string, codec: TextCodec])[] = [
  ...CODECS,
  ["node, transcoding never", transcodingUpTo(0)],
  ["node, transcoding up to 48 bytes", transcodingUpTo(48)],
  ["node, transcoding always", transcodingUpTo(Infinity)],
];

interface Setup {
  readonly name: string;
  readonly internals: ProtocolInternals & { readonly kernels: Kernels };
}

const SETUPS: readonly Setup[] = KERNELS.flatMap((kernels) =>
  ALL_CODECS.map(([codecName, codec]) => ({
    name: `${kernels.name} kernels, ${codecName} codec`,
    internals: { kernels, codec, allocate: dirty },
  })),
);

/** Codecs do nothing where messages are bytes. */
function setupsFor(delivery: Delivery): readonly Setup[] {
  return delivery === "messages" ? SETUPS : SETUPS.filter((_, i) => i % ALL_CODECS.length === 0);
}

/** A message that was received, and what it must be for ever. */
interface Kept {
  readonly message: Message;
  readonly expected: Message;
}

function expected(message: Message, delivery: Delivery): Message {
  return typeof message === "string" && delivery === "bytes" ? utf8(message) : message;
}

function isEqual(left: Message, right: Message): boolean {
  if (typeof left === "string" || typeof right === "string") return left === right;
  return Buffer.compare(left, right) === 0;
}

/** Checks messages, and that one that is kept pins little memory beside its own. */
function checkKept(kept: readonly Kept[], name: string): void {
  for (const { message, expected: wanted } of kept) {
    if (!isEqual(message, wanted)) expect(message, name).toEqual(wanted);
    if (typeof message === "string") continue;
    expect(message.constructor).toBe(Uint8Array);
    expect(message.buffer.byteLength, name).toBeLessThanOrEqual(Math.max(1024, 5 * message.length));
  }
}

function wireOf(message: Message): Uint8Array {
  return frame(typeof message === "string" ? 0x81 : 0x82, message);
}

/** Ways in which a message can reach the application, by size and place. */
const STREAMS: readonly (readonly [what: string, messages: readonly Message[]])[] = [
  ["small ASCII messages in a group", ["a", "", "bc", "def", "x".repeat(125), "y".repeat(300)]],
  ["more small ASCII messages than fit in a group", Array.from({ length: 300 }, (_, i) => `message ${i}`)],
  ["small binary messages in a group", [hex`01`, hex``, hex`02 03`, new Uint8Array(200).fill(4), hex`05`]],
  [
    "more small binary messages than fit in a group",
    Array.from({ length: 300 }, (_, i) => new Uint8Array(i % 20).fill(i & 255)),
  ],
  ["a lone ASCII message", ["alone"]],
  ["a lone binary message", [hex`01 02 03 04 05 06 07 08`]],
  ["a view of 33 bytes of its chunk", [new Uint8Array(33).fill(7)]],
  ["a large binary message", [new Uint8Array(5000).fill(7)]],
  [
    "large and small binary messages",
    [hex`01`, new Uint8Array(3000).fill(2), hex`03`, new Uint8Array(900).fill(4), hex`05`],
  ],
  ["large messages that are alike", [1, 2, 3, 4, 5, 6, 7, 8, 9].map((byte) => new Uint8Array(2000).fill(byte))],
  ["kinds that alternate", ["a", hex`01`, "b", hex`02`, "é", hex`03`, "é", "c"]],
  [
    "short text that is not ASCII",
    ["é", "€uro", "\u{1f600}", "a\ufeffb", "\ufeff", "\u0080\u07ff\u0800\uffff\u{10ffff}"],
  ],
  ["text of 47 to 49 bytes that is not ASCII", ["é".repeat(23) + "a", "é".repeat(24), `é${"a".repeat(47)}`]],
  ["long text that is not ASCII", ["é".repeat(3000), "€".repeat(20_000), "\u{1f600}".repeat(2)]],
  ["text that is ASCII for long", [`${"a".repeat(60_000)}é`, "b".repeat(60_000)]],
  ["messages of more than a piece", ["a".repeat(70_000), new Uint8Array(200_000).fill(9), "é".repeat(50_000)]],
  [
    "a view in the second piece of a chunk",
    [new Prng(1).bytes(66_000), new Prng(2).bytes(40_000), new Prng(3).bytes(10)],
  ],
  [
    "code points that lie across pieces",
    ["€".repeat(50_000), `a${"\u{1f600}".repeat(40_000)}`, `ab${"\u{1f600}".repeat(20_000)}${"é".repeat(40_000)}`],
  ],
  ["empty messages", ["", new Uint8Array(0), "", "", new Uint8Array(0), new Uint8Array(0)]],
];

describe.each(SIDES)("%s", (side) => {
  describe.each<Delivery>(["messages", "bytes"])("delivering %s", (delivery) => {
    test.each(STREAMS)("MessageReader reads %s", (_what, messages) => {
      const wire = fromPeer(side, ...messages.map(wireOf));
      for (const { name, internals } of setupsFor(delivery)) {
        for (const split of splitsOf(wire)) {
          const protocol = new OpenProtocol(side, { delivery }, internals);
          const events = split.chunks.flatMap((chunk) => {
            protocol.receiveData(chunk);
            return protocol.eventsReceived();
          }) as Message[];
          // What comes next must not change what was received.
          protocol.receiveData(fromPeer(side, frame(0x82, new Uint8Array(70_000).fill(0xee))));
          internals.kernels.stage(new Uint8Array(65_536).fill(0xee));
          expect(events.length, `${name}, ${split.name}`).toBe(messages.length);
          const kept = events.map((message, i) => ({ message, expected: expected(messages[i] as Message, delivery) }));
          checkKept(kept, `${name}, ${split.name}`);
        }
      }
    });

    test("MessageReader reads fragments, in chunks and in pieces", () => {
      const text = `${"a".repeat(100)}é€\u{1f600}${"b".repeat(100)}`;
      const bytes = utf8(text);
      for (const fragmentLength of [1, 7, 101, 102, 150]) {
        const fragments: Uint8Array[] = [];
        for (const first of [1, 2]) {
          for (let at = 0; at < bytes.length; at += fragmentLength) {
            const isLast = at + fragmentLength >= bytes.length;
            const opcode = at === 0 ? first : 0;
            fragments.push(frame((isLast ? 0x80 : 0) | opcode, bytes.subarray(at, at + fragmentLength)));
            if (at === 0) fragments.push(frame(0x89, "ping"));
          }
        }
        const wire = fromPeer(side, ...fragments);
        for (const { name, internals } of setupsFor(delivery)) {
          for (const split of splitsOf(wire)) {
            const protocol = new OpenProtocol(side, { delivery }, internals);
            for (const chunk of split.chunks) protocol.receiveData(chunk);
            const messages = protocol.eventsReceived().filter((event) => !(event instanceof Frame)) as Message[];
            expect(messages, `${name}, ${split.name}`).toEqual([delivery === "bytes" ? bytes : text, bytes]);
            checkKept([{ message: messages[1] as Message, expected: bytes }], name);
          }
        }
      }
    });

    test("messages are right for ever, whatever they are and however they come", () => {
      const prng = new Prng();
      for (const { name, internals } of setupsFor(delivery)) {
        const kept: Kept[] = [];
        // Three connections that share the kernels, in turns.
        const peers = [0, 1, 2].map(() => new Peer(side, delivery, prng));
        const protocols = peers.map(() => new OpenProtocol(side, { delivery, maxMessage: null }, internals));
        const take = (turn: number): void => {
          for (const message of (protocols[turn] as OpenProtocol).eventsReceived()) {
            if (message instanceof Frame) continue;
            kept.push({ message: message as Message, expected: (peers[turn] as Peer).expected.shift() as Message });
          }
        };
        for (let step = 0; step < 120; step++) {
          const turn = prng.below(peers.length);
          const protocol = protocols[turn] as OpenProtocol;
          protocol.receiveData((peers[turn] as Peer).nextChunk());
          expect(protocol.isUnsettled).toBe(false);
          // Or later, when others have used the kernels.
          if (prng.chance(0.5)) take(turn);
        }
        for (const turn of peers.keys()) take(turn);
        expect(kept.length).toBeGreaterThan(20);
        checkKept(kept, `${name}, seed ${prng.seed}`);
      }
    });
  });
});

/** Sends random messages in random chunks. */
class Peer {
  readonly expected: Message[] = [];
  readonly #side: Side;
  readonly #delivery: Delivery;
  readonly #prng: Prng;
  #wire: Uint8Array = new Uint8Array(0);

  constructor(side: Side, delivery: Delivery, prng: Prng) {
    this.#side = side;
    this.#delivery = delivery;
    this.#prng = prng;
  }

  nextChunk(): Uint8Array {
    const prng = this.#prng;
    const size = prng.pick([1, prng.between(1, 30), prng.between(1, 3000), prng.between(1, 100_000)]);
    while (this.#wire.length < size) this.#addMessages();
    const chunk = this.#wire.slice(0, size);
    this.#wire = this.#wire.slice(size);
    if (prng.chance(0.7)) return chunk;
    // A chunk may be a part of a larger buffer.
    const buffer = new Uint8Array(size + prng.below(2 * size) + 10);
    const at = prng.below(buffer.length - size);
    buffer.set(chunk, at);
    return buffer.subarray(at, at + size);
  }

  #addMessages(): void {
    const prng = this.#prng;
    const most = prng.pick([5, 60, 600, 3000, 40_000]);
    const wires: Uint8Array[] = [];
    for (let count = prng.between(1, most < 100 ? 30 : 3); count > 0; count--) {
      const message = this.#message(prng.below(most));
      this.expected.push(expected(message, this.#delivery));
      wires.push(prng.chance(0.1) ? this.#fragments(message) : wireOf(message));
      if (prng.chance(0.05)) wires.push(frame(0x8a, "pong"));
    }
    this.#wire = concat([this.#wire, fromPeer(this.#side, ...wires)]);
  }

  #message(length: number): Message {
    const prng = this.#prng;
    switch (prng.below(3)) {
      case 0:
        return prng.bytes(length);
      case 1:
        return String.fromCharCode(prng.between(0x20, 0x7e)).repeat(length);
      default:
        return prng.pick(["é", "a€", "\u{1f600}", "aaaaaaaaaaaaaaaaaaé"]).repeat(length >> 2);
    }
  }

  #fragments(message: Message): Uint8Array {
    const prng = this.#prng;
    const pieces = prng.chunks(typeof message === "string" ? utf8(message) : message, 1 + prng.below(2000));
    const opcode = typeof message === "string" ? 1 : 2;
    const frames = pieces.map((piece, i) => frame(i === 0 ? opcode : 0, piece));
    return concat([...frames, frame(frames.length === 0 ? 0x80 | opcode : 0x80)]);
  }
}

test("MessageReader unmasks in the chunk of a view, so that nothing is copied twice", () => {
  for (const { internals } of SETUPS) {
    for (const length of [20, 32, 33, 1000]) {
      const payload = new Prng(length).bytes(length);
      const chunk = fromPeer("server", frame(0x82, payload));
      const protocol = new OpenProtocol("server", { delivery: "messages" }, internals);
      protocol.receiveData(chunk);
      const [message] = protocol.eventsReceived() as Uint8Array[];
      expect(message).toEqual(payload);
      expect(message?.buffer).toBe(chunk.buffer);
    }
  }
});

test("MessageReader copies what is less than a fifth of its chunk", () => {
  for (const { internals } of SETUPS) {
    const sizes = [500, 499];
    for (const size of sizes) {
      const chunk = concat([frame(0x82, new Uint8Array(size).fill(1)), frame(0x8a)]);
      const buffer = new Uint8Array(2500);
      buffer.set(chunk);
      const protocol = new OpenProtocol("client", { delivery: "messages" }, internals);
      protocol.receiveData(buffer.subarray(0, chunk.length));
      const [message] = protocol.eventsReceived() as Uint8Array[];
      expect(message).toEqual(new Uint8Array(size).fill(1));
      expect(message?.buffer === buffer.buffer).toBe(size === 500);
    }
  }
});

test.each([
  ["ASCII", "a"],
  ["other text", "é"],
])("MessageReader refuses %s that is longer than a string may be", (_what, character) => {
  const throwing = (): never => {
    throw new RangeError("Invalid string length");
  };
  // As if the engine's limit were lower.
  const codec: TextCodec = {
    ...transcodingUpTo(0),
    decodeLatin1: throwing,
    decodeUtf8: throwing,
  };
  for (const kernels of KERNELS) {
    const payload = utf8(character.repeat(100));
    const wire = concat([frame(0x82, hex`01`), frame(0x01, payload), frame(0x80, payload), frame(0x82, hex`02`)]);
    const protocol = new OpenProtocol("client", { delivery: "messages" }, { kernels, codec });
    protocol.receiveData(wire);
    expect(protocol.eventsReceived()).toEqual([hex`01`]);
    protocol.settle();
    expect(protocol.parserError).toEqual(new PayloadTooBig(2 * payload.length, 0x1fffffe8));
    expect(protocol.closeSent?.code).toBe(1009);
  }
});

test("MessageReader reads text that was not validated as every codec does: with U+FFFD", () => {
  for (const { name, internals } of SETUPS) {
    for (const split of splitsOf(hex`81 03 41 ff 42 01 02 41 c3 80 01 42 81 02 c3 a9 81 01 43`)) {
      const protocol = new OpenProtocol("client", { delivery: "messages", validateUtf8: false }, internals);
      for (const chunk of split.chunks) protocol.receiveData(chunk);
      expect(protocol.eventsReceived(), `${name}, ${split.name}`).toEqual(["A\ufffdB", "A\ufffdB", "é", "C"]);
    }
  }
});

test("MessageReader makes room for what was announced, once", () => {
  for (const { internals } of SETUPS) {
    const sizes: number[] = [];
    const allocate = (size: number): Uint8Array<ArrayBuffer> => {
      sizes.push(size);
      return dirty(size);
    };
    const protocol = new OpenProtocol("client", { delivery: "messages" }, { ...internals, allocate });
    const payload = new Prng(4).bytes(300_000);
    const wire = frame(0x82, payload);
    for (let at = 0; at < wire.length; at += 65_536) protocol.receiveData(wire.slice(at, at + 65_536));
    const [message] = protocol.eventsReceived() as Uint8Array[];
    expect(sizes).toEqual([300_000]);
    expect(message?.buffer.byteLength).toBe(300_000);
    expect(Buffer.compare(message as Uint8Array, payload)).toBe(0);
  }
});

describe("MessageReader.addFrame()", () => {
  test.each(CODECS)("joins decoded frames with %s codec", (_name, codec) => {
    for (const isDecoding of [true, false]) {
      const reader = new MessageReader(codec, isDecoding, Infinity);
      const events: unknown[] = [];
      const add = (added: Frame): void => {
        const bytes = reader.addFrame(added) as Uint8Array<ArrayBuffer> | undefined;
        if (bytes !== undefined) events.push(reader.messageOf(bytes, undefined));
      };
      add(new Frame(1, utf8("aé")));
      add(new Frame(1, hex`61 c3`, { fin: false }));
      add(new Frame(0, hex``, { fin: false }));
      add(new Frame(0, hex`a9`));
      add(new Frame(2, hex`ff`, { fin: false }));
      add(new Frame(0, hex`fe`));
      add(new Frame(1, hex``));
      const texts = ["aé", "aé", ""].map((text) => (isDecoding ? text : utf8(text)));
      expect(events).toEqual([texts[0], texts[1], hex`ff fe`, texts[2]]);
    }
  });
});

/** What a protocol gives: messages as they are, pieces as their bytes and a mark. */
function piecesOf(events: readonly unknown[]): unknown[] {
  return events.map((event) => {
    if (!(event instanceof MessagePiece)) return event instanceof Frame ? `frame ${event.opcode}` : event;
    return `${event.isText ? "text" : "binary"} ${toHex(event.bytes)}${event.isLast ? "." : ""}`;
  });
}

describe.each(SIDES)("MessageReader.stream() of a %s", (side) => {
  describe.each(setupsFor("bytes").map((setup) => [setup.name, setup.internals] as const))("%s", (_name, internals) => {
    interface Opened {
      readonly protocol: OpenProtocol;
      readonly feed: (...bytes: readonly Uint8Array[]) => unknown[];
    }

    function open(delivery: Delivery = "messages"): Opened {
      const protocol = new OpenProtocol(side, { delivery }, internals);
      return {
        protocol,
        feed: (...bytes) => {
          protocol.receiveData(fromPeer(side, ...bytes));
          return piecesOf(protocol.eventsReceived());
        },
      };
    }

    test("gives out the next message in pieces, one a chunk, and the ones behind it whole", () => {
      const { protocol, feed } = open();
      expect(protocol.streamMessage()).toBeUndefined();
      expect(feed(hex`01 02 41 42`)).toEqual(["text 41 42"]);
      expect(feed(hex`89 00`, hex`00 01 43`, hex`00 01 44`, hex`8a 00`)).toEqual(["frame 9", "frame 10", "text 43 44"]);
      expect(feed(hex`00 00`)).toEqual([]);
      expect(feed(hex`80 01 45`, hex`81 01 46`, hex`02 01 47`, hex`80 01 48`)).toEqual([
        "text 45.",
        "F",
        Uint8Array.of(0x47, 0x48),
      ]);
    });

    test("gives out what there is of the message under way", () => {
      const { protocol, feed } = open();
      feed(hex`02 02 01 02`);
      feed(hex`00 01 03`);
      expect(piecesOf([protocol.streamMessage()])).toEqual(["binary 01 02 03"]);
      expect(feed(hex`80 00`)).toEqual(["binary ."]);
      expect(feed(hex`82 01 04`)).toEqual([Uint8Array.of(4)]);
    });

    test("gives out a message that has begun without a byte as one that is to come", () => {
      const { protocol, feed } = open();
      feed(hex`01 00`);
      expect(protocol.streamMessage()).toBeUndefined();
      expect(feed(hex`80 01 41`)).toEqual(["text 41."]);
    });

    test("can be taken back before a piece was given out", () => {
      const { protocol, feed } = open();
      feed(hex`01 00`);
      protocol.streamMessage();
      protocol.stopStreaming();
      expect(feed(hex`00 01 41`, hex`80 01 42`)).toEqual(["AB"]);
    });

    test("gives out an empty message as one empty piece, and whole messages in one frame", () => {
      const { protocol, feed } = open("bytes");
      protocol.streamMessage();
      expect(feed(hex`82 00`)).toEqual(["binary ."]);
      protocol.streamMessage();
      expect(feed(hex`81 02 41 42`, hex`81 01 43`)).toEqual(["text 41 42.", Uint8Array.of(0x43)]);
    });

    test("gives out what arrived before a fault", () => {
      const { protocol, feed } = open();
      protocol.streamMessage();
      expect(feed(hex`01 01 41`, hex`81 01 42`)).toEqual(["text 41"]);
      protocol.settle();
      expect(protocol.parserError?.message).toBe("expected a continuation frame");
    });

    test("gives out the same bytes however they were cut", () => {
      const message = concat([frame(0x01, "a\u00e9"), frame(0x89, "ping"), frame(0x00, "\u{1f600}"), frame(0x80, "b")]);
      for (const split of splitsOf(fromPeer(side, message, frame(0x81, "behind")))) {
        const protocol = new OpenProtocol(side, { delivery: "messages" }, internals);
        protocol.streamMessage();
        const events = split.chunks.flatMap((chunk) => {
          protocol.receiveData(chunk);
          return protocol.eventsReceived();
        });
        const pieces = events.filter((event) => event instanceof MessagePiece);
        expect(concat(pieces.map(({ bytes }) => bytes))).toEqual(utf8("a\u00e9\u{1f600}b"));
        expect(pieces.map(({ isLast }) => isLast).indexOf(true)).toBe(pieces.length - 1);
        expect(events.at(-1)).toBe("behind");
      }
    });

    test("shows no memory but that of its message", () => {
      for (const cut of [1, 100, 3000]) {
        const { protocol, feed } = open();
        feed(frame(0x82, new Uint8Array(4000).fill(1)).subarray(0, 8 + cut));
        const first = protocol.streamMessage() as MessagePiece;
        expect(first.bytes.length).toBeGreaterThanOrEqual(cut);
        const shown = new Set(new Uint8Array(first.bytes.buffer));
        expect(shown.has(0xdd)).toBe(false);
      }
    });
  });
});

test("MessageReader.stream() gives out frames of extensions in pieces too", () => {
  const reader = new MessageReader(portableTextCodec(), true, Infinity);
  reader.stream();
  expect(reader.addFrame(new Frame(Opcode.TEXT, utf8("A"), { fin: false }))).toBeUndefined();
  const first = reader.takePiece() as MessagePiece;
  expect(reader.takePiece()).toBeUndefined();
  const last = reader.addFrame(new Frame(Opcode.CONTINUATION, utf8("B"))) as MessagePiece;
  expect(reader.addFrame(new Frame(Opcode.TEXT, utf8("C")))).toEqual(utf8("C"));
  expect(reader.takePiece()).toBeUndefined();
  expect(piecesOf([first, last])).toEqual(["text 41", "text 42."]);
  expect(reader.payloadLength).toBe(3);
});

test.each(SIDES)("MessageReader of a %s refuses more fragments than allowed, whole or in pieces", (side) => {
  for (const isStreaming of [false, true]) {
    const protocol = new OpenProtocol(side, { delivery: "messages", maxFragments: 3 });
    if (isStreaming) protocol.streamMessage();
    protocol.receiveData(fromPeer(side, hex`01 00`, hex`00 00`, hex`80 00`, hex`01 00`, hex`00 00`, hex`00 00`));
    expect(protocol.isUnsettled).toBe(false);
    protocol.receiveData(fromPeer(side, hex`00 00`));
    protocol.settle();
    expect(protocol.parserError).toEqual(new TooManyFragments(3));
    expect(protocol.closeSent?.code).toBe(1009);
  }
});
