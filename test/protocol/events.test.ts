import { expect, test } from "vitest";
import { MessagePiece } from "../../src/protocol/events.ts";

test("MessagePiece holds what it was made of", () => {
  const bytes = Uint8Array.of(1);
  expect(new MessagePiece(true, bytes, false)).toEqual({ isText: true, bytes, isLast: false });
});
