import { describe, expect, test } from "vitest";
import { acceptKey, generateKey, isKey } from "../../src/http/accept-key.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import { getKernels } from "../../src/kernels/select.ts";
import { hex } from "../support/hex.ts";

describe("Sec-WebSocket-Key", () => {
  test("generateKey() encodes 16 bytes", () => {
    // RFC 6455 1.3: "the sample nonce".
    expect(generateKey(hex`74 68 65 20 73 61 6d 70 6c 65 20 6e 6f 6e 63 65`)).toBe("dGhlIHNhbXBsZSBub25jZQ==");
  });

  test.each([0, 15, 17])("generateKey() refuses %i bytes", (length) => {
    expect(() => generateKey(new Uint8Array(length))).toThrow(RangeError);
  });

  test.each(["dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEC==", "AAAAAAAAAAAAAAAAAAAAAA=="])(
    "isKey() takes %s",
    (key) => {
      expect(isKey(key)).toBe(true);
    },
  );

  test.each([
    "",
    "dGhlIHNhbXBsZSBub25jZQ",
    "dGhlIHNhbXBsZSBub25j",
    "dGhlIHNhbXBsZSBub25jZTE=",
    "dGhl IHNhbXBsZSBub25jZQ=",
    "@".repeat(24),
    "not base64",
  ])("isKey() refuses %j", (key) => {
    expect(isKey(key)).toBe(false);
  });
});

describe("Sec-WebSocket-Accept", () => {
  test.each([
    ["reference", new ReferenceKernels()],
    ["selected", getKernels()],
  ])("acceptKey() gives the example of RFC 6455 1.3 with the %s kernels", (_name, kernels) => {
    expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==", kernels)).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });
});
