// What is refused of the options of an opening handshake, for `serve` and `upgradeWebSocket`.
import { expect, test } from "vitest";
import { checkHandshake } from "../../src/server/check-handshake.ts";

const ORIGINS = 'Cannot use origins: expected a list of strings, RegExps and null, "same-host" or null';

test.each<[Record<string, unknown>, Error]>([
  [{ origins: "http://a" }, new TypeError(ORIGINS)],
  [{ origins: "same-origin" }, new TypeError(ORIGINS)],
  [{ origins: 5 }, new TypeError(ORIGINS)],
  [{ origins: [5] }, new TypeError(ORIGINS)],
  [{ origins: {} }, new TypeError(ORIGINS)],
  [{ subprotocols: "chat" }, new TypeError("Cannot negotiate subprotocols: expected an array of strings")],
  [{ subprotocols: [5] }, new TypeError("Cannot negotiate subprotocols: expected strings")],
  [{ subprotocols: ["a b"] }, new RangeError('Cannot negotiate subprotocol: "a b" is not a token')],
  [{ selectSubprotocol: 5 }, new TypeError("Cannot use selectSubprotocol: expected a function")],
])("checkHandshake() refuses %o", (options, error) => {
  expect(() => checkHandshake(options)).toThrow(error);
});

test.each([
  {},
  { origins: null, subprotocols: null, selectSubprotocol: null },
  { origins: "same-host" as const, subprotocols: [] },
  { origins: [null, "http://a", /b/], subprotocols: ["a", "b"], selectSubprotocol: () => null },
])("checkHandshake() takes %o", (options) => {
  expect(() => checkHandshake(options)).not.toThrow();
});
