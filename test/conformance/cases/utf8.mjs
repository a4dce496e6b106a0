// Group 6: UTF-8, valid and not, and how early it is noticed.
import { itEnds, simple, sleep, weEnd } from "../verdict.mjs";
import { describe } from "../wire.mjs";
import { fragments } from "../session.mjs";

const bytes = (hex) => Buffer.from(hex.replaceAll(" ", ""), "hex");
const hexOf = (text) => Buffer.from(text).toString("hex");
const KOSME = "cebae1bdb9cf83cebcceb5";
const GREETING = "Hello-µ@ßöäüàá-UTF-8!!";
const EDITED = hexOf("edited");

const valid = (id, payload, frames) => ({
  id,
  ok: [describe(0x81, payload)],
  ...weEnd(),
  run: (session) => session.send(...frames),
});
const inFragments = (id, payload) => valid(id, payload, fragments(1, payload, 1));
const SURROGATE = `${KOSME}eda080${EDITED}`;
const greeting = Buffer.from(GREETING);
const cut = Buffer.from("Hello-µ@ßöä").length;
const middle = Buffer.from("middle frame payload");

const messages = [
  valid("6.1.1", Buffer.alloc(0), ["81"]),
  valid("6.1.2", Buffer.alloc(0), ["01", "00", "80"]),
  valid("6.1.3", middle, ["01", `00 ${middle.toString("hex")}`, "80"]),
  valid("6.2.1", greeting, [{ first: 0x81, payload: greeting }]),
  valid("6.2.2", greeting, [
    { first: 0x01, payload: greeting.subarray(0, cut) },
    { first: 0x80, payload: greeting.subarray(cut) },
  ]),
  inFragments("6.2.3", greeting),
  inFragments("6.2.4", bytes(KOSME)),
  simple("6.3.1", [`81 ${SURROGATE}`], [], itEnds(1007)),
  {
    id: "6.3.2",
    ok: [],
    ...itEnds(1007),
    run: (session) => session.send(...fragments(1, bytes(SURROGATE), 1)),
  },
];

/** Sends three parts with a second between, and looks when the other side ends. */
const failFast = (id, partsOf) => ({
  id,
  ok: [],
  ...itEnds(1007),
  async run(session) {
    const [first, second, third] = partsOf(session);
    await session.sendRaw(first);
    await sleep(1000);
    if (session.hasEnded) return "it ended before anything was wrong";
    await session.sendRaw(second);
    await sleep(1000);
    session.isLate = !session.hasEnded;
    await session.sendRaw(third);
    return null;
  },
});

const parts = [bytes(KOSME), bytes("f4908080"), bytes(EDITED)];
const cutAtOctet = [bytes(`${KOSME}f4`), bytes("90"), bytes(`8080${EDITED}`)];
const framesOf = (payloads) => (session) =>
  payloads.map((payload, i) => session.octetsOf({ first: [0x01, 0x00, 0x80][i], payload }));
/** One frame in three writes, and an empty last one. */
const writesOf = (payloads) => (session) => {
  const whole = session.octetsOf({ first: 0x01, payload: Buffer.concat(payloads) });
  const head = whole.length - Buffer.concat(payloads).length;
  const one = head + payloads[0].length;
  const two = one + payloads[1].length;
  return [
    whole.subarray(0, one),
    whole.subarray(one, two),
    Buffer.concat([whole.subarray(two), session.octetsOf("80")]),
  ];
};

const early = [
  failFast("6.4.1", framesOf(parts)),
  failFast("6.4.2", framesOf(cutAtOctet)),
  failFast("6.4.3", writesOf(parts)),
  failFast("6.4.4", writesOf(cutAtOctet)),
];

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => (from + i).toString(16).padStart(2, "0"));
const overlong = ["c0", "e080", "f08080", "f8808080", "fc80808080"];
const incomplete = [...overlong, "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"];
const prefixes = Array.from({ length: 11 }, (_, i) => KOSME.slice(0, 2 * (i + 1)));
const planes = Array.from({ length: 16 }, (_, i) => i + 1).flatMap((plane) =>
  [0xfffe, 0xffff].map((low) => hexOf(String.fromCodePoint(plane * 0x10000 + low))),
);
const withSpaces = (starts) => starts.map((start) => `${start}20`).join("");

/** Payloads by group; those of `V` are valid, those of `X` are not. */
const TABLE = {
  "6.5 V": [
    hexOf("hello$world"),
    `${hexOf("hello")}c2a2${hexOf("world")}`,
    `${hexOf("hello")}e282ac${hexOf("world")}`,
    `${hexOf("hello")}f0a4ada2${hexOf("world")}`,
    KOSME,
  ],
  "6.6 ?": prefixes,
  "6.7 V": ["00", "c280", "e0a080", "f0908080"],
  "6.8 X": ["f888808080", "fc8480808080"],
  "6.9 V": ["7f", "dfbf", "efbfbf", "f48fbfbf"],
  "6.10 X": ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"],
  "6.11 ?": ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080"],
  "6.12 X": [...["80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf"], range(0x80, 0xbe).join("")],
  "6.13 X": [
    withSpaces(range(0xc0, 0xde)),
    withSpaces(range(0xe0, 0xee)),
    withSpaces(range(0xf0, 0xf6)),
    withSpaces(range(0xf8, 0xfa)),
    withSpaces(["fc"]),
  ],
  "6.14 X": incomplete,
  "6.15 X": [incomplete.join("")],
  "6.16 X": ["fe", "ff", "fefeffff"],
  "6.17 X": ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"],
  "6.18 X": ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"],
  "6.19 X": ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"],
  "6.20 X": ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"],
  "6.21 X": [
    ...["eda080edb080", "eda080edbfbf", "edadbfedb080", "edadbfedbfbf"],
    ...["edae80edb080", "edae80edbfbf", "edafbfedb080", "edafbfedbfbf"],
  ],
  "6.22 V": ["efbfbe", "efbfbf", ...planes],
  "6.23 V": range(0xb9, 0xbf).map((last) => `efbf${last}`),
};
const VALID_PREFIXES = new Set([2, 5, 7, 9, 11]);
const isValid = (group, mark, number) =>
  mark === "V" || (group === "6.6" && VALID_PREFIXES.has(number)) || (group === "6.11" && number < 5);

const table = Object.entries(TABLE).flatMap(([key, payloads]) => {
  const [group, mark] = key.split(" ");
  return payloads.map((payload, i) =>
    isValid(group, mark, i + 1)
      ? valid(`${group}.${i + 1}`, bytes(payload), [`81 ${payload}`])
      : simple(`${group}.${i + 1}`, [`81 ${payload}`], [], itEnds(1007)),
  );
});

export const UTF8 = [...messages, ...early, ...table];
