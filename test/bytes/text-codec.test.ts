import { describe, expect, test } from "vitest";
import { portableTextCodec } from "../../src/bytes/text-codec.ts";
import { nodeTextCodec } from "../../src/runtimes/node/text-codec.ts";
import { hex } from "../support/hex.ts";
import { Prng } from "../support/prng.ts";

const TEXTS = [
  "",
  "a",
  "Hello",
  "é",
  "\u007f\u0080\u07ff\u0800\uffff",
  "€uro",
  "\u{1f600}",
  "a\u{10ffff}b",
  "\ufeffA",
  "\ud800",
  "\udc00",
  "\ud800a",
  "\ud800\ud800\udc00",
  "\udc00\ud800",
  "a".repeat(10_000),
  "é".repeat(5000),
];

test("portableTextCodec() is made once", () => {
  expect(portableTextCodec()).toBe(portableTextCodec());
  expect(portableTextCodec().transcodeUpTo).toBe(0);
});

describe.each([
  ["portable", portableTextCodec()],
  ["node", nodeTextCodec],
])("%s codec", (_name, codec) => {
  test.each(TEXTS)("encodeInto() and byteLength() of %j", (text) => {
    const expected = new TextEncoder().encode(text);
    expect(codec.byteLength(text)).toBe(expected.length);
    const target = new Uint8Array(expected.length + 5).fill(0xaa);
    expect(codec.encodeInto(text, target, 2)).toBe(expected.length);
    expect(target.subarray(2, 2 + expected.length)).toEqual(expected);
    expect(target.subarray(0, 2)).toEqual(hex`aa aa`);
    expect(target.subarray(2 + expected.length)).toEqual(hex`aa aa aa`);
    // Room that is just enough is enough.
    expect(codec.encodeInto(text, new Uint8Array(expected.length), 0)).toBe(expected.length);
  });

  test.each(TEXTS)("decodeUtf8() of %j", (text) => {
    const bytes = new TextEncoder().encode(`<${text}>`);
    expect(codec.decodeUtf8(bytes, 1, bytes.length - 1)).toBe(text.toWellFormed());
  });

  test("decodeLatin1() keeps every byte", () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i & 255);
    const text = codec.decodeLatin1(bytes, 1, 9999);
    expect(text).toHaveLength(9998);
    expect(Array.from(text, (char) => char.charCodeAt(0))).toEqual([...bytes.subarray(1, 9999)]);
    expect(codec.decodeLatin1(bytes, 5, 5)).toBe("");
  });

  test("decodeUtf16() is little-endian and keeps a byte order mark", () => {
    const bytes = hex`ff ff ff fe 41 00 e9 00 3d d8 00 de`;
    expect(codec.decodeUtf16(bytes, 2, 12)).toBe("\ufeffAé\u{1f600}");
    expect(codec.decodeUtf16(bytes, 4, 4)).toBe("");
  });

  test("agrees with TextEncoder on random strings", () => {
    const prng = new Prng();
    for (let i = 0; i < 500; i++) {
      const units = Array.from({ length: prng.below(40) }, () =>
        prng.pick([prng.below(0x80), prng.below(0x800), prng.between(0xd700, 0xe0ff), prng.below(0x10000)]),
      );
      const text = String.fromCharCode(...units);
      const expected = new TextEncoder().encode(text);
      const target = new Uint8Array(expected.length);
      expect(codec.byteLength(text), `seed ${prng.seed}`).toBe(expected.length);
      codec.encodeInto(text, target, 0);
      expect(target, `seed ${prng.seed}`).toEqual(expected);
      expect(codec.decodeUtf8(target, 0, target.length), `seed ${prng.seed}`).toBe(text.toWellFormed());
    }
  });
});
