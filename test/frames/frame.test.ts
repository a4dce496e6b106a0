import { expect, test } from "vitest";
import { Frame } from "../../src/frames/frame.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import { hex } from "../support/hex.ts";

test("Frame is whole and has no reserved bits unless told", () => {
  const payload = hex`01`;
  const frame = new Frame(Opcode.BINARY, payload);
  expect(frame).toMatchObject({ opcode: 2, fin: true, rsv1: false, rsv2: false, rsv3: false });
  expect(frame.payload).toBe(payload);
  const other = new Frame(Opcode.TEXT, payload, { fin: false, rsv1: true, rsv2: true, rsv3: true });
  expect(other).toMatchObject({ opcode: 1, fin: false, rsv1: true, rsv2: true, rsv3: true });
});

test.each(Object.entries(Opcode))("Frame.opcodeName of %s", (name, opcode) => {
  const frame = new Frame(opcode, hex``);
  expect(frame.opcodeName).toBe(name);
  expect(frame.isControl).toBe(opcode >= 8);
});

test("Frame.opcodeName is a number for an opcode that has no name", () => {
  expect(new Frame(3 as Opcode, hex``).opcodeName).toBe("3");
});
