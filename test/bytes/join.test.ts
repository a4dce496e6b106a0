import { expect, test } from "vitest";
import { join } from "../../src/bytes/join.ts";
import { hex, toHex } from "../support/hex.ts";

test.each([
  [[], ""],
  [[hex`01 02`], "01 02"],
  [[hex`01`, hex``, hex`02 03`], "01 02 03"],
])("join() %#", (pieces, expected) => {
  expect(toHex(join(pieces))).toBe(expected);
});

test("join() does not copy a single piece, and keeps no more than the bytes of several", () => {
  const piece = hex`01 02`;
  expect(join([piece])).toBe(piece);
  expect(join([piece, piece]).buffer.byteLength).toBe(4);
});
