// Groups 1 to 4 and 7: framing, pings, reserved bits, opcodes, Close.
import { eitherEnds, itEnds, simple, weEnd } from "../verdict.mjs";
import { describe, parseFrame } from "../wire.mjs";

const hex = (text) => Buffer.from(text).toString("hex");
const echoOf = (notation) => {
  const { first, payload } = parseFrame(notation);
  return describe(first, payload);
};
const HELLO = `81 ${hex("Hello, world!")}`;
const PING = `89 ${hex("ping payload")}`;
const FAST = { patience: 1000 };

const LENGTHS = [0, 125, 126, 127, 128, 65_535, 65_536];
const framing = [1, 2].flatMap((type) => {
  const frame = (length) => (length === 0 ? `8${type}` : `8${type} ${type === 1 ? "2a" : "fe"}*${length}`);
  const cases = LENGTHS.map((length, i) =>
    simple(`1.${type}.${i + 1}`, [frame(length)], [echoOf(frame(length))], {
      ...weEnd(),
      patience: length > 128 ? 10_000 : undefined,
    }),
  );
  const pieces = {
    id: `1.${type}.8`,
    ok: [echoOf(frame(65_536))],
    ...weEnd(),
    patience: 10_000,
    run: (session) => session.sendPieces(997, frame(65_536)),
  };
  return [...cases, pieces];
});

const payloads = Array.from({ length: 10 }, (_, i) => hex(`payload-${i}`));
const pingOf = (payload) => `89 ${payload}`;
const pongOf = (payload) => `8a ${payload}`;
const NO_UTF8 = "00fffefdfcfb00ff";
const CLOSE = "88 03e8";

const pings = [
  simple("2.1", ["89"], ["8a"], weEnd()),
  simple("2.2", [pingOf(hex("Hello, world!"))], [pongOf(hex("Hello, world!"))], weEnd()),
  simple("2.3", [pingOf(NO_UTF8)], [pongOf(NO_UTF8)], weEnd()),
  simple("2.4", ["89 fe*125"], [pongOf("fe".repeat(125))], weEnd()),
  simple("2.5", ["89 fe*126"], [], itEnds(1002)),
  simple("2.6", ["89 fe*125"], [pongOf("fe".repeat(125))], weEnd(), "sendOctets"),
  simple("2.7", ["8a", CLOSE], [], weEnd()),
  simple("2.8", [`8a ${hex("unsolicited pong payload")}`, CLOSE], [], weEnd()),
  simple("2.9", [`8a ${hex("unsolicited pong payload")}`, PING], [pongOf(hex("ping payload"))], weEnd()),
  simple("2.10", payloads.map(pingOf), payloads.map(pongOf), { ...weEnd(), patience: 3000 }),
  simple("2.11", payloads.map(pingOf), payloads.map(pongOf), { ...weEnd(), patience: 3000 }, "sendOctets"),
];

/** A bad frame behind a good text and in front of a ping. */
const behindText = (id, bad, how) => ({
  ...simple(id, [HELLO, bad, PING], [HELLO], itEnds(1002), how),
  nonStrict: [],
});
const alone = (id, bad) => simple(id, [bad], [], itEnds(1002));

const reserved = [
  alone("3.1", `91 ${hex("Hello, world!")}`),
  behindText("3.2", `a1 ${hex("Hello, world!")}`, "send"),
  behindText("3.3", `b1 ${hex("Hello, world!")}`, "sendFrames"),
  behindText("3.4", `c1 ${hex("Hello, world!")}`, "sendOctets"),
  alone("3.5", "d2 00fffefdfcfb00ff"),
  alone("3.6", "e2 00fffefdfcfb00ff"),
  alone("3.7", "f8"),
];

const opcodes = [
  [3, 4, 5, 6, 7],
  [11, 12, 13, 14, 15],
].flatMap(([first, second, third, fourth, fifth], i) => {
  const frame = (opcode, payload = "") => `${(0x80 | opcode).toString(16)} ${payload}`.trimEnd();
  const payload = hex("reserved opcode payload");
  const group = `4.${i + 1}`;
  return [
    alone(`${group}.1`, frame(first)),
    alone(`${group}.2`, frame(second, payload)),
    behindText(`${group}.3`, frame(third), "send"),
    behindText(`${group}.4`, frame(fourth, payload), "send"),
    behindText(`${group}.5`, frame(fifth, payload), "sendOctets"),
  ];
});

const codeOf = (code) => code.toString(16).padStart(4, "0");
const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const BAD_UTF8 = "cebae1bdb9cf83cebcceb5eda080656469746564";
const reason = (length) => "2a".repeat(length);

const closes = [
  simple("7.1.1", [HELLO], [HELLO], weEnd()),
  simple("7.1.2", [CLOSE, "88"], [], weEnd()),
  simple("7.1.3", [CLOSE, "89"], [], weEnd()),
  simple("7.1.4", [CLOSE, HELLO], [], weEnd()),
  simple("7.1.5", [`01 ${hex("fragment1")}`, CLOSE, `80 ${hex("fragment2")}`], [], weEnd()),
  {
    ...simple("7.1.6", [`81 2a*262144`, HELLO, CLOSE, "89"], [], weEnd()),
    isInformational: true,
    patience: 10_000,
  },
  simple("7.3.1", ["88"], [], weEnd(1000, 1005)),
  simple("7.3.2", ["88 03"], [], eitherEnds(1002)),
  simple("7.3.3", [CLOSE], [], weEnd()),
  simple("7.3.4", [`88 03e8${hex("Hello World!")}`], [], weEnd()),
  simple("7.3.5", [`88 03e8${reason(123)}`], [], weEnd()),
  simple("7.3.6", [`88 03e8${reason(124)}`], [], eitherEnds(1002)),
  simple("7.5.1", [`88 03e8${BAD_UTF8}`], [], eitherEnds(1002, 1007)),
  ...GOOD_CODES.map((code, i) => simple(`7.7.${i + 1}`, [`88 ${codeOf(code)}`], [], weEnd(1000, code))),
  ...BAD_CODES.map((code, i) => simple(`7.9.${i + 1}`, [`88 ${codeOf(code)}`], [], eitherEnds(1002))),
  { ...simple("7.13.1", ["88 1388"], [], eitherEnds(1002, 5000)), isInformational: true, ...FAST },
  { ...simple("7.13.2", ["88 ffff"], [], eitherEnds(1002, 65_535)), isInformational: true, ...FAST },
];

export const CONTROL = [...framing, ...pings, ...reserved, ...opcodes, ...closes];
