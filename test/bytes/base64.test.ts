import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../src/bytes/base64.ts";
import { parseHex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";

// RFC 4648 10, and bytes that need every bit.
const VECTORS: readonly (readonly [bytes: string, text: string])[] = [
  ["", ""],
  ["66", "Zg=="],
  ["66 6f", "Zm8="],
  ["66 6f 6f", "Zm9v"],
  ["66 6f 6f 62", "Zm9vYg=="],
  ["66 6f 6f 62 61", "Zm9vYmE="],
  ["66 6f 6f 62 61 72", "Zm9vYmFy"],
  ["fb ff bf", "+/+/"],
  ["00 00 00", "AAAA"],
  ["ff", "/w=="],
];

describe("base64", () => {
  test.each(VECTORS)("encodeBase64() and decodeBase64() agree on %s", (bytes, text) => {
    expect(encodeBase64(parseHex(bytes))).toBe(text);
    expect(decodeBase64(text)).toEqual(parseHex(bytes));
  });

  test.each([
    ["a length that is no multiple of four", "Zm9"],
    ["padding alone", "===="],
    ["one character before the padding", "Z==="],
    ["padding inside", "Zg==Zg=="],
    ["a padding character before the last two", "Z=g="],
    ["white space", "Zm9 "],
    ["a line feed", "Zm9v\nZg="],
    ["the alphabet of URLs", "-_-_"],
    ["a character outside ISO-8859-1", "Zm9\u0141"],
  ])("decodeBase64() refuses %s", (_what, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  test("decodeBase64() ignores unused bits", () => {
    // RFC 6455 4.1 prints this as the key for the bytes 1 to 16.
    expect(decodeBase64("AQIDBAUGBwgJCgsMDQ4PEC==")).toEqual(parseHex("0102030405060708090a0b0c0d0e0f10"));
  });

  test("encodeBase64() and decodeBase64() are inverse for random bytes", () => {
    const prng = new Prng();
    for (let i = 0; i < 500; i++) {
      const bytes = prng.bytes(prng.below(70));
      const text = encodeBase64(bytes);
      expect(text, `seed ${prng.seed}`).toBe(Buffer.from(bytes).toString("base64"));
      expect(decodeBase64(text), `seed ${prng.seed}`).toEqual(bytes);
    }
  });
});
