// Who watches frames go by. The protocol tells them, and does not know who they are.
import type { Opcode } from "./opcode.ts";

/** A frame as it was on the wire, without its payload. */
export interface SeenFrame {
  readonly opcode: Opcode;
  readonly fin: boolean;
  /** The first reserved bit: the first frame of a compressed message has it (RFC 7692 6). */
  readonly rsv1: boolean;
  /** Bytes of payload on the wire. */
  readonly length: number;
}

/** Watches the frames of all connections, in one direction. */
export interface FrameWatcher {
  /** Whether it is worth remembering frames for it right now. */
  readonly isWatched: boolean;
  /** Takes frames. `owner` is the connection that they belong to, as its protocol was told. */
  report(owner: object, frames: readonly SeenFrame[]): void;
}

/** The watchers of this thread; `null` while there never was one. */
export const frameWatch: { in: FrameWatcher | null; out: FrameWatcher | null } = { in: null, out: null };

/** Who watches the frames that are sent, right now. */
export function sentFrameWatcher(): FrameWatcher | null {
  return frameWatch.out?.isWatched === true ? frameWatch.out : null;
}
