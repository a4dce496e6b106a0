import { expect, test } from "vitest";
import { CloseCode, isWireCloseCode } from "../../src/frames/close-code.ts";

test("CloseCode has the codes of the registry", () => {
  expect(Object.values(CloseCode)).toEqual([
    1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015,
  ]);
});

test("isWireCloseCode() is true for 1000-1003, 1007-1014 and 3000-4999 alone", () => {
  const allowed = Array.from({ length: 65_536 }, (_, code) => code).filter((code) => isWireCloseCode(code));
  const expected = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  for (let code = 3000; code <= 4999; code++) expected.push(code);
  expect(allowed).toEqual(expected);
});

test.each([1000.5, -1, Number.NaN, Infinity, 65_536 + 1000])("isWireCloseCode() is false for %d", (code) => {
  expect(isWireCloseCode(code)).toBe(false);
});
