import { describe, expect, test } from "vitest";
import type { FrameWatcher, SeenFrame } from "../../src/frames/frame-watch.ts";
import { ParserState } from "../../src/kernels/kernels.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import { SeenFrames } from "../../src/protocol/seen-frames.ts";
import { hex } from "../support/hex.ts";
import { splitsOf } from "../support/splits.ts";

const OWNER = {};

/** A watcher that keeps what it is told. */
function watcher() {
  const told: SeenFrame[] = [];
  const owners = new Set<object>();
  const watch: FrameWatcher = {
    isWatched: true,
    report(owner, frames) {
      owners.add(owner);
      told.push(...frames);
    },
  };
  return { watch, told, owners };
}

describe("SeenFrames", () => {
  test("notes the frames that parsing completes, however the bytes are cut", () => {
    const wire = hex`01 02 61 62 89 01 70 80 00 82 7e 00 80 ${"00".repeat(128)} 88 02 03 e8`;
    for (const { name, chunks } of splitsOf(wire)) {
      const kernels = new ReferenceKernels();
      const state = new ParserState(0);
      const seen = new SeenFrames();
      const { watch, told, owners } = watcher();
      for (const chunk of chunks) {
        kernels.stage(chunk);
        seen.addEvents(kernels.events, kernels.parse(state, 0, chunk.length));
        seen.report(watch, OWNER);
      }
      expect(told, name).toEqual([
        { opcode: 1, fin: false, rsv1: false, length: 2 },
        { opcode: 9, fin: true, rsv1: false, length: 1 },
        { opcode: 0, fin: true, rsv1: false, length: 0 },
        { opcode: 2, fin: true, rsv1: false, length: 128 },
        { opcode: 8, fin: true, rsv1: false, length: 2 },
      ]);
      expect([...owners]).toEqual([OWNER]);
    }
  });

  test("leaves out a frame whose beginning it has not seen", () => {
    const kernels = new ReferenceKernels();
    const state = new ParserState(0);
    const seen = new SeenFrames();
    const { watch, told } = watcher();
    for (const [index, piece] of [hex`82 03 00`, hex`00 00 82 01 00`].entries()) {
      kernels.stage(piece);
      const count = kernels.parse(state, 0, piece.length);
      if (index === 1) seen.addEvents(kernels.events, count);
    }
    seen.report(watch, OWNER);
    expect(told).toEqual([{ opcode: 2, fin: true, rsv1: false, length: 1 }]);
  });

  test("notes outgoing frames by their first byte", () => {
    const seen = new SeenFrames();
    const { watch, told } = watcher();
    seen.add(0x41, 5);
    seen.add(0x80, 70_000);
    seen.report(watch, OWNER);
    expect(told).toEqual([
      { opcode: 1, fin: false, rsv1: true, length: 5 },
      { opcode: 0, fin: true, rsv1: false, length: 70_000 },
    ]);
  });

  test("tells everything once, and nothing where there is nothing; a watcher may add", () => {
    const seen = new SeenFrames();
    const told: number[] = [];
    const watch: FrameWatcher = {
      isWatched: true,
      report(_owner, frames) {
        told.push(frames.length);
        if (told.length === 1) seen.add(0x81, 1);
      },
    };
    seen.report(watch, OWNER);
    seen.add(0x81, 1);
    seen.add(0x81, 1);
    seen.report(watch, OWNER);
    seen.report(watch, OWNER);
    seen.report(watch, OWNER);
    expect(told).toEqual([2, 1]);
  });
});
