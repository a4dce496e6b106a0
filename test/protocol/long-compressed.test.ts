// Long compressed messages: the work is done in many short steps, so that other connections wait milliseconds and no more.
import { deflateRawSync, constants } from "node:zlib";
import { describe, expect, test } from "vitest";
import { portableTextCodec, type TextCodec } from "../../src/bytes/text-codec.ts";
import { PayloadTooBig } from "../../src/errors/protocol.ts";
import { ServerDeflateFactory } from "../../src/extensions/server-deflate-factory.ts";
import { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import { type Compression, getCompression } from "../../src/kernels/compression.ts";
import { getKernels } from "../../src/kernels/select.ts";
import { MessagePiece } from "../../src/protocol/events.ts";
import type { Delivery } from "../../src/protocol/options.ts";
import { MessageReader } from "../../src/protocol/message-reader.ts";
import type { ProtocolInternals, ProtocolOptions } from "../../src/protocol/options.ts";
import { nodeTextCodec } from "../../src/runtimes/node/text-codec.ts";
import { parseHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { frame, fromPeer, OpenProtocol } from "./harness.ts";

const RSV1 = 0x40;
const SIZE = 20 << 20;
/** A step takes a few milliseconds; where the machine is slow, at most this part of all the time that a message takes. */
const LONGEST = 10;
const MOST = 1 / 4;
/** Another process may stop ours in any step. */
const ATTEMPTS = 5;

const compression = getCompression() as Compression;
const factory = new ServerDeflateFactory({}, () => compression);

function open(delivery: Delivery, changes: ProtocolOptions & ProtocolInternals = {}): OpenProtocol {
  const options = { maxMessage: null, delivery, ...changes };
  const protocol = new OpenProtocol("server", options, changes, [factory.processRequest([], []).extension]);
  protocol.receiver.isSlicing = true;
  return protocol;
}

function json(): Buffer {
  const lines: string[] = [];
  for (let i = 0, length = 0; length < SIZE; i++) {
    const line = JSON.stringify({ id: i, name: `user ${(i * 7919) % 1000}`, value: Math.sin(i), city: "Köln" });
    length += line.length + 1;
    lines.push(line);
  }
  return Buffer.from(lines.join("\n"));
}

/** 360 bits: four blocks with codes of their own and nothing in them. */
const EMPTY_BLOCKS = parseHex(
  "04c081000000000090ff6b100007020000000040feaf41001c080000000000f9bf060170200000000000e4ff1a".replace(
    /..(?!$)/g,
    "$& ",
  ),
);

function emptyBlocks(): Uint8Array {
  const bytes = new Uint8Array(EMPTY_BLOCKS.length * 100_000);
  for (let at = 0; at < bytes.length; at += EMPTY_BLOCKS.length) bytes.set(EMPTY_BLOCKS, at);
  return bytes;
}

const deflated = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(deflateRawSync(bytes, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4));

interface Steps {
  readonly longest: number;
  readonly all: number;
  readonly count: number;
}

/** Milliseconds of the longest step, and of all of them; a generator yields behind each. */
function longestOf(steps: Iterator<unknown>): Steps {
  let [longest, all, count] = [0, 0, 0];
  for (let done = false; !done; count++) {
    const before = performance.now();
    done = steps.next().done === true;
    const took = performance.now() - before;
    longest = Math.max(longest, took);
    all += took;
  }
  return { longest, all, count };
}

function expectShortSteps(attempt: () => Iterator<unknown>): void {
  const results: Steps[] = [];
  const isShort = ({ longest, all }: Steps): boolean => longest <= Math.max(LONGEST, all * MOST);
  while (results.length < ATTEMPTS && !results.some(isShort)) results.push(longestOf(attempt()));
  expect(results.some(isShort), JSON.stringify(results)).toBe(true);
}

/** Receives a frame, and decodes it as a link does it. */
function* receiving(bytes: Uint8Array, protocol: OpenProtocol): Generator<undefined, void, undefined> {
  for (let at = 0; at < bytes.length; at += 0x10000) protocol.receiveData(bytes.slice(at, at + 0x10000));
  while (protocol.receiver.hasEncoded) {
    yield;
    protocol.decodeWaiting(true);
  }
}

describe("receiving", { tags: ["slow"] }, () => {
  test.each<[string, () => Uint8Array, Delivery, Opcode, number | undefined]>([
    ["20 MiB of text, as bytes", json, "bytes", Opcode.TEXT, undefined],
    ["20 MiB of text, as a string", json, "messages", Opcode.TEXT, undefined],
    ["20 MiB of binary data", json, "messages", Opcode.BINARY, undefined],
    ["20 MiB of zeros", () => new Uint8Array(SIZE), "messages", Opcode.BINARY, undefined],
    ["20 MiB that are random", () => new Prng(1).bytes(SIZE), "messages", Opcode.BINARY, undefined],
  ])("%s", (_what, make, delivery, opcode) => {
    const message = make();
    const wire = fromPeer("server", frame(0x80 | RSV1 | opcode, deflated(message)));
    expectShortSteps(() => {
      const protocol = open(delivery);
      const steps = receiving(wire, protocol);
      steps.next(); // what comes from the socket is of no interest here
      return steps;
    });
    const protocol = open(delivery);
    for (const steps = receiving(wire, protocol); steps.next().done !== true;);
    const [received] = protocol.eventsReceived();
    const bytes = typeof received === "string" ? Buffer.from(received) : (received as Uint8Array);
    expect(Buffer.compare(bytes, message)).toBe(0);
  });

  test("4 MiB of blocks with nothing in them", () => {
    const wire = fromPeer("server", frame(0x82 | RSV1, emptyBlocks()));
    expectShortSteps(() => {
      const steps = receiving(wire, open("messages"));
      steps.next();
      return steps;
    });
    const protocol = open("messages");
    for (const steps = receiving(wire, protocol); steps.next().done !== true;);
    expect(protocol.eventsReceived()).toEqual([new Uint8Array(0)]);
  });

  test("4 MiB of them in frames of 64 KiB, which come in one chunk", () => {
    const blocks = emptyBlocks();
    const frames: Uint8Array[] = [];
    for (let at = 0; at < blocks.length; at += 0x10000) {
      const first = at === 0 ? Opcode.BINARY | RSV1 : Opcode.CONTINUATION;
      frames.push(frame(first | (at + 0x10000 >= blocks.length ? 0x80 : 0), blocks.subarray(at, at + 0x10000)));
    }
    const wire = fromPeer("server", ...frames);
    expectShortSteps(() => {
      const protocol = open("messages");
      protocol.receiveData(wire.slice());
      return (function* () {
        while (protocol.receiver.hasEncoded) {
          protocol.decodeWaiting(true);
          yield;
        }
        expect(protocol.eventsReceived()).toEqual([new Uint8Array(0)]);
      })();
    });
  });
});

/** A text of more than 3 MiB, in which no step of a power of two ends between two characters. */
const TEXT = `a${"é漢😀".repeat(350_000)}`;

/** It in one frame, or in fragments of which the last is short. */
const WIRES: readonly [string, () => Uint8Array][] = [
  ["one frame", () => fromPeer("server", frame(0xc1, deflated(Buffer.from(TEXT))))],
  [
    "fragments",
    () => {
      const bytes = deflated(Buffer.from(TEXT));
      return fromPeer("server", frame(0x41, bytes.subarray(0, -9)), frame(0x80, bytes.subarray(-9)));
    },
  ],
];

describe.each(WIRES)("a long text in %s", (_how, wire) => {
  test.each<[string, TextCodec]>([
    ["this Node's codec", nodeTextCodec],
    ["the kernel's transcoding", { ...nodeTextCodec, transcodeUpTo: Infinity }],
    ["a native codec", { ...nodeTextCodec, transcodeUpTo: 48 }],
    ["the portable codec", portableTextCodec()],
  ])("becomes a string in steps with %s", (_codec, codec) => {
    const protocol = open("messages", { codec });
    protocol.receiveData(wire());
    let steps = 0;
    for (; protocol.receiver.hasEncoded; steps++) {
      expect(protocol.eventsReceived()).toEqual([]);
      protocol.decodeWaiting(true);
    }
    expect(protocol.eventsReceived()[0] === TEXT).toBe(true);
    expect(steps).toBeGreaterThan(3);
  });

  test("becomes pieces, whenever they are wanted in the middle of it", () => {
    for (let wanted = 1, isWhole = false; !isWhole; wanted++) {
      const protocol = open("messages");
      protocol.receiveData(wire());
      const received: unknown[] = [];
      for (let steps = 1; protocol.receiver.hasEncoded; steps++) {
        if (steps === wanted) received.push(protocol.streamMessage());
        protocol.decodeWaiting(true);
        received.push(...protocol.eventsReceived());
      }
      isWhole = typeof received.at(-1) === "string";
      if (isWhole) continue;
      const pieces = received.filter((piece) => piece instanceof MessagePiece);
      expect(pieces.map(({ isText, isLast }) => [isText, isLast])).toEqual(
        pieces.map((_piece, i) => [true, i === pieces.length - 1]),
      );
      expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).toString() === TEXT).toBe(true);
    }
  });

  test("is one string at once where text is not validated, and where nobody waits", () => {
    for (const validateUtf8 of [true, false]) {
      const protocol = open("messages", { validateUtf8 });
      protocol.receiver.isSlicing = false;
      protocol.receiveData(wire());
      expect(protocol.eventsReceived()[0] === TEXT).toBe(true);
    }
  });
});

test("a text that no string can hold is told as too big", () => {
  const codec = { ...nodeTextCodec, transcodeUpTo: 0, decodeUtf8: () => "x".repeat(0x10000000) };
  const reader = new MessageReader(codec, true, Infinity);
  const bytes = reader.addFrame(new Frame(Opcode.TEXT, new Uint8Array(3 << 20))) as Uint8Array<ArrayBuffer>;
  const kernels = getKernels();
  expect(() => {
    for (const steps = reader.messageInSteps(bytes, kernels); steps.next().done !== true;);
  }).toThrow(new PayloadTooBig(3 << 20, 0x1fffffe8));
});

describe("sending", { tags: ["slow"] }, () => {
  test.each<[string, () => string | Uint8Array]>([
    ["JSON", json],
    ["JSON in a string", () => json().toString()],
    ["zeros", () => new Uint8Array(SIZE)],
    ["random bytes", () => new Prng(1).bytes(SIZE)],
  ])("20 MiB of %s", (_what, make) => {
    const message = make();
    expectShortSteps(() => {
      const steps = open("messages").encodeInSteps(typeof message === "string", message);
      return (function* () {
        while (steps?.step() === false) yield;
      })();
    });
  });
});
