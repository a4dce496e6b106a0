import { describe, expect, test } from "vitest";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { InvalidMessage } from "../../src/errors/handshake.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { InvalidState, ProtocolError } from "../../src/errors/protocol.ts";
import type { Extension } from "../../src/extensions/extension.ts";
import type { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import { HandshakeRequest } from "../../src/http/request.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import type { Side } from "../../src/protocol/state.ts";
import { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import { ServerProtocol } from "../../src/protocol/server-protocol.ts";
import { hex, parseHex, toHex } from "../support/hex.ts";
import { concat, splitsOf } from "../support/splits.ts";
import {
  EventLog,
  expectEvents,
  feed,
  frame,
  fromPeer,
  halfAPing,
  KERNELS,
  OpenProtocol,
  readWire,
  sentBy,
  SIDES,
  utf8,
  VARIANTS,
} from "./harness.ts";

/** A Close frame in the words of `sentBy`. */
function close(code: number, reason = ""): string {
  return `88|${toHex(Uint8Array.of(code >> 8, code & 255, ...utf8(reason)))}`;
}

/** What is sent, with the end of the stream where the server ends it. */
function withEof(side: Side, ...sent: string[]): string[] {
  return side === "server" ? [...sent, "EOF"] : sent;
}

interface Row {
  readonly what: string;
  /** Frames in hexadecimal, without masks. */
  readonly wire: string;
  readonly events: readonly string[];
  /** Sent in reply before any Close. */
  readonly replies?: readonly string[];
  /** The Close frame that answers. */
  readonly close?: string;
  /** Name and message of the fault. */
  readonly error?: string;
  /** The bytes end inside a frame that is right so far. */
  readonly isCut?: boolean;
}

function good(what: string, wire: string, events: readonly string[], replies: readonly string[] = []): Row {
  return { what, wire, events, replies };
}

function bad(what: string, wire: string, code: number, message: string, events: readonly string[] = []): Row {
  const name = code === 1007 ? "InvalidUtf8" : "ProtocolError";
  return { what, wire, events, close: close(code, message), error: `${name}: ${message}` };
}

function closing(what: string, payload: string, reply = `88|${payload}`): Row {
  const length = parseHex(payload).length.toString(16).padStart(2, "0");
  return { what, wire: `88 ${length} ${payload}`, events: [`close|${payload}`], close: reply };
}

const HELLO = "48 65 6c 6c 6f";

const GOOD: readonly Row[] = [
  // RFC 6455 5.7
  good("a text message in one frame", `81 05 ${HELLO}`, [`text|${HELLO}`]),
  good("a text message in two fragments", "01 03 48 65 6c 80 02 6c 6f", [`text|${HELLO}`]),
  good("a ping", `89 05 ${HELLO}`, [`ping|${HELLO}`], [`8a|${HELLO}`]),
  good("a pong that nobody asked for", `8a 05 ${HELLO}`, [`pong|${HELLO}`]),
  // seed 1, 9
  good("text", "81 04 53 70 61 6d", ["text|53 70 61 6d"]),
  good("empty text", "81 00", ["text|"]),
  good("empty binary", "82 00", ["binary|"]),
  good("an empty ping", "89 00", ["ping|"], ["8a|"]),
  good("an empty pong", "8a 00", ["pong|"]),
  good("text of three empty fragments", "01 00 00 00 80 00", ["text|"]),
  good("text that is not ASCII", "81 02 c3 a9", ["text|c3 a9"]),
  good("a code point in two fragments", "01 01 c3 80 01 a9", ["text|c3 a9"]),
  good("a code point around an empty fragment", "01 01 c3 00 00 80 01 a9", ["text|c3 a9"]),
  good("a byte order mark", "81 04 ef bb bf 41", ["text|ef bb bf 41"]),
  good("binary that is no UTF-8", "82 02 ff fe", ["binary|ff fe"]),
  // seed 46
  good(
    "ping and pong between fragments",
    "01 01 41 89 02 01 02 00 01 42 8a 01 03 80 01 43",
    ["ping|01 02", "pong|03", "text|41 42 43"],
    ["8a|01 02"],
  ),
  good("a ping inside a code point", "01 01 c3 89 00 80 01 a9", ["ping|", "text|c3 a9"], ["8a|"]),
  good("messages one behind another", "81 01 41 82 01 00 81 02 c3 a9 81 01 42", [
    "text|41",
    "binary|00",
    "text|c3 a9",
    "text|42",
  ]),
  good(
    "a ping of 125 bytes",
    `89 7d ${"fe".repeat(125)}`,
    [`ping|${"fe ".repeat(125).trim()}`],
    [`8a|${"fe ".repeat(125).trim()}`],
  ),
  { ...good("half a header", "81", []), isCut: true },
  { ...good("half a payload", "81 02 41", []), isCut: true },
  { ...good("a fragment and no end", "01 01 41", []), isCut: true },
];

const BAD: readonly Row[] = [
  // seed 4
  bad("RSV1 in text", "c1 00", 1002, "reserved bits must be 0"),
  bad("RSV2 in binary", "a2 00", 1002, "reserved bits must be 0"),
  bad("RSV3 in a close frame", "98 00", 1002, "reserved bits must be 0"),
  bad("RSV1 in a continuation", "01 00 c0 00", 1002, "reserved bits must be 0"),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
    bad(`opcode ${opcode}`, `8${opcode.toString(16)} 00`, 1002, `invalid opcode: 0x${opcode.toString(16)}`),
  ),
  bad("an opcode, judged before all else", "ff 7f", 1002, "invalid opcode: 0xf"),
  // seed 3, 6
  bad("a ping of 126 bytes", "89 7e 00 7e", 1002, "control frame too long"),
  bad("a ping of 125 bytes with a 16-bit length", "89 7e 00 7d", 1002, "control frame too long"),
  bad("a ping with a 64-bit length", "89 7f", 1002, "control frame too long"),
  bad("a fragmented ping", "09 00", 1002, "fragmented control frame"),
  bad("a fragmented pong", "0a 00", 1002, "fragmented control frame"),
  bad("a fragmented close frame", "08 00", 1002, "fragmented control frame"),
  // seed 97, 98
  bad("125 in 16 bits", "82 7e 00 7d", 1002, "payload length not minimally encoded"),
  bad("0 in 16 bits", "82 7e 00 00", 1002, "payload length not minimally encoded"),
  bad("65535 in 64 bits", "82 7f 00 00 00 00 00 00 ff ff", 1002, "payload length not minimally encoded"),
  bad("a length with its top bit set", "82 7f 80 00 00 00 00 00 00 00", 1002, "payload length with its top bit set"),
  // seed 45
  bad("a continuation of nothing", "80 00", 1002, "unexpected continuation frame"),
  bad("a continuation of a finished message", "81 01 41 80 00", 1002, "unexpected continuation frame", ["text|41"]),
  bad("text inside a message", "01 01 41 81 01 42", 1002, "expected a continuation frame"),
  bad("binary inside a message", "01 01 41 02 01 42", 1002, "expected a continuation frame"),
  // seed 59
  bad("text that is no UTF-8", "81 01 ff", 1007, "invalid UTF-8"),
  bad("text that ends in a code point", "81 01 c3", 1007, "invalid UTF-8"),
  bad("text that is wrong in an unfinished frame", "81 0a 41 ff", 1007, "invalid UTF-8"),
  bad("text that is wrong in an unfinished message", "01 01 ed 00 01 a0", 1007, "invalid UTF-8"),
  bad("a surrogate", "81 03 ed a0 80", 1007, "invalid UTF-8"),
  bad("a good message, then a bad one", "81 01 41 82 01 00 c1 00 81 01 42", 1002, "reserved bits must be 0", [
    "text|41",
    "binary|00",
  ]),
  { ...bad("a ping before the fault", "89 01 07 83 00", 1002, "invalid opcode: 0x3", ["ping|07"]), replies: ["8a|07"] },
];

/** Codes that may be in a Close frame, and codes that may not (RFC 6455 7.4). */
const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

const CLOSING: readonly Row[] = [
  // seed 11, 12
  closing("an empty close frame", ""),
  closing("1000", "03 e8"),
  closing("1000 with a reason", `03 e8 ${HELLO}`),
  closing("1001 with a reason that is not ASCII", "03 e9 c3 a9"),
  ...GOOD_CODES.map((code) => closing(`code ${code}`, toHex(Uint8Array.of(code >> 8, code & 255)))),
  { ...closing("one byte", "03", close(1002, "close frame too short")), error: "ProtocolError: close frame too short" },
  ...BAD_CODES.map((code) => {
    const message = `invalid status code: ${code}`;
    const payload = toHex(Uint8Array.of(code >> 8, code & 255));
    return { ...closing(`code ${code}`, payload, close(1002, message)), error: `ProtocolError: ${message}` };
  }),
  ...["ff", "c3", "61 ed a0 80"].map((reason) => ({
    ...closing(`a reason of ${reason}`, `03 e8 ${reason}`, close(1007, "invalid UTF-8 in close reason")),
    error: "InvalidUtf8: invalid UTF-8 in close reason",
  })),
  // seed 48, 50
  { what: "close inside a message", wire: "01 01 41 88 02 03 e9", events: ["close|03 e9"], close: "88|03 e9" },
  { what: "close inside a code point", wire: "01 01 c3 88 00", events: ["close|"], close: "88|" },
  { what: "text behind close", wire: "88 02 03 e8 81 01 41", events: ["close|03 e8"], close: "88|03 e8" },
  { what: "ping behind close", wire: "88 02 03 e8 89 00", events: ["close|03 e8"], close: "88|03 e8" },
  { what: "a second close", wire: "88 02 03 e8 88 02 03 e9", events: ["close|03 e8"], close: "88|03 e8" },
  { what: "garbage behind close", wire: "88 02 03 e8 ff ff ff", events: ["close|03 e8"], close: "88|03 e8" },
];

function check(side: Side, row: Row): void {
  const wire = fromPeer(side, parseHex(row.wire));
  const trailing = row.isCut === true ? undefined : halfAPing(side);
  const sent = [...(row.replies ?? [])];
  if (row.close !== undefined) sent.push(...withEof(side, row.close));
  for (const { name, options, internals } of VARIANTS) {
    for (const split of splitsOf(wire, { trailing })) {
      const protocol = new OpenProtocol(side, options, internals);
      expect(feed(protocol, options.delivery, split.chunks), `${name}, ${split.name}`).toEqual({
        events: expectEvents(options.delivery, row.events),
        sent,
        state: row.close === undefined ? "open" : "closing",
        error: row.error ?? null,
      });
    }
  }
}

describe.each(SIDES)("%s receiveData()", (side) => {
  test.each(GOOD)("takes $what", (row) => check(side, row));
  test.each(BAD)("fails the connection on $what", (row) => check(side, row));
  test.each(CLOSING)("answers a close frame: $what", (row) => check(side, row));

  // seed 2
  test.each([0, 1, 125, 126, 127, 128, 65_535, 65_536, 70_000])("takes messages of %i bytes", (length) => {
    const ascii = utf8("*".repeat(length));
    const binary = new Uint8Array(length).fill(0xfe);
    const wire = fromPeer(side, frame(0x81, ascii), frame(0x82, binary), frame(0x89, "end"));
    for (const { name, options, internals } of VARIANTS) {
      for (const split of splitsOf(wire, { trailing: halfAPing(side) })) {
        const protocol = new OpenProtocol(side, options, internals);
        const { events, state } = feed(protocol, options.delivery, split.chunks);
        const expected = new EventLog("messages");
        expected.add(["*".repeat(length), binary]);
        expect(events, `${name}, ${split.name}`).toEqual([
          ...expectEvents(options.delivery, expected.entries),
          "ping|65 6e 64",
        ]);
        expect(state).toBe("open");
      }
    }
  });

  // seed 5
  test("fails the connection on a frame that is masked where it must not be, or the reverse", () => {
    const wire = side === "server" ? hex`81 01 41` : hex`81 81 00 00 00 00 41`;
    const message = side === "server" ? "unmasked frame" : "masked frame";
    for (const { name, options, internals } of VARIANTS) {
      for (const split of splitsOf(wire, { trailing: hex`00 ff` })) {
        const outcome = feed(new OpenProtocol(side, options, internals), options.delivery, split.chunks);
        expect(outcome, `${name}, ${split.name}`).toEqual({
          events: [],
          sent: withEof(side, close(1002, message)),
          state: "closing",
          error: `ProtocolError: ${message}`,
        });
      }
    }
  });

  test("does nothing for an empty chunk", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(new Uint8Array(0));
    expect(protocol.eventsReceived()).toEqual([]);
    expect(sentBy(protocol)).toEqual([]);
  });

  test("gives out lists that belong to who takes them, empty ones too", () => {
    const protocol = new OpenProtocol(side);
    protocol.eventsReceived().push("mine");
    expect(protocol.eventsReceived()).toEqual([]);
  });

  test("does not validate text where validateUtf8 is off", () => {
    for (const { name, options, internals } of VARIANTS) {
      if (options.delivery === "messages") continue;
      for (const split of splitsOf(fromPeer(side, hex`81 03 41 ff 42 01 01 c3 80 00`))) {
        const protocol = new OpenProtocol(side, { ...options, validateUtf8: false }, internals);
        expect(feed(protocol, options.delivery, split.chunks), name).toEqual({
          events: expectEvents(options.delivery, ["text|41 ff 42", "text|c3"]),
          sent: [],
          state: "open",
          error: null,
        });
      }
    }
  });

  test("delivers as strings, with U+FFFD, what is not validated", () => {
    for (const { name, options, internals } of VARIANTS) {
      if (options.delivery !== "messages") continue;
      const protocol = new OpenProtocol(side, { ...options, validateUtf8: false }, internals);
      protocol.receiveData(fromPeer(side, hex`81 02 41 42 81 02 c3 a9 81 03 41 ff 42 01 01 c3 80 00`));
      const events = protocol.eventsReceived();
      expect(events.slice(0, 2), name).toEqual(["AB", "é"]);
      expect(events.slice(2), name).toEqual(["A\ufffdB", "\ufffd"]);
    }
  });

  test("fails with 1011 and an empty reason for a fault of our own", () => {
    for (const thrown of [new Error("a secret"), "a secret"]) {
      const kernels = new (class extends ReferenceKernels {
        override validateUtf8(): never {
          throw thrown;
        }
      })();
      const protocol = new OpenProtocol(side, {}, { kernels });
      protocol.receiveData(fromPeer(side, hex`88 03 03 e8 41`));
      expect(sentBy(protocol)).toEqual(withEof(side, close(1011)));
      expect(protocol.parserError?.message).toBe("a secret");
    }
  });
});

