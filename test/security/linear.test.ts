// Time for frames grows with their octets: doubling a hostile input does not take four times as long, whatever it is made of.
import { expect, test } from "vitest";
import { frame, OpenProtocol, utf8 } from "../protocol/harness.ts";
import { expectLinear } from "../support/linear.ts";

const KIB = 1024;

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** What arrives: the frame that begins, the one that is repeated, and the size of pieces. */
const INPUTS: [string, Uint8Array, Uint8Array, number][] = [
  ["fragments of an octet", frame(0x01, "a"), frame(0x00, "a"), 64 * KIB],
  ["empty fragments", frame(0x01), frame(0x00), 64 * KIB],
  ["fragments of an octet, octet by octet", frame(0x01, "a"), frame(0x00, "a"), 1],
  ["halves of characters", frame(0x01, Uint8Array.of(0xc3)), frame(0x00, Uint8Array.of(0xa9, 0xc3)), 64 * KIB],
  ["pings", frame(0x89), frame(0x89, "p"), 64 * KIB],
  ["pongs inside of a message", frame(0x01, "a"), frame(0x8a, "p"), 64 * KIB],
  ["empty messages", frame(0x81), frame(0x82), 64 * KIB],
  ["a long message, octet by octet", Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 16, 0, 0), utf8("abcd"), 1],
];

function take(first: Uint8Array, rest: Uint8Array, piece: number): void {
  const protocol = new OpenProtocol("client", { delivery: "messages", maxMessage: 32 * KIB * KIB });
  protocol.receiveData(first);
  for (let at = 0; at < rest.length; at += piece) {
    protocol.receiveData(rest.subarray(at, at + piece));
    protocol.eventsReceived();
    protocol.dataToSend();
  }
  expect(protocol.state).toBe("open");
}

test.each(INPUTS)("%s", { tags: ["slow"] }, (_what, first, repeated, piece) => {
  expectLinear((times) => {
    const rest = repeat(repeated, times);
    return () => take(first, rest, piece);
  }, 4000);
});
