import { describe, expect, test } from "vitest";
import { InvalidUtf8, PayloadTooBig, ProtocolError } from "../../src/errors/protocol.ts";
import type { Allocate } from "../../src/bytes/accumulator.ts";
import type { TextCodec } from "../../src/bytes/text-codec.ts";
import type { Extension } from "../../src/extensions/extension.ts";
import { frameWatch, type SeenFrame } from "../../src/frames/frame-watch.ts";
import { Frame } from "../../src/frames/frame.ts";
import { INPUT_CAPACITY } from "../../src/kernels/constants.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { MessagePiece } from "../../src/protocol/events.ts";
import type { Delivery } from "../../src/protocol/options.ts";
import { FrameReceiver } from "../../src/protocol/frame-receiver.ts";
import type { ProtocolOptions } from "../../src/protocol/options.ts";
import { Readings, readingSettings } from "../../src/protocol/readings.ts";
import type { Side } from "../../src/protocol/state.ts";
import { hex, parseHex, toHex } from "../support/hex.ts";
import { byteByByte, concat, splitsOf } from "../support/splits.ts";
import {
  CODECS,
  DELIVERIES,
  EventLog,
  expectEvents,
  feed,
  frame,
  fromPeer,
  halfAPing,
  KERNELS,
  OpenProtocol,
  sentBy,
  SIDES,
  utf8,
  VARIANTS,
} from "./harness.ts";

const [, [, codec]] = CODECS as [(typeof CODECS)[number], (typeof CODECS)[number]];

function receiverFor(side: Side, kernels: Kernels, delivery: Delivery, allocate?: Allocate): FrameReceiver {
  const settings = readingSettings(side, { delivery, maxMessage: null }, codec, allocate);
  return new FrameReceiver(kernels, new Readings(settings));
}

/** A stand-in for permessage-deflate: RSV1, and every byte of the payload doubled. */
function doubling(): Extension {
  let isDoubled = false;
  return {
    name: "doubling",
    reservedBits: 4,
    encode: (plain) => plain,
    decode(encoded, maxSize) {
      if (encoded.isControl) return encoded;
      if (encoded.opcode !== 0) isDoubled = encoded.rsv1;
      if (!isDoubled) return encoded;
      if (encoded.payload.length * 2 > maxSize) throw new PayloadTooBig(null, maxSize);
      const payload = Uint8Array.from([...encoded.payload].flatMap((byte) => [byte, byte]));
      return new Frame(encoded.opcode, payload, { fin: encoded.fin });
    },
  };
}

function throwing(thrown: unknown): Extension {
  return {
    name: "throwing",
    reservedBits: 0,
    encode: (plain) => plain,
    decode(encoded) {
      if (encoded.payload[0] === 0x58) throw thrown;
      return encoded;
    },
  };
}

