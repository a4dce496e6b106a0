import { expect, test } from "vitest";
import { isControl, Opcode } from "../../src/frames/opcode.ts";

test("Opcode has the numbers of RFC 6455 5.2", () => {
  expect(Opcode).toEqual({ CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 });
});

test("isControl() is true from 8 on", () => {
  expect(Array.from({ length: 16 }, (_, opcode) => isControl(opcode))).toEqual([
    ...Array.from({ length: 8 }, () => false),
    ...Array.from({ length: 8 }, () => true),
  ]);
});