describe.each(SIDES)("%s settle()", (side) => {
  test("is when a fault takes effect: what is sent before it leaves before the Close", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.receiveData(fromPeer(side, hex`81 01 41 83 00`));
    expect(protocol.eventsReceived()).toEqual(["A"]);
    expect(protocol.isUnsettled).toBe(true);
    expect(protocol.state).toBe("open");
    expect(protocol.parserError).toBeNull();
    protocol.sendText("B");
    protocol.sendPing(hex`01`);
    protocol.settle();
    expect(protocol.isUnsettled).toBe(false);
    expect(protocol.state).toBe("closing");
    expect(() => protocol.sendText("C")).toThrow(new InvalidState("Cannot send: connection is closing"));
    expect(sentBy(protocol)).toEqual(withEof(side, "81|42", "89|01", close(1002, "invalid opcode: 0x3")));
  });

  test("is when a Close frame takes effect", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.receiveData(fromPeer(side, hex`81 01 41 88 02 03 e9`));
    expect(protocol.state).toBe("open");
    expect(protocol.closeReceived).toBeNull();
    protocol.sendText("B");
    expect(sentBy(protocol)).toEqual(withEof(side, "81|42", "88|03 e9"));
    expect(protocol.closeReceived).toMatchObject({ code: 1001, reason: "" });
    expect(protocol.closeReceivedThenSent).toBe(true);
  });

  test("comes before a Close of ours, which is then too late", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`88 02 03 e9`));
    expect(() => protocol.sendClose(1000)).toThrow(new InvalidState("Cannot close: connection is closing"));
    expect(sentBy(protocol)).toEqual(withEof(side, "88|03 e9"));
  });

  test("comes before the end of the stream", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`83 00`));
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.parserError?.message).toBe("invalid opcode: 0x3");
    expect(sentBy(protocol)).toEqual([close(1002, "invalid opcode: 0x3"), "EOF"]);
  });

  test("shortens a reason that does not fit in a Close frame", () => {
    const long = `é${"x".repeat(200)}é`;
    const extension: Extension = {
      name: "broken",
      reservedBits: 0,
      encode: (encoded) => encoded,
      decode: () => {
        throw new ProtocolError(long);
      },
    };
    const protocol = new OpenProtocol(side, {}, {}, [extension]);
    protocol.receiveData(fromPeer(side, hex`81 00`));
    const [chunk] = protocol.dataToSend();
    const payload = readWire(chunk as Uint8Array)[0]?.payload as Uint8Array;
    expect(payload.subarray(0, 2)).toEqual(hex`03 ea`);
    expect(payload.length).toBeLessThanOrEqual(125);
    expect(protocol.parserError?.message).toBe(long);
    expect(protocol.state).toBe("closing");
  });
});