describe.each(SIDES)("%s FrameReceiver", (side) => {
  test("tells events, control frames and the fault of a chunk", () => {
    for (const kernels of KERNELS) {
      for (const delivery of DELIVERIES) {
        const receiver = receiverFor(side, kernels, delivery);
        receiver.receive(fromPeer(side, hex`81 01 41 89 01 01 8a 00`));
        expect(receiver.events).toHaveLength(3);
        expect(receiver.controls.map(({ opcodeName }) => opcodeName)).toEqual(["PING", "PONG"]);
        expect(receiver.fault).toBeNull();
        receiver.receive(fromPeer(side, hex`81 01 42`));
        expect(receiver.events).toHaveLength(4);
        expect(receiver.controls).toEqual([]);
        receiver.receive(fromPeer(side, hex`89 00 80 00`));
        expect(receiver.events).toHaveLength(5);
        expect(receiver.controls).toHaveLength(1);
        expect(receiver.fault).toEqual(new ProtocolError("unexpected continuation frame"));
      }
    }
  });

  test("reads nothing behind a Close frame", () => {
    for (const kernels of KERNELS) {
      const receiver = receiverFor(side, kernels, "messages");
      receiver.receive(fromPeer(side, hex`81 01 41 88 00 81 01 42 ff ff`));
      expect(receiver.events).toEqual(["A", new Frame(8, hex``)]);
      expect(receiver.controls).toEqual([new Frame(8, hex``)]);
      expect(receiver.fault).toBeNull();
    }
  });

  test("takes chunks of any size, and more frames than the table of events holds", () => {
    for (const kernels of KERNELS) {
      for (const delivery of DELIVERIES) {
        // 5000 frames of 2 and 3 bytes and one that is larger than a piece.
        const frames: Uint8Array[] = [];
        const log = new EventLog("messages");
        for (let i = 0; i < 5000; i++) {
          const isEmpty = i % 7 === 0;
          frames.push(frame(0x81, isEmpty ? "" : "x"));
          log.add([isEmpty ? "" : "x"]);
        }
        const large = new Uint8Array(150_000).fill(0x61);
        frames.push(frame(0x82, large), frame(0x81, "end"));
        log.add([large, "end"]);
        const receiver = receiverFor(side, kernels, delivery);
        receiver.receive(fromPeer(side, ...frames));
        const received = new EventLog(delivery);
        received.add(receiver.events);
        expect(received.entries.length).toBe(5002);
        expect(received.entries).toEqual(expectEvents(delivery, log.entries));
        expect(receiver.fault).toBeNull();
      }
    }
  });
});

test.each([
  ["an error", new TypeError("a secret")],
  ["what is no error", "a secret"],
])("FrameReceiver keeps what was read before a fault of our own: %s", (_what, thrown) => {
  for (const kernels of KERNELS) {
    const broken: TextCodec = {
      ...codec,
      transcodeUpTo: 0,
      decodeUtf8: () => {
        throw thrown;
      },
    };
    const settings = readingSettings("client", { delivery: "messages" }, broken);
    const receiver = new FrameReceiver(kernels, new Readings(settings));
    receiver.receive(hex`81 01 41 89 00 81 02 c3 a9 81 01 42`);
    expect(receiver.events).toEqual(["A", new Frame(9, hex``)]);
    expect(receiver.controls).toHaveLength(1);
    expect(receiver.fault).toBeInstanceOf(Error);
    expect(receiver.fault?.message).toBe("a secret");
  }
});

