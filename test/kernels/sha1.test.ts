import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { SCRATCH_CAPACITY } from "../../src/kernels/constants.ts";
import { Prng } from "../support/prng.ts";
import { IMPLEMENTATIONS } from "./harness.ts";

const encoder = new TextEncoder();

describe.each(IMPLEMENTATIONS)("%s", (_name, kernels) => {
  test.each([
    ["RFC 3174 TEST1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    [
      "RFC 3174 TEST2",
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
    ],
    ["RFC 3174 TEST3", "a".repeat(1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
    ["RFC 3174 TEST4", "01234567".repeat(80), "dea356a2cddd90c7a7ecedc5ebb563934f460452"],
    ["nothing", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    [
      "RFC 6455 1.3",
      "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
      "b37a4f2cc0624f1690f64606cf385945b2bec4ea",
    ],
  ])("sha1() digests %s", (_what, message, digest) => {
    expect(Buffer.from(kernels.sha1(encoder.encode(message))).toString("hex")).toBe(digest);
  });

  test("sha1() agrees with node:crypto on every length of up to four blocks", () => {
    const random = new Prng();
    for (let length = 0; length <= 256; length++) {
      const message = random.bytes(length);
      const expected = createHash("sha1").update(message).digest("hex");
      expect(Buffer.from(kernels.sha1(message)).toString("hex"), `seed ${random.seed}, ${length} bytes`).toBe(expected);
    }
  });

  test.each([-64, -9, -8, -1, 0, 1, 55, 56, 64])("sha1() takes the scratch area and %i bytes", (more) => {
    const message = Uint8Array.from({ length: SCRATCH_CAPACITY + more }, (_, i) => i * 13);
    expect(Buffer.from(kernels.sha1(message))).toEqual(createHash("sha1").update(message).digest());
  });

  test("sha1() gives digests of their own", () => {
    const first = kernels.sha1(encoder.encode("abc"));
    const copy = first.slice();
    kernels.sha1(encoder.encode("abd"));
    expect(first).toEqual(copy);
  });
});