describe.each(SIDES)("%s closing handshake", (side) => {
  test("that the peer begins", () => {
    const protocol = new OpenProtocol(side);
    expect(protocol.closeExpected()).toBe(false);
    protocol.receiveData(fromPeer(side, hex`88 05 03 e8 62 79 65`));
    expect(sentBy(protocol)).toEqual(withEof(side, "88|03 e8 62 79 65"));
    expect(protocol.closeExpected()).toBe(true);
    expect([protocol.closeCode, protocol.closeReason]).toEqual([null, null]);
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.closeExpected()).toBe(false);
    expect(sentBy(protocol)).toEqual(side === "server" ? [] : ["EOF"]);
    expect([protocol.closeCode, protocol.closeReason]).toEqual([1000, "bye"]);
    const error = protocol.closeError();
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.message).toBe("received 1000 (OK) bye; then sent 1000 (OK) bye");
    expect(error.cause).toBeUndefined();
  });

  test("that we begin", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.sendClose(1001, "é");
    expect(protocol.state).toBe("closing");
    expect(protocol.closeExpected()).toBe(true);
    expect(sentBy(protocol)).toEqual(["88|03 e9 c3 a9"]);
    // Data of the peer still arrives, and Pings are answered (seed 48).
    protocol.receiveData(fromPeer(side, hex`81 01 41 89 01 01`));
    expect(protocol.eventsReceived()).toHaveLength(2);
    protocol.sendPing(hex`02`);
    protocol.sendPong(hex`03`);
    expect(sentBy(protocol)).toEqual(["8a|01", "89|02", "8a|03"]);
    protocol.receiveData(fromPeer(side, hex`88 02 03 e9`));
    expect(sentBy(protocol)).toEqual(withEof(side));
    expect(protocol.closeReceivedThenSent).toBe(false);
    protocol.receiveEof();
    expect(sentBy(protocol)).toEqual(side === "server" ? [] : ["EOF"]);
    expect(protocol.closeError().message).toBe("sent 1001 (going away) é; then received 1001 (going away)");
    expect(protocol.closeCode).toBe(1001);
  });

  test("without codes", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendClose();
    expect(sentBy(protocol)).toEqual(["88|"]);
    protocol.receiveData(fromPeer(side, hex`88 00`));
    protocol.receiveEof();
    expect([protocol.closeCode, protocol.closeReason]).toEqual([1005, ""]);
    const error = protocol.closeError();
    expect(error).toBeInstanceOf(ConnectionClosedOK);
    expect(error.message).toBe(
      "sent 1005 (no status received [internal]); then received 1005 (no status received [internal])",
    );
  });

  test("that ends before the peer's Close", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendClose(1000);
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(sentBy(protocol)).toEqual(["88|03 e8", "EOF"]);
    expect(protocol.closeCode).toBe(1006);
    const error = protocol.closeError();
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.message).toBe("sent 1000 (OK); no close frame received");
    expect(error.cause).toBeInstanceOf(NetworkError);
  });

  test("with a bad Close behind ours", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendClose(1000);
    protocol.receiveData(fromPeer(side, hex`88 01 00`));
    expect(sentBy(protocol)).toEqual(withEof(side, "88|03 e8"));
    protocol.receiveEof();
    expect(protocol.closeError().message).toBe("sent 1000 (OK); no close frame received");
    expect(protocol.closeError().cause).toEqual(new ProtocolError("close frame too short"));
  });

  test.each(GOOD_CODES)("sendClose() sends %i", (code) => {
    const protocol = new OpenProtocol(side);
    protocol.sendClose(code, "x");
    expect(sentBy(protocol)).toEqual([close(code, "x")]);
    expect(protocol.closeSent).toMatchObject({ code, reason: "x" });
  });

  test.each([...BAD_CODES, -1, 1000.5, Number.NaN])("sendClose() refuses %d", (code) => {
    const protocol = new OpenProtocol(side);
    expect(() => protocol.sendClose(code)).toThrow(new RangeError(`Cannot send close code: ${code}`));
    expect(protocol.state).toBe("open");
    expect(protocol.closeSent).toBeNull();
    protocol.sendClose(1000);
    expect(sentBy(protocol)).toEqual(["88|03 e8"]);
  });

  // seed 13
  test("sendClose() refuses a reason without a code, and one that is too long", () => {
    const protocol = new OpenProtocol(side);
    expect(() => protocol.sendClose(undefined, "why")).toThrow(
      new ProtocolError("cannot send a reason without a code"),
    );
    expect(() => protocol.sendClose(1000, "é".repeat(62))).toThrow(
      new RangeError("Cannot send close reason: 124 bytes, expected at most 123"),
    );
    expect(protocol.state).toBe("open");
    protocol.sendClose(1000, `${"é".repeat(61)}x`);
    expect(sentBy(protocol)).toEqual([close(1000, `${"é".repeat(61)}x`)]);
  });

  test("sendClose() works once", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendClose(1000);
    expect(() => protocol.sendClose(1000)).toThrow(new InvalidState("Cannot close: connection is closing"));
    protocol.receiveEof();
    expect(() => protocol.sendClose(1000)).toThrow(new InvalidState("Cannot close: connection is closed"));
  });

  test("sendClose() may come inside a message of ours", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendText("A", false);
    protocol.sendClose(1000);
    expect(protocol.isFragmenting).toBe(true);
    expect(sentBy(protocol)).toEqual(["01|41", "88|03 e8"]);
  });

  test.each([
    ["OK only if both codes are", "03 e8", "03 e9", ConnectionClosedOK],
    ["an error if ours is not", "03 f3", "03 e8", ConnectionClosedError],
    ["an error if theirs is not", "03 e8", "03 f3", ConnectionClosedError],
  ])("closeError() is %s", (_what, sent, received, Class) => {
    const protocol = new OpenProtocol(side);
    const [high = 0, low = 0] = parseHex(sent);
    protocol.sendClose(high * 256 + low);
    protocol.receiveData(fromPeer(side, concat([hex`88 02`, parseHex(received)])));
    protocol.receiveEof();
    expect(protocol.closeError()).toBeInstanceOf(Class);
  });

  test("closeError() takes a cause where no fault of the peer is known", () => {
    const cause = new Error("gone");
    const protocol = new OpenProtocol(side);
    protocol.fail(1006);
    protocol.receiveEof();
    expect(protocol.closeError(cause).cause).toBe(cause);
    expect(protocol.closeError().cause).toBeUndefined();
    const other = new OpenProtocol(side);
    other.receiveEof();
    expect(other.closeError(cause).cause).toBe(other.parserError);
  });
});