describe.each(SIDES)("%s limits", (side) => {
  type Row = [what: string, options: ProtocolOptions, wire: string, events: string[], error: string | null];
  const tooBig = (size: number, limit: number, after = 0): string =>
    `PayloadTooBig: frame with ${size} bytes${after === 0 ? "" : ` after reading ${after} bytes`} exceeds limit of ${limit} bytes`;

  test.each<Row>([
    ["a message of exactly its limit", { maxMessage: 3 }, "82 03 01 02 03", ["binary|01 02 03"], null],
    ["a message over its limit, from its header", { maxMessage: 3 }, "82 04", [], tooBig(4, 3)],
    ["text over its limit", { maxMessage: 3 }, "81 04", [], tooBig(4, 3)],
    ["a limit of nothing", { maxMessage: 0 }, "81 00 82 00 81 01", ["text|", "binary|"], tooBig(1, 0)],
    // seed 47
    ["a second fragment over the limit", { maxMessage: 3 }, "02 02 01 02 80 02", [], tooBig(2, 3, 2)],
    ["the sum of exactly the limit", { maxMessage: 3 }, "02 02 01 02 00 00 80 01 03", ["binary|01 02 03"], null],
    ["a fragment of exactly its limit", { maxFragment: 2 }, "02 02 01 02 80 02 03 04", ["binary|01 02 03 04"], null],
    ["a fragment over its limit", { maxFragment: 2 }, "82 03", [], tooBig(3, 2)],
    ["a last fragment over its limit", { maxFragment: 2 }, "02 02 01 02 80 03", [], tooBig(3, 2)],
    ["(null, 3)", { maxMessage: null, maxFragment: 3 }, "02 03 01 02 03 80 04", [], tooBig(4, 3)],
    ["(3, 2): the fragment", { maxMessage: 3, maxFragment: 2 }, "02 03", [], tooBig(3, 2)],
    ["(3, 2): the message", { maxMessage: 3, maxFragment: 2 }, "02 02 01 02 80 02", [], tooBig(2, 3, 2)],
    [
      "a limit for each message",
      { maxMessage: 3 },
      "82 03 01 02 03 02 02 01 02 80 01 03 82 03 04 05 06",
      ["binary|01 02 03", "binary|01 02 03", "binary|04 05 06"],
      null,
    ],
    // seed 99
    [
      "control frames, whatever is left",
      { maxMessage: 1, maxFragment: 1 },
      "02 01 01 89 03 01 02 03 80 00",
      ["ping|01 02 03", "binary|01"],
      null,
    ],
    ["16-bit lengths", { maxMessage: 999 }, "82 7e 03 e8", [], tooBig(1000, 999)],
    ["64-bit lengths", { maxMessage: 65_535 }, "82 7f 00 00 00 00 00 01 00 00", [], tooBig(65_536, 65_535)],
    [
      "the largest length that there is",
      { maxMessage: null },
      "82 7f 7f ff ff ff ff ff ff ff",
      [],
      tooBig(2 ** 63, Number.MAX_SAFE_INTEGER),
    ],
    [
      "a sum that no number can hold",
      { maxMessage: null },
      "02 01 01 80 7f 00 1f ff ff ff ff ff ff",
      [],
      tooBig(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1),
    ],
  ])("%s", (_what, limits, wire, events, error) => {
    const bytes = fromPeer(side, parseHex(wire));
    for (const { name, options, internals } of VARIANTS) {
      for (const split of splitsOf(bytes, { trailing: halfAPing(side) })) {
        const protocol = new OpenProtocol(side, { ...options, ...limits }, internals);
        const outcome = feed(protocol, options.delivery, split.chunks);
        expect(outcome.error, `${name}, ${split.name}`).toBe(error);
        expect(outcome.events, `${name}, ${split.name}`).toEqual(expectEvents(options.delivery, events));
        if (error === null) continue;
        const reason = toHex(utf8(error.slice("PayloadTooBig: ".length)));
        expect(outcome.sent).toContain(`88|03 f1 ${reason}`);
      }
    }
  });

  test("an announcement of a gigabyte reserves next to nothing", () => {
    for (const kernels of KERNELS) {
      for (const delivery of DELIVERIES) {
        const sizes: number[] = [];
        const allocate = (size: number): Uint8Array<ArrayBuffer> => {
          sizes.push(size);
          return new Uint8Array(size);
        };
        const options = { maxMessage: null, delivery };
        const protocol = new OpenProtocol(side, options, { kernels, allocate });
        for (const chunk of byteByByte(fromPeer(side, hex`82 7f 00 00 00 00 40 00 00 00 01 02`))) {
          protocol.receiveData(chunk);
        }
        expect(sizes.every((size) => size <= 65_536)).toBe(true);
        expect(protocol.eventsReceived()).toEqual([]);
        protocol.receiveEof();
      }
    }
  });

  test("a message of very many fragments is no problem", () => {
    for (const kernels of KERNELS) {
      for (const delivery of ["messages", "bytes"] as const) {
        const count = kernels.name === "wasm" ? 1_000_000 : 100_000;
        const fragment = fromPeer(side, hex`00 01 61`);
        const many = new Uint8Array(fragment.length * 8000);
        for (let at = 0; at < many.length; at += fragment.length) many.set(fragment, at);
        const protocol = new OpenProtocol(side, { delivery }, { kernels, codec });
        protocol.receiveData(fromPeer(side, hex`01 00`));
        for (let i = 0; i < count; i += 8000) protocol.receiveData(many.slice());
        protocol.receiveData(fromPeer(side, hex`80 01 62`));
        const [message, ...more] = protocol.eventsReceived();
        const expected = `${"a".repeat(Math.ceil(count / 8000) * 8000)}b`;
        expect(more).toEqual([]);
        if (delivery === "messages") {
          expect(message === expected).toBe(true);
        } else {
          expect(Buffer.compare(message as Uint8Array, utf8(expected))).toBe(0);
        }
      }
    }
  });
});

