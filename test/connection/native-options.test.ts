// Which options a WebSocket of the runtime can honour.
import { expect, test } from "vitest";
import { readNativeOptions } from "../../src/connection/native-options.ts";

test("defaults: a long queue, no keepalive", () => {
  expect(readNativeOptions({}, [])).toMatchObject({
    pingInterval: null,
    closeTimeout: 10_000,
    maxQueue: { high: 1024, bytes: 18 * 0x100000 },
    protocol: { maxMessage: 0x100000, delivery: "messages" },
  });
  expect(readNativeOptions({ maxQueue: null }, []).maxQueue).toMatchObject({ high: Infinity, bytes: Infinity });
});

test.each([
  ["extensions", []],
  ["compression", "deflate"],
  ["compression", null],
  ["additionalHeaders", {}],
  ["origin", "https://example.com"],
  ["proxy", true],
  ["tls", {}],
  ["pingInterval", 1000],
  ["httpLimits", {}],
  ["validateUtf8", false],
  ["other", 1],
])("refuses %s", (name, value) => {
  expect(() => readNativeOptions({ [name]: value }, ["mine"])).toThrow(
    new TypeError(`Cannot use ${name}: the WebSocket of the runtime does not offer it`),
  );
});

test.each([{ maxSize: { fragment: 1 } }, { maxQueue: { high: 1 } }])(
  "refuses limits that are objects: %o",
  (options) => {
    expect(() => readNativeOptions(options as never, [])).toThrow(TypeError);
  },
);

test.each([
  [null, "options: expected an object"],
  [5, "options: expected an object"],
  ["x", "options: expected an object"],
  [[], "options: expected an object"],
  [{ logger: null }, "logger: expected an object with warn and error"],
  [{ logger: { warn() {} } }, "logger: expected an object with warn and error"],
])("refuses %o", (options, message) => {
  expect(() => readNativeOptions(options as never, [])).toThrow(new TypeError(`Cannot use ${message}`));
});

test("takes what is undefined, what is off anyway, and the names of its caller", () => {
  const options = { compression: undefined, pingInterval: null, pingTimeout: null, mine: 1, maxSize: null };
  expect(readNativeOptions(options, ["mine"]).protocol.maxMessage).toBeNull();
});
