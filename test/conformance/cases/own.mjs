// Group 14, our own: what the original suite does not ask.
import { constants, deflateRawSync } from "node:zlib";
import { itEnds, simple, weEnd } from "../verdict.mjs";
import { describe } from "../wire.mjs";

const hex = (text) => Buffer.from(text).toString("hex");
const TEXT = Buffer.from("Hello, hello, hello: a message that repeats, repeats itself.");
const ECHO = describe(0x81, TEXT);
const PONG = `8a ${hex("inside")}`;
const PING = `89 ${hex("inside")}`;
const OFFER = "permessage-deflate; client_max_window_bits";
const COMPRESSED = { offer: OFFER, wishes: [[]], needs: "deflate" };

/** A block with BFINAL, to the end of its octet. */
const finalBlock = (payload) => deflateRawSync(payload, { finishFlush: constants.Z_FINISH });
/** The same message as RFC 7692 section 7.2.3.4 has it: an empty block without BFINAL behind it, less its tail. */
const finalMessage = (payload) => Buffer.concat([finalBlock(payload), Buffer.of(0)]);
const compressedFrame = (payload) => ({ first: 0xc1, payload });

const deflated = (id, ok, outcome, run) => ({ id, ok, ...outcome, ...COMPRESSED, run });

const finals = [
  deflated("14.1.1", [ECHO], weEnd(), (session) => session.send(compressedFrame(finalMessage(TEXT)))),
  deflated("14.1.2", [ECHO, ECHO], weEnd(), async (session) => {
    await session.send(compressedFrame(finalMessage(TEXT)), compressedFrame(finalMessage(TEXT)));
  }),
  deflated("14.1.3", [ECHO], weEnd(), async (session) => {
    const first = finalBlock(TEXT.subarray(0, 20));
    await session.send(compressedFrame(Buffer.concat([first, finalMessage(TEXT.subarray(20))])));
  }),
  deflated("14.1.4", [ECHO, ECHO], weEnd(), async (session) => {
    await session.send(compressedFrame(finalMessage(TEXT)));
    session.noteCompressed(TEXT);
    await session.sendCompressed(1, TEXT);
  }),
];

const LONG = Buffer.from(Array.from({ length: 3000 }, (_, i) => `${(i * 7919) % 1009},`).join(""));
const windowEcho = (id, parameters) => ({
  id,
  ok: [describe(0x81, LONG), describe(0x81, LONG), describe(0x81, TEXT)],
  ...weEnd(),
  ...parameters,
  async run(session) {
    if (session.agreement === null) {
      // A window of 256 octets may be declined; the connection is then there without compression.
      await session.send(
        { first: 0x81, payload: LONG },
        { first: 0x81, payload: LONG },
        { first: 0x81, payload: TEXT },
      );
      return;
    }
    await session.sendCompressed(1, LONG);
    await session.sendCompressed(1, LONG);
    await session.sendCompressed(1, TEXT, 1);
  },
});
const NO_CONTEXT = "server_no_context_takeover";
const windows = [
  windowEcho("14.2.1", { offer: `${OFFER}; server_max_window_bits=8`, wishes: [["client_max_window_bits=8"], []] }),
  windowEcho("14.2.2", {
    offer: `${OFFER}=8; server_max_window_bits=8; ${NO_CONTEXT}`,
    wishes: [["client_max_window_bits=8", "client_no_context_takeover"], []],
  }),
  windowEcho("14.2.3", { offer: `${OFFER}; server_max_window_bits=10`, wishes: [["client_max_window_bits=10"], []] }),
  windowEcho("14.2.4", { offer: "permessage-deflate", wishes: [[]] }),
];

const pieces = (compressed, ...cuts) =>
  [0, ...cuts].map((from, i) => {
    const isLast = i === cuts.length;
    return {
      first: (i === 0 ? 0x41 : 0) | (isLast ? 0x80 : 0),
      payload: compressed.subarray(from, isLast ? undefined : cuts[i]),
    };
  });

const empties = [
  deflated("14.3.1", [ECHO], weEnd(), (session) => session.send(...pieces(session.compress(TEXT), 0, 0, 9))),
  deflated("14.3.2", [ECHO], weEnd(), (session) => session.send(...pieces(session.compress(TEXT), 9, 9, 9))),
  deflated("14.3.3", [ECHO], weEnd(), async (session) => {
    const compressed = session.compress(TEXT);
    await session.send(...pieces(compressed, 9, compressed.length, compressed.length));
  }),
  deflated("14.3.4", ["81", "81"], weEnd(), async (session) => {
    await session.send("c1 00", "41", "00", "80 00");
  }),
  deflated("14.3.5", [ECHO], weEnd(), async (session) => {
    const compressed = session.compress(TEXT);
    await session.sendFrames(...pieces(compressed, ...compressed.keys()));
  }),
  deflated("14.3.6", ["82", ECHO], weEnd(), async (session) => {
    await session.send("c2 00");
    await session.sendCompressed(1, TEXT);
  }),
];

const inside = (id, frame, ok, outcome, how = "send") =>
  deflated(id, ok, outcome, (session) => {
    const [first, last] = pieces(session.compress(TEXT), 9);
    return session[how](first, frame, last);
  });
