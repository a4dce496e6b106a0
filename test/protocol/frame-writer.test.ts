import { describe, expect, test } from "vitest";
import { BORROW_FROM } from "../../src/protocol/borrowing.ts";
import { FrameWriter } from "../../src/protocol/frame-writer.ts";
import { Output } from "../../src/protocol/output.ts";
import { SlabPool } from "../../src/protocol/slab.ts";
import type { Side } from "../../src/protocol/state.ts";
import { toHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";
import { concat } from "../support/splits.ts";
import { CODECS, KERNELS, readWire, SIDES } from "./harness.ts";

interface Setup {
  readonly name: string;
  readonly output: Output;
  readonly writer: FrameWriter;
}

function setups(side: Side, maskingKey?: () => number): Setup[] {
  return KERNELS.flatMap((kernels) =>
    CODECS.map(([codecName, codec]) => {
      const output = new Output(new SlabPool((size) => new Uint8Array(size).fill(0xdd)));
      const writer = new FrameWriter(output, kernels, codec, side === "client", maskingKey);
      return { name: `${kernels.name} kernels, ${codecName} codec`, output, writer };
    }),
  );
}

function lengthForm(length: number): number {
  if (length < 126) return 0;
  return length < 65_536 ? 2 : 8;
}

/** Checks that exactly these frames leave. */
function check(side: Side, { name, output }: Setup, frames: readonly (readonly [number, Uint8Array])[]): void {
  const { length } = output;
  const chunks = output.take();
  const wire = concat(chunks);
  expect(wire.length).toBe(length);
  const sent = readWire(wire);
  expect(sent.map(({ firstByte }) => firstByte)).toEqual(frames.map(([firstByte]) => firstByte));
  for (const [i, [, payload]] of frames.entries()) {
    const frame = sent[i];
    expect(frame?.maskingKey === null, name).toBe(side === "server");
    expect(frame?.lengthForm, `${name}, ${payload.length} bytes`).toBe(lengthForm(payload.length));
    expect(Buffer.compare(frame?.payload ?? new Uint8Array(0), payload), `${name}, ${payload.length} bytes`).toBe(0);
  }
  output.release();
}

const LENGTHS = [
  0, 1, 2, 24, 25, 41, 42, 43, 62, 63, 124, 125, 126, 127, 128, 129, 255, 256, 257, 10_922, 10_923, 16_383, 16_384,
];
LENGTHS.push(BORROW_FROM - 1, BORROW_FROM, BORROW_FROM + 1, 65_534, 65_535, 65_536, 65_537, 200_000);

/** Characters of 1 to 4 bytes, and surrogates alone, which become U+FFFD. */
const CHARACTERS = ["*", "é", "€", "\u{1f600}", "\ud800", "\udc00"];

describe.each(SIDES)("%s", (side) => {
  test.each(LENGTHS)(
    "writeBytes() of %i bytes takes the shortest length, and changes no byte of the user",
    (length) => {
      const payload = new Prng(length).bytes(length);
      const copy = payload.slice();
      for (const setup of setups(side)) {
        setup.writer.writeBytes(0x82, payload);
        setup.writer.writeBytes(0x02, payload.subarray(0, 3));
        check(side, setup, [
          [0x82, copy],
          [0x02, copy.subarray(0, 3)],
        ]);
        expect(Buffer.compare(payload, copy)).toBe(0);
      }
    },
  );

  test.each(CHARACTERS)("writeText() of %j takes the shortest length", (character) => {
    const width = new TextEncoder().encode(character).length;
    const counts = new Set(LENGTHS.flatMap((length) => [Math.floor(length / width), Math.ceil(length / width)]));
    for (const setup of setups(side)) {
      for (const count of counts) {
        const text = character.repeat(count);
        setup.writer.writeText(0x81, text);
        setup.writer.writeText(0x81, "end");
        check(side, setup, [
          [0x81, new TextEncoder().encode(text)],
          [0x81, new TextEncoder().encode("end")],
        ]);
      }
    }
  });

  test("writeText() of 0 to 130 characters, one of them wider, at each place", () => {
    for (const wide of ["é", "€", "\u{1f600}"]) {
      for (const setup of setups(side)) {
        const frames: [number, Uint8Array][] = [];
        for (let length = 0; length <= 130; length++) {
          const text = `${"a".repeat(length >> 1)}${wide}${"b".repeat(length - (length >> 1))}`;
          setup.writer.writeText(0x81, text);
          frames.push([0x81, new TextEncoder().encode(text)]);
        }
        check(side, setup, frames);
      }
    }
  });

  test("writeText() of 42 to 125 characters that are more than 125 bytes", () => {
    for (const setup of setups(side)) {
      const frames: [number, Uint8Array][] = [];
      for (let length = 40; length <= 127; length++) {
        for (const character of ["€", "é"]) {
          setup.writer.writeText(0x01, character.repeat(length));
          frames.push([0x01, new TextEncoder().encode(character.repeat(length))]);
        }
      }
      check(side, setup, frames);
    }
  });

  test("writes what it is given, whatever it is", () => {
    const prng = new Prng();
    for (const setup of setups(side)) {
      const frames: [number, Uint8Array][] = [];
      for (let i = 0; i < 300; i++) {
        const length = prng.chance(0.05) ? prng.below(70_000) : prng.below(300);
        if (prng.chance(0.5)) {
          const payload = prng.bytes(length);
          setup.writer.writeBytes(0x82, payload);
          frames.push([0x82, payload]);
        } else {
          const text = prng.pick(CHARACTERS).repeat(length) + prng.pick(CHARACTERS);
          setup.writer.writeText(0x81, text);
          frames.push([0x81, new TextEncoder().encode(text)]);
        }
      }
      check(side, { ...setup, name: `${setup.name}, seed ${prng.seed}` }, frames);
    }
  });

  test("wholeFrame() is apart from the output", () => {
    for (const { writer, output } of setups(side)) {
      for (const length of [0, 1, 125]) {
        const payload = new Prng(length).bytes(length);
        const frame = writer.wholeFrame(0x89, payload);
        expect(output.length).toBe(0);
        expect(readWire(frame)).toMatchObject([{ firstByte: 0x89, payload, lengthForm: 0 }]);
        expect((frame[1] as number) >= 0x80).toBe(side === "client");
      }
    }
  });
});

describe("server", () => {
  test("borrows payloads from 32 KiB on, and copies smaller ones", () => {
    expect(BORROW_FROM).toBe(0x8000);
    for (const { writer, output } of setups("server")) {
      const large = new Uint8Array(BORROW_FROM);
      const small = new Uint8Array(BORROW_FROM - 1);
      writer.writeBytes(0x82, large);
      writer.writeBytes(0x82, small);
      const chunks = output.take();
      expect(chunks).toHaveLength(3);
      expect(chunks[1]).toBe(large);
      small.fill(1);
      expect(chunks[2]?.at(-1)).toBe(0);
      output.release();
    }
  });

  test("a borrowed payload follows its header, even when little is asked for", () => {
    for (const { writer, output } of setups("server")) {
      const large = new Uint8Array(BORROW_FROM);
      writer.writeBytes(0x82, large);
      writer.writeBytes(0x82, large);
      expect(output.take(1)).toHaveLength(2);
      expect(output.take(1)).toHaveLength(2);
      output.release();
    }
  });
});

describe("client", () => {
  test("masks with the key that it is given, first byte lowest", () => {
    for (const { writer, output } of setups("client", () => 0x04_03_02_01)) {
      writer.writeBytes(0x82, new Uint8Array(6));
      writer.writeText(0x81, "\0\0");
      expect(toHex(concat(output.take()))).toBe("82 86 01 02 03 04 01 02 03 04 01 02 81 82 01 02 03 04 01 02");
      expect(toHex(writer.wholeFrame(0x8a, new Uint8Array(1)))).toBe("8a 81 01 02 03 04 01");
      output.release();
    }
  });

  test("takes keys above 2^31", () => {
    for (const { writer, output } of setups("client", () => 0xff_fe_fd_fc)) {
      writer.writeBytes(0x82, new Uint8Array(300));
      const [frame] = readWire(concat(output.take()));
      expect(toHex(frame?.maskingKey as Uint8Array)).toBe("fc fd fe ff");
      expect(frame?.payload.every((byte) => byte === 0)).toBe(true);
      output.release();
    }
  });

  test("draws a new key for each frame (RFC 6455 5.3)", () => {
    for (const { writer, output } of setups("client")) {
      for (let i = 0; i < 50; i++) {
        writer.writeText(0x81, "x");
        writer.writeBytes(0x82, new Uint8Array(BORROW_FROM));
        writer.writeText(0x81, "é".repeat(BORROW_FROM));
      }
      const keys = readWire(concat(output.take())).map(({ maskingKey }) => toHex(maskingKey as Uint8Array));
      expect(keys).toHaveLength(150);
      expect(new Set(keys).size).toBeGreaterThan(148);
      output.release();
    }
  });

  test("never lends the user's bytes", () => {
    for (const { writer, output } of setups("client")) {
      const payload = new Uint8Array(100_000);
      writer.writeBytes(0x82, payload);
      expect(output.take().every(({ buffer }) => buffer !== payload.buffer)).toBe(true);
      output.release();
    }
  });
});
