import { describe, expect, test } from "vitest";
import { InvalidUtf8, PayloadTooBig, ProtocolError } from "../../src/errors/protocol.ts";
import type { EncodeHint, Extension } from "../../src/extensions/extension.ts";
import { Frame, type FrameFields } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import type { MessageLimits } from "../../src/protocol/extension-pipeline.ts";
import { ExtensionPipeline } from "../../src/protocol/extension-pipeline.ts";
import { errorOf } from "../http/feed.ts";
import { hex, toHex } from "../support/hex.ts";
import { concat } from "../support/splits.ts";
import { KERNELS, utf8 } from "./harness.ts";

const NO_LIMITS: MessageLimits = { maxMessage: Infinity, maxFragment: Infinity };

/** Puts a byte behind payloads, and takes it away. */
function mark(byte: number, reservedBits = 0): Extension & { readonly maxSizes: number[] } {
  const maxSizes: number[] = [];
  return {
    name: `mark-${byte}`,
    reservedBits,
    maxSizes,
    encode: (frame) => change(frame, concat([frame.payload, Uint8Array.of(byte)])),
    decode(frame, maxSize) {
      maxSizes.push(maxSize);
      if (frame.payload.at(-1) !== byte) throw new ProtocolError(`no mark ${byte}`);
      return change(frame, frame.payload.subarray(0, -1));
    },
  };
}

/** Decodes to what a function makes of the frame. */
function decoder(decode: (frame: Frame, maxSize: number) => Frame): Extension {
  return { name: "decoder", reservedBits: 0, encode: (frame) => frame, decode };
}

function change({ opcode, fin, rsv1, rsv2, rsv3 }: Frame, payload: Uint8Array, fields: FrameFields = {}): Frame {
  return new Frame(opcode, payload, { fin, rsv1, rsv2, rsv3, ...fields });
}

const SAME = decoder((frame) => frame);

