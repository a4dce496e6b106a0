import { describe, expect, test } from "vitest";
import { InvalidCompressedData, PayloadTooBig, ProtocolError } from "../../src/errors/protocol.ts";
import { readCompressorSettings, type PerMessageDeflateOptions } from "../../src/extensions/deflate-options.ts";
import type { AgreedParameters } from "../../src/extensions/deflate-parameters.ts";
import { PerMessageDeflate } from "../../src/extensions/per-message-deflate.ts";
import { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import { InflateError } from "../../src/kernels/inflate-error.ts";
import { errorOf } from "../http/feed.ts";
import { FakeCompression } from "../support/fake-compression.ts";
import { hex, parseHex, toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";

const { TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE } = Opcode;

type Side = "client" | "server";

interface Scene {
  readonly extension: PerMessageDeflate;
  readonly compression: FakeCompression;
}

function scene(
  agreed: Partial<AgreedParameters> = {},
  options: PerMessageDeflateOptions = {},
  { side = "server", pieceSize }: { side?: Side; pieceSize?: number } = {},
): Scene {
  const compression = new FakeCompression(pieceSize);
  const parameters: AgreedParameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: null,
    clientMaxWindowBits: null,
    ...agreed,
  };
  const extension = new PerMessageDeflate(compression, side, parameters, readCompressorSettings(options));
  return { extension, compression };
}

const NO_TAKEOVER: Partial<AgreedParameters> = { serverNoContextTakeover: true, clientNoContextTakeover: true };
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const fromUtf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const CAFE = hex`4a 4e 4c 3b bc 12 00`;

function compressed(payload: Uint8Array, fin = true, opcode: Opcode = TEXT): Frame {
  return new Frame(opcode, payload, { fin, rsv1: opcode !== CONTINUATION });
}

/** Random bytes, which do not get smaller. */
function noise(length: number, seed = 1): Uint8Array {
  return new Prng(seed).bytes(length);
}

describe("PerMessageDeflate", () => {
  test("uses RSV1 under its name", () => {
    expect(scene().extension).toMatchObject({ name: "permessage-deflate", reservedBits: 4 });
  });

  test.each<[Side, Partial<AgreedParameters>, object, object]>([
    ["server", {}, { windowBits: 15, keepsContext: true }, { windowBits: 15, keepsContext: true, threshold: 64 }],
    [
      "server",
      { serverNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      { windowBits: 10, keepsContext: true },
      { windowBits: 9, keepsContext: false, threshold: 256 },
    ],
    [
      "client",
      { serverNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
      { windowBits: 9, keepsContext: false },
      { windowBits: 10, keepsContext: true, threshold: 64 },
    ],
    [
      "client",
      { clientNoContextTakeover: true },
      { windowBits: 15, keepsContext: true },
      { windowBits: 15, keepsContext: false, threshold: 256 },
    ],
  ])("of a %s knows its settings of %j", (side, agreed, decoding, encoding) => {
    const { extension } = scene(agreed, { level: 4, memLevel: 2 }, { side });
    expect(extension.decoding).toEqual(decoding);
    expect(extension.encoding).toEqual({ ...encoding, level: 4, memLevel: 2 });
  });

  test("takes its own threshold", () => {
    expect(scene({}, { threshold: 0 }).extension.encoding.threshold).toBe(0);
  });

  test("makes codecs when a message needs them, once", () => {
    const { extension, compression } = scene(
      { clientMaxWindowBits: 8, serverMaxWindowBits: 8, clientNoContextTakeover: true },
      { level: 6, memLevel: 1, threshold: 1 },
    );
    extension.decode(new Frame(TEXT, hex`41`), Infinity);
    extension.encode(new Frame(TEXT, hex``));
    extension.encode(new Frame(PING, hex`01 02`));
    expect(compression.made).toEqual([]);
    for (let i = 0; i < 2; i++) extension.decode(compressed(CAFE), Infinity);
    expect(compression.made).toEqual(["inflater 8 false"]);
    for (let i = 0; i < 2; i++) extension.encode(new Frame(TEXT, utf8("aaaaaaaaaa")));
    expect(compression.made).toEqual(["inflater 8 false", "deflater 8 true 1 6"]);
  });
});

describe("decode()", () => {
  // RFC 7692 7.2.3, and seed 87
  test.each([
    ["one block", "f2 48 cd c9 c9 07 00", "Hello"],
    ["a block without compression", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"],
    ["a block that says it is the last", "f3 48 cd c9 c9 07 00 00", "Hello"],
    ["two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"],
    ["two last blocks", "f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00", "HelloHello"],
    ["an empty message", "00", ""],
    ["another empty message", "02 00", ""],
    ["text beyond ASCII", toHex(CAFE), "café"],
  ])("inflates %s", (_what, payload, expected) => {
    const { extension } = scene();
    const decoded = extension.decode(compressed(parseHex(payload)), Infinity);
    expect(decoded).toEqual(new Frame(TEXT, utf8(expected)));
  });

  test("inflates fragments, also of a byte, and leaves control frames between them alone", () => {
    const { extension } = scene();
    const ping = new Frame(PING, hex`f2 48`);
    const first = extension.decode(compressed(hex`f2 48 cd`, false), Infinity);
    expect(first).toMatchObject({ opcode: TEXT, fin: false, rsv1: false });
    expect(extension.decode(ping, Infinity)).toBe(ping);
    const last = extension.decode(compressed(hex`c9 c9 07 00`, true, CONTINUATION), Infinity);
    expect(last).toMatchObject({ opcode: CONTINUATION, fin: true, rsv1: false });
    expect(fromUtf8(concat([first.payload, last.payload]))).toBe("Hello");

    const pieces: Uint8Array[] = [];
    for (let i = 0; i < CAFE.length; i++) {
      const frame = compressed(CAFE.subarray(i, i + 1), i === CAFE.length - 1, i === 0 ? TEXT : CONTINUATION);
      pieces.push(extension.decode(frame, Infinity).payload);
    }
    expect(fromUtf8(concat(pieces))).toBe("café");
  });

  test("refers to earlier messages with context takeover, and cannot without", () => {
    const { extension } = scene();
    for (const payload of [CAFE, hex`4a 06 11 00 00`]) {
      expect(fromUtf8(extension.decode(compressed(payload), Infinity).payload)).toBe("café");
    }
    const without = scene(NO_TAKEOVER).extension;
    without.decode(compressed(CAFE), Infinity);
    // seed 89
    expect(errorOf(() => without.decode(compressed(hex`4a 06 11 00 00`), Infinity))).toBeInstanceOf(
      InvalidCompressedData,
    );
  });

  // seed 100, RFC 7692 7.2.3.2 and 7.2.3.4
  test("goes on after a message whose block said that it is the last, with its history", () => {
    const { extension } = scene();
    for (const payload of [hex`f3 48 cd c9 c9 07 00 00`, hex`f3 48 cd c9 c9 07 00 00`, hex`f2 00 11 00 00`]) {
      expect(fromUtf8(extension.decode(compressed(payload), Infinity).payload)).toBe("Hello");
    }
  });

  // seed 88
  test("lets uncompressed messages and fragments through", () => {
    const { extension, compression } = scene();
    const frames = [
      new Frame(TEXT, hex`41`),
      new Frame(BINARY, hex`f2 48`, { fin: false }),
      new Frame(CONTINUATION, hex`cd`, { fin: false }),
      new Frame(CONTINUATION, hex``),
    ];
    for (const frame of frames) expect(extension.decode(frame, 0)).toBe(frame);
    expect(compression.made).toEqual([]);
    expect(extension.decode(compressed(CAFE), Infinity).payload).toEqual(utf8("café"));
    for (const frame of frames) expect(extension.decode(frame, Infinity)).toBe(frame);
  });

  test.each([PING, PONG, CLOSE])("leaves RSV1 on opcode %i for others to refuse", (opcode) => {
    const frame = new Frame(opcode, hex`f2 48`, { rsv1: true });
    expect(scene().extension.decode(frame, Infinity)).toBe(frame);
  });

  test.each([true, false])("refuses RSV1 on a continuation of a message with RSV1 %j", (rsv1) => {
    const { extension } = scene();
    extension.decode(new Frame(TEXT, hex`f2 48`, { fin: false, rsv1 }), Infinity);
    const frame = new Frame(CONTINUATION, hex`cd`, { rsv1: true });
    expect(() => extension.decode(frame, Infinity)).toThrow(new ProtocolError("RSV1 set in a continuation frame"));
  });

  test("keeps the other reserved bits", () => {
    const frame = new Frame(TEXT, CAFE, { rsv1: true, rsv2: true, rsv3: true });
    const decoded = scene().extension.decode(frame, Infinity);
    expect(decoded).toEqual(new Frame(TEXT, utf8("café"), { rsv2: true, rsv3: true }));
  });

  test.each(["ff", "06", "00 05 00 00 00", "4a 06 11 00 00"])("refuses %j, with the reason as cause", (payload) => {
    const error = errorOf(() => scene().extension.decode(compressed(parseHex(payload)), Infinity));
    expect(error).toBeInstanceOf(InvalidCompressedData);
    expect(error).toHaveProperty("message", "invalid compressed data");
    expect((error as Error).cause).toBeInstanceOf(InflateError);
  });

  test("does not take a bug for invalid data", () => {
    const { extension, compression } = scene();
    compression.createInflater = () => ({
      start: () => {},
      next: () => {
        throw new RangeError("out of bounds");
      },
      outputOffset: 0,
    });
    expect(() => extension.decode(compressed(CAFE), Infinity)).toThrow(new RangeError("out of bounds"));
  });
});

// seed 90
describe("decode() with a limit", () => {
  const SIZES = [0, 1, 20, 4096, 65_535, 65_536, 65_537, 200_000];
  const bomb = (size: number): Frame => {
    const { extension } = scene({}, { threshold: 0 });
    return extension.encode(new Frame(BINARY, new Uint8Array(size).fill(0x61)), { compress: true });
  };

  test.each(SIZES)("takes %i bytes where that is the limit, in a buffer of that size", (size) => {
    const { extension } = scene();
    const frame = size === 0 ? compressed(hex`00`, true, BINARY) : bomb(size);
    const { payload } = extension.decode(frame, size);
    expect([payload.length, payload.buffer.byteLength]).toEqual([size, size]);
    expect(payload.every((byte) => byte === 0x61)).toBe(true);
  });

  test.each(SIZES)("refuses a byte more than %i, and never makes more of it", (limit) => {
    for (const size of [limit + 1, limit + 300_000]) {
      const { extension, compression } = scene();
      // One byte does not get smaller, so it comes from elsewhere.
      const frame = size === 1 ? compressed(hex`4a 04 00`, true, BINARY) : bomb(size);
      const error = errorOf(() => extension.decode(frame, limit));
      expect(error).toBeInstanceOf(PayloadTooBig);
      expect(error).toMatchObject({ size: null, maxSize: limit });
      const made = compression.inflated.reduce((sum, piece) => sum + piece, 0);
      expect(made).toBe(limit + 1);
      expect(Math.max(...compression.inflated)).toBeLessThanOrEqual(65_536);
    }
  });

  test("joins what comes in pieces", () => {
    const bytes = noise(5000);
    const sender = scene({}, {}, { pieceSize: 777 });
    const receiver = scene({}, {}, { side: "client", pieceSize: 333 });
    const { payload } = receiver.extension.decode(sender.extension.encode(new Frame(BINARY, bytes)), 5000);
    expect(payload).toEqual(bytes);
    expect(payload.buffer.byteLength).toBe(5000);
  });
});

describe("encode()", () => {
  // seed 87
  test("compresses, and refers to earlier messages", () => {
    const { extension } = scene({}, { threshold: 0 });
    const frame = new Frame(TEXT, utf8("café"));
    const first = extension.encode(frame);
    expect(first).toMatchObject({ opcode: TEXT, fin: true, rsv1: true, rsv2: false, rsv3: false });
    expect(toHex(first.payload)).toBe("4a 4e 4c 3b bc 12 00");
    expect(toHex(extension.encode(frame).payload)).toBe("4a 06 11 00 00");
  });

  test("without context takeover every message begins anew", () => {
    const { extension } = scene(NO_TAKEOVER, { threshold: 0 });
    const frame = new Frame(TEXT, utf8("café café café café"));
    const first = extension.encode(frame);
    expect(first.rsv1).toBe(true);
    expect(extension.encode(frame)).toEqual(first);
  });

  test("flushes every fragment, and leaves the tail out of the last", () => {
    const { extension } = scene({}, { threshold: 1000 });
    const first = extension.encode(new Frame(TEXT, utf8("caf"), { fin: false }));
    const ping = new Frame(PING, utf8("a".repeat(125)));
    expect(extension.encode(ping)).toBe(ping);
    const middle = extension.encode(new Frame(CONTINUATION, hex`c3`, { fin: false }));
    const last = extension.encode(new Frame(CONTINUATION, hex`a9`));
    expect(first).toMatchObject({ opcode: TEXT, fin: false, rsv1: true });
    expect(middle).toMatchObject({ opcode: CONTINUATION, fin: false, rsv1: false });
    expect(last).toMatchObject({ opcode: CONTINUATION, fin: true, rsv1: false });
    for (const { payload } of [first, middle]) expect(toHex(payload)).toMatch(/ 00 00 ff ff$/);
    expect(toHex(last.payload)).not.toMatch(/00 00 ff ff$/);
  });

  test.each<[number, number | undefined, boolean | undefined, boolean]>([
    [63, undefined, undefined, false],
    [64, undefined, undefined, true],
    [0, 0, undefined, true],
    [9, 10, undefined, false],
    [10, 10, undefined, true],
    [9, 10, true, true],
    [10, 10, false, false],
    [1000, undefined, false, false],
    [0, undefined, true, true],
  ])("a message of %i bytes with threshold %j and hint %j", (length, threshold, compress, isCompressed) => {
    const { extension } = scene({}, { threshold });
    const frame = new Frame(BINARY, new Uint8Array(length));
    const encoded = extension.encode(frame, { compress });
    expect(encoded.rsv1).toBe(isCompressed);
    expect(encoded === frame).toBe(!isCompressed);
  });

  test.each([true, false])("keeps the decision of the first frame: %j", (compress) => {
    const { extension } = scene();
    const zeros = new Uint8Array(100);
    expect(extension.encode(new Frame(BINARY, zeros, { fin: false }), { compress }).rsv1).toBe(compress);
    for (const fin of [false, true]) {
      const frame = new Frame(CONTINUATION, zeros, { fin });
      const encoded = extension.encode(frame, { compress: !compress });
      expect(encoded === frame).toBe(!compress);
      expect(encoded.rsv1).toBe(false);
    }
  });

  test("keeps the other reserved bits", () => {
    const encoded = scene().extension.encode(new Frame(BINARY, new Uint8Array(100), { rsv2: true, rsv3: true }));
    expect(encoded).toMatchObject({ rsv1: true, rsv2: true, rsv3: true });
  });

  test("without context takeover sends what does not get smaller as it is", () => {
    const { extension, compression } = scene(NO_TAKEOVER);
    for (const compress of [undefined, true]) {
      for (const frame of [new Frame(BINARY, noise(1000)), new Frame(BINARY, noise(100_000))]) {
        expect(extension.encode(frame, { compress })).toBe(frame);
      }
    }
    const empty = new Frame(TEXT, hex``);
    expect(extension.encode(empty, { compress: true })).toBe(empty);
    expect(compression.resets).toBe(0);
    expect(extension.encode(new Frame(BINARY, noise(1000), { fin: false })).rsv1).toBe(true);
  });

  test("with context takeover sends it compressed while the window reaches further, else as it is", () => {
    const { extension, compression } = scene({ serverMaxWindowBits: 10 });
    const receiver = scene({ serverMaxWindowBits: 10 }, {}, { side: "client" }).extension;
    const send = (bytes: Uint8Array): boolean => {
      const encoded = extension.encode(new Frame(BINARY, bytes));
      expect(receiver.decode(encoded, Infinity).payload).toEqual(bytes);
      return encoded.rsv1;
    };
    const text = utf8("Hello world! ".repeat(20));
    expect(send(text)).toBe(true);
    expect(send(noise(1023))).toBe(true);
    expect(compression.resets).toBe(0);
    expect(send(text)).toBe(true);
    expect(send(noise(1024))).toBe(false);
    expect(compression.resets).toBe(1);
    expect(send(noise(1024))).toBe(false);
    expect(send(text)).toBe(true);
    expect(send(text)).toBe(true);
  });

  test("does not change the bytes of the application", () => {
    const bytes = new Uint8Array(1000).fill(7);
    scene().extension.encode(new Frame(BINARY, bytes));
    expect(bytes.every((byte) => byte === 7)).toBe(true);
  });
});

describe.each<Side>(["client", "server"])("what a %s encodes", (side) => {
  test.each([8, 9, 12, 15])("is decoded by the other side, window %i", (windowBits) => {
    const seed = windowBits;
    const random = new Prng(seed);
    for (const noContext of [false, true]) {
      const agreed = {
        serverNoContextTakeover: noContext,
        clientNoContextTakeover: noContext,
        serverMaxWindowBits: windowBits,
        clientMaxWindowBits: windowBits,
      };
      const sender = scene(agreed, { level: random.below(10) }, { side }).extension;
      const receiver = scene(agreed, {}, { side: side === "client" ? "server" : "client" }).extension;
      for (let message = 0; message < 60; message++) {
        const fragments = 1 + random.below(3);
        for (let i = 0; i < fragments; i++) {
          const length = random.below(2000);
          const bytes = random.below(2) === 0 ? noise(length, message) : new Uint8Array(length).fill(message);
          const frame = new Frame(i === 0 ? BINARY : CONTINUATION, bytes, { fin: i === fragments - 1 });
          const hint = { compress: [true, false, undefined][random.below(3)] };
          expect(receiver.decode(sender.encode(frame, hint), Infinity), `seed ${seed}`).toEqual(frame);
        }
      }
    }
  });
});

describe("encodeShared()", () => {
  const message = new Frame(TEXT, utf8("a".repeat(300)));

  test("makes one frame for all that agreed on the same, without reference to earlier messages", () => {
    const made = new Map<string, Frame>();
    const scenes = [scene(), scene(), scene({ serverMaxWindowBits: 9 })];
    for (const { extension } of scenes) extension.encode(message);
    const frames = scenes.map(({ extension }) => extension.encodeShared(message, made));
    expect(frames[0]).toMatchObject({ opcode: TEXT, fin: true, rsv1: true });
    expect(frames[1]).toBe(frames[0]);
    expect(frames[2]).not.toBe(frames[0]);
    expect(scenes.map(({ compression }) => compression.made.length)).toEqual([2, 1, 2]);
    const receiver = scene({}, {}, { side: "client" });
    expect(fromUtf8(receiver.extension.decode(frames[0] as Frame, 1000).payload)).toBe("a".repeat(300));
  });

  test("later messages do not refer to what was sent before it", () => {
    const sender = scene();
    const receiver = scene({}, {}, { side: "client" });
    const all = [
      sender.extension.encode(message),
      sender.extension.encodeShared(message, new Map()),
      sender.extension.encode(message),
    ];
    expect(sender.compression.resets).toBe(1);
    for (const frame of all) expect(receiver.extension.decode(frame, 1000)).toEqual(message);
  });

  test("a connection that has compressed nothing yet has nothing to forget", () => {
    const { extension, compression } = scene();
    extension.encodeShared(message, new Map());
    expect(compression.resets).toBe(0);
  });

  test.each([
    ["a message that is too short", new Frame(TEXT, utf8("a".repeat(63)))],
    ["a message that would not get shorter", new Frame(BINARY, noise(300))],
  ])("leaves %s as it is, and the history too", (_what, frame) => {
    const { extension, compression } = scene();
    extension.encode(message);
    expect(extension.encodeShared(frame, new Map())).toBe(frame);
    expect(compression.resets).toBe(0);
  });
});

describe("in steps", () => {
  function finish<T>(steps: Generator<undefined, T, undefined>): { readonly result: T; readonly count: number } {
    for (let count = 0; ; count++) {
      const { done, value } = steps.next();
      if (done === true) return { result: value, count };
    }
  }

  test("encodeInSteps() and decodeInSteps() give what encode() and decode() give", () => {
    const bytes = new Uint8Array(3_000_000).map((_, i) => i >> 10);
    const [one, other] = [scene(), scene()];
    const frame = new Frame(BINARY, bytes);
    const encoded = finish(one.extension.encodeInSteps(frame));
    expect(encoded.result).toEqual(other.extension.encode(frame));
    const receiver = scene({}, {}, { side: "client" });
    const decoded = finish(receiver.extension.decodeInSteps(encoded.result, Infinity));
    expect(Buffer.compare(decoded.result.payload, bytes)).toBe(0);
    expect(decoded.count).toBeGreaterThan(2);
  });

  test("what is not compressed passes at once", () => {
    const { extension } = scene();
    const frame = new Frame(BINARY, hex`01`);
    expect(finish(extension.encodeInSteps(frame, { compress: false }))).toEqual({ result: frame, count: 0 });
    expect(finish(extension.decodeInSteps(frame, Infinity))).toEqual({ result: frame, count: 0 });
  });

  test("input that becomes nothing is read in parts, with steps between them", () => {
    const { extension, compression } = scene();
    const parts: [number, boolean][] = [];
    compression.createInflater = () => ({
      start: ({ length }, isLast) => void parts.push([length, isLast]),
      next: () => 0,
      outputOffset: 0,
    });
    const frame = compressed(new Uint8Array(400_000), true, BINARY);
    const { result, count } = finish(extension.decodeInSteps(frame, Infinity));
    expect(result.payload).toHaveLength(0);
    expect(count).toBe(1);
    expect(parts).toEqual([...Array.from({ length: 6 }, () => [65_536, false]), [6784, true]]);
  });

  test("a message that cannot be encoded to its end leaves no history behind", () => {
    const { extension, compression } = scene();
    const createDeflater = compression.createDeflater.bind(compression);
    compression.createDeflater = (options) => {
      const deflater = createDeflater(options);
      let calls = 0;
      const next = deflater.next.bind(deflater);
      deflater.next = () => {
        if (calls++ === 1) throw new TypeError("detached");
        return next();
      };
      return deflater;
    };
    const steps = extension.encodeInSteps(new Frame(BINARY, noise(1000)));
    steps.next();
    expect(() => steps.next()).toThrow(new TypeError("detached"));
    expect(compression.resets).toBe(1);
  });
});
