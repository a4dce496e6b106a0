import { expect, test } from "vitest";
import { readConnectionOptions } from "../../src/connection/options.ts";
import { InvalidHeaderValue } from "../../src/errors/handshake.ts";
import { ServerDeflateFactory } from "../../src/extensions/server-deflate-factory.ts";
import { ServerConnection } from "../../src/server/server-connection.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import { readServeOptions } from "../../src/server/options.ts";
import { VERSION } from "../../src/version.ts";

test("readServeOptions() has defaults for everything", () => {
  const settings = readServeOptions({}, "Memory/1.0");
  expect(settings.handshake.extensions).toEqual([expect.any(ServerDeflateFactory)]);
  expect(settings).toMatchObject({
    connection: readConnectionOptions({}),
    handshake: { origins: undefined, subprotocols: undefined, selectSubprotocol: undefined },
    processRequest: undefined,
    processResponse: undefined,
    serverHeader: `Memory/1.0 wsasm/${VERSION}`,
  });
});

class Mine extends ServerConnection {}

class Other {
  readonly score = 0;
}

test("readServeOptions() keeps what is given", () => {
  const options = {
    origins: [null, "https://example.com"],
    extensions: [],
    subprotocols: ["chat"],
    selectSubprotocol: () => null,
    processRequest: () => null,
    processResponse: () => null,
    serverHeader: null,
    compression: null,
    maxSize: 5,
    port: 65_535,
    maxConnections: 7,
    maxHandshakes: null,
    createConnection: Mine,
  };
  const { processRequest, processResponse, serverHeader } = options;
  const { origins, extensions, subprotocols, selectSubprotocol } = options;
  expect(readServeOptions(options, "x")).toEqual({
    connection: readConnectionOptions({ maxSize: 5 }),
    handshake: { origins, extensions, subprotocols, selectSubprotocol },
    processRequest,
    processResponse,
    serverHeader,
    maxConnections: 7,
    maxHandshakes: Infinity,
    createConnection: Mine,
  });
  expect(readServeOptions({}, "x")).toMatchObject({
    maxConnections: Infinity,
    maxHandshakes: 1000,
    createConnection: ServerConnection,
  });
  expect(readServeOptions({ serverHeader: "Mine" }, "x").serverHeader).toBe("Mine");
});

test.each([
  [{ subprotocols: "chat" }, TypeError],
  [{ subprotocols: ["not a token"] }, Error],
  [{ maxSize: -1 }, RangeError],
  [{ port: -1 }, RangeError],
  [{ port: 65_536 }, RangeError],
  [{ port: 1.5 }, RangeError],
  [{ port: "80" }, Error],
  [{ unix: "/tmp/x", port: 1 }, TypeError],
  [{ compression: "gzip" }, TypeError],
  [{ maxConnections: -1 }, RangeError],
  [{ maxConnections: "7" }, TypeError],
  [{ maxHandshakes: 1.5 }, RangeError],
  [{ backlog: -1 }, RangeError],
  [{ serverHeader: 5 }, TypeError],
  [{ serverHeader: "my server\n" }, InvalidHeaderValue],
  [{ serverHeader: "a\r\nX: b" }, InvalidHeaderValue],
])("readServeOptions() refuses %j", (options, type) => {
  expect(() => readServeOptions(options as unknown as ServeOptions, "x")).toThrow(type);
});

test.each<[string, unknown, string]>([
  ["no options", null, "options: expected an object"],
  ["a port as options", 8765, "options: expected an object"],
  ["a list as options", [], "options: expected an object"],
  [
    "an origin that is no list",
    { origins: "https://example.com" },
    'origins: expected a list of strings, RegExps and null, "same-host" or null',
  ],
  [
    "a word for origins",
    { origins: "same-origin" },
    'origins: expected a list of strings, RegExps and null, "same-host" or null',
  ],
  [
    "an origin that is none",
    { origins: [5] },
    'origins: expected a list of strings, RegExps and null, "same-host" or null',
  ],
  ["extensions that are no list", { extensions: "x" }, "extensions: expected a list of objects with processRequest"],
  ["an extension that is none", { extensions: [1] }, "extensions: expected a list of objects with processRequest"],
  ["nothing as an extension", { extensions: [null] }, "extensions: expected a list of objects with processRequest"],
  ["a signal that is none", { signal: {} }, "signal: Object, expected an AbortSignal"],
  ["a choice that is no function", { selectSubprotocol: "x" }, "selectSubprotocol: expected a function"],
  ["an object as a class", { createConnection: {} }, "createConnection: expected a subclass of ServerConnection"],
  ["another class", { createConnection: Other }, "createConnection: expected a subclass of ServerConnection"],
  ["a function", { createConnection: () => {} }, "createConnection: expected a subclass of ServerConnection"],
  ["the name of a logger", { logger: "console" }, "logger: expected an object with warn and error"],
  ["a logger that logs nothing", { logger: {} }, "logger: expected an object with warn and error"],
  ["a logger without errors", { logger: { warn() {} } }, "logger: expected an object with warn and error"],
  ["no logger", { logger: null }, "logger: expected an object with warn and error"],
  ["a number for limits", { httpLimits: 5 }, "httpLimits: expected an object"],
  ["a number as a host", { host: 5 }, "host: expected a string"],
  ["a number as a listener", { listener: 5 }, "listener: expected an object"],
  ["a word for the backlog", { backlog: "x" }, "backlog: expected a number or null"],
  ["a hook that is no function", { processRequest: "x" }, "processRequest: expected a function"],
  ["another one", { processResponse: {} }, "processResponse: expected a function"],
  ["a certificate in the wrong place", { cert: "x", key: "y" }, "cert and key: expected them in tls"],
  ["a key in the wrong place", { key: "y" }, "cert and key: expected them in tls"],
])("readServeOptions() refuses %s", (_what, options, problem) => {
  expect(() => readServeOptions(options as never, "x")).toThrow(new TypeError(`Cannot use ${problem}`));
});

test.each([
  { origins: null },
  { origins: "same-host" },
  { origins: [null, "x", /x/] },
  { processRequest: null },
  { signal: null },
  { serverHeader: "" },
  { extensions: null },
  { createConnection: ServerConnection },
  { createConnection: class extends Mine {} },
])("readServeOptions() takes %j", (options) => {
  expect(readServeOptions(options as never, "x")).toMatchObject({ serverHeader: expect.any(String) });
});
