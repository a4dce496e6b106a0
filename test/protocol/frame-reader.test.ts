import { expect, test } from "vitest";
import { Frame } from "../../src/frames/frame.ts";
import { ParserState } from "../../src/kernels/kernels.ts";
import { FrameReader } from "../../src/protocol/frame-reader.ts";
import { hex } from "../support/hex.ts";
import { splitsOf } from "../support/splits.ts";
import { KERNELS } from "./harness.ts";

test.each(KERNELS)("FrameReader reads frames of every kind with $name kernels", (kernels) => {
  const wire = hex`01 02 41 42 89 01 01 80 00 82 01 02 8a 01 03 88 02 03 e8`;
  for (const { name, chunks } of splitsOf(wire)) {
    const reader = new FrameReader(Infinity);
    const state = new ParserState(0);
    for (const chunk of chunks) {
      kernels.stage(chunk);
      reader.read(kernels, kernels.parse(state, 0, chunk.length), state);
    }
    expect(reader.events, name).toEqual([
      new Frame(1, hex`41 42`, { fin: false }),
      new Frame(9, hex`01`),
      new Frame(0, hex``),
      new Frame(2, hex`02`),
      new Frame(10, hex`03`),
      new Frame(8, hex`03 e8`),
    ]);
    expect(reader.controls, name).toEqual(reader.events.filter((frame) => (frame as Frame).isControl));
  }
});
