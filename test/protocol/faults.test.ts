import { describe, expect, test } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { InvalidCompressedData, InvalidUtf8, PayloadTooBig, ProtocolError } from "../../src/errors/protocol.ts";
import * as constants from "../../src/kernels/constants.ts";
import { ParserState } from "../../src/kernels/kernels.ts";
import { closeCodeOf, closeReasonOf, parseError, toError } from "../../src/protocol/faults.ts";

function stateWith(fault: number, detail = 0, config = 0): ParserState {
  const state = new ParserState(config, 100, 50);
  state.fault = fault;
  state.faultDetail = detail;
  state.messageLength = 70;
  return state;
}

describe("parseError()", () => {
  test.each([
    [constants.FAULT_OPCODE, 11, new ProtocolError("invalid opcode: 0xb")],
    [constants.FAULT_MASKING, 0, new ProtocolError("masked frame")],
    [constants.FAULT_RSV, 0xc1, new ProtocolError("reserved bits must be 0")],
    [constants.FAULT_CONTROL_FRAGMENTED, 0, new ProtocolError("fragmented control frame")],
    [constants.FAULT_CONTROL_TOO_LONG, 126, new ProtocolError("control frame too long")],
    [constants.FAULT_UNEXPECTED_CONTINUATION, 0, new ProtocolError("unexpected continuation frame")],
    [constants.FAULT_EXPECTED_CONTINUATION, 0, new ProtocolError("expected a continuation frame")],
    [constants.FAULT_LENGTH_NOT_MINIMAL, 0, new ProtocolError("payload length not minimally encoded")],
    [constants.FAULT_LENGTH_TOP_BIT, 0, new ProtocolError("payload length with its top bit set")],
    [constants.FAULT_FRAGMENT_TOO_BIG, 51, new PayloadTooBig(51, 50)],
    [constants.FAULT_MESSAGE_TOO_BIG, 31, new PayloadTooBig(31, 100, 70)],
    [constants.FAULT_UTF8, 0, new InvalidUtf8("invalid UTF-8")],
    // Nothing gives it; better than an error without words.
    [99, 0, new ProtocolError("parser fault 99")],
  ])("of fault %i", (fault, detail, error) => {
    const made = parseError(stateWith(fault, detail));
    expect(made).toEqual(error);
    expect(made.constructor).toBe(error.constructor);
  });

  test("has a text for every fault that there is", () => {
    const faults = Object.entries(constants).filter(([name]) => name.startsWith("FAULT_"));
    expect(faults).toHaveLength(12);
    for (const [, fault] of faults) expect(parseError(stateWith(fault)).message).not.toContain("parser fault");
  });

  test("of an unmasked frame to a server", () => {
    const state = stateWith(constants.FAULT_MASKING, 0, constants.CONFIG_MASKED);
    expect(parseError(state)).toEqual(new ProtocolError("unmasked frame"));
  });

  test("of a length that no number can hold, without a limit", () => {
    const state = stateWith(constants.FAULT_MESSAGE_TOO_BIG, 2 ** 62);
    state.maxMessage = Infinity;
    expect(parseError(state)).toMatchObject({ size: 2 ** 62, maxSize: Number.MAX_SAFE_INTEGER });
  });
});

test.each([
  [new ProtocolError("x"), 1002],
  [new InvalidUtf8("x"), 1007],
  [new InvalidCompressedData("x"), 1007],
  [new PayloadTooBig(1, 0), 1009],
  [new NetworkError("other", "x"), 1011],
  [new TypeError("x"), 1011],
  ["x", 1011],
])("closeCodeOf() of %s", (error, code) => {
  expect(closeCodeOf(error)).toBe(code);
});

test.each([
  [new ProtocolError("what"), "what"],
  [new TypeError("a secret"), ""],
  [new ProtocolError("x".repeat(124)), "x".repeat(123)],
  [new ProtocolError("é".repeat(62)), "é".repeat(61)],
  [new InvalidUtf8("€".repeat(1000)), "€".repeat(41)],
  [new ProtocolError(`${"x".repeat(122)}é`), "x".repeat(122)],
])("closeReasonOf() of %s", (error, reason) => {
  expect(closeReasonOf(error)).toBe(reason);
});

test("toError() makes an Error of whatever was thrown", () => {
  const error = new RangeError("wrong");
  expect(toError(error)).toBe(error);
  expect(toError("text")).toEqual(new Error("text"));
});