describe.each(SIDES)("%s with extensions", (side) => {
  test("frames pass through them on their way to the application", () => {
    const wire = fromPeer(side, hex`c1 02 41 42 81 01 43 89 01 44 42 01 45 8a 00 80 01 46 c2 00`);
    for (const { name, options, internals } of VARIANTS) {
      for (const split of splitsOf(wire, { trailing: halfAPing(side) })) {
        const protocol = new OpenProtocol(side, options, internals, [doubling()]);
        expect(feed(protocol, options.delivery, split.chunks), `${name}, ${split.name}`).toEqual({
          events: expectEvents(options.delivery, [
            "text|41 41 42 42",
            "text|43",
            "ping|44",
            "pong|",
            "binary|45 45 46 46",
            "binary|",
          ]),
          sent: ["8a|44"],
          state: "open",
          error: null,
        });
      }
    }
  });

  test.each<[what: string, wire: string, events: string[], error: string]>([
    ["a reserved bit that none uses", "81 01 41 a1 00", ["text|41"], "ProtocolError: reserved bits must be 0"],
    ["RSV1 that its extension leaves", "c9 00", [], "ProtocolError: reserved bits must be 0"],
    ["RSV1 in a continuation of a plain message", "01 01 41 c0 00", [], "ProtocolError: reserved bits must be 0"],
    ["plain text that is no UTF-8", "81 01 41 81 01 ff", ["text|41"], "InvalidUtf8: invalid UTF-8"],
    ["decoded text that is no UTF-8", "c1 01 ff", [], "InvalidUtf8: invalid UTF-8"],
    ["decoded text that ends in a code point", "41 00 80 01 e2", [], "InvalidUtf8: invalid UTF-8"],
    ["a decoded message over its limit", "c2 04 01 02 03 04", [], "PayloadTooBig: message exceeds limit of 7 bytes"],
    [
      "a plain message over its limit",
      "82 08 01 02 03 04 05 06 07 08",
      [],
      "PayloadTooBig: frame with 8 bytes exceeds limit of 7 bytes",
    ],
    [
      "a sum over the limit",
      "42 03 01 02 03 80 01 04",
      [],
      "PayloadTooBig: message after reading 6 bytes exceeds limit of 7 bytes",
    ],
    ["the first of two faults", "81 01 41 c1 01 ff 83 00", ["text|41"], "InvalidUtf8: invalid UTF-8"],
    ["a control frame before the fault", "89 01 07 c1 01 ff 89 01 08", ["ping|07"], "InvalidUtf8: invalid UTF-8"],
    [
      "a fault of the parser behind good frames",
      "c1 01 41 83 00",
      ["text|41 41"],
      "ProtocolError: invalid opcode: 0x3",
    ],
  ])("fails the connection on %s", (_what, wire, events, error) => {
    const bytes = fromPeer(side, parseHex(wire));
    for (const { name, options, internals } of VARIANTS) {
      for (const split of splitsOf(bytes, { trailing: halfAPing(side) })) {
        const protocol = new OpenProtocol(side, { ...options, maxMessage: 7 }, internals, [doubling()]);
        const outcome = feed(protocol, options.delivery, split.chunks);
        expect(outcome.error, `${name}, ${split.name}`).toBe(error);
        expect(outcome.events, `${name}, ${split.name}`).toEqual(expectEvents(options.delivery, events));
        expect(outcome.state).toBe("closing");
      }
    }
  });

  test.each<[what: string, thrown: unknown, close: string]>([
    ["PayloadTooBig", new PayloadTooBig(null, 5), `03 f1 ${toHex(utf8("message exceeds limit of 5 bytes"))}`],
    ["InvalidUtf8", new InvalidUtf8("garbage"), `03 ef ${toHex(utf8("garbage"))}`],
    ["ProtocolError", new ProtocolError("rules"), `03 ea ${toHex(utf8("rules"))}`],
    // seed 52
    ["any other error", new TypeError("a secret"), "03 f3"],
    ["what is no error", "a secret", "03 f3"],
  ])("fails the connection when one throws %s", (_what, thrown, payload) => {
    for (const { name, options, internals } of VARIANTS) {
      const protocol = new OpenProtocol(side, options, internals, [throwing(thrown)]);
      const outcome = feed(protocol, options.delivery, [fromPeer(side, hex`81 01 41 81 01 58 81 01 42`)]);
      expect(outcome.events, name).toEqual(expectEvents(options.delivery, ["text|41"]));
      expect(outcome.sent[0]).toBe(`88|${payload}`);
      const { parserError } = protocol;
      if (thrown instanceof Error) expect(parserError).toBe(thrown);
      else expect(parserError?.message).toBe("a secret");
    }
  });

  test("messages may be longer on the wire than they may be decoded, a little", () => {
    const halving: Extension = {
      name: "halving",
      reservedBits: 4,
      encode: (plain) => plain,
      decode: ({ opcode, payload, fin }) => new Frame(opcode, payload.subarray(0, payload.length >> 1), { fin }),
    };
    for (const [length, error] of [
      [101 + 65_536, "PayloadTooBig: frame with 32818 bytes exceeds limit of 100 bytes"],
      [101 + 65_537, "PayloadTooBig: frame with 65638 bytes exceeds limit of 65637 bytes"],
    ] as const) {
      const protocol = new OpenProtocol(side, { maxMessage: 100 }, {}, [halving]);
      const outcome = feed(protocol, "frames", [fromPeer(side, frame(0xc2, new Uint8Array(length)))]);
      expect(outcome.error).toBe(error);
    }
    const protocol = new OpenProtocol(side, { maxMessage: 40_000 }, {}, [halving]);
    expect(feed(protocol, "frames", [fromPeer(side, frame(0xc2, new Uint8Array(80_000)))]).error).toBeNull();
  });

  test("may put on the wire what is no UTF-8, reserved bits or not", () => {
    const inverting: Extension = {
      name: "inverting",
      reservedBits: 0,
      encode: (plain) => plain,
      decode: ({ opcode, payload, fin }) =>
        new Frame(
          opcode,
          payload.map((byte) => byte ^ 0xff),
          { fin },
        ),
    };
    for (const { options, internals } of VARIANTS) {
      const protocol = new OpenProtocol(side, options, internals, [inverting]);
      const outcome = feed(protocol, options.delivery, [fromPeer(side, hex`81 02 be bd`)]);
      expect(outcome).toMatchObject({ events: expectEvents(options.delivery, ["text|41 42"]), error: null });
    }
  });

  test("may alter a Close frame", () => {
    const stripping: Extension = {
      name: "stripping",
      reservedBits: 0,
      encode: ({ opcode, payload, fin }) => new Frame(opcode, concat([payload, hex`5a`]), { fin }),
      decode: ({ opcode, payload, fin }) => new Frame(opcode, payload.subarray(0, -1), { fin }),
    };
    for (const { options, internals } of VARIANTS) {
      const protocol = new OpenProtocol(side, options, internals, [stripping]);
      const outcome = feed(protocol, options.delivery, [fromPeer(side, hex`89 02 01 5a 88 03 03 e9 5a 89 00`)]);
      expect(outcome.events).toEqual(["ping|01", "close|03 e9"]);
      expect(outcome.sent.slice(0, 2)).toEqual(["8a|01 5a", "88|03 e9 5a"]);
      expect(protocol.closeReceived).toMatchObject({ code: 1001 });
    }
  });

  // Anything may run inside an extension: here, the parser and the writer of another connection.
  test("may use other connections while they decode and encode", () => {
    for (const kernels of KERNELS) {
      for (const delivery of DELIVERIES) {
        const other = new OpenProtocol(side, { delivery: "messages" }, { kernels, codec });
        const heard: unknown[] = [];
        const meddle = (received: Frame): Frame => {
          other.receiveData(fromPeer(side, hex`81 03 58 59 5a 82 04 ff ff ff ff 81 02 c3 a9 01 01 41`));
          other.receiveData(fromPeer(side, hex`80 00`));
          heard.push(...other.eventsReceived());
          other.sendText("other");
          sentBy(other);
          return received;
        };
        const nesting: Extension = { name: "nesting", reservedBits: 0, encode: meddle, decode: meddle };
        const protocol = new OpenProtocol(side, { delivery }, { kernels, codec }, [nesting]);
        const wire = hex`81 02 61 62 82 02 01 02 89 01 03 81 02 c3 a8 01 01 c3 80 01 a7 82 01 04 88 02 03 e8`;
        const outcome = feed(protocol, delivery, [fromPeer(side, wire)]);
        expect(outcome.events, `${kernels.name}, ${delivery}`).toEqual([
          ...expectEvents(delivery, ["text|61 62", "binary|01 02"]),
          "ping|03",
          ...expectEvents(delivery, ["text|c3 a8", "text|c3 a7", "binary|04"]),
          "close|03 e8",
        ]);
        expect(outcome.sent.slice(0, 2)).toEqual(["8a|03", "88|03 e8"]);
        expect(heard).toHaveLength(4 * 10);
        expect(heard.slice(0, 4)).toEqual(["XYZ", hex`ff ff ff ff`, "é", "A"]);
      }
    }
  });

  test("are not there for a connection without them", () => {
    const receiver = receiverFor(side, KERNELS[0] as Kernels, "frames");
    const pipeline = receiver.insert([doubling()]);
    expect(pipeline.reservedBits).toBe(0x40);
    receiver.receive(fromPeer(side, hex`c1 01 41`));
    expect(receiver.events).toEqual([new Frame(1, hex`41 41`)]);
  });
});

