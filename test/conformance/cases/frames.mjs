// Cases 1 to 5: framing, pings and pongs, reserved bits, opcodes, fragments.
import { closing, echoed, fragments, frame, more, ping, pong, ponged, text } from "../play.mjs";

const LENGTHS = [0, 125, 126, 127, 128, 65_535, 65_536];
const HOWS = ["once", "frames", 1];
const TEXT = "Hello, world!";

const one = (id, frames, replies, how = "once", more_ = {}) => ({
  id,
  steps: [{ send: frames, how }],
  replies,
  ...more_,
});
const byPeer = { ends: "peer", codes: [1002] };

function framing() {
  const kinds = [
    ["1.1", 0x81, "*"],
    ["1.2", 0x82, "\u00fe"],
  ];
  return kinds.flatMap(([group, first, character]) =>
    [...LENGTHS, 65_536].map((length, i) => {
      const payload = Buffer.alloc(length, character, "latin1");
      return one(`${group}.${i + 1}`, [frame(first, payload)], [echoed(payload, first)], i === 7 ? 997 : "once");
    }),
  );
}

function pings() {
  const odd = Buffer.from("00fffefdfcfb00ff", "hex");
  const long = Buffer.alloc(125, 0xfe);
  const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
  return [
    one("2.1", [ping()], [ponged()]),
    one("2.2", [ping(TEXT)], [ponged(TEXT)]),
    one("2.3", [ping(odd)], [ponged(odd)]),
    one("2.4", [ping(long)], [ponged(long)]),
    one("2.5", [ping(Buffer.alloc(126, 0xfe))], [], "once", byPeer),
    one("2.6", [ping(long)], [ponged(long)], 1),
    one("2.7", [pong(), closing(1000)], []),
    one("2.8", [pong("unsolicited"), closing(1000)], []),
    one("2.9", [pong("unsolicited"), ping("ping payload")], [ponged("ping payload")]),
    one("2.10", ten.map(ping), ten.map(ponged)),
    one("2.11", ten.map(ping), ten.map(ponged), 1),
  ];
}

/** A good text, a frame that is wrong, and a ping that nobody may answer. */
const behindText = (id, wrong, how) => one(id, [text(TEXT), wrong, ping()], [echoed(TEXT)], how, byPeer);

function reservedBits() {
  return [
    one("3.1", [frame(0x91, TEXT)], [], "once", byPeer),
    behindText("3.2", frame(0xa1, TEXT), "once"),
    behindText("3.3", frame(0xb1, TEXT), "frames"),
    behindText("3.4", frame(0xc1, TEXT), 1),
    one("3.5", [frame(0xd2, TEXT)], [], "once", byPeer),
    one("3.6", [frame(0xe2, TEXT)], [], "once", byPeer),
    // The subject ends: this is no Close that counts.
    { ...one("3.7", [frame(0xf8)], [], "once", byPeer) },
  ];
}

function opcodes() {
  return [
    ["4.1", 3],
    ["4.2", 11],
  ].flatMap(([group, from]) => [
    one(`${group}.1`, [frame(0x80 | from)], [], "once", byPeer),
    one(`${group}.2`, [frame(0x80 | (from + 1), "payload")], [], "once", byPeer),
    behindText(`${group}.3`, frame(0x80 | (from + 2)), "once"),
    behindText(`${group}.4`, frame(0x80 | (from + 3), "payload"), "once"),
    behindText(`${group}.5`, frame(0x80 | (from + 4), "payload"), 1),
  ]);
}

function fragmentation() {
  const two = [text("fragment1", false), more("fragment2", true)];
  const joined = echoed("fragment1fragment2");
  const withPing = [two[0], ping("ping payload"), two[1]];
  const lost = [true, false].map((fin) => [more("nothing to continue", fin), text("Hello, world!")]);
  const orphans = (fin) => [more("fragment1", fin), text("fragment2", false), more("fragment3", true)];
  const five = (how) => [
    { send: [text("fragment1", false), more("fragment2", false), ping("pongme 1!")], how },
    { pause: 1000 },
    { send: [more("fragment3", false), more("fragment4", false), ping("pongme 2!"), more("fragment5", true)], how },
  ];
  const fiveReplies = [
    ponged("pongme 1!"),
    ponged("pongme 2!"),
    echoed("fragment1fragment2fragment3fragment4fragment5"),
  ];
  // The first pong must not wait for the end of the message.
  const inTime = (session) => (session.pongedEarly ? null : "the first pong came late");
  const watch = (steps) => async (session) => {
    for (const { send, how, pause } of steps) {
      if (pause === undefined) await session.send(send, how);
      else {
        await session.until(() => session.isOver, pause);
        session.pongedEarly = session.events.length === 1;
      }
    }
    await session.until(() => session.events.length >= 3 || session.isOver, 10_000);
  };
  return [
    one("5.1", [frame(0x09, "fragment1"), more("fragment2", true)], [], "once", byPeer),
    one("5.2", [frame(0x0a, "fragment1"), more("fragment2", true)], [], "once", byPeer),
    ...HOWS.map((how, i) => one(`5.${3 + i}`, two, [joined], how)),
    ...HOWS.map((how, i) => one(`5.${6 + i}`, withPing, [ponged("ping payload"), joined], how)),
    ...HOWS.map((how, i) => one(`5.${9 + i}`, lost[0], [], how, byPeer)),
    ...HOWS.map((how, i) => one(`5.${12 + i}`, lost[1], [], how, byPeer)),
    one("5.15", [...two, more("fragment3", false), text("fragment4")], [joined], "once", byPeer),
    one("5.16", [...orphans(false), ...orphans(false)], [], "once", byPeer),
    one("5.17", [...orphans(true), ...orphans(true)], [], "once", byPeer),
    one("5.18", [text("fragment1", false), text("fragment2")], [], "once", byPeer),
    { id: "5.19", play: watch(five("once")), replies: fiveReplies, check: inTime },
    { id: "5.20", play: watch(five("frames")), replies: fiveReplies, check: inTime },
  ];
}

export const FRAMES = [...framing(), ...pings(), ...reservedBits(), ...opcodes(), ...fragmentation()];

/** Case 10.1.1. */
export const FRAGMENTED = [
  one("10.1.1", fragments(0x01, Buffer.alloc(65_536, "*"), 1300), [echoed(Buffer.alloc(65_536, "*"))]),
];
