// Who is told of all that is sent and received: logs and diagnostics.
import type { Opcode } from "../frames/opcode.ts";
import type { ProtocolEvent } from "./events.ts";

/** Watches a protocol. It must not throw. */
export interface FrameObserver {
  /** A frame was queued; its payload is what the application gave, before extensions and masking. */
  frameSent(opcode: Opcode, payload: string | Uint8Array, fin: boolean): void;
  /** Messages and frames were received; what answers them is sent only now. */
  received(events: readonly ProtocolEvent[]): void;
}
