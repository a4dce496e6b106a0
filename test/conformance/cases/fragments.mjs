// Groups 5, 9 and 10: fragmentation, large messages and many.
import { fragments } from "../session.mjs";
import { itEnds, simple, sleep, weEnd } from "../verdict.mjs";
import { describe } from "../wire.mjs";

const hex = (text) => Buffer.from(text).toString("hex");
const text = (...parts) => describe(0x81, Buffer.from(parts.join("")));
const HELLO = `81 ${hex("Hello, world!")}`;
const F1 = `01 ${hex("fragment1")}`;
const F2 = `80 ${hex("fragment2")}`;
const PING = `89 ${hex("pongme")}`;
const PONG = `8a ${hex("pongme")}`;
const HOWS = ["send", "sendFrames", "sendOctets"];
const CONT = hex("non-continuation payload");

const slowly = (id, how) => {
  const frames = [
    `01 ${hex("fragment1")}`,
    `00 ${hex("fragment2")}`,
    `89 ${hex("pongme 1!")}`,
    `00 ${hex("fragment3")}`,
    `00 ${hex("fragment4")}`,
    `89 ${hex("pongme 2!")}`,
    `80 ${hex("fragment5")}`,
  ];
  const [early, late] = ["pongme 1!", "pongme 2!"].map((payload) => `8a ${hex(payload)}`);
  return {
    id,
    ok: [early, late, text("fragment1", "fragment2", "fragment3", "fragment4", "fragment5")],
    ...weEnd(),
    async run(session) {
      await session[how](...frames.slice(0, 3));
      await sleep(1000);
      if (session.events[0] !== early) return "the first pong waited for the end of the message";
      await session[how](...frames.slice(3));
      return null;
    },
  };
};

const twice = (frames) => [...frames, ...frames];

const fragmentation = [
  simple("5.1", [`09 ${hex("fragment1")}`, F2], [], itEnds(1002)),
  simple("5.2", [`0a ${hex("fragment1")}`, F2], [], itEnds(1002)),
  ...HOWS.map((how, i) => simple(`5.${3 + i}`, [F1, F2], [text("fragment1", "fragment2")], weEnd(), how)),
  ...HOWS.map((how, i) => simple(`5.${6 + i}`, [F1, PING, F2], [PONG, text("fragment1", "fragment2")], weEnd(), how)),
  ...HOWS.map((how, i) => simple(`5.${9 + i}`, [`80 ${CONT}`, HELLO], [], itEnds(1002), how)),
  ...HOWS.map((how, i) => simple(`5.${12 + i}`, [`00 ${CONT}`, HELLO], [], itEnds(1002), how)),
  {
    ...simple("5.15", [F1, F2, `00 ${hex("fragment3")}`, `81 ${hex("fragment4")}`], [], itEnds(1002)),
    ok: [text("fragment1", "fragment2")],
    nonStrict: [],
  },
  simple(
    "5.16",
    twice([`00 ${hex("fragment1")}`, `01 ${hex("fragment2")}`, `80 ${hex("fragment3")}`]),
    [],
    itEnds(1002),
  ),
  simple(
    "5.17",
    twice([`80 ${hex("fragment1")}`, `01 ${hex("fragment2")}`, `80 ${hex("fragment3")}`]),
    [],
    itEnds(1002),
  ),
  simple("5.18", [F1, `81 ${hex("fragment2")}`], [], itEnds(1002)),
  slowly("5.19", "send"),
  slowly("5.20", "sendFrames"),
];

const KIB = 1024;
const MIB = 1024 * KIB;
const OCTET = { 1: 0x2a, 2: 0xfe };
const payloadOf = (type, length) => Buffer.alloc(length, OCTET[type]);

/** A message of one octet repeated, made when it is needed: the largest have 16 MiB. */
const large = (id, type, length, patience, send) => ({
  id,
  ...weEnd(),
  patience,
  isLarge: true,
  get ok() {
    return [describe(0x80 | type, payloadOf(type, length))];
  },
  run: (session) => send(session, payloadOf(type, length)),
});

const SIZES = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB];
const FRAGMENTS = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
const PIECES = [64, 128, 256, 512, 1024, 2048];
const COUNTED = [0, 16, 64, 256, 1024, 4096];
const COUNTED_SECONDS = [60, 60, 60, 120, 240, 480];
const MESSAGES = 1000;

const limitOf = (type, i) => (i < 2 || (type === 2 && i < 4) ? 10_000 : 100_000);

/** One message after the other, the next when the last came back. */
const lockStep = (id, type, length, patience) => ({
  id,
  ok: [],
  ...weEnd(),
  async run(session) {
    session.isRecording = false;
    const payload = payloadOf(type, length);
    const deadline = performance.now() + patience;
    for (let i = 0; i < MESSAGES; i++) {
      await session.send({ first: 0x80 | type, payload });
      const message = await session.receive(deadline - performance.now());
      if (message === null) return `no echo of message ${i}`;
      if (message.opcode !== type || !message.payload.equals(payload)) return `another echo of message ${i}`;
    }
    return null;
  },
});

const limits = [1, 2].flatMap((type) => [
  ...SIZES.map((length, i) =>
    large(`9.${type}.${i + 1}`, type, length, limitOf(type, i), (session, payload) =>
      session.send({ first: 0x80 | type, payload }),
    ),
  ),
  ...FRAGMENTS.map((size, i) =>
    large(`9.${type + 2}.${i + 1}`, type, 4 * MIB, 100_000, async (session, payload) => {
      const frames = fragments(type, payload, size);
      const batch = Math.max(1, Math.floor((64 * KIB) / size));
      for (let start = 0; start < frames.length; start += batch)
        await session.send(...frames.slice(start, start + batch));
    }),
  ),
  ...PIECES.map((size, i) =>
    large(`9.${type + 4}.${i + 1}`, type, MIB, 1_000_000, (session, payload) =>
      session.sendPieces(size, { first: 0x80 | type, payload }),
    ),
  ),
  ...COUNTED.map((length, i) => lockStep(`9.${type + 6}.${i + 1}`, type, length, COUNTED_SECONDS[i] * 1000)),
]);

const misc = large("10.1.1", 1, 65_536, 10_000, (session, payload) => session.send(...fragments(1, payload, 1300)));

export const FRAGMENTS_AND_LIMITS = [...fragmentation, ...limits, misc];
