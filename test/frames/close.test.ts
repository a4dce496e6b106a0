import { describe, expect, test } from "vitest";
import { InvalidUtf8, ProtocolError } from "../../src/errors/protocol.ts";
import { Close, MAX_REASON_LENGTH } from "../../src/frames/close.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import { getKernels } from "../../src/kernels/select.ts";
import { parseHex, toHex } from "../support/hex.ts";

const LONGEST = "é".repeat(61);

const PAYLOADS: readonly (readonly [payload: string, code: number, reason: string])[] = [
  ["03 e8", 1000, ""],
  ["03 e9 62 79 65", 1001, "bye"],
  ["03 ea ef bb bf 41", 1002, "\ufeffA"],
  ["0f a0 f0 9f 98 80", 4000, "\u{1f600}"],
  ["13 87", 4999, ""],
  [`0b b8 ${"c3 a9 ".repeat(61)} 78`, 3000, `${LONGEST}x`],
];

describe.each([getKernels(), new ReferenceKernels()])("Close with $name kernels", (kernels) => {
  test.each(PAYLOADS)("parse() reads and serialize() writes %s", (payload, code, reason) => {
    expect(Close.parse(parseHex(payload), kernels)).toEqual(new Close(code, reason));
    expect(new Close(code, reason).serialize()).toEqual(parseHex(payload));
  });

  test("parse() reads an empty payload as 1005", () => {
    expect(Close.parse(new Uint8Array(0), kernels)).toEqual(new Close(1005, ""));
  });

  test.each([
    ["03", new ProtocolError("close frame too short")],
    ["00 00", new ProtocolError("invalid status code: 0")],
    ["03 ed", new ProtocolError("invalid status code: 1005")],
    ["ff ff", new ProtocolError("invalid status code: 65535")],
    // The code is judged before the reason.
    ["03 ed ff", new ProtocolError("invalid status code: 1005")],
    ["03 e8 ff", new InvalidUtf8("invalid UTF-8 in close reason")],
    ["03 e8 41 c3", new InvalidUtf8("invalid UTF-8 in close reason")],
    ["03 e8 ed a0 80", new InvalidUtf8("invalid UTF-8 in close reason")],
  ])("parse() refuses %s", (payload, error) => {
    expect(() => Close.parse(parseHex(payload), kernels)).toThrow(error);
  });
});

test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_536 + 1000, 1000.5, Number.NaN])(
  "serialize() refuses code %d",
  (code) => {
    expect(() => new Close(code).serialize()).toThrow(new RangeError(`Cannot send close code: ${code}`));
  },
);

test("serialize() refuses a reason of more than 123 bytes", () => {
  expect(MAX_REASON_LENGTH).toBe(123);
  expect(() => new Close(1000, `${LONGEST}é`).serialize()).toThrow(
    new RangeError("Cannot send close reason: 124 bytes, expected at most 123"),
  );
});

test("serialize() writes a lone surrogate as U+FFFD", () => {
  expect(toHex(new Close(1000, "\ud800").serialize())).toBe("03 e8 ef bf bd");
});

test("toString() is for logs", () => {
  expect(`${new Close(1001, "bye")}`).toBe("1001 (going away) bye");
  expect(`${new Close(1000)}`).toBe("1000 (OK)");
});
