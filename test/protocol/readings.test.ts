import { describe, expect, test } from "vitest";
import { Frame } from "../../src/frames/frame.ts";
import { CONFIG_MASKED, CONFIG_VALIDATE_UTF8 } from "../../src/kernels/constants.ts";
import { MessagePiece } from "../../src/protocol/events.ts";
import { FrameReceiver } from "../../src/protocol/frame-receiver.ts";
import type { ProtocolOptions } from "../../src/protocol/options.ts";
import {
  type Reading,
  Readings,
  type ReadingSettings,
  readingSettings,
  readingsFor,
} from "../../src/protocol/readings.ts";
import type { Side } from "../../src/protocol/state.ts";
import { hex } from "../support/hex.ts";
import { CODECS, DELIVERIES, fromPeer, KERNELS, SIDES } from "./harness.ts";

const [[, portable], [, codec]] = CODECS as [(typeof CODECS)[number], (typeof CODECS)[number]];

const MIB = 1_048_576;

/** Counts what is made and what is out. */
class CountedReadings extends Readings {
  readonly made = new Set<Reading>();
  readonly out = new Set<Reading>();

  override take(): Reading {
    const reading = super.take();
    this.made.add(reading);
    this.out.add(reading);
    return reading;
  }

  override give(reading: Reading): boolean {
    const isTaken = super.give(reading);
    if (isTaken) this.out.delete(reading);
    return isTaken;
  }
}

function readings(side: Side, options: ProtocolOptions): CountedReadings {
  return new CountedReadings(readingSettings(side, options, codec));
}

describe.each(SIDES)("%s readings", (side) => {
  test.each([
    ["whole messages", "81 02 c3 a9 82 01 41"],
    ["a long header", `82 7e 00 7e ${"41".repeat(126)}`],
    ["a message in fragments", "01 01 c3 00 00 80 01 a9"],
    ["a control frame in a message", "02 01 41 89 02 41 42 00 01 42 8a 00 80 01 43"],
  ])("in the middle of %s nobody reads with what another reads with", (_what, wire) => {
    for (const kernels of KERNELS) {
      for (const delivery of DELIVERIES) {
        const bytes = fromPeer(side, hex`${wire}`);
        const alone = new FrameReceiver(kernels, readings(side, { delivery }));
        alone.receive(bytes.slice());
        for (let cut = 1; cut < bytes.length; cut++) {
          const shared = readings(side, { delivery });
          const receivers = [0, 1, 2].map(() => new FrameReceiver(kernels, shared));
          for (const receiver of receivers) receiver.receive(bytes.slice(0, cut));
          // One goes on in its own time.
          receivers[2]?.receive(bytes.slice(cut));
          for (const receiver of receivers.slice(0, 2)) receiver.receive(bytes.slice(cut));
          for (const { events, fault, payloadLength } of receivers) {
            expect([events, fault, payloadLength]).toEqual([alone.events, null, alone.payloadLength]);
          }
          expect(shared.out.size).toBe(0);
        }
      }
    }
  });

  test("one serves all who are in the middle of nothing, and counts for each what is its own", () => {
    const shared = readings(side, { delivery: "messages" });
    const [first, second] = KERNELS.map((kernels) => new FrameReceiver(kernels, shared));
    first?.receive(fromPeer(side, hex`82 03 41 42 43`));
    second?.receive(fromPeer(side, hex`82 01 41`));
    first?.receive(fromPeer(side, hex`01 01 41`));
    expect(shared.out.size).toBe(1);
    first?.receive(fromPeer(side, hex`80 01 41 8a 00`));
    expect([first?.payloadLength, second?.payloadLength]).toEqual([5, 1]);
    expect([shared.made.size, shared.out.size]).toEqual([1, 0]);
  });

  test.each([
    ["a fault of the header", "c1 00"],
    ["invalid text", "81 01 ff"],
    ["too many fragments", "02 00 00 00 00 00"],
    ["a message that is too long", "82 05 41 41 41 41 41"],
  ])("is not used again after %s", (_fault, wire) => {
    for (const kernels of KERNELS) {
      const shared = readings(side, { delivery: "messages", maxFragments: 2, maxMessage: 4 });
      const receiver = new FrameReceiver(kernels, shared);
      receiver.receive(fromPeer(side, hex`${wire}`));
      expect(receiver.fault).not.toBeNull();
      expect(shared.out.size).toBe(1);
    }
  });

  test("is not used again after a fault that the parser knows nothing of", () => {
    const decodeLatin1 = (): never => {
      throw new Error("no memory");
    };
    for (const kernels of KERNELS) {
      const shared = new CountedReadings(readingSettings(side, { delivery: "messages" }, { ...codec, decodeLatin1 }));
      const receiver = new FrameReceiver(kernels, shared);
      receiver.receive(fromPeer(side, hex`81 01 41`));
      expect([receiver.fault?.message, shared.out.size]).toEqual(["no memory", 1]);
    }
  });

  test("reads in pieces for one connection only, from the call to the end of the message", () => {
    for (const kernels of KERNELS) {
      const shared = readings(side, { delivery: "messages" });
      const [streaming, other] = [new FrameReceiver(kernels, shared), new FrameReceiver(kernels, shared)];
      expect(streaming.streamMessage()).toBeUndefined();
      streaming.receive(fromPeer(side, hex`8a 00`));
      other.receive(fromPeer(side, hex`81 01 41`));
      streaming.receive(fromPeer(side, hex`81 02 42 43`));
      streaming.receive(fromPeer(side, hex`81 01 44`));
      expect(other.events).toEqual(["A"]);
      expect(streaming.events.slice(1)).toEqual([new MessagePiece(true, hex`42 43`, true), "D"]);
      expect([shared.made.size, shared.out.size]).toEqual([2, 0]);
      streaming.streamMessage();
      streaming.stopStreaming();
      streaming.receive(fromPeer(side, hex`81 01 45`));
      expect(streaming.events.at(-1)).toBe("E");
      expect(shared.out.size).toBe(0);
    }
  });

  test("stays with a connection that has extensions", () => {
    const shared = readings(side, { delivery: "messages" });
    const [extended, plain] = KERNELS.map((kernels) => new FrameReceiver(kernels, shared));
    extended?.insert([
      {
        name: "x",
        reservedBits: 4,
        encode: (frame) => frame,
        decode: ({ opcode, payload }) => new Frame(opcode, payload),
      },
    ]);
    extended?.receive(fromPeer(side, hex`c1 01 41`));
    plain?.receive(fromPeer(side, hex`c1 01 41`));
    expect(extended?.events).toEqual(["A"]);
    expect(plain?.fault).not.toBeNull();
  });

  test("keeps what was asked for before there were extensions", () => {
    for (const kernels of KERNELS) {
      const receiver = new FrameReceiver(kernels, readings(side, { delivery: "messages" }));
      receiver.streamMessage();
      receiver.insert([{ name: "x", reservedBits: 4, encode: (frame) => frame, decode: (frame) => frame }]);
      receiver.receive(fromPeer(side, hex`01 02 41 42`));
      expect(receiver.events).toEqual([new MessagePiece(true, hex`41 42`, false)]);
    }
  });
});

