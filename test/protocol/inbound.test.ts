import { describe, expect, test } from "vitest";
import { TooManyFragments } from "../../src/errors/protocol.ts";
import { Frame } from "../../src/frames/frame.ts";
import { INPUT_OFFSET } from "../../src/kernels/constants.ts";
import { ParserState } from "../../src/kernels/kernels.ts";
import { copyOf, FrameAssembler, InboundReader } from "../../src/protocol/inbound.ts";
import { hex } from "../support/hex.ts";
import { byteByByte } from "../support/splits.ts";
import { KERNELS } from "./harness.ts";

describe.each(KERNELS)("with $name kernels", (kernels) => {
  test("copyOf() copies", () => {
    kernels.stage(hex`01 02 03 04`);
    const copy = copyOf(kernels.memory, INPUT_OFFSET + 1, 2);
    kernels.stage(hex`ff ff ff ff`);
    expect(copy).toEqual(hex`02 03`);
    expect(copy.buffer.byteLength).toBe(2);
  });

  /** Frames out of chunks, assembled from their pieces. */
  function assemble(chunks: readonly Uint8Array[]): Frame[] {
    const state = new ParserState(0x70);
    const assembler = new FrameAssembler();
    return chunks.flatMap((chunk) => {
      kernels.stage(chunk);
      const count = kernels.parse(state, 0, chunk.length);
      expect(state.fault).toBe(0);
      const frames = Array.from({ length: count }, (_, i) => assembler.add(kernels, i, state));
      kernels.memory.fill(0xee, INPUT_OFFSET, INPUT_OFFSET + 100);
      return frames.filter((frame) => frame !== undefined);
    });
  }

  const wire = hex`81 02 41 42 02 00 c9 03 01 02 03 a0 01 04 91 00 8a 00`;
  const frames = [
    new Frame(1, hex`41 42`),
    new Frame(2, hex``, { fin: false }),
    new Frame(9, hex`01 02 03`, { rsv1: true }),
    new Frame(0, hex`04`, { rsv2: true }),
    new Frame(1, hex``, { rsv3: true }),
    new Frame(10, hex``),
  ];

  test("FrameAssembler makes frames of whole events", () => {
    expect(assemble([wire])).toEqual(frames);
  });

  test("FrameAssembler makes frames of pieces", () => {
    expect(assemble(byteByByte(wire))).toEqual(frames);
  });
});

test("a reader counts the fragments of each message on its own", () => {
  class Counting extends InboundReader {
    override read(): void {}

    add(opcode: number): void {
      this.countFragment(opcode);
    }
  }
  const reader = new Counting(2);
  for (let i = 0; i < 3; i++) {
    reader.add(1);
    reader.add(0);
  }
  expect(() => reader.add(0)).toThrow(new TooManyFragments(2));
});
