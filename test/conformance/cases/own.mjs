// Group 14, our own: what RFC 7692 allows or forbids and the original does not ask for; lengths that are not minimal.
import { constants, deflateRawSync } from "node:zlib";
import { describe } from "../wire.mjs";
import { frame, hex, more, ping, ponged } from "../play.mjs";

const DEFLATE = "permessage-deflate; client_max_window_bits";
const HELLO = Buffer.from("Hello");
const helloBack = describe(0x81, HELLO);
const byPeer = (...codes) => ({ ends: "peer", codes });
const compressed = { offer: DEFLATE, wishes: [[]] };

const one = (id, send, replies, rest = {}) => ({ id, steps: [{ send }], replies, ...compressed, ...rest });

/** A message of one final block (RFC 7692 7.2.3.4), with the octet that a sender adds behind it. */
const final = (payload) => Buffer.concat([deflateRawSync(payload), Buffer.of(0)]);
const flushed = (payload) => deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

function blocks() {
  const half = deflateRawSync(HELLO.subarray(0, 3), { finishFlush: constants.Z_SYNC_FLUSH });
  return [
    // RFC 7692 7.2.3.1 to 7.2.3.5, as they are printed there.
    one("14.1.1", [frame(0xc1, hex("f2 48 cd c9 c9 07 00"))], [helloBack]),
    one("14.1.2", [frame(0x41, hex("f2 48 cd")), more(hex("c9 c9 07 00"), true)], [helloBack]),
    one(
      "14.1.3",
      [frame(0xc1, hex("f2 48 cd c9 c9 07 00")), frame(0xc1, hex("f2 00 11 00 00"))],
      [helloBack, helloBack],
    ),
    one("14.1.4", [frame(0xc1, hex("00 05 00 fa ff 48 65 6c 6c 6f 00"))], [helloBack]),
    one("14.1.5", [frame(0xc1, hex("f3 48 cd c9 c9 07 00 00"))], [helloBack]),
    one("14.1.6", [frame(0xc1, hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"))], [helloBack]),
    one("14.1.7", [frame(0xc1, final(HELLO)), frame(0xc1, final(HELLO))], [helloBack, helloBack]),
    one("14.1.8", [frame(0xc1, Buffer.concat([half, flushed(HELLO.subarray(3))]))], [helloBack]),
    one("14.1.9", [frame(0xc1, hex("00"))], [describe(0x81, Buffer.alloc(0))]),
    one("14.1.10", [frame(0xc2, "")], [describe(0x82, Buffer.alloc(0))]),
  ];
}

function fragmented() {
  const octets = flushed(HELLO);
  const [first, rest] = [octets.subarray(0, 2), octets.subarray(2)];
  return [
    one("14.2.1", [frame(0x41, ""), more(octets, true)], [helloBack]),
    one("14.2.2", [frame(0x41, first), more("", false), more(rest, false), more("", true)], [helloBack]),
    one("14.2.3", [frame(0x41, first), ping("now"), more(rest, true)], [ponged("now"), helloBack]),
    one("14.2.4", [frame(0x81, "Hello"), frame(0xc1, octets), frame(0x81, "Hello")], [helloBack, helloBack, helloBack]),
    one("14.2.5", [frame(0x41, first), frame(0xc0, rest)], [], byPeer(1002)),
    one("14.2.6", [frame(0x01, "Hel"), frame(0xc0, "lo")], [], byPeer(1002)),
    one("14.2.7", [frame(0xc9, "Hello")], [], byPeer(1002)),
    one("14.2.8", [frame(0xa1, octets)], [], byPeer(1002)),
  ];
}

function damaged() {
  return [
    one("14.3.1", [frame(0xc1, "\u0007")], [], byPeer(1007)),
    one("14.3.2", [frame(0xc1, hex("f2 48 cd c9"))], [], byPeer(1007)),
    one("14.3.3", [frame(0xc1, hex("00 05 00 fa fe 48 65 6c 6c 6f 00"))], [], byPeer(1007)),
    // A distance of which nothing lies so far back.
    one("14.3.4", [frame(0xc1, hex("02 03 00 00"))], [], byPeer(1007)),
    one("14.3.5", [frame(0xc1, flushed(Buffer.from([0xff, 0xfe])))], [], byPeer(1007)),
  ];
}

/** Offers and answers of which the first is not usable. */
function offers() {
  const agreed = (id, offer, wishes) => ({
    id,
    steps: [{ send: [frame(0xc1, flushed(HELLO))] }],
    replies: [helloBack],
    offer,
    wishes,
    check: (session) => (session.isCompressing ? null : "unimplemented"),
  });
  const declined = (id, offer) => ({
    id,
    steps: [{ send: [frame(0x81, "Hello")] }],
    replies: [helloBack],
    offer,
    check: (session) => (session.isCompressing ? "accepted" : null),
  });
  return [
    agreed("14.4.1", `permessage-deflate; unknown, ${DEFLATE}`, [[]]),
    agreed("14.4.2", `x-unknown; a=b, permessage-deflate; server_max_window_bits=16, ${DEFLATE}`, [[]]),
    agreed("14.4.3", "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8", [
      ["client_max_window_bits=8"],
    ]),
    agreed("14.4.4", 'permessage-deflate; server_max_window_bits="10"', [[]]),
    declined("14.4.5", "permessage-deflate; unknown"),
    declined("14.4.6", "permessage-deflate; server_max_window_bits"),
    declined("14.4.7", "permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
    declined("14.4.8", "x-unknown"),
  ];
}

/** RFC 6455 5.2: the minimal number of octets must be used. */
function lengths() {
  const plain = (id, wrong) => ({ id, steps: [{ send: [wrong] }], replies: [], ...byPeer(1002) });
  return [
    plain("14.5.1", frame(0x81, "Hello", hex("7e 00 05"))),
    plain("14.5.2", frame(0x81, "Hello", hex("7f 00 00 00 00 00 00 00 05"))),
    plain("14.5.3", frame(0x82, Buffer.alloc(126), hex("7f 00 00 00 00 00 00 00 7e"))),
    plain("14.5.4", frame(0x82, "", hex("7f 80 00 00 00 00 00 00 00"))),
    plain("14.5.5", frame(0x89, "Hello", hex("7e 00 05"))),
    { id: "14.5.6", steps: [{ send: [frame(0x82, "", hex("7f 7f ff ff ff ff ff ff ff"))] }], ...byPeer(1009, 1002) },
  ];
}

export const OWN = [...blocks(), ...fragmented(), ...damaged(), ...offers(), ...lengths()];
