// The entry for platforms on which nothing may block.
import { expect, test } from "vitest";
import { InvalidState } from "../../src/errors/protocol.ts";
import * as usual from "../../src/sync.ts";
import * as unsupported from "../../src/sync-unsupported.ts";

test.each([
  ["connect", () => unsupported.connect("ws://localhost")],
  ["connect.forever", () => unsupported.connect.forever("ws://localhost")],
  ["serve", () => unsupported.serve("file:///handler.js")],
])("%s throws InvalidState at the call", (_name, call) => {
  expect(call).toThrow(InvalidState);
});

test("it has the names of the usual one", () => {
  expect(Object.keys(unsupported)).toEqual(Object.keys(usual));
});
