import { afterEach, expect, test, vi } from "vitest";
import { portableTextCodec } from "../../src/bytes/text-codec.ts";
import { nodeTextCodec } from "../../src/runtimes/node/text-codec.ts";
import { Prng } from "../support/prng.ts";

const TEXTS = [
  "",
  "Spam",
  "é",
  "\u07ff\u0800",
  "\ufeffBOM",
  "\u{1f600}",
  "\ud800 alone",
  "x".repeat(5000),
  "日本".repeat(300),
];

test("nodeTextCodec agrees with the portable one, at any place of a larger buffer", () => {
  const portable = portableTextCodec();
  for (const text of TEXTS) {
    const length = portable.byteLength(text);
    expect(nodeTextCodec.byteLength(text)).toBe(length);
    const [ours, theirs] = [new Uint8Array(length + 8), new Uint8Array(length + 8)];
    expect(nodeTextCodec.encodeInto(text, ours, 3)).toBe(length);
    portable.encodeInto(text, theirs, 3);
    expect(ours).toEqual(theirs);
    expect(nodeTextCodec.decodeUtf8(ours, 3, 3 + length)).toBe(portable.decodeUtf8(theirs, 3, 3 + length));
  }
});

test("nodeTextCodec decodes ISO-8859-1 and UTF-16", () => {
  const random = new Prng(7);
  const bytes = random.bytes(1000);
  const portable = portableTextCodec();
  expect(nodeTextCodec.decodeLatin1(bytes, 5, 900)).toBe(portable.decodeLatin1(bytes, 5, 900));
  const text = "a\u20ac\u{1f600}";
  const units = new Uint8Array(2 + text.length * 2);
  for (let i = 0; i < text.length; i++) new DataView(units.buffer).setUint16(2 + i * 2, text.charCodeAt(i), true);
  expect(nodeTextCodec.decodeUtf16(units, 2, units.length)).toBe(text);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test.each([
  ["20.20.2", Infinity],
  ["22.0.0", Infinity],
  ["24.1.0", 48],
  ["26.0.0", 48],
])("nodeTextCodec on Node %s transcodes up to %d bytes", async (node, expected) => {
  vi.resetModules();
  vi.stubGlobal("process", { ...process, versions: { ...process.versions, node } });
  const { nodeTextCodec: codec } = await import("../../src/runtimes/node/text-codec.ts");
  expect(codec.transcodeUpTo).toBe(expected);
});
