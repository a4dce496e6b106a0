// Cases 1 to 7 of the conformance suite without a network: strict outcomes only, as server and as client.
import { describe, expect, test } from "vitest";
import type { Delivery } from "../../src/protocol/options.ts";
import type { ProtocolInternals } from "../../src/protocol/options.ts";
import type { Side } from "../../src/protocol/state.ts";
import { parseHex, toHex } from "../support/hex.ts";
import { concat, splitsOf } from "../support/splits.ts";
import { CODECS, Echo, feed, frame, fromPeer, KERNELS, OpenProtocol, SIDES, utf8 } from "./harness.ts";

interface Setup {
  readonly name: string;
  readonly delivery: Delivery;
  readonly internals: ProtocolInternals;
}

const SETUPS: readonly Setup[] = KERNELS.flatMap((kernels) =>
  CODECS.flatMap(([codecName, codec]) =>
    (["messages", "frames"] as const).map((delivery) => ({
      name: `${kernels.name} kernels, ${codecName} codec, ${delivery}`,
      delivery,
      internals: { kernels, codec },
    })),
  ),
);

/** What comes back before the end: messages and pongs, as `first byte|payload`. */
interface Case {
  readonly id: string;
  readonly frames: readonly Uint8Array[];
  readonly replies: readonly string[];
  /** The code that our Close must carry when we are the ones that end; `null` when the peer ends with 1000. */
  readonly code: number | null;
}

const KOSME = "ce ba e1 bd b9 cf 83 ce bc ce b5";
const EDITED = "65 64 69 74 65 64";
const PEER_CLOSE = frame(0x88, parseHex("03 e8"));

function describeFrame(firstByte: number, payload: Uint8Array | string): string {
  const bytes = typeof payload === "string" ? utf8(payload) : payload;
  if (bytes.length > 512) throw new RangeError("too long to compare");
  return `${firstByte.toString(16)}|${toHex(bytes)}`;
}

const text = (payload: string | Uint8Array, fin = true): Uint8Array => frame(fin ? 0x81 : 0x01, payload);
const rest = (payload: string | Uint8Array, fin: boolean): Uint8Array => frame(fin ? 0x80 : 0x00, payload);
const ping = (payload: string | Uint8Array = ""): Uint8Array => frame(0x89, payload);
const pong = (payload: string | Uint8Array = ""): Uint8Array => frame(0x8a, payload);
const echoed = (payload: string | Uint8Array): string => describeFrame(0x81, payload);
const ponged = (payload: string | Uint8Array = ""): string => describeFrame(0x8a, payload);

/** One octet a fragment, and an empty one at the end. */
function octetFragments(payload: Uint8Array): Uint8Array[] {
  return [...Array.from(payload, (byte, i) => frame(i === 0 ? 0x01 : 0x00, Uint8Array.of(byte))), rest("", true)];
}

function good(id: string, frames: readonly Uint8Array[], replies: readonly string[]): Case {
  return { id, frames, replies, code: null };
}

function bad(id: string, code: number, frames: readonly Uint8Array[], replies: readonly string[] = []): Case {
  return { id, frames, replies, code };
}

const GROUP_1 = [0, 125, 126, 127, 128].flatMap((length, i) => [
  good(`1.1.${i + 1}`, [text("*".repeat(length))], [echoed("*".repeat(length))]),
  good(
    `1.2.${i + 1}`,
    [frame(0x82, new Uint8Array(length).fill(0xfe))],
    [describeFrame(0x82, new Uint8Array(length).fill(0xfe))],
  ),
]);

const NO_UTF8 = parseHex("00 ff fe fd fc fb 00 ff");
const FE_125 = new Uint8Array(125).fill(0xfe);
const TEN = Array.from({ length: 10 }, (_, i) => `payload-${i}`);

