// The payload of a Close frame, both ways (RFC 6455 5.5.1).
import { portableTextCodec } from "../bytes/text-codec.ts";
import type { CloseFrame } from "../errors/closed.ts";
import { describeClose } from "../errors/closed.ts";
import { InvalidUtf8, ProtocolError } from "../errors/protocol.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { CloseCode, isWireCloseCode } from "./close-code.ts";

/** Most bytes that a reason may take: a control payload less the code. */
export const MAX_REASON_LENGTH = 123;

/**
 * Checks what is to be sent, and returns the length of the reason in bytes.
 *
 * @throws {RangeError} For a code that must not be sent, or a reason of more than 123 bytes.
 * @throws {TypeError} For a reason that is no string: a view of memory would send that.
 */
export function checkClose({ code, reason }: CloseFrame): number {
  if (!isWireCloseCode(code)) throw new RangeError(`Cannot send close code: ${code}`);
  if (typeof reason !== "string") throw new TypeError("Cannot send close reason: expected a string");
  const length = portableTextCodec().byteLength(reason);
  if (length <= MAX_REASON_LENGTH) return length;
  throw new RangeError(`Cannot send close reason: ${length} bytes, expected at most ${MAX_REASON_LENGTH}`);
}

/** Code and reason of a Close frame. Code 1005 stands for an empty payload. */
export class Close implements CloseFrame {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason = "") {
    this.code = code;
    this.reason = reason;
  }

  toString(): string {
    return describeClose(this);
  }

  /**
   * Reads a payload.
   *
   * @throws {ProtocolError} For a payload of one byte or a code that must not be sent.
   * @throws {InvalidUtf8} For a reason that is not UTF-8.
   */
  static parse(payload: Uint8Array, kernels: Kernels): Close {
    if (payload.length === 0) return new Close(CloseCode.NO_STATUS_RCVD);
    if (payload.length === 1) throw new ProtocolError("close frame too short");
    const code = ((payload[0] as number) << 8) | (payload[1] as number);
    if (!isWireCloseCode(code)) throw new ProtocolError(`invalid status code: ${code}`);
    if (kernels.validateUtf8(payload.subarray(2), 0) !== 0) throw new InvalidUtf8("invalid UTF-8 in close reason");
    return new Close(code, portableTextCodec().decodeUtf8(payload, 2, payload.length));
  }

  /**
   * Makes a payload.
   *
   * @throws {RangeError} For a code that must not be sent, or a reason of more than 123 bytes.
   */
  serialize(): Uint8Array<ArrayBuffer> {
    const payload = new Uint8Array(2 + checkClose(this));
    payload[0] = this.code >> 8;
    payload[1] = this.code & 0xff;
    portableTextCodec().encodeInto(this.reason, payload, 2);
    return payload;
  }
}