const controls = [
  inside("14.4.1", PING, [PONG, ECHO], weEnd()),
  inside("14.4.2", PING, [PONG, ECHO], weEnd(), "sendOctets"),
  inside("14.4.3", "8a", [ECHO], weEnd()),
  inside("14.4.4", `c9 ${hex("inside")}`, [], itEnds(1002)),
  inside("14.4.5", "88 03e8", [], weEnd()),
  inside("14.4.6", "40", [], itEnds(1002)),
  inside("14.4.7", "c1 00", [], itEnds(1002)),
  inside("14.4.8", "81", [], itEnds(1002)),
  deflated("14.4.9", [ECHO], weEnd(), (session) => session.send({ first: 0x81, payload: TEXT })),
  deflated("14.4.10", [ECHO, ECHO, ECHO], weEnd(), async (session) => {
    await session.sendCompressed(1, TEXT);
    await session.send({ first: 0x81, payload: TEXT });
    await session.sendCompressed(1, TEXT);
  }),
];

/** A client's offers: the first that is right counts, and without any there is no compression. */
const offered = (id, offer, isTaken) => ({
  id,
  role: "server",
  offer,
  ok: [ECHO],
  ...weEnd(),
  async run(session) {
    if (session.agreement === null && isTaken) return "it declined what it could take";
    if (session.agreement !== null && !isTaken) return "it took an offer that is wrong";
    if (isTaken) await session.sendCompressed(1, TEXT);
    else await session.send({ first: 0x81, payload: TEXT });
    return null;
  },
});
const GOOD = "permessage-deflate";
const BAD = {
  unknown: `${GOOD}; foo`,
  twice: `${GOOD}; ${NO_CONTEXT}; ${NO_CONTEXT}`,
  wide: `${GOOD}; server_max_window_bits=16`,
  narrow: `${GOOD}; server_max_window_bits=7`,
  zero: `${GOOD}; server_max_window_bits=08`,
  decimal: `${GOOD}; client_max_window_bits=9.0`,
  missing: `${GOOD}; server_max_window_bits`,
  extra: `${GOOD}; ${NO_CONTEXT}=1`,
  prototype: `${GOOD}; constructor; __proto__=1`,
};
const offers = [
  ...Object.values(BAD).map((offer, i) => offered(`14.5.${i + 1}`, offer, false)),
  ...Object.values(BAD).map((offer, i) => offered(`14.5.${i + 10}`, `${offer}, ${GOOD}`, true)),
  offered("14.5.19", `x-unknown; a="b", ${GOOD}; server_max_window_bits="10"`, true),
  offered("14.5.20", "constructor; __proto__, x-unknown", false),
];

/** A server's answers that a client has to refuse. */
const answered = (id, answer, own) => ({
  id,
  role: "client",
  answer,
  isRefused: true,
  ok: [],
  ...itEnds(1002, 1010),
  ...own,
});
const answers = [
  ...Object.values(BAD).map((answer, i) => answered(`14.5.${i + 21}`, answer)),
  answered("14.5.30", "x-unknown"),
  answered("14.5.31", `${GOOD}, ${GOOD}`),
];

const WORD = hex("Hello");
const minimal = (id, frame, outcome = itEnds(1002)) => simple(id, [frame], [], outcome);
const lengths = [
  minimal("14.6.1", `81=7e0005 ${WORD}`),
  minimal("14.6.2", `82=7e007d 2a*125`),
  minimal("14.6.3", `81=7f0000000000000005 ${WORD}`),
  minimal("14.6.4", "82=7f000000000000ffff 2a*65535"),
  minimal("14.6.5", `89=7e0005 ${WORD}`),
  minimal("14.6.6", `89=7f0000000000000005 ${WORD}`),
  minimal("14.6.7", "82=7f8000000000000000"),
  minimal("14.6.8", "82=7fffffffffffffffff"),
  minimal("14.6.9", "82=7e0000"),
  // Right, and beyond every limit: nothing is allocated, nothing is waited for.
  minimal("14.6.10", "82=7f7fffffffffffffff", itEnds(1009)),
  minimal("14.6.11", "82=7f0020000000000000", itEnds(1009)),
  minimal("14.6.12", "82=7f0000000100000005", itEnds(1009)),
  {
    ...minimal("14.6.13", "", itEnds(1009)),
    run: (session) => session.send("02 2a", "00=7f7fffffffffffffff", "80=7f7fffffffffffffff"),
  },
];

const broken = (id, outcome, make) =>
  deflated(id, [], outcome, (session) => session.send(compressedFrame(make(session))));
const faults = [
  broken("14.7.1", itEnds(1007), () => Buffer.from("ffffffff", "hex")),
  broken("14.7.2", itEnds(1007), () => Buffer.from("07", "hex")),
  broken("14.7.3", itEnds(1007), (session) => session.compress(LONG).subarray(0, 500)),
  // A distance before the beginning: literal "a", then three octets from 2 back.
  broken("14.7.4", itEnds(1007), () => Buffer.from("4a04420000", "hex")),
  broken("14.7.5", itEnds(1007), () => finalMessage(Buffer.from("fffe", "hex"))),
  broken("14.7.6", itEnds(1009), () => deflateRawSync(Buffer.alloc(40 * 1024 * 1024), { level: 9 })),
];

const masks = [
  {
    ...simple("14.8.1", [], [], itEnds(1002)),
    run: (session) => session.send({ first: 0x81, payload: TEXT, wrongMask: true }),
  },
  {
    ...simple("14.8.2", [], [], itEnds(1002)),
    run: (session) => session.send({ first: 0x89, payload: Buffer.alloc(0), wrongMask: true }),
  },
];

export const OWN = [
  ...finals,
  ...windows,
  ...empties,
  ...controls,
  ...offers,
  ...answers,
  ...lengths,
  ...faults,
  ...masks,
];
