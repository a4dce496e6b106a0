// One frame as a value (RFC 6455 5.2), for the Sans-I/O API, extensions and logs.
import { isControl, Opcode } from "./opcode.ts";

const OPCODE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Opcode).map(([name, opcode]) => [opcode, name]),
);

/** Fields of a frame other than its opcode and payload; all default to those of an unfragmented frame. */
export interface FrameFields {
  readonly fin?: boolean;
  readonly rsv1?: boolean;
  readonly rsv2?: boolean;
  readonly rsv3?: boolean;
}

/**
 * A frame with its payload unmasked.
 *
 * @example
 * new Frame(Opcode.TEXT, new TextEncoder().encode("Spam"), { fin: false });
 */
export class Frame {
  readonly opcode: Opcode;
  readonly payload: Uint8Array;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;

  constructor(opcode: Opcode, payload: Uint8Array, fields: FrameFields = {}) {
    this.opcode = opcode;
    this.payload = payload;
    this.fin = fields.fin ?? true;
    this.rsv1 = fields.rsv1 ?? false;
    this.rsv2 = fields.rsv2 ?? false;
    this.rsv3 = fields.rsv3 ?? false;
  }

  /** Whether this is a Close, Ping or Pong frame. */
  get isControl(): boolean {
    return isControl(this.opcode);
  }

  /** Name of the opcode, such as `"TEXT"`. */
  get opcodeName(): string {
    return OPCODE_NAMES.get(this.opcode) ?? String(this.opcode);
  }
}