describe.each(SIDES)("%s receiveEof()", (side) => {
  test.each([
    ["between frames", "81 01 41"],
    ["before anything", ""],
    ["inside a header", "81"],
    ["inside an extended length", "81 7e 00"],
    ["inside a payload", "81 02 41"],
    ["inside a message", "01 01 41"],
    ["inside a control frame", "89 02 41"],
  ])("%s closes the connection", (_what, wire) => {
    for (const { name, options, internals } of VARIANTS) {
      const protocol = new OpenProtocol(side, options, internals);
      if (wire !== "") protocol.receiveData(fromPeer(side, parseHex(wire)));
      protocol.receiveEof();
      expect(protocol.state, name).toBe("closed");
      expect(protocol.closeCode).toBe(1006);
      expect(protocol.closeReason).toBe("");
      expect(protocol.closeExpected()).toBe(false);
      expect(protocol.parserError).toEqual(new NetworkError("eof", "connection closed without a close frame"));
      expect(sentBy(protocol)).toEqual(["EOF"]);
      expect(sentBy(protocol)).toEqual([]);
      const error = protocol.closeError();
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error.message).toBe("no close frame received or sent");
      expect(error.cause).toBe(protocol.parserError);
    }
  });

  test("may come again, and no data behind it", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveEof(new NetworkError("reset", "reset by peer"));
    protocol.receiveEof(new NetworkError("other", "ignored"));
    expect(protocol.parserError?.message).toBe("reset by peer");
    expect(() => protocol.receiveData(hex`00`)).toThrow(new InvalidState("Cannot receive data: the stream has ended"));
    expect(sentBy(protocol)).toEqual(["EOF"]);
    expect(sentBy(protocol)).toEqual([]);
  });

  test("leaves the fault of the peer as it was", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`80 00`));
    expect(sentBy(protocol)).toEqual(withEof(side, close(1002, "unexpected continuation frame")));
    protocol.receiveEof(new NetworkError("reset", "reset by peer"));
    expect(protocol.parserError).toEqual(new ProtocolError("unexpected continuation frame"));
    expect(sentBy(protocol)).toEqual(side === "server" ? [] : ["EOF"]);
    expect(protocol.closeError().message).toBe(
      "sent 1002 (protocol error) unexpected continuation frame; no close frame received",
    );
  });

  test("behind a Close that has not taken effect still answers it", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`88 02 03 e8`));
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.parserError).toBeNull();
    expect(protocol.closeCode).toBe(1000);
    expect(sentBy(protocol)).toEqual(["88|03 e8", "EOF"]);
    expect(protocol.closeError()).toBeInstanceOf(ConnectionClosedOK);
  });
});

