import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../src/errors/protocol.ts";
import type { Extension } from "../../src/extensions/extension.ts";
import { frameWatch } from "../../src/frames/frame-watch.ts";
import { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import { ExtensionPipeline } from "../../src/protocol/extension-pipeline.ts";
import { FrameSender } from "../../src/protocol/frame-sender.ts";
import { Output } from "../../src/protocol/output.ts";
import { PreparedMessage } from "../../src/protocol/prepared-message.ts";
import { SlabPool } from "../../src/protocol/slab.ts";
import { errorOf } from "../http/feed.ts";
import { hex } from "../support/hex.ts";
import { concat } from "../support/splits.ts";
import { CODECS, describeWire, KERNELS, readWire, SIDES, utf8 } from "./harness.ts";

const [kernels] = KERNELS as [(typeof KERNELS)[number]];

/** Adds a byte to the payload, and sets reserved bits. */
function marking(mark: number, rsv: Partial<Frame>): Extension {
  return {
    name: `mark-${mark}`,
    reservedBits: 0,
    decode: (encoded) => encoded,
    encode: ({ opcode, payload, fin, rsv1, rsv2, rsv3 }) =>
      new Frame(opcode, concat([payload, Uint8Array.of(mark)]), { fin, rsv1, rsv2, rsv3, ...rsv }),
  };
}

describe.each(SIDES)("%s FrameSender", (side) => {
  describe.each(CODECS)("with %s codec", (_name, codec) => {
    function setup(extensions: readonly Extension[] = []): { sender: FrameSender; sent: () => string[] } {
      const output = new Output(new SlabPool((size) => new Uint8Array(size)));
      const sender = new FrameSender(output, kernels, codec, side === "client");
      if (extensions.length > 0) {
        const limits = { maxMessage: Infinity, maxFragment: Infinity };
        sender.extensions = new ExtensionPipeline(extensions, kernels, limits, true);
      }
      return { sender, sent: () => readWire(concat(output.take())).map(describeWire) };
    }

    test("sendData() sends text as string or bytes, and fragments", () => {
      const { sender, sent } = setup();
      sender.sendData(Opcode.TEXT, "é", true);
      sender.sendData(Opcode.TEXT, utf8("é"), false);
      sender.sendData(Opcode.CONTINUATION, "b", false);
      sender.sendData(Opcode.CONTINUATION, hex`63`, true);
      sender.sendData(Opcode.BINARY, hex`00`, true);
      expect(sent()).toEqual(["81|c3 a9", "01|c3 a9", "00|62", "80|63", "82|00"]);
    });

    test("checkOrder() keeps messages apart", () => {
      const { sender } = setup();
      const orphan = new ProtocolError("unexpected continuation frame");
      const interleaved = new ProtocolError("expected a continuation frame");
      expect(() => sender.checkOrder(Opcode.CONTINUATION)).toThrow(orphan);
      sender.checkOrder(Opcode.TEXT);
      sender.checkOrder(Opcode.BINARY);
      sender.sendData(Opcode.TEXT, "", false);
      expect(sender.isFragmenting).toBe(true);
      expect(() => sender.checkOrder(Opcode.TEXT)).toThrow(interleaved);
      expect(() => sender.checkOrder(Opcode.BINARY)).toThrow(interleaved);
      sender.checkOrder(Opcode.CONTINUATION);
      sender.sendData(Opcode.CONTINUATION, "", true);
      expect(sender.isFragmenting).toBe(false);
      expect(() => sender.checkOrder(Opcode.CONTINUATION)).toThrow(orphan);
    });

    test("sendControl() refuses more than 125 bytes", () => {
      const { sender, sent } = setup();
      expect(() => sender.sendControl(Opcode.PING, new Uint8Array(126))).toThrow(
        new RangeError("Cannot send control frame: 126 bytes, expected at most 125"),
      );
      sender.sendControl(Opcode.PONG, hex`01`);
      sender.sendInOrder(Opcode.CLOSE, hex``);
      expect(sent()).toEqual(["8a|01", "88|"]);
    });

    test("extensions encode every frame, in the order of negotiation", () => {
      const { sender, sent } = setup([marking(0xa1, { rsv1: true }), marking(0xa2, { rsv3: true })]);
      sender.sendData(Opcode.TEXT, "é", false);
      sender.sendData(Opcode.CONTINUATION, "", true);
      sender.sendData(Opcode.BINARY, hex`01`, true);
      sender.sendControl(Opcode.PING, hex`02`);
      sender.answerPing(hex`03`);
      sender.sendInOrder(Opcode.CLOSE, hex`03 e8`);
      expect(sent()).toEqual([
        "51|c3 a9 a1 a2",
        "d0|a1 a2",
        "d2|01 a1 a2",
        "d9|02 a1 a2",
        "da|03 a1 a2",
        "d8|03 e8 a1 a2",
      ]);
    });

    test("sendData() gives hints to extensions; control frames have none", () => {
      const hints: unknown[] = [];
      const { sender } = setup([
        {
          ...marking(0, {}),
          encode(frame, hint) {
            hints.push(hint);
            return frame;
          },
        },
      ]);
      sender.sendData(Opcode.TEXT, "a", false, { compress: true });
      sender.sendData(Opcode.CONTINUATION, "a", true);
      sender.sendControl(Opcode.PING, hex``);
      expect(hints).toEqual([{ compress: true }, undefined, undefined]);
    });

    test("extensions may set RSV2, and clear FIN", () => {
      const { sender, sent } = setup([marking(0xa1, { rsv2: true, fin: false })]);
      sender.sendData(Opcode.TEXT, "a", true);
      expect(sent()).toEqual(["21|61 a1"]);
    });

    test.each([
      ["without", [], ""],
      ["with", [marking(0xa1, { rsv1: true })], " a1"],
    ])("control frames overtake data while congested, %s extensions", (_what, extensions, mark) => {
      const { sender, sent } = setup(extensions);
      const rsv = mark === "" ? 8 : 12;
      const first = (low: string): string => `${rsv.toString(16)}${low}|`;
      // What comes first is the head of the opening handshake, and never overtaken.
      sender.sendControl(Opcode.PONG, hex`ff`);
      sent();
      sender.sendData(Opcode.BINARY, hex`00`, true);
      sender.answerPing(hex`01`);
      sender.isCongested = true;
      sender.answerPing(hex`02`);
      sender.sendControl(Opcode.PING, hex`03`);
      sender.answerPing(hex`04`); // takes the place of the one before
      sender.sendControl(Opcode.PONG, hex`05`);
      expect(sent()).toEqual([
        `${first("a")}04${mark}`,
        `${first("9")}03${mark}`,
        `${first("a")}05${mark}`,
        `${first("2")}00${mark}`,
        `${first("a")}01${mark}`,
      ]);
      sender.answerPing(hex`06`);
      sender.answerPing(hex`07`);
      expect(sent()).toEqual([`${first("a")}07${mark}`]);
      sender.isCongested = false;
      sender.answerPing(hex`08`);
      sender.answerPing(hex`09`);
      expect(sent()).toEqual([`${first("a")}08${mark}`, `${first("a")}09${mark}`]);
    });

    test("pings without end leave one Pong while congested", () => {
      const { sender, sent } = setup();
      sender.sendControl(Opcode.PONG, hex`ff`);
      sent();
      sender.isCongested = true;
      for (let i = 0; i < 10_000; i++) sender.answerPing(Uint8Array.of(i >> 8, i & 255));
      expect(sent()).toEqual(["8a|27 0f"]);
    });

    test("sendPrepared() frames once for all connections of servers without extensions", () => {
      const prepared = new PreparedMessage(Opcode.TEXT, utf8("é"));
      const [one, other] = [setup(), setup()];
      for (const { sender } of [one, other]) sender.sendPrepared(prepared);
      expect([one.sent(), other.sent()]).toEqual([["81|c3 a9"], ["81|c3 a9"]]);
      expect(prepared.wire.size).toBe(side === "server" ? 1 : 0);
      expect([one.sender.messages, one.sender.payloadLength]).toEqual([1, 2]);
    });

    test("sendPrepared() encodes for each connection where extensions cannot share", () => {
      const { sender, sent } = setup([marking(0xa1, {})]);
      sender.sendPrepared(new PreparedMessage(Opcode.BINARY, hex`01`));
      expect(sent()).toEqual(["82|01 a1"]);
    });

    test.each<[string, unknown]>([
      ["an error", new TypeError("detached")],
      ["nothing", undefined],
    ])("encodeInSteps() of an extension that throws %s goes on throwing, and never ends", (_what, thrown) => {
      const failing: Extension = {
        ...marking(0, {}),
        *encodeInSteps() {
          yield;
          throw thrown;
        },
      };
      const { sender, sent } = setup([failing]);
      const steps = sender.encodeInSteps(Opcode.BINARY, new Uint8Array(0x40000));
      expect(steps?.step()).toBe(false);
      expect(errorOf(() => steps?.step())).toBe(thrown);
      expect(errorOf(() => steps?.step())).toBeInstanceOf(Error);
      expect(errorOf(() => steps?.finish())).toBeInstanceOf(Error);
      expect(sent()).toEqual([]);
    });

    test("encodeInSteps() gives a frame that is sent later", () => {
      const stepwise: Extension = {
        ...marking(0, {}),
        *encodeInSteps(frame) {
          yield;
          return new Frame(frame.opcode, hex`01`, { rsv1: true });
        },
      };
      const { sender, sent } = setup([stepwise]);
      expect(sender.encodeInSteps(Opcode.TEXT, "a".repeat(100))).toBeUndefined();
      const steps = sender.encodeInSteps(Opcode.TEXT, "a".repeat(0x40000));
      // Measuring and encoding the text are steps too.
      expect(Array.from({ length: 5 }, () => steps?.step())).toEqual([false, false, false, true, true]);
      if (steps !== undefined) sender.sendEncoded(steps);
      expect(sent()).toEqual(["c1|01"]);
      expect([sender.messages, sender.payloadLength]).toEqual([1, 0x40000]);
    });

    test("encodeInSteps() never cuts a character of a text in two", () => {
      const payloads: Uint8Array[] = [];
      const stepwise: Extension = {
        ...marking(0, {}),
        *encodeInSteps(frame) {
          yield;
          payloads.push(frame.payload);
          return frame;
        },
      };
      const { sender } = setup([stepwise]);
      const texts = ["", "a", "ab"].map((start) => `${start}${"😀é漢".repeat(0x30000)}\ud83d`);
      for (const text of texts) sender.encodeInSteps(Opcode.TEXT, text)?.finish();
      expect(payloads.map((bytes, i) => Buffer.compare(bytes, Buffer.from(texts[i] as string)))).toEqual([0, 0, 0]);
    });

    test("frames are told to who watches, soon, of an owner and of no other", async () => {
      const told: [object, number][] = [];
      frameWatch.out = {
        isWatched: true,
        report: (owner, frames) => told.push(...frames.map(({ opcode }): [object, number] => [owner, opcode])),
      };
      try {
        const { sender } = setup();
        sender.sendData(Opcode.TEXT, "nobody's", true);
        await Promise.resolve();
        expect(told).toEqual([]);
        const owner = {};
        sender.owner = owner;
        sender.sendControl(Opcode.PING, hex``);
        sender.sendControl(Opcode.PONG, hex``);
        expect(told).toEqual([]);
        await Promise.resolve();
        const both = [
          [owner, Opcode.PING],
          [owner, Opcode.PONG],
        ];
        expect(told).toEqual(both);
        const { out } = frameWatch;
        // Also where nobody watches any more when it would be told.
        sender.sendControl(Opcode.PONG, hex``);
        frameWatch.out = null;
        sender.sendControl(Opcode.PONG, hex``);
        await Promise.resolve();
        expect(told).toEqual(both);
        frameWatch.out = out;
        sender.sendControl(Opcode.PING, hex``);
        await Promise.resolve();
        expect(told).toEqual([...both, [owner, Opcode.PING]]);
      } finally {
        frameWatch.out = null;
      }
    });
  });
});