describe.each(SIDES)("%s FrameReceiver.streamMessage()", (side) => {
  test("streams messages that extensions decoded", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" }, {}, [doubling()]);
    protocol.receiveData(fromPeer(side, hex`41 01 41`));
    expect(protocol.streamMessage()).toEqual(new MessagePiece(true, utf8("AA"), false));
    protocol.receiveData(fromPeer(side, hex`00 01 42 89 00 00 01 43`));
    protocol.receiveData(fromPeer(side, hex`80 00 c1 01 44`));
    const events = protocol.eventsReceived();
    expect(events.filter((event) => event instanceof MessagePiece)).toEqual([
      new MessagePiece(true, utf8("BBCC"), false),
      new MessagePiece(true, utf8(""), true),
    ]);
    expect(events.at(-1)).toBe("DD");
    expect(protocol.payloadReceived).toBe(8);
  });

  test("has no meaning where frames are delivered", () => {
    const protocol = new OpenProtocol(side);
    expect(protocol.streamMessage()).toBeUndefined();
    protocol.stopStreaming();
    protocol.receiveData(fromPeer(side, hex`81 01 41`));
    expect(protocol.eventsReceived()).toHaveLength(1);
    expect(protocol.payloadReceived).toBe(0);
  });

  test("can be taken back", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.streamMessage();
    protocol.stopStreaming();
    protocol.receiveData(fromPeer(side, hex`81 01 41`));
    expect(protocol.eventsReceived()).toEqual(["A"]);
  });
});