const GROUP_2 = [
  good("2.1", [ping()], [ponged()]),
  good("2.2", [ping("Hello, world!")], [ponged("Hello, world!")]),
  good("2.3", [ping(NO_UTF8)], [ponged(NO_UTF8)]),
  good("2.4 and 2.6", [ping(FE_125)], [ponged(FE_125)]),
  bad("2.5", 1002, [ping(new Uint8Array(126).fill(0xfe))]),
  good("2.7", [pong()], []),
  good("2.8", [pong("unsolicited pong payload")], []),
  good("2.9", [pong("unsolicited pong payload"), ping("ping payload")], [ponged("ping payload")]),
  good("2.10 and 2.11", TEN.map(ping), TEN.map(ponged)),
];

const GROUP_3 = [
  bad("3.1", 1002, [frame(0x91, "small payload")]),
  ...[0xa1, 0x91, 0xc1].map((first, i) =>
    bad(`3.${i + 2}`, 1002, [text("small payload"), frame(first, "small payload"), ping()], [echoed("small payload")]),
  ),
  bad("3.5", 1002, [frame(0xd2, FE_125.subarray(0, 8))]),
  bad("3.6", 1002, [frame(0xe2, FE_125.subarray(0, 8))]),
  bad("3.7", 1002, [frame(0xf8)]),
];

const GROUP_4 = [
  [3, 4, 5, 6, 7],
  [11, 12, 13, 14, 15],
].flatMap((opcodes, group) =>
  opcodes.map((opcode, i) => {
    const payload = i % 2 === 0 ? "" : "reserved opcode payload";
    const id = `4.${group + 1}.${i + 1}`;
    if (i < 2) return bad(id, 1002, [frame(0x80 | opcode, payload)]);
    const frames = [text("small payload"), frame(0x80 | opcode, payload), ping()];
    return bad(id, 1002, frames, [echoed("small payload")]);
  }),
);

const GROUP_5 = [
  bad("5.1", 1002, [frame(0x09, "fragment1"), rest("fragment2", true)]),
  bad("5.2", 1002, [frame(0x0a, "fragment1"), rest("fragment2", true)]),
  good("5.3 to 5.5", [text("fragment1", false), rest("fragment2", true)], [echoed("fragment1fragment2")]),
  good(
    "5.6 to 5.8",
    [text("fragment1", false), ping("ping payload"), rest("fragment2", true)],
    [ponged("ping payload"), echoed("fragment1fragment2")],
  ),
  bad("5.9 to 5.11", 1002, [rest("non-continuation payload", true), text("Hello, world!")]),
  bad("5.12 to 5.14", 1002, [rest("non-continuation payload", false), text("Hello, world!")]),
  bad(
    "5.15",
    1002,
    [text("fragment1", false), rest("fragment2", true), rest("fragment3", false), text("fragment4")],
    [echoed("fragment1fragment2")],
  ),
  ...[false, true].map((fin, i) =>
    bad(
      `5.${i + 16}`,
      1002,
      [1, 2].flatMap(() => [rest("fragment1", fin), text("fragment2", false), rest("fragment3", true)]),
    ),
  ),
  bad("5.18", 1002, [text("fragment1", false), text("fragment2")]),
  good(
    "5.19 and 5.20",
    [
      text("fragment1", false),
      rest("fragment2", false),
      ping("pongme 1!"),
      rest("fragment3", false),
      rest("fragment4", false),
      ping("pongme 2!"),
      rest("fragment5", true),
    ],
    [ponged("pongme 1!"), ponged("pongme 2!"), echoed("fragment1fragment2fragment3fragment4fragment5")],
  ),
];

const UTF8_1 = "Hello-µ@ßöäüàá-UTF-8!!";
const EDITED_1 = parseHex(`${KOSME} ed a0 80 ${EDITED}`);

const GROUP_6 = [
  good("6.1.1", [text("")], [echoed("")]),
  good("6.1.2", [text("", false), rest("", false), rest("", true)], [echoed("")]),
  good(
    "6.1.3",
    [text("", false), rest("middle frame payload", false), rest("", true)],
    [echoed("middle frame payload")],
  ),
  good("6.2.1", [text(UTF8_1)], [echoed(UTF8_1)]),
  good("6.2.2", [text(UTF8_1.slice(0, 12), false), rest(UTF8_1.slice(12), true)], [echoed(UTF8_1)]),
  good("6.2.3", octetFragments(utf8(UTF8_1)), [echoed(UTF8_1)]),
  good("6.2.4", octetFragments(parseHex(KOSME)), [echoed(parseHex(KOSME))]),
  bad("6.3.1", 1007, [text(EDITED_1)]),
  bad("6.3.2", 1007, octetFragments(EDITED_1)),
];

