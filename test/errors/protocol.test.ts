import { expect, test } from "vitest";
import { WebSocketException } from "../../src/errors/base.ts";
import {
  ConcurrencyError,
  InvalidCompressedData,
  InvalidState,
  InvalidUtf8,
  PayloadTooBig,
  ProtocolError,
} from "../../src/errors/protocol.ts";

test.each([
  [new ProtocolError("what"), "ProtocolError", "PROTOCOL_ERROR", "what"],
  [new InvalidUtf8("what"), "InvalidUtf8", "INVALID_UTF8", "what"],
  [new InvalidCompressedData("what"), "InvalidCompressedData", "INVALID_COMPRESSED_DATA", "what"],
  [new InvalidState("what"), "InvalidState", "INVALID_STATE", "what"],
  [new ConcurrencyError("what"), "ConcurrencyError", "CONCURRENCY_ERROR", "what"],
  [new PayloadTooBig(null, 5), "PayloadTooBig", "PAYLOAD_TOO_BIG", "message exceeds limit of 5 bytes"],
  [new PayloadTooBig(6, 5), "PayloadTooBig", "PAYLOAD_TOO_BIG", "frame with 6 bytes exceeds limit of 5 bytes"],
  [
    new PayloadTooBig(4, 5, 2),
    "PayloadTooBig",
    "PAYLOAD_TOO_BIG",
    "frame with 4 bytes after reading 2 bytes exceeds limit of 5 bytes",
  ],
  [
    new PayloadTooBig(null, 5, 2),
    "PayloadTooBig",
    "PAYLOAD_TOO_BIG",
    "message after reading 2 bytes exceeds limit of 5 bytes",
  ],
])("%s", (error, name, code, message) => {
  expect(error).toBeInstanceOf(WebSocketException);
  expect([error.name, error.code, error.message]).toEqual([name, code, message]);
});

test("PayloadTooBig has its numbers as fields", () => {
  expect(new PayloadTooBig(4, 5, 2)).toMatchObject({ size: 4, maxSize: 5, currentSize: 2 });
  expect(new PayloadTooBig(null, 5)).toMatchObject({ size: null, maxSize: 5, currentSize: 0 });
});
