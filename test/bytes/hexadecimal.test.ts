import { expect, test } from "vitest";
import { toHexadecimal } from "../../src/bytes/hexadecimal.ts";

test("toHexadecimal() writes two digits a byte", () => {
  expect(toHexadecimal(Uint8Array.of(0, 1, 15, 16, 255))).toBe("00010f10ff");
  expect(toHexadecimal(new Uint8Array(0))).toBe("");
});
