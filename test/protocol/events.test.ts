import { expect, test } from "vitest";
import { appended, MessagePiece, NONE } from "../../src/protocol/events.ts";

test("MessagePiece holds what it was made of", () => {
  const bytes = Uint8Array.of(1);
  expect(new MessagePiece(true, bytes, false)).toEqual({ isText: true, bytes, isLast: false });
});

test("NONE can be shared: nothing gets in, and appended() begins another list", () => {
  expect(() => NONE.push(1 as never)).toThrow(TypeError);
  const list = appended<number>(NONE, 1);
  expect(appended(list, 2)).toBe(list);
  expect([NONE, list]).toEqual([[], [1, 2]]);
});