describe.each(SIDES)("%s fail()", (side) => {
  test("sends a Close frame and ignores what comes", () => {
    const protocol = new OpenProtocol(side);
    protocol.fail(1011, "keepalive");
    expect(protocol.state).toBe("closing");
    expect(sentBy(protocol)).toEqual(withEof(side, close(1011, "keepalive")));
    // seed 51: RFC 6455 7.1.7
    protocol.receiveData(fromPeer(side, hex`81 01 41 89 00 88 02 03 e8`));
    expect(protocol.eventsReceived()).toEqual([]);
    expect(sentBy(protocol)).toEqual([]);
    protocol.receiveEof();
    expect(protocol.closeReceived).toBeNull();
    expect([protocol.closeCode, protocol.closeReason]).toEqual([1006, ""]);
    expect(protocol.parserError).toBeNull();
    expect(protocol.closeError().message).toBe("sent 1011 (internal error) keepalive; no close frame received");
    expect(sentBy(protocol)).toEqual(side === "server" ? [] : ["EOF"]);
  });

  test("with 1006 sends nothing and ends the stream", () => {
    const protocol = new OpenProtocol(side);
    protocol.fail(1006, "ignored");
    expect(protocol.state).toBe("closing");
    expect(protocol.closeSent).toBeNull();
    expect(sentBy(protocol)).toEqual(["EOF"]);
    expect(protocol.closeExpected()).toBe(true);
    protocol.receiveEof();
    expect(protocol.closeError().message).toBe("no close frame received or sent");
  });

  test("refuses what cannot be sent, and then has not happened", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.receiveData(fromPeer(side, hex`83 00`));
    expect(() => protocol.fail(1004)).toThrow(new RangeError("Cannot send close code: 1004"));
    expect(() => protocol.fail(1011, "x".repeat(124))).toThrow(RangeError);
    expect(protocol.isUnsettled).toBe(true);
    expect(sentBy(protocol)).toEqual(withEof(side, close(1002, "invalid opcode: 0x3")));
    const other = new OpenProtocol(side, { delivery: "messages" });
    expect(() => other.fail(999)).toThrow(RangeError);
    other.receiveData(fromPeer(side, hex`81 01 41`));
    expect(other.eventsReceived()).toEqual(["A"]);
  });

  test("behind a Close of ours sends no other", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendClose(1000);
    protocol.fail(1011);
    expect(sentBy(protocol)).toEqual(withEof(side, "88|03 e8"));
    protocol.fail(1006);
    expect(sentBy(protocol)).toEqual(side === "server" ? [] : ["EOF"]);
    expect(protocol.closeSent).toMatchObject({ code: 1000 });
  });

  test("behind the end changes nothing", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveEof();
    protocol.fail(1011);
    expect(protocol.state).toBe("closed");
    expect(sentBy(protocol)).toEqual(["EOF"]);
  });

  test("in the middle of a frame, a message, or a message of ours", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`01 01 41 80 05 42`));
    protocol.sendBinary(hex`01`, false);
    protocol.fail(1013);
    expect(sentBy(protocol)).toEqual(withEof(side, "02|01", close(1013)));
  });

  test("takes the place of a fault that has not taken effect", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`83 00`));
    protocol.fail(1011, "ours");
    expect(protocol.isUnsettled).toBe(false);
    expect(sentBy(protocol)).toEqual(withEof(side, close(1011, "ours")));
    expect(sentBy(protocol)).toEqual([]);
  });
});

