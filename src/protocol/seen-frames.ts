// Remembers which frames went by, for diagnostics: noted without a call out of the library, told when it may be left.
import type { FrameWatcher, SeenFrame } from "../frames/frame-watch.ts";
import type { Opcode } from "../frames/opcode.ts";
import {
  EVENT_FIN,
  EVENT_FIRST,
  EVENT_FLAGS_SHIFT,
  EVENT_LAST,
  EVENT_LENGTH_MASK,
  EVENT_OPCODE,
  EVENT_RSV1,
} from "../kernels/constants.ts";

const FIN = 0x80;
const RSV1 = 0x40;
const OPCODE = 0x0f;

/** Frames of one connection in one direction. It exists only where frames are watched. */
export class SeenFrames {
  #frames: SeenFrame[] = [];
  /** Payload bytes of the incoming frame that is not complete; `null` between frames, and when its begin was not seen. */
  #partial: number | null = null;

  /** Notes the frames that a `parse` call completed. */
  addEvents(events: Uint32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const word = events[i * 2] as number;
      const flags = word >>> EVENT_FLAGS_SHIFT;
      if ((flags & EVENT_FIRST) !== 0) this.#partial = 0;
      if (this.#partial === null) continue;
      this.#partial += word & EVENT_LENGTH_MASK;
      if ((flags & EVENT_LAST) === 0) continue;
      this.#frames.push({
        opcode: (flags & EVENT_OPCODE) as Opcode,
        fin: (flags & EVENT_FIN) !== 0,
        rsv1: (flags & EVENT_RSV1) !== 0,
        length: this.#partial,
      });
      this.#partial = null;
    }
  }

  /**
   * Notes an outgoing frame: the first byte of its header, and the length of its payload. Returns whether it is the first to be
   * told.
   */
  add(firstByte: number, length: number): boolean {
    const count = this.#frames.push({
      opcode: (firstByte & OPCODE) as Opcode,
      fin: (firstByte & FIN) !== 0,
      rsv1: (firstByte & RSV1) !== 0,
      length,
    });
    return count === 1;
  }

  /** Tells what was noted, once. A listener may send: what that adds is told later. */
  report(watcher: FrameWatcher, owner: object): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    watcher.report(owner, frames);
  }
}