/** One text frame each, with its number. */
function utf8Cases(group: number, isValid: boolean, payloads: readonly string[], from = 1): Case[] {
  return payloads.map((payload, i) => {
    const bytes = parseHex(payload);
    const id = `6.${group}.${i + from}`;
    return isValid ? good(id, [text(bytes)], [echoed(bytes)]) : bad(id, 1007, [text(bytes)]);
  });
}

function codePoint(point: number): string {
  return toHex(utf8(String.fromCodePoint(point)));
}

function starts(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${(from + i).toString(16)} 20`);
}

const PREFIXES = Array.from({ length: 11 }, (_, i) => KOSME.slice(0, 3 * (i + 1) - 1));
const HELLO = toHex(utf8("hello"));
const WORLD = toHex(utf8("world"));
const CONTINUATIONS = ["80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf"];
const LACKING = "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf".split(" ");
const NONCHARACTERS = Array.from({ length: 17 }, (_, plane) => [plane * 0x1_0000 + 0xfffe, plane * 0x1_0000 + 0xffff]);

const GROUP_6_TABLES = [
  ...utf8Cases(5, true, [
    toHex(utf8("hello$world")),
    `${HELLO} c2a2 ${WORLD}`,
    `${HELLO} e282ac ${WORLD}`,
    `${HELLO} f0a4ada2 ${WORLD}`,
    KOSME,
  ]),
  ...PREFIXES.flatMap((prefix, i) => utf8Cases(6, [2, 5, 7, 9, 11].includes(i + 1), [prefix], i + 1)),
  ...utf8Cases(7, true, ["00", "c280", "e0a080", "f0908080"]),
  ...utf8Cases(8, false, ["f888808080", "fc8480808080"]),
  ...utf8Cases(9, true, ["7f", "dfbf", "efbfbf", "f48fbfbf"]),
  ...utf8Cases(10, false, ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"]),
  ...utf8Cases(11, true, ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf"]),
  ...utf8Cases(11, false, ["f4908080"], 5),
  ...utf8Cases(12, false, [...CONTINUATIONS, Array.from({ length: 0x3f }, (_, i) => (0x80 + i).toString(16)).join("")]),
  ...utf8Cases(13, false, [
    ...[
      [0xc0, 0xde],
      [0xe0, 0xee],
      [0xf0, 0xf6],
      [0xf8, 0xfa],
    ].map(([from = 0, to = 0]) => starts(from, to).join(" ")),
    "fc 20",
    ...[...starts(0xc0, 0xde), ...starts(0xe0, 0xee), ...starts(0xf0, 0xf6), ...starts(0xf8, 0xfa)],
  ]),
  ...utf8Cases(14, false, LACKING),
  ...utf8Cases(15, false, [LACKING.join("")]),
  ...utf8Cases(16, false, ["fe", "ff", "fefeffff"]),
  ...utf8Cases(17, false, ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"]),
  ...utf8Cases(18, false, ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"]),
  ...utf8Cases(19, false, ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"]),
  ...utf8Cases(20, false, ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"]),
  ...utf8Cases(21, false, [
    "eda080edb080",
    "eda080edbfbf",
    "edadbfedb080",
    "edadbfedbfbf",
    "edae80edb080",
    "edae80edbfbf",
    "edafbfedb080",
    "edafbfedbfbf",
  ]),
  ...utf8Cases(22, true, NONCHARACTERS.flat().map(codePoint)),
  ...utf8Cases(23, true, [0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffff].map(codePoint)),
];

/** Checks a case in every split of its bytes, or with a frame a chunk. */
function check(side: Side, { frames, replies, code }: Case): void {
  const all = code === null ? [...frames, PEER_CLOSE] : frames;
  const wire = fromPeer(side, ...all);
  for (const { name, delivery, internals } of SETUPS) {
    for (const split of splitsOf(wire, { random: 1 })) {
      const protocol = new OpenProtocol(side, { delivery }, internals);
      const outcome = feed(protocol, delivery, split.chunks, new Echo(protocol).act);
      const sent = outcome.sent.filter((entry) => entry !== "EOF");
      const close = sent.pop() ?? "";
      expect(sent, `${name}, ${split.name}`).toEqual(replies);
      if (code === null) expect(close, name).toBe("88|03 e8");
      else expect(close.slice(0, 8), name).toBe(`88|${toHex(Uint8Array.of(code >> 8, code & 255))}`);
      expect(outcome.sent.includes("EOF")).toBe(side === "server");
      expect(outcome.state).toBe("closing");
      protocol.receiveEof();
      expect(protocol.closeReceivedThenSent).toBe(code === null ? true : null);
    }
  }
}

describe.each(SIDES)("%s", (side) => {
  test.each([...GROUP_1, ...GROUP_2, ...GROUP_3, ...GROUP_4, ...GROUP_5, ...GROUP_6])("case $id", (row) => {
    check(side, row);
  });

  test("cases 6.5 to 6.23", () => {
    for (const row of GROUP_6_TABLES) check(side, row);
    expect(GROUP_6_TABLES.filter(({ id }) => id.startsWith("6.22."))).toHaveLength(34);
  });

  test.each([65_535, 65_536])("cases 1.1.6 to 1.2.8: %i octets, also in pieces of 997", (length) => {
    for (const first of [0x81, 0x82]) {
      const payload = new Uint8Array(length).fill(0x2a);
      const wire = fromPeer(side, frame(first, payload), PEER_CLOSE);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < wire.length; at += 997) pieces.push(wire.slice(at, at + 997));
      for (const { name, delivery, internals } of SETUPS) {
        for (const chunks of [[wire.slice()], pieces.map((piece) => piece.slice())]) {
          const protocol = new OpenProtocol(side, { delivery }, internals);
          const { sent } = feed(protocol, delivery, chunks, new Echo(protocol).act);
          const [reply, close] = sent;
          expect(reply?.slice(0, 3), name).toBe(`${first.toString(16)}|`);
          expect(reply, name).toContain(`${length} bytes`);
          expect(close).toBe("88|03 e8");
        }
      }
    }
  });

  test.each([
    ["6.4.1", [`01 0b ${KOSME}`, "00 04 f4 90 80 80", `80 06 ${EDITED}`]],
    ["6.4.2", [`01 0c ${KOSME} f4`, "00 01 90", `80 08 80 80 ${EDITED}`]],
    ["6.4.3", [`01 15 ${KOSME}`, "f4 90 80 80", EDITED]],
    ["6.4.4", [`01 15 ${KOSME} f4`, "90", `80 80 ${EDITED}`]],
  ])("case %s: the connection fails with the second of three parts", (_id, parts) => {
    const lengths = parts.map((part) => parseHex(part).length);
    const wire = fromPeer(side, parseHex(parts.join("")));
    const maskLength = side === "server" ? 4 : 0;
    const isFramewise = parts[1]?.startsWith("00") === true;
    const firstEnd = (lengths[0] ?? 0) + maskLength;
    const secondEnd = firstEnd + (lengths[1] ?? 0) + (isFramewise ? maskLength : 0);
    for (const { name, delivery, internals } of SETUPS) {
      const protocol = new OpenProtocol(side, { delivery }, internals);
      const { act } = new Echo(protocol);
      const first = feed(protocol, delivery, [wire.slice(0, firstEnd)], act);
      expect(first, name).toEqual({ events: [], sent: [], state: "open", error: null });
      const second = feed(protocol, delivery, [wire.slice(firstEnd, secondEnd)], act);
      expect(second.sent[0]?.slice(0, 8), name).toBe("88|03 ef");
      expect(second.state).toBe("closing");
      const third = feed(protocol, delivery, [wire.slice(secondEnd)], act);
      expect([third.events, third.sent], name).toEqual([[], []]);
    }
  });

  /** Frames, then what may be answered: the one Close frame. */
  test.each<[id: string, frames: readonly Uint8Array[], replies: readonly string[], close: string]>([
    ["7.1.1", [text("Hello World!"), PEER_CLOSE], [echoed("Hello World!")], "03 e8"],
    ["7.1.2", [PEER_CLOSE, frame(0x88)], [], "03 e8"],
    ["7.1.3", [PEER_CLOSE, ping()], [], "03 e8"],
    ["7.1.4", [PEER_CLOSE, text("Hello World!")], [], "03 e8"],
    ["7.1.5", [text("fragment1", false), PEER_CLOSE, rest("fragment2", true)], [], "03 e8"],
    ["7.3.1", [frame(0x88)], [], ""],
    ["7.3.2", [frame(0x88, "a")], [], "03 ea"],
    ["7.3.3", [PEER_CLOSE], [], "03 e8"],
    ["7.3.4", [frame(0x88, concat([parseHex("03 e8"), utf8("Hello World!")]))], [], "03 e8"],
    ["7.3.5", [frame(0x88, concat([parseHex("03 e8"), utf8("*".repeat(123))]))], [], "03 e8"],
    ["7.3.6", [frame(0x88, concat([parseHex("03 e8"), utf8("*".repeat(124))]))], [], "03 ea"],
    ["7.5.1", [frame(0x88, concat([parseHex("03 e8"), EDITED_1]))], [], "03 ef"],
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((code, i) => {
      const payload = Uint8Array.of(code >> 8, code & 255);
      return [`7.7.${i + 1}`, [frame(0x88, payload)], [], toHex(payload)] as [string, Uint8Array[], string[], string];
    }),
    ...[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999].map((code, i) => {
      const payload = Uint8Array.of(code >> 8, code & 255);
      return [`7.9.${i + 1}`, [frame(0x88, payload)], [], "03 ea"] as [string, Uint8Array[], string[], string];
    }),
    ["7.13.1", [frame(0x88, parseHex("13 88"))], [], "03 ea"],
    ["7.13.2", [frame(0x88, parseHex("ff ff"))], [], "03 ea"],
  ])("case %s", (_id, frames, replies, closePayload) => {
    const wire = fromPeer(side, ...frames);
    for (const { name, delivery, internals } of SETUPS) {
      for (const split of splitsOf(wire, { random: 1 })) {
        const protocol = new OpenProtocol(side, { delivery }, internals);
        const outcome = feed(protocol, delivery, split.chunks, new Echo(protocol).act);
        const sent = outcome.sent.filter((entry) => entry !== "EOF");
        const close = sent.pop();
        expect(sent, `${name}, ${split.name}`).toEqual(replies);
        expect(close?.slice(0, 3 + closePayload.length), `${name}, ${split.name}`).toBe(`88|${closePayload}`);
        expect(outcome.sent.includes("EOF")).toBe(side === "server");
      }
    }
  });

  test("case 7.1.6: messages before the Close are echoed before ours", () => {
    const large = "a".repeat(262_144);
    const wire = fromPeer(side, text(large), text("Hello World!"), PEER_CLOSE, ping());
    for (const { name, delivery, internals } of SETUPS) {
      const protocol = new OpenProtocol(side, { delivery }, internals);
      const { sent } = feed(protocol, delivery, [wire.slice()], new Echo(protocol).act);
      expect(sent[0], name).toContain("262144 bytes");
      expect(sent.slice(1).filter((entry) => entry !== "EOF")).toEqual([echoed("Hello World!"), "88|03 e8"]);
    }
  });

  test("case 10.1.1: 65536 octets in fragments of 1300", () => {
    const payload = utf8("*".repeat(65_536));
    const frames: Uint8Array[] = [];
    for (let at = 0; at < payload.length; at += 1300) {
      const first = (at === 0 ? 1 : 0) | (at + 1300 >= payload.length ? 0x80 : 0);
      frames.push(frame(first, payload.subarray(at, at + 1300)));
    }
    expect(frames).toHaveLength(51);
    const wire = fromPeer(side, ...frames);
    for (const { name, delivery, internals } of SETUPS) {
      const protocol = new OpenProtocol(side, { delivery }, internals);
      expect(feed(protocol, delivery, [wire.slice()], new Echo(protocol).act).sent[0], name).toContain("65536 bytes");
    }
  });
});
