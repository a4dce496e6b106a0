import { describe, expect, test } from "vitest";
import type { Extension } from "../../src/extensions/extension.ts";
import { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import type { Message, ProtocolEvent } from "../../src/protocol/events.ts";
import { ExtensionPipeline } from "../../src/protocol/extension-pipeline.ts";
import type { DecodedEvents, Room } from "../../src/protocol/frame-decoder.ts";
import { FrameDecoder } from "../../src/protocol/frame-decoder.ts";
import { MessageReader } from "../../src/protocol/message-reader.ts";
import { CODECS, KERNELS, utf8 } from "./harness.ts";

const [kernels] = KERNELS as [(typeof KERNELS)[number]];
const [[, codec]] = CODECS as [(typeof CODECS)[number]];
const MIB = 0x100000;

/** Leaves frames as they are, and counts them. */
class Counting implements Extension {
  readonly name = "counting";
  readonly reservedBits = 0;
  decoded = 0;

  encode(plain: Frame): Frame {
    return plain;
  }

  decode(encoded: Frame): Frame {
    if (encoded.payload[0] === 0x58) throw new Error("refused");
    this.decoded++;
    return encoded;
  }
}

class Target implements DecodedEvents {
  events: ProtocolEvent[] = [];
  room: Room | undefined;
  isSlicing = false;

  push(event: ProtocolEvent): void {
    this.events.push(event);
  }

  take(): ProtocolEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }
}

function setup(hasMessages = true) {
  const target = new Target();
  const extension = new Counting();
  const pipeline = new ExtensionPipeline(
    [extension],
    kernels,
    { maxMessage: Infinity, maxFragment: Infinity },
    hasMessages,
  );
  const messages = hasMessages ? new MessageReader(codec, true, Infinity) : undefined;
  return { decoder: new FrameDecoder(pipeline, target, messages, kernels), target, extension };
}

const text = (value: string): Frame => new Frame(Opcode.TEXT, utf8(value));
const bytes = (size: number): Frame => new Frame(Opcode.BINARY, new Uint8Array(size));

describe("FrameDecoder", () => {
  test("delivers messages, or frames", () => {
    const whole = setup();
    whole.decoder.add(text("a"));
    whole.decoder.add(new Frame(Opcode.TEXT, utf8("b"), { fin: false }));
    whole.decoder.add(new Frame(Opcode.CONTINUATION, utf8("c")));
    expect(whole.target.take()).toEqual(["a", "bc"]);
    const frames = setup(false);
    const frame = text("a");
    frames.decoder.add(frame);
    expect(frames.target.take()).toEqual([frame]);
  });

  test("lets frames wait while there is no room, and keeps their order", () => {
    const { decoder, target, extension } = setup();
    const asked: [number, number][] = [];
    const room: Room = {
      hasRoomBeside(messages, length) {
        asked.push([messages, length]);
        return messages < 2;
      },
    };
    target.room = room;
    for (const value of ["aa", "b", "c", "d"]) decoder.add(text(value));
    expect(target.events).toEqual(["aa", "b"]);
    expect(decoder.hasWaiting).toBe(true);
    expect(extension.decoded).toBe(2);
    expect(asked).toEqual([
      [0, 0],
      [1, 2],
      [2, 3],
      [2, 3],
    ]);
    // What was not taken away still counts.
    decoder.countAnew();
    decoder.decodeWaiting();
    expect(target.take()).toEqual(["aa", "b"]);
    decoder.countAnew();
    decoder.decodeWaiting();
    expect(target.take()).toEqual(["c", "d"]);
    expect(decoder.hasWaiting).toBe(false);
  });

  test("forgets what was decoded of many that wait", () => {
    const { decoder, target } = setup();
    let left = 0;
    target.room = { hasRoomBeside: () => left-- > 0 };
    for (let i = 0; i < 1000; i++) decoder.add(text(String(i)));
    const messages: Message[] = [];
    while (decoder.hasWaiting) {
      left = 7;
      decoder.decodeWaiting();
      messages.push(...(target.take() as Message[]));
    }
    expect(messages).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
  });

  test.each([
    [true, 4],
    [false, 6],
  ])("with slicing %s decodes %d messages of 64 KiB in one turn", (isSlicing, expected) => {
    const { decoder, target } = setup();
    target.isSlicing = isSlicing;
    // A byte of what comes in counts as four.
    for (let i = 0; i < 6; i++) decoder.add(bytes(MIB / 16));
    const isMore = expected < 6;
    expect(target.take()).toHaveLength(expected);
    expect(decoder.isInterrupted).toBe(isMore);
    expect(decoder.hasWaiting).toBe(isMore);
    decoder.decodeWaiting();
    expect(target.take()).toHaveLength(0);
    decoder.startTurn();
    decoder.decodeWaiting();
    expect(target.take()).toHaveLength(6 - expected);
    expect(decoder.isInterrupted).toBe(false);
  });

  test("dropData() drops what comes, stop() what waits too", () => {
    const { decoder, target } = setup();
    let hasRoom = false;
    target.room = { hasRoomBeside: () => hasRoom };
    decoder.add(text("waits"));
    decoder.dropData();
    decoder.add(text("dropped"));
    hasRoom = true;
    decoder.decodeWaiting();
    expect(target.take()).toEqual(["waits"]);

    const stopped = setup();
    stopped.target.room = { hasRoomBeside: () => false };
    stopped.decoder.add(text("waits"));
    stopped.decoder.stop();
    expect(stopped.decoder.hasWaiting).toBe(false);
    stopped.target.room = undefined;
    stopped.decoder.add(text("dropped"));
    expect(stopped.target.take()).toEqual([]);
  });

  test("leaves what extensions throw to the caller, behind what was decoded", () => {
    const { decoder, target } = setup();
    decoder.add(text("a"));
    expect(() => decoder.add(text("X"))).toThrow(new Error("refused"));
    expect(target.take()).toEqual(["a"]);
  });
});