describe.each(SIDES)("%s sending", (side) => {
  test.each<[string, (protocol: OpenProtocol) => void]>([
    ["text of a number", (protocol) => protocol.sendText(5 as never)],
    ["text of a buffer", (protocol) => protocol.sendText(new ArrayBuffer(2) as never)],
    ["binary of a buffer", (protocol) => protocol.sendBinary(new ArrayBuffer(4) as never)],
    ["binary of a view of words", (protocol) => protocol.sendBinary(new Uint16Array(2) as never)],
    ["binary of a DataView", (protocol) => protocol.sendBinary(new DataView(new ArrayBuffer(4)) as never)],
    ["a fragment of a list", (protocol) => protocol.sendBinary([1] as never, false)],
    ["a ping of text", (protocol) => protocol.sendPing("hi" as never)],
    ["a pong of a buffer", (protocol) => protocol.sendPong(new ArrayBuffer(4) as never)],
  ])("refuses %s, and nothing is sent", (_what, send) => {
    const protocol = new OpenProtocol(side);
    expect(() => send(protocol)).toThrow(TypeError);
    protocol.sendText("after");
    expect(sentBy(protocol)).toEqual(["81|61 66 74 65 72"]);
  });

  test("the examples of RFC 6455 5.7, byte for byte", () => {
    const key = 0x3d21fa37; // 37 fa 21 3d on the wire
    for (const kernels of KERNELS) {
      const send = (act: (protocol: OpenProtocol) => void): string => {
        const protocol = new OpenProtocol(side, {}, { kernels, maskingKey: () => key });
        act(protocol);
        return toHex(concat(protocol.dataToSend()));
      };
      const isClient = side === "client";
      expect(send((protocol) => protocol.sendText("Hello"))).toBe(
        isClient ? "81 85 37 fa 21 3d 7f 9f 4d 51 58" : "81 05 48 65 6c 6c 6f",
      );
      expect(send((protocol) => protocol.sendPong(utf8("Hello")))).toBe(
        isClient ? "8a 85 37 fa 21 3d 7f 9f 4d 51 58" : "8a 05 48 65 6c 6c 6f",
      );
      if (isClient) continue;
      const fragments = send((protocol) => {
        protocol.sendText("Hel", false);
        protocol.sendContinuation("lo", true);
      });
      expect(fragments).toBe("01 03 48 65 6c 80 02 6c 6f");
      expect(send((protocol) => protocol.sendPing(utf8("Hello")))).toBe("89 05 48 65 6c 6c 6f");
      expect(send((protocol) => protocol.sendBinary(new Uint8Array(256)))).toBe(`82 7e 01 00${" 00".repeat(256)}`);
      expect(send((protocol) => protocol.sendBinary(new Uint8Array(65_536))).slice(0, 29)).toBe(
        "82 7f 00 00 00 00 00 01 00 00",
      );
    }
  });

  test("the examples of RFC 6455 5.7 arrive too", () => {
    const wires =
      side === "server"
        ? [hex`81 85 37 fa 21 3d 7f 9f 4d 51 58`, hex`8a 85 37 fa 21 3d 7f 9f 4d 51 58`]
        : [hex`81 05 48 65 6c 6c 6f 01 03 48 65 6c 80 02 6c 6f`, hex`8a 05 48 65 6c 6c 6f`];
    for (const { options, internals } of VARIANTS) {
      const { events } = feed(
        new OpenProtocol(side, options, internals),
        options.delivery,
        wires.map((wire) => wire.slice()),
      );
      const texts = side === "server" ? [`text|${HELLO}`] : [`text|${HELLO}`, `text|${HELLO}`];
      expect(events).toEqual([...expectEvents(options.delivery, texts), `pong|${HELLO}`]);
    }
  });

  test("fragments, with control frames between them", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendText("A", false);
    expect(protocol.isFragmenting).toBe(true);
    protocol.sendPing(hex`01`);
    protocol.sendContinuation(utf8("é"), false);
    protocol.sendPong(hex`02`);
    protocol.sendContinuation("", true);
    expect(protocol.isFragmenting).toBe(false);
    protocol.sendBinary(hex`03`, false);
    protocol.sendContinuation(hex`04`, true);
    expect(sentBy(protocol)).toEqual(["01|41", "89|01", "00|c3 a9", "8a|02", "80|", "02|03", "80|04"]);
  });

  // seed 45
  test("checks the order of fragments, before the state", () => {
    const protocol = new OpenProtocol(side);
    const orphan = new ProtocolError("unexpected continuation frame");
    expect(() => protocol.sendContinuation("x", true)).toThrow(orphan);
    protocol.sendText("A", false);
    const interleaved = new ProtocolError("expected a continuation frame");
    expect(() => protocol.sendText("B")).toThrow(interleaved);
    expect(() => protocol.sendBinary(hex`00`)).toThrow(interleaved);
    protocol.receiveEof();
    expect(() => protocol.sendText("B")).toThrow(interleaved);
    const other = new OpenProtocol(side);
    other.receiveEof();
    expect(() => other.sendContinuation("x", true)).toThrow(orphan);
    expect(() => other.sendText("x")).toThrow(new InvalidState("Cannot send: connection is closed"));
  });

  test("is refused in every state but those that allow it", () => {
    const calls: [string, (protocol: OpenProtocol) => void, readonly string[]][] = [
      ["sendText", (protocol) => protocol.sendText("x"), ["open"]],
      ["sendBinary", (protocol) => protocol.sendBinary(hex`01`), ["open"]],
      ["sendPing", (protocol) => protocol.sendPing(hex`01`), ["open", "closing"]],
      ["sendPong", (protocol) => protocol.sendPong(hex`01`), ["open", "closing"]],
    ];
    for (const state of ["open", "closing", "closed"]) {
      for (const [name, call, allowed] of calls) {
        const protocol = new OpenProtocol(side);
        if (state === "closing") protocol.sendClose();
        if (state === "closed") protocol.receiveEof();
        if (allowed.includes(state)) expect(() => call(protocol), `${name} in ${state}`).not.toThrow();
        else expect(() => call(protocol), name).toThrow(new InvalidState(`Cannot send: connection is ${state}`));
      }
    }
  });

  test("is refused while the opening handshake goes on, and when it failed", () => {
    const protocol = side === "server" ? new ServerProtocol() : new ClientProtocol("ws://localhost/");
    const error = new InvalidState("Cannot send: connection is connecting");
    expect(() => protocol.sendText("x")).toThrow(error);
    expect(() => protocol.sendPing(hex``)).toThrow(error);
    expect(() => protocol.sendPong(hex``)).toThrow(error);
    expect(() => protocol.sendClose()).toThrow(new InvalidState("Cannot close: connection is connecting"));
    expect(protocol.dataToSend()).toEqual([]);
  });

  // seed 102
  test("refuses control frames of more than 125 bytes", () => {
    const protocol = new OpenProtocol(side);
    const error = new RangeError("Cannot send control frame: 126 bytes, expected at most 125");
    expect(() => protocol.sendPing(new Uint8Array(126))).toThrow(error);
    expect(() => protocol.sendPong(new Uint8Array(126))).toThrow(error);
    protocol.sendPing(new Uint8Array(125));
    expect(sentBy(protocol)).toEqual([`89|${"00 ".repeat(125).trim()}`]);
  });

  test("has nothing behind the end of the stream", () => {
    const protocol = new OpenProtocol(side);
    protocol.fail(1006);
    expect(sentBy(protocol)).toEqual(["EOF"]);
    expect(() => protocol.sendPing(hex`01`)).toThrow(InvalidState);
    expect(() => protocol.sendPong(hex`01`)).toThrow(InvalidState);
    expect(sentBy(protocol)).toEqual([]);
  });

  test("control frames may follow a Close of ours until that of the peer comes", () => {
    const protocol = new OpenProtocol(side);
    expect(protocol.canSendControl).toBe(true);
    protocol.sendClose(1000);
    expect(protocol.canSendControl).toBe(true);
    protocol.sendPing(hex`01`);
    protocol.receiveData(fromPeer(side, hex`88 02 03 e8`));
    protocol.settle();
    expect(protocol.canSendControl).toBe(false);
    expect(() => protocol.sendPing(hex`02`)).toThrow(new InvalidState("Cannot send: connection is closing"));
    expect(sentBy(protocol)).toEqual(withEof(side, "88|03 e8", "89|01"));
    protocol.receiveEof();
    expect(protocol.canSendControl).toBe(false);
  });

  test("has a Ping ahead of data only while congested", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendText("written before");
    protocol.dataToSend();
    protocol.isCongested = true;
    protocol.sendText("A");
    protocol.sendPing(hex`01`);
    protocol.sendPong(hex`02`);
    // Of the peer's Pings only the last one is answered.
    protocol.receiveData(fromPeer(side, hex`89 01 03 89 01 04`));
    protocol.receiveData(fromPeer(side, hex`89 01 05`));
    expect(sentBy(protocol)).toEqual(["89|01", "8a|02", "8a|05", "81|41"]);
    protocol.receiveData(fromPeer(side, hex`89 01 06`));
    expect(sentBy(protocol)).toEqual(["8a|06"]);
    protocol.isCongested = false;
    protocol.sendText("B");
    protocol.receiveData(fromPeer(side, hex`89 01 07 89 01 08`));
    expect(sentBy(protocol)).toEqual(["81|42", "8a|07", "8a|08"]);
  });

  test("has a Ping behind a frame that was taken in part, and in the same dataToSend()", () => {
    const protocol = new OpenProtocol(side);
    const long = new Uint8Array(300_000);
    protocol.sendBinary(long);
    const first = protocol.takeOutput(1);
    protocol.isCongested = true;
    protocol.sendPing(hex`01`);
    const frames = readWire(concat([...first, ...protocol.dataToSend()]));
    expect(frames.map(({ firstByte }) => firstByte)).toEqual([0x82, 0x89]);
    expect(protocol.outputLength).toBe(0);
  });

  test("a Close follows all data, congested or not", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendText("written before");
    protocol.dataToSend();
    protocol.isCongested = true;
    protocol.sendText("A");
    protocol.sendClose(1000);
    protocol.sendPing(hex`01`);
    expect(sentBy(protocol)).toEqual(["89|01", "81|41", "88|03 e8"]);
  });
});

