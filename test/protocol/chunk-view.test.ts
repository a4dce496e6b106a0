import { describe, expect, test } from "vitest";
import { INPUT_CAPACITY, INPUT_OFFSET } from "../../src/kernels/constants.ts";
import type { Message } from "../../src/protocol/events.ts";
import { mayPin, placeOf } from "../../src/protocol/chunk-view.ts";
import type { Side } from "../../src/protocol/state.ts";
import { hex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";
import { frame, fromPeer, KERNELS, OpenProtocol, SIDES } from "./harness.ts";

test("mayPin() is a fifth of all that the chunk holds in memory, and never nothing", () => {
  const chunk = new Uint8Array(new ArrayBuffer(1000), 500, 100);
  expect([0, 199, 200, 1000].map((length) => mayPin(chunk, length))).toEqual([false, false, true, true]);
  expect(mayPin(new Uint8Array(0), 0)).toBe(false);
});

test.each(SIDES)("%s: no message lies in shared memory, even of a chunk that does", (side) => {
  // The long one is parsed in parts.
  for (const length of [1000, 40_000, INPUT_CAPACITY + 40_000]) {
    const message = new Uint8Array(length).fill(7);
    const wire = fromPeer(side, frame(0x82, message));
    const chunk = new Uint8Array(new SharedArrayBuffer(wire.length));
    chunk.set(wire);
    expect(mayPin(chunk, wire.length)).toBe(false);
    const [received] = receive(side, "messages", chunk);
    expect(received).toEqual(message);
    expect((received as Uint8Array).buffer).toBeInstanceOf(ArrayBuffer);
  }
});

test("placeOf() leads from the parser's memory to the chunk", () => {
  const [kernels] = KERNELS;
  if (kernels === undefined) throw new Error("no kernels");
  kernels.events[3] = INPUT_OFFSET + 7;
  expect(placeOf(kernels, 1, 100)).toBe(107);
});

/** A chunk in the middle of a larger buffer, or all of it. */
function chunkOf(bytes: Uint8Array, before: number, behind: number): Uint8Array {
  const buffer = new Uint8Array(before + bytes.length + behind);
  buffer.set(bytes, before);
  return buffer.subarray(before, before + bytes.length);
}

function receive(side: Side, delivery: "messages" | "bytes", chunk: Uint8Array, kernels = KERNELS[0]): Message[] {
  const protocol = new OpenProtocol(side, { delivery }, kernels === undefined ? {} : { kernels });
  protocol.receiveData(chunk);
  return protocol.eventsReceived() as Message[];
}

/** What comes before the message, so that the parser takes it in parts at that place of it. */
function filler(headerLength: number, partLength: number): Uint8Array {
  // 4 bytes of a header for a filler of more than 125 bytes, and the mask of a client is not counted here.
  return new Uint8Array(INPUT_CAPACITY - headerLength - partLength).fill(0x2e);
}

describe.each(SIDES)("%s: a message that lies in one chunk and is parsed in parts", (side) => {
  const headers = side === "server" ? 8 + 8 : 4 + 4;
  const random = new Prng(7);
  const messages: readonly (readonly [string, Uint8Array | string])[] = [
    ["bytes", random.bytes(40_000)],
    ["ASCII", "x".repeat(40_000)],
    ["other text", "€".repeat(13_000)],
    ["text with one character at its end", `${"x".repeat(39_000)}€`],
  ];

  test.each(messages)("%s, cut at every kind of place", (_what, message) => {
    for (const kernels of KERNELS) {
      for (const part of [-3, -1, 0, 1, 2, 3, 100, 39_999]) {
        const wire = fromPeer(
          side,
          // A string is no view.
          frame(0x81, filler(headers, part)),
          frame(typeof message === "string" ? 0x81 : 0x82, message),
          frame(0x81, "behind"),
        );
        for (const [before, behind] of [
          [0, 0],
          [13, 0],
          [0, 400_000],
        ] as const) {
          const chunk = chunkOf(wire, before, behind);
          const [, received, last] = receive(side, "messages", chunk, kernels);
          expect(last).toBe("behind");
          if (typeof message === "string") expect(received === message, `${part}`).toBe(true);
          else expect(Buffer.compare(received as Uint8Array, message), `${part}`).toBe(0);
          const isView = typeof received !== "string" && received?.buffer === chunk.buffer;
          expect(isView, `${part}`).toBe(typeof message !== "string" && behind === 0);
        }
      }
    }
  });

  test("text as bytes is a view, too", () => {
    const wire = fromPeer(side, frame(0x82, filler(headers, 5)), frame(0x81, "x".repeat(40_000)));
    const [, received] = receive(side, "bytes", wire) as Uint8Array[];
    expect(received?.buffer).toBe(wire.buffer);
    expect(received?.every((byte) => byte === 0x78)).toBe(true);
  });

  test("a fault in its last part ends it, and a Close behind it does not", () => {
    const text = concat([new Uint8Array(39_000).fill(0x78), hex`ff`]);
    const wrong = new OpenProtocol(side, { delivery: "messages" });
    wrong.receiveData(fromPeer(side, frame(0x82, filler(headers, 5)), frame(0x81, text)));
    expect(wrong.eventsReceived()).toHaveLength(1);
    wrong.dataToSend();
    expect(wrong.closeSent?.code).toBe(1007);
    const closed = new OpenProtocol(side, { delivery: "messages" });
    closed.receiveData(
      fromPeer(side, frame(0x82, filler(headers, 5)), frame(0x81, "x".repeat(40_000)), hex`88 02 03 e8`),
    );
    expect(closed.eventsReceived()).toHaveLength(3);
    closed.dataToSend();
    expect(closed.closeReceived?.code).toBe(1000);
  });

  test("is given out in pieces to who reads it in pieces", () => {
    const protocol = new OpenProtocol(side, { delivery: "messages" });
    protocol.streamMessage();
    const message = random.bytes(100_000);
    protocol.receiveData(fromPeer(side, frame(0x82, message), frame(0x82, message)));
    const [piece, whole] = protocol.eventsReceived() as [{ bytes: Uint8Array }, Uint8Array];
    expect(Buffer.compare(piece.bytes, message)).toBe(0);
    expect(Buffer.compare(whole, message)).toBe(0);
  });
});
