// Cases 6: text that is UTF-8, and text that is not.
import { echoed, fragments, hex, more, text } from "../play.mjs";

const KOSME = "ceba e1bdb9 cf83 cebc ceb5".replaceAll(" ", "");
const EDITED = Buffer.from("edited").toString("hex");

/** One code point of 1 to 4 octets. */
const encode = (codePoint) => Buffer.from(String.fromCodePoint(codePoint)).toString("hex");
const wrongStarts = (from, to) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${(from + i).toString(16)}20`).join("");
const BAD = { ends: "peer", codes: [1007] };

const HELLO = ["24", "c2a2", "e282ac", "f0a4ada2"].map((middle) =>
  Buffer.concat([Buffer.from("hello"), hex(middle), Buffer.from("world")]).toString("hex"),
);
const TOO_SHORT = ["c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"];
const SURROGATES = ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"];
const PAIRS = ["eda080", "edadbf", "edae80", "edafbf"].flatMap((high) => ["edb080", "edbfbf"].map((low) => high + low));
const NONCHARACTERS = [
  0xfffe,
  0xffff,
  ...Array.from({ length: 16 }, (_, i) => [(i + 1) * 0x10000 + 0xfffe, (i + 1) * 0x10000 + 0xffff]).flat(),
].map(encode);
const SPECIALS = Array.from({ length: 7 }, (_, i) => encode(0xfff9 + i));
const CONTINUATIONS = Array.from({ length: 63 }, (_, i) => (0x80 + i).toString(16)).join("");

/** Groups of texts in one frame: the octets, and which of them are valid. */
const GROUPS = [
  ["6.5", [...HELLO, KOSME], () => true],
  ["6.6", Array.from({ length: 11 }, (_, i) => KOSME.slice(0, 2 * (i + 1))), (i) => [2, 5, 7, 9, 11].includes(i + 1)],
  ["6.7", ["00", "c280", "e0a080", "f0908080"], () => true],
  ["6.8", ["f888808080", "fc8480808080"], () => false],
  ["6.9", ["7f", "dfbf", "efbfbf", "f48fbfbf"], () => true],
  ["6.10", ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"], () => false],
  ["6.11", ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080"], (i) => i < 4],
  ["6.12", ["80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf", CONTINUATIONS], () => false],
  [
    "6.13",
    [wrongStarts(0xc0, 0xde), wrongStarts(0xe0, 0xee), wrongStarts(0xf0, 0xf6), wrongStarts(0xf8, 0xfa), "fc20"],
    () => false,
  ],
  ["6.14", TOO_SHORT, () => false],
  ["6.15", [TOO_SHORT.join("")], () => false],
  ["6.16", ["fe", "ff", "fefeffff"], () => false],
  ["6.17", ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"], () => false],
  ["6.18", ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"], () => false],
  ["6.19", ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"], () => false],
  ["6.20", SURROGATES, () => false],
  ["6.21", PAIRS, () => false],
  ["6.22", NONCHARACTERS, () => true],
  ["6.23", SPECIALS, () => true],
];

function groups() {
  return GROUPS.flatMap(([group, texts, isValid]) =>
    texts.map((octets, i) => ({
      id: `${group}.${i + 1}`,
      steps: [{ send: [text(hex(octets))] }],
      ...(isValid(i) ? { replies: [echoed(hex(octets))] } : BAD),
    })),
  );
}

function pieces() {
  const greeting = Buffer.from("Hello-µ@ßöäüàá-UTF-8!!");
  const cut = greeting.indexOf(Buffer.from("ä")) + 2;
  const kosme = hex(KOSME);
  const edited = hex(`${KOSME}eda080${EDITED}`);
  return [
    { id: "6.1.1", steps: [{ send: [text("")] }], replies: [echoed("")] },
    { id: "6.1.2", steps: [{ send: [text("", false), more("", false), more("", true)] }], replies: [echoed("")] },
    {
      id: "6.1.3",
      steps: [{ send: [text("", false), more("middle frame payload", false), more("", true)] }],
      replies: [echoed("middle frame payload")],
    },
    { id: "6.2.1", steps: [{ send: [text(greeting)] }], replies: [echoed(greeting)] },
    {
      id: "6.2.2",
      steps: [{ send: [text(greeting.subarray(0, cut), false), more(greeting.subarray(cut), true)] }],
      replies: [echoed(greeting)],
    },
    { id: "6.2.3", steps: [{ send: fragments(0x01, greeting, 1) }], replies: [echoed(greeting)] },
    { id: "6.2.4", steps: [{ send: fragments(0x01, kosme, 1) }], replies: [echoed(kosme)] },
    { id: "6.3.1", steps: [{ send: [text(edited)] }], ...BAD },
    { id: "6.3.2", steps: [{ send: fragments(0x01, edited, 1) }], ...BAD },
  ];
}

/** Octets of one frame, written in parts with time between; an empty continuation ends the message. */
function inOneFrame(parts) {
  return async (session) => {
    const all = Buffer.concat(parts);
    const key = session.isClient ? Buffer.of(1, 2, 3, 4) : null;
    const masked = key === null ? all : all.map((octet, i) => octet ^ key[i & 3]);
    const head = Buffer.from(key === null ? [0x01, all.length] : [0x01, 0x80 | all.length, ...key]);
    let at = 0;
    for (const [i, part] of parts.entries()) {
      if (session.isOver) {
        session.endedBefore = i;
        return;
      }
      const octets = masked.subarray(at, at + part.length);
      await session.write(i === 0 ? Buffer.concat([head, octets]) : octets);
      at += part.length;
      await session.until(() => session.isOver, 1000);
    }
    if (!session.isOver) await session.send([more("", true)]);
  };
}

/** The subject must end the connection at once, before the last part. */
function failFast() {
  const parts = [
    [KOSME, "f4908080", EDITED],
    [`${KOSME}f4`, "90", `8080${EDITED}`],
  ].map((cut) => cut.map(hex));
  const frames = ([first, second, third]) => [
    { send: [text(first, false)] },
    { pause: 1000 },
    { send: [more(second, false)] },
    { pause: 1000 },
    { send: [more(third, true)] },
  ];
  return [
    ...parts.map((cut, i) => ({ id: `6.4.${i + 1}`, steps: frames(cut), ...BAD, lastStepFrom: 4 })),
    ...parts.map((cut, i) => ({ id: `6.4.${i + 3}`, play: inOneFrame(cut), ...BAD, lastStepFrom: 2 })),
  ];
}

export const UTF8 = [...pieces(), ...failFast(), ...groups()];
/** A text that is not UTF-8, for the reason of a Close. */
export const INVALID_TEXT = hex(`${KOSME}eda080${EDITED}`);