describe.each(SIDES)("%s output", (side) => {
  const header = side === "client" ? 6 : 2;

  test("takeOutput() takes piece by piece, and settles nothing", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendText("A");
    expect(protocol.outputLength).toBe(header + 1);
    protocol.receiveData(fromPeer(side, hex`88 00`));
    const chunks = protocol.takeOutput(1);
    expect(readWire(concat(chunks)).map(({ firstByte }) => firstByte)).toEqual([0x81]);
    expect(protocol.outputTaken).toBe(header + 1);
    expect(protocol.outputLength).toBe(0);
    expect(protocol.state).toBe("open");
    expect(protocol.takeEof()).toBe(false);
    protocol.settle();
    expect(protocol.takeEof()).toBe(false); // the Close waits
    protocol.takeOutput(1000);
    expect(protocol.takeEof()).toBe(side === "server");
    expect(protocol.takeEof()).toBe(false);
    protocol.releaseOutput();
  });

  test("discardOutput() drops what waits", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendText("A");
    protocol.discardOutput();
    expect(protocol.outputLength).toBe(0);
    protocol.sendText("B");
    expect(sentBy(protocol)).toEqual(["81|42"]);
  });
});

describe.each(SIDES)("%s eventsReceived()", (side) => {
  test("drains", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.receiveData(fromPeer(side, hex`81 01 41`));
    protocol.receiveData(fromPeer(side, hex`81 01 42 81 01 43`));
    expect(protocol.eventsReceived()).toEqual(["A", "B", "C"]);
    expect(protocol.eventsReceived()).toEqual([]);
  });

  test("gives an array that stays as it is", () => {
    const protocol = new OpenProtocol(side, {}, {}, [IDENTITY]);
    const empty = protocol.eventsReceived();
    protocol.receiveData(fromPeer(side, hex`81 01 41`));
    const events = protocol.eventsReceived();
    expect(empty).toEqual([]);
    protocol.receiveData(fromPeer(side, hex`81 01 42`));
    expect(events).toHaveLength(1);
    protocol.eventsReceived();
    protocol.eventsReceived().push("intruder");
    expect(protocol.eventsReceived()).toEqual([]);
  });
});

const IDENTITY: Extension = {
  name: "identity",
  reservedBits: 0,
  decode: (encoded: Frame) => encoded,
  encode: (decoded: Frame) => decoded,
};