test("are shared where all settings are the same, also when others come in between", () => {
  const settings = readingSettings("server", {}, codec);
  const known = readingsFor(settings);
  expect(readingsFor({ ...settings })).toBe(known);
  const others = [
    readingSettings("client", {}, codec),
    { ...settings, maxMessage: 5 },
    { ...settings, codec: portable },
  ].map(readingsFor);
  expect(new Set([known, ...others]).size).toBe(4);
  expect(readingsFor(settings)).toBe(known);
  // Only a few are remembered: who changes the settings for every connection does not fill the memory.
  readingsFor({ ...settings, maxMessage: 6 });
  expect(readingsFor(settings)).not.toBe(known);
});

test.each<[what: string, other: Partial<ReadingSettings>]>([
  ["the side and validation", { config: 0 }],
  ["maxMessage", { maxMessage: 5 }],
  ["maxFragment", { maxFragment: 5 }],
  ["maxFragments", { maxFragments: 5 }],
  ["delivery", { delivery: "bytes" }],
  ["the codec", { codec: portable }],
  ["the memory", { allocate: (size) => new Uint8Array(size) }],
])("are not shared where %s differs", (_what, other) => {
  const settings = readingSettings("server", {}, codec);
  expect(readingsFor({ ...settings, ...other })).not.toBe(readingsFor(settings));
});

test.each<[side: Side, options: ProtocolOptions, config: number, maxMessage: number, maxFragment: number]>([
  ["server", {}, CONFIG_MASKED | CONFIG_VALIDATE_UTF8, MIB, Infinity],
  ["client", {}, CONFIG_VALIDATE_UTF8, MIB, Infinity],
  ["client", { validateUtf8: true }, CONFIG_VALIDATE_UTF8, MIB, Infinity],
  ["client", { validateUtf8: false }, 0, MIB, Infinity],
  ["server", { validateUtf8: false }, CONFIG_MASKED, MIB, Infinity],
  ["client", { maxMessage: null, maxFragment: null }, CONFIG_VALIDATE_UTF8, Infinity, Infinity],
  ["client", { maxMessage: 0, maxFragment: 5 }, CONFIG_VALIDATE_UTF8, 0, 5],
])("readingSettings(%s, %j)", (side, options, config, maxMessage, maxFragment) => {
  expect(readingSettings(side, options, codec)).toMatchObject({ config, maxMessage, maxFragment });
});