describe.each(KERNELS)("ExtensionPipeline with $name kernels", (kernels) => {
  function pipeline(extensions: readonly Extension[], limits: Partial<MessageLimits> = {}, validate = true) {
    return new ExtensionPipeline(extensions, kernels, { ...NO_LIMITS, ...limits }, validate);
  }

  // seed 8
  test("encodes A then B, decodes B then A, control frames too", () => {
    const extensions = pipeline([mark(0xaa), mark(0xbb)]);
    for (const opcode of [Opcode.BINARY, Opcode.PING, Opcode.CLOSE]) {
      const encoded = extensions.encode(new Frame(opcode, hex`01`));
      expect(toHex(encoded.payload)).toBe("01 aa bb");
      expect(extensions.decode(encoded)).toEqual(new Frame(opcode, hex`01`));
      expect(() => extensions.decode(new Frame(opcode, hex`01 bb aa`))).toThrow(new ProtocolError("no mark 187"));
    }
  });

  test("gives the hint to every extension", () => {
    const hints: (EncodeHint | undefined)[] = [];
    const listener: Extension = {
      ...SAME,
      encode(frame, hint) {
        hints.push(hint);
        return frame;
      },
    };
    const hint = { compress: false };
    pipeline([listener, listener]).encode(new Frame(Opcode.TEXT, hex``), hint);
    pipeline([listener]).encode(new Frame(Opcode.TEXT, hex``));
    expect(hints).toEqual([hint, hint, undefined]);
  });

  test.each([
    [[], 0],
    [[0], 0],
    [[4], 0x40],
    [[2, 1], 0x30],
    [[1, 1], 0x10],
    [[7], 0x70],
    [[15], 0x70],
  ])("reservedBits of extensions with %j", (bits, expected) => {
    expect(pipeline(bits.map((reserved) => mark(0, reserved))).reservedBits).toBe(expected);
  });

  test("gives extensions the room that is left", () => {
    const extension = mark(0xaa);
    const extensions = pipeline([extension], { maxMessage: 10, maxFragment: 6 });
    const data = (opcode: Opcode, length: number, fin = false): Frame =>
      new Frame(opcode, concat([new Uint8Array(length), hex`aa`]), { fin });
    extensions.decode(data(Opcode.BINARY, 5));
    extensions.decode(data(Opcode.PING, 100, true));
    extensions.decode(data(Opcode.CONTINUATION, 3));
    extensions.decode(data(Opcode.CONTINUATION, 2, true));
    extensions.decode(data(Opcode.BINARY, 6, true));
    expect(extension.maxSizes).toEqual([6, 125, 5, 2, 6]);
    const unlimited = mark(0xaa);
    pipeline([unlimited]).decode(data(Opcode.BINARY, 5));
    expect(unlimited.maxSizes).toEqual([Infinity]);
  });

  test.each([
    ["one fragment over its limit", [7], { maxMessage: 10, maxFragment: 6 }, new PayloadTooBig(7, 6)],
    ["a message over its limit", [11], { maxMessage: 10 }, new PayloadTooBig(11, 10)],
    ["the sum over its limit", [4, 7], { maxMessage: 10 }, new PayloadTooBig(7, 10, 4)],
    ["a second fragment over its limit", [4, 7], { maxFragment: 6 }, new PayloadTooBig(7, 6)],
    [
      "the sum over its limit, fragments in theirs",
      [5, 5, 1],
      { maxMessage: 10, maxFragment: 5 },
      new PayloadTooBig(1, 10, 10),
    ],
  ])("refuses %s", (_what, lengths, limits, error) => {
    const extensions = pipeline([SAME], limits);
    const frames = lengths.map((length, i) => {
      return new Frame(i === 0 ? Opcode.BINARY : Opcode.CONTINUATION, new Uint8Array(length), { fin: false });
    });
    const last = frames.pop() as Frame;
    for (const frame of frames) extensions.decode(frame);
    expect(() => extensions.decode(last)).toThrow(error);
  });

  test.each([
    ["one fragment", [9], { maxMessage: 100, maxFragment: 6 }, new PayloadTooBig(null, 6)],
    ["a message", [9], { maxMessage: 6 }, new PayloadTooBig(null, 6)],
    ["the sum", [5, 9], { maxMessage: 6 }, new PayloadTooBig(null, 6, 5)],
  ])("tells the whole limit when an extension finds %s over it", (_what, lengths, limits, error) => {
    const extensions = pipeline(
      [
        decoder((frame, maxSize) => {
          if (frame.payload.length > maxSize) throw new PayloadTooBig(null, maxSize);
          return frame;
        }),
      ],
      limits,
    );
    const decode = (length: number, i: number): Frame =>
      extensions.decode(
        new Frame(i === 0 ? Opcode.BINARY : Opcode.CONTINUATION, new Uint8Array(length), { fin: false }),
      );
    lengths.slice(0, -1).map(decode);
    const thrown = errorOf(() => decode(lengths.at(-1) ?? 0, lengths.length - 1));
    expect(thrown).toEqual(error);
    expect(thrown).toMatchObject({ size: null, maxSize: error.maxSize, currentSize: error.currentSize });
  });

  test.each([
    [Opcode.PING, 125],
    [Opcode.TEXT, 5],
  ])("leaves what an extension says about opcode %i and a limit of its own", (opcode, limit) => {
    const error = new PayloadTooBig(null, limit);
    const strict = decoder(() => {
      throw error;
    });
    expect(errorOf(() => pipeline([strict], { maxMessage: 6 }).decode(new Frame(opcode, hex``)))).toBe(error);
  });

  test("takes what is exactly as long as its limit", () => {
    const extensions = pipeline([SAME], { maxMessage: 10, maxFragment: 6 });
    for (let i = 0; i < 3; i++) {
      extensions.decode(new Frame(Opcode.BINARY, new Uint8Array(6), { fin: false }));
      extensions.decode(new Frame(Opcode.CONTINUATION, new Uint8Array(4)));
    }
  });

  test.each(["rsv1", "rsv2", "rsv3"])("refuses a frame with %s left behind its extensions", (bit) => {
    const frame = new Frame(Opcode.TEXT, hex``, { [bit]: true });
    const error = new ProtocolError("reserved bits must be 0");
    expect(() => pipeline([SAME]).decode(frame)).toThrow(error);
    const clearing = decoder(({ opcode, payload }) => new Frame(opcode, payload));
    expect(pipeline([clearing]).decode(frame).rsv1).toBe(false);
    expect(() => pipeline([SAME]).decode(new Frame(Opcode.PING, hex``, { [bit]: true }))).toThrow(error);
  });

  test("refuses control frames that extensions made too long, or fragments", () => {
    const growing = decoder((frame) => change(frame, new Uint8Array(126)));
    expect(() => pipeline([growing]).decode(new Frame(Opcode.PING, hex``))).toThrow(
      new ProtocolError("control frame too long"),
    );
    const splitting = decoder((frame) => change(frame, frame.payload, { fin: false }));
    expect(() => pipeline([splitting]).decode(new Frame(Opcode.CLOSE, hex``))).toThrow(
      new ProtocolError("fragmented control frame"),
    );
    const longest = decoder((frame) => change(frame, new Uint8Array(125)));
    expect(pipeline([longest]).decode(new Frame(Opcode.PONG, hex``)).payload).toHaveLength(125);
  });

  test("validates text as it is decoded, over fragments", () => {
    const text = (payload: Uint8Array, fin = true): Frame => new Frame(Opcode.TEXT, payload, { fin });
    const rest = (payload: Uint8Array, fin = true): Frame => new Frame(Opcode.CONTINUATION, payload, { fin });
    const error = new InvalidUtf8("invalid UTF-8");
    const extensions = pipeline([SAME]);
    extensions.decode(text(utf8("é")));
    extensions.decode(text(hex`c3`, false));
    extensions.decode(new Frame(Opcode.PING, hex`ff`));
    extensions.decode(rest(hex``, false));
    extensions.decode(rest(hex`a9`));
    expect(() => extensions.decode(text(hex`ff`, false))).toThrow(error);
    expect(() => pipeline([SAME]).decode(text(hex`c3`))).toThrow(error);
    const open = pipeline([SAME]);
    open.decode(text(hex`41 c3`, false));
    expect(() => open.decode(rest(hex``))).toThrow(error);
    const binary = pipeline([SAME]);
    binary.decode(new Frame(Opcode.BINARY, hex`ff`, { fin: false }));
    binary.decode(rest(hex`ff`));
    binary.decode(text(hex`41`));
  });

  test("does not validate where that is off", () => {
    const frame = new Frame(Opcode.TEXT, hex`ff`);
    expect(pipeline([SAME], {}, false).decode(frame)).toBe(frame);
  });

  const stepwise: Extension = {
    ...SAME,
    *encodeInSteps(frame) {
      yield;
      return change(frame, concat([frame.payload, hex`aa`]));
    },
    *decodeInSteps(frame) {
      yield;
      return change(frame, frame.payload.subarray(0, -1));
    },
  };

  function finish(steps: Generator<undefined, Frame, undefined>): { readonly frame: Frame; readonly count: number } {
    for (let count = 0; ; count++) {
      const { done, value } = steps.next();
      if (done === true) return { frame: value, count };
    }
  }

  test("extensions without steps take their turn among those with", () => {
    const extensions = pipeline([mark(0xbb), stepwise, mark(0xcc)]);
    const encoded = finish(extensions.encodeInSteps(new Frame(Opcode.BINARY, hex`01`)));
    expect(toHex(encoded.frame.payload)).toBe("01 bb aa cc");
    expect(encoded.count).toBe(1);
    const decoded = finish(extensions.decodeInSteps(encoded.frame));
    expect(toHex(decoded.frame.payload)).toBe("01");
  });

  test.each<[string, number, Partial<MessageLimits>, boolean]>([
    ["a frame that cannot become much", 1000, {}, false],
    ["one that can", 1100, {}, true],
    ["one that may not", 1100, { maxMessage: 0x100000 }, false],
    ["one that may not as a fragment", 1100, { maxFragment: 0x100000 }, false],
    ["one that is long itself", 0x40001, { maxMessage: 0x100000 }, true],
  ])("decodesInSteps() %s", (_what, length, limits, expected) => {
    const frame = new Frame(Opcode.BINARY, new Uint8Array(length));
    expect(pipeline([stepwise], limits).decodesInSteps(frame)).toBe(expected);
    expect(pipeline([mark(1)], limits).decodesInSteps(frame)).toBe(false);
  });

  test("encodesInSteps() what is long, where an extension can", () => {
    expect(pipeline([mark(1), stepwise]).encodesInSteps(0x40000)).toBe(true);
    expect(pipeline([stepwise]).encodesInSteps(0x3ffff)).toBe(false);
    expect(pipeline([mark(1)]).encodesInSteps(0x40000)).toBe(false);
  });

  test.each([
    [true, "throws"],
    [false, "passes"],
  ])("decodeInSteps() with validateUtf8 %j: what is not UTF-8 %s", (validate, outcome) => {
    const text = new Uint8Array(0x100001).fill(0x61);
    text[0x100000] = 0xc3;
    const decode = (payload: Uint8Array, opcode: Opcode, fin = true) =>
      finish(pipeline([SAME], {}, validate).decodeInSteps(new Frame(opcode, payload, { fin })));
    // What is cut at the end of a part is none of its faults.
    expect(decode(text, Opcode.TEXT, false).frame.payload).toHaveLength(0x100001);
    expect(decode(text, Opcode.BINARY).frame.payload).toHaveLength(0x100001);
    const whole = (): unknown => decode(text, Opcode.TEXT);
    if (outcome === "throws") expect(whole).toThrow(InvalidUtf8);
    else expect(whole).not.toThrow();
  });

  test("decodeInSteps() goes on with the text of the fragment before", () => {
    const extensions = pipeline([SAME]);
    finish(extensions.decodeInSteps(new Frame(Opcode.TEXT, hex`61 e2 82`, { fin: false })));
    finish(extensions.decodeInSteps(new Frame(Opcode.CONTINUATION, hex`ac`, { fin: false })));
    const cut = new Frame(Opcode.CONTINUATION, hex`e2`);
    expect(errorOf(() => finish(extensions.decodeInSteps(cut)))).toBeInstanceOf(InvalidUtf8);
  });

  test("decodeInSteps() throws what a limit says of the whole message", () => {
    const extensions = pipeline([decoder((frame) => frame)], { maxMessage: 10 });
    finish(extensions.decodeInSteps(new Frame(Opcode.BINARY, new Uint8Array(8), { fin: false })));
    const error = errorOf(() => finish(extensions.decodeInSteps(new Frame(Opcode.CONTINUATION, new Uint8Array(3)))));
    expect(error).toMatchObject({ size: 3, maxSize: 10 });
    const refusing = pipeline(
      [
        decoder((frame, maxSize) => {
          if (frame.payload.length > maxSize) throw new PayloadTooBig(null, maxSize);
          return frame;
        }),
      ],
      { maxMessage: 10 },
    );
    finish(refusing.decodeInSteps(new Frame(Opcode.BINARY, new Uint8Array(8), { fin: false })));
    const refused = errorOf(() => finish(refusing.decodeInSteps(new Frame(Opcode.CONTINUATION, new Uint8Array(3)))));
    expect(refused).toMatchObject({ size: null, maxSize: 10 });
  });

  test("encodeShared() asks the one extension that there is", () => {
    const made = new Map<string, Frame>();
    const frame = new Frame(Opcode.BINARY, hex`01`);
    const shared = new Frame(Opcode.BINARY, hex`02`);
    const sharing: Extension = { ...SAME, encodeShared: () => shared };
    expect(pipeline([sharing]).encodeShared(frame, made)).toBe(shared);
    expect(pipeline([SAME]).encodeShared(frame, made)).toBeUndefined();
    expect(pipeline([sharing, SAME]).encodeShared(frame, made)).toBeUndefined();
    expect(pipeline([]).encodeShared(frame, made)).toBeUndefined();
  });
});
