// What the parser found wrong, as a typed error and a close code.
import { portableTextCodec } from "../bytes/text-codec.ts";
import type { WebSocketException } from "../errors/base.ts";
import {
  InvalidCompressedData,
  InvalidUtf8,
  PayloadTooBig,
  ProtocolError,
  TooManyFragments,
} from "../errors/protocol.ts";
import { CloseCode } from "../frames/close-code.ts";
import { MAX_REASON_LENGTH } from "../frames/close.ts";
import {
  CONFIG_MASKED,
  FAULT_CONTROL_FRAGMENTED,
  FAULT_CONTROL_TOO_LONG,
  FAULT_EXPECTED_CONTINUATION,
  FAULT_FRAGMENT_TOO_BIG,
  FAULT_LENGTH_NOT_MINIMAL,
  FAULT_LENGTH_TOP_BIT,
  FAULT_MASKING,
  FAULT_MESSAGE_TOO_BIG,
  FAULT_OPCODE,
  FAULT_RSV,
  FAULT_UNEXPECTED_CONTINUATION,
  FAULT_UTF8,
} from "../kernels/constants.ts";
import type { ParserState } from "../kernels/kernels.ts";

const PROTOCOL_ERRORS: ReadonlyMap<number, string> = new Map([
  [FAULT_RSV, "reserved bits must be 0"],
  [FAULT_CONTROL_FRAGMENTED, "fragmented control frame"],
  [FAULT_CONTROL_TOO_LONG, "control frame too long"],
  [FAULT_UNEXPECTED_CONTINUATION, "unexpected continuation frame"],
  [FAULT_EXPECTED_CONTINUATION, "expected a continuation frame"],
  [FAULT_LENGTH_NOT_MINIMAL, "payload length not minimally encoded"],
  [FAULT_LENGTH_TOP_BIT, "payload length with its top bit set"],
]);

/** The error for `state.fault`, which is not 0. */
export function parseError(state: ParserState): WebSocketException {
  const { fault, faultDetail } = state;
  switch (fault) {
    case FAULT_OPCODE:
      return new ProtocolError(`invalid opcode: 0x${faultDetail.toString(16)}`);
    case FAULT_MASKING:
      return new ProtocolError((state.config & CONFIG_MASKED) !== 0 ? "unmasked frame" : "masked frame");
    case FAULT_FRAGMENT_TOO_BIG:
      return new PayloadTooBig(faultDetail, state.maxFragment);
    case FAULT_MESSAGE_TOO_BIG:
      return tooBig(state);
    case FAULT_UTF8:
      return new InvalidUtf8("invalid UTF-8");
    default:
      return new ProtocolError(PROTOCOL_ERRORS.get(fault) ?? `parser fault ${fault}`);
  }
}

function tooBig(state: ParserState): PayloadTooBig {
  // Without a limit, only a length that no number can hold exactly gets here.
  const limit = Math.min(state.maxMessage, Number.MAX_SAFE_INTEGER);
  return new PayloadTooBig(state.faultDetail, limit, state.messageLength);
}

/** The code that a connection fails with for `error` (RFC 6455 7.4.1). */
export function closeCodeOf(error: unknown): CloseCode {
  if (error instanceof ProtocolError) return CloseCode.PROTOCOL_ERROR;
  if (error instanceof InvalidUtf8 || error instanceof InvalidCompressedData) return CloseCode.INVALID_DATA;
  if (error instanceof PayloadTooBig || error instanceof TooManyFragments) return CloseCode.MESSAGE_TOO_BIG;
  return CloseCode.INTERNAL_ERROR;
}

/** The reason that goes with it: the message, as much of it as fits. What went wrong inside is not for the peer. */
export function closeReasonOf(error: Error): string {
  if (closeCodeOf(error) === CloseCode.INTERNAL_ERROR) return "";
  let reason = error.message.slice(0, MAX_REASON_LENGTH);
  while (portableTextCodec().byteLength(reason) > MAX_REASON_LENGTH) reason = reason.slice(0, -1);
  return reason;
}

/** Extensions may throw anything. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