test("decodeWaiting() without extensions does nothing", () => {
  const receiver = receiverFor("client", KERNELS[0] as Kernels, "messages");
  receiver.receive(frame(0x81, "a"));
  receiver.decodeWaiting(true);
  expect(receiver.events).toEqual(["a"]);
  expect(receiver.hasEncoded).toBe(false);
});

test("tell() tells who watches of the frames of an owner, and of no other", () => {
  const told: [object, number][] = [];
  const watcher = {
    isWatched: true,
    report: (owner: object, frames: readonly SeenFrame[]) =>
      void told.push(...frames.map(({ opcode }): [object, number] => [owner, opcode])),
  };
  const owner = {};
  frameWatch.in = watcher;
  try {
    const receiver = receiverFor("client", KERNELS[0] as Kernels, "messages");
    receiver.tell(owner);
    expect(told).toEqual([]);
    receiver.receive(frame(0x81, "a"));
    receiver.tell(null);
    expect(told).toEqual([]);
    receiver.tell(owner);
    expect(told).toEqual([[owner, 1]]);
    watcher.isWatched = false;
    receiver.receive(frame(0x82, "a"));
    receiver.tell(owner);
    expect(told).toHaveLength(1);
    frameWatch.in = null;
    receiver.receive(frame(0x82, "a"));
    receiver.tell(owner);
    expect(told).toHaveLength(1);
  } finally {
    frameWatch.in = null;
  }
});