describe("Protocol", () => {
  test.each(SIDES)("%s: closeExpected() by state (seed 53)", (side) => {
    const connecting = side === "server" ? new ServerProtocol() : new ClientProtocol("ws://localhost/");
    expect([connecting.state, connecting.closeExpected()]).toEqual(["connecting", false]);
    connecting.receiveData(utf8("garbage\r\n\r\n"));
    expect([connecting.state, connecting.closeExpected()]).toEqual(["connecting", true]);
    connecting.receiveEof();
    expect([connecting.state, connecting.closeExpected()]).toEqual(["closed", false]);
    const protocol = new OpenProtocol(side);
    expect([protocol.state, protocol.closeExpected()]).toEqual(["open", false]);
    protocol.sendClose();
    expect([protocol.state, protocol.closeExpected()]).toEqual(["closing", true]);
    protocol.receiveEof();
    expect([protocol.state, protocol.closeExpected()]).toEqual(["closed", false]);
  });

  test("the opening handshake leads from connecting to open, and frames behind it are read", () => {
    const client = new ClientProtocol("ws://localhost/");
    const server = new ServerProtocol();
    client.sendRequest(client.connect());
    server.receiveData(concat([...client.dataToSend(), fromPeer("server", hex`89 01 01`)]));
    const [request, ...early] = server.eventsReceived();
    expect(request).toBeInstanceOf(HandshakeRequest);
    expect(early).toEqual([]);
    server.sendResponse(server.accept(request as HandshakeRequest));
    client.receiveData(concat([...server.dataToSend(), hex`81 01 41`]));
    expect([client.state, server.state]).toEqual(["open", "open"]);
    expect(server.eventsReceived()).toHaveLength(1);
    const [response, ...frames] = client.eventsReceived();
    expect(response).toBeInstanceOf(HandshakeResponse);
    // The Pong, and what was behind it.
    expect(frames).toHaveLength(2);
  });

  test.each(SIDES)("%s: the end of the stream in the opening handshake", (side) => {
    const protocol = side === "server" ? new ServerProtocol() : new ClientProtocol("ws://localhost/");
    protocol.receiveEof();
    expect(protocol.state).toBe("closed");
    expect(protocol.handshakeError).toBeInstanceOf(InvalidMessage);
    expect(protocol.parserError).toBeNull();
    expect(protocol.closeCode).toBe(1006);
    expect(protocol.dataToSend()).toEqual([new Uint8Array(0)]);
  });

  describe.each(SIDES)("%s: an extension that cannot encode", (side) => {
    const error = new Error("cannot encode");
    const failing = (opcode: Opcode): Extension => ({
      ...IDENTITY,
      encode(plain) {
        if (plain.opcode === opcode) throw error;
        return plain;
      },
    });

    test("a Pong fails the connection with 1011", () => {
      const protocol = new OpenProtocol(side, {}, {}, [failing(Opcode.PONG)]);
      protocol.receiveData(fromPeer(side, hex`89 01 01`, hex`81 01 41`));
      protocol.dataToSend();
      expect(protocol.closeSent?.code).toBe(1011);
      expect(protocol.parserError).toBe(error);
      expect(() => protocol.sendPong(hex``)).toThrow("connection is closing");
    });

    test.each<[string, (protocol: OpenProtocol) => void]>([
      ["sendClose()", (protocol) => protocol.sendClose(1000)],
      ["fail()", (protocol) => protocol.fail(1011)],
      ["a Close of the peer", (protocol) => protocol.receiveData(fromPeer(side, hex`88 02 03 e8`))],
      ["a fault of the peer", (protocol) => protocol.receiveData(fromPeer(side, hex`83 00`))],
    ])("a Close ends TCP without one: %s", (what, end) => {
      const protocol = new OpenProtocol(side, {}, {}, [failing(Opcode.CLOSE)]);
      end(protocol);
      expect(protocol.dataToSend().map(toHex)).toEqual([""]);
      expect([protocol.state, protocol.closeSent]).toEqual(["closing", null]);
      protocol.receiveEof();
      expect(protocol.closeError()).toBeInstanceOf(ConnectionClosedError);
      expect(protocol.closeError().received?.code).toBe(what.startsWith("a Close") ? 1000 : undefined);
      if (what.startsWith("a fault")) expect(protocol.closeError().cause).toBeInstanceOf(ProtocolError);
      else expect(protocol.closeError().cause).toBe(error);
    });

    test("a Ping or a message throws, and the connection goes on", () => {
      const protocol = new OpenProtocol(side, {}, {}, [failing(Opcode.PING)]);
      expect(() => protocol.sendPing(hex`01`)).toThrow("cannot encode");
      protocol.sendPong(hex``);
      expect(protocol.state).toBe("open");
    });
  });

  test.each(SIDES)("%s: extensions are those that were negotiated", (side) => {
    expect(new OpenProtocol(side).extensions).toEqual([]);
    expect(new OpenProtocol(side, {}, {}, [IDENTITY]).extensions).toEqual([IDENTITY]);
    expect(new OpenProtocol(side).side).toBe(side);
    expect(new OpenProtocol(side).subprotocol).toBeNull();
  });

  test("limits default to 1 MiB a message and nothing a fragment; null lifts them", () => {
    const announce = (length: string): Uint8Array => parseHex(`82 7f 00 00 00 00 ${length}`);
    const errorOf = (options: ConstructorParameters<typeof OpenProtocol>[1], length: string): string | undefined => {
      const protocol = new OpenProtocol("client", options);
      protocol.receiveData(announce(length));
      protocol.settle();
      return protocol.parserError?.message;
    };
    expect(errorOf({}, "00 10 00 00")).toBeUndefined();
    expect(errorOf({}, "00 10 00 01")).toBe("frame with 1048577 bytes exceeds limit of 1048576 bytes");
    expect(errorOf({ maxMessage: null }, "40 00 00 00")).toBeUndefined();
    expect(errorOf({ maxMessage: null, maxFragment: 65_536 }, "00 01 00 01")).toBe(
      "frame with 65537 bytes exceeds limit of 65536 bytes",
    );
    expect(errorOf({ maxFragment: null }, "00 10 00 00")).toBeUndefined();
  });
});

describe.each(["server", "client"] as const)("%s", (side) => {
  test("fail(1006) with a Close of the peer in the same turn keeps it, and its order", () => {
    for (const isClosing of [false, true]) {
      const protocol = new OpenProtocol(side);
      if (isClosing) protocol.sendClose(1001);
      protocol.receiveData(fromPeer(side, hex`88 02 03 e8`));
      protocol.fail(1006);
      expect(protocol.state).toBe("closing");
      protocol.receiveEof();
      expect(protocol.closeReceived?.code).toBe(1000);
      expect(protocol.closeSent?.code).toBe(isClosing ? 1001 : undefined);
      expect(protocol.closeReceivedThenSent).toBe(isClosing ? false : null);
      expect(protocol.closeCode).toBe(1000);
    }
  });

  test("fail(1006) with a fault of the peer in the same turn keeps that as the cause", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`83 00`));
    protocol.fail(1006);
    protocol.receiveEof(new NetworkError("other", "gone"));
    expect(protocol.parserError?.message).toBe("invalid opcode: 0x3");
    expect(protocol.dataToSend().every((chunk) => chunk.length === 0)).toBe(true);
  });

  test("fail() with another code answers a Close of the peer that came first", () => {
    const protocol = new OpenProtocol(side);
    protocol.receiveData(fromPeer(side, hex`88 02 03 e9`));
    protocol.fail(1011, "oops");
    expect([protocol.closeReceived?.code, protocol.closeSent?.code]).toEqual([1001, 1001]);
  });

  test("payloadSent counts the bytes of data frames, messagesSent the messages that were finished", () => {
    const protocol = new OpenProtocol(side);
    protocol.sendText("é");
    protocol.sendBinary(hex`01 02`, false);
    expect([protocol.payloadSent, protocol.messagesSent]).toEqual([4, 1]);
    protocol.sendPing(hex`01`);
    protocol.sendContinuation(hex`03`, true);
    expect([protocol.payloadSent, protocol.messagesSent]).toEqual([5, 2]);
  });

  test("payloadReceived counts with whole messages delivered", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.receiveData(fromPeer(side, hex`81 02 c3 a9 89 01 01 01 01 41`));
    expect(protocol.payloadReceived).toBe(3);
  });

  test("streamMessage() gives a message in pieces, stopStreaming() whole", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    expect(protocol.streamMessage()).toBeUndefined();
    protocol.stopStreaming();
    protocol.receiveData(fromPeer(side, hex`01 01 41`));
    expect(protocol.streamMessage()?.bytes).toEqual(hex`41`);
  });
});
