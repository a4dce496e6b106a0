import { expect, test } from "vitest";
import { readConnectionOptions } from "../../src/connection/options.ts";
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
])("readServeOptions() refuses %j", (options, type) => {
  expect(() => readServeOptions(options as unknown as ServeOptions, "x")).toThrow(type);
});

test.each<[string, unknown, string]>([
  ["no options", null, "options: expected an object"],
  ["a port as options", 8765, "options: expected an object"],
  ["a list as options", [], "options: expected an object"],
  ["an origin that is no list", { origins: "https://example.com" }, 'origins: expected a list, "same-host" or null'],
  ["a word for origins", { origins: "same-origin" }, 'origins: expected a list, "same-host" or null'],
  ["a hook that is no function", { processRequest: "x" }, "processRequest: expected a function"],
  ["another one", { processResponse: {} }, "processResponse: expected a function"],
  ["a certificate in the wrong place", { cert: "x", key: "y" }, "cert and key: expected them in tls"],
  ["a key in the wrong place", { key: "y" }, "cert and key: expected them in tls"],
])("readServeOptions() refuses %s", (_what, options, problem) => {
  expect(() => readServeOptions(options as never, "x")).toThrow(new TypeError(`Cannot use ${problem}`));
});

test.each([{ origins: null }, { origins: "same-host" }, { processRequest: null }])(
  "readServeOptions() takes %j",
  (options) => {
    expect(readServeOptions(options as never, "x")).toMatchObject({ serverHeader: expect.any(String) });
  },
);