describe.each(KERNELS)("memory of chunks with $name kernels", (kernels) => {
  const binary = (length: number, fill: number): Uint8Array =>
    concat([
      length < 126 ? Uint8Array.of(0x82, length) : Uint8Array.of(0x82, 126, length >> 8, length & 255),
      new Uint8Array(length).fill(fill),
    ]);

  test.each<[string, boolean, Uint8Array]>([
    ["a message that fills most of its chunk", true, binary(3000, 1)],
    ["a message that the parser takes in parts", true, concat([binary(60_000, 1), binary(60_000, 2), hex`82 00`])],
    ["small messages", false, concat([binary(100, 1), binary(100, 2), binary(800, 3)])],
    ["text", false, concat([hex`81 02 68 69`, hex`81 03 e2 82 ac`])],
    ["fragments", false, concat([hex`02 01 61`, hex`80 02 62 63`])],
    ["a part of a message", false, binary(3000, 1).subarray(0, 1500)],
    ["control frames", false, hex`89 02 68 69`],
  ])("%s: a view is made only where chunks are not lent", (_what, isKept, bytes) => {
    const buffer = new Uint8Array(Math.max(4096, bytes.length));
    buffer.set(bytes);
    const chunk = buffer.subarray(0, bytes.length);
    const [keeping, lent] = [receiverFor("client", kernels, "messages"), receiverFor("client", kernels, "messages")];
    lent.isLent = true;
    lent.receive(chunk);
    keeping.receive(chunk);
    const views = keeping.events.filter((event) => event instanceof Uint8Array && event.buffer === buffer.buffer);
    expect(views.length > 0).toBe(isKept);
    const expected = structuredClone(keeping.events);
    buffer.fill(0xff);
    expect([lent.fault, structuredClone(lent.events)]).toEqual([null, expected]);
  });

  test("a message is believed by what of it is in the chunk, and no more", () => {
    const chunk = (length: number): Uint8Array => {
      const bytes = new Uint8Array(2 * INPUT_CAPACITY);
      bytes.set([0x82, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255]);
      return bytes;
    };
    const most = 8 * (2 * INPUT_CAPACITY - 10);
    for (const [length, expected] of [
      [most, [most]],
      [most + 1, [2 * (INPUT_CAPACITY - 10) + 64]],
    ] as const) {
      const sizes: number[] = [];
      const receiver = receiverFor("client", kernels, "messages", (size) => {
        sizes.push(size);
        return new Uint8Array(size);
      });
      receiver.receive(chunk(length));
      expect(sizes).toEqual(expected);
    }
  });
});
