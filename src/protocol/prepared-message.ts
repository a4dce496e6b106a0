// A message for many connections: framed once for all of them, and encoded once for those that agreed on the same.
import { Frame } from "../frames/frame.ts";
import type { Opcode } from "../frames/opcode.ts";

/** A whole message, and what was made of it so far. Its payload must not change. */
export class PreparedMessage {
  /** The message before extensions. */
  readonly frame: Frame;
  /** What extensions made of it, by their settings. */
  readonly encodings: Map<string, Frame> = new Map<string, Frame>();
  /** Bytes on the wire of servers. */
  readonly wire: Map<Frame, Uint8Array> = new Map<Frame, Uint8Array>();

  constructor(opcode: Opcode, payload: Uint8Array) {
    this.frame = new Frame(opcode, payload);
  }
}
