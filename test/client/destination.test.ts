import { describe, expect, test } from "vitest";
import type { DestinationOptions } from "../../src/client/destination.ts";
import { destinationOf, isTransport } from "../../src/client/destination.ts";
import { parseUri } from "../../src/http/uri.ts";
import { memoryPair } from "../support/memory-transport.ts";

const STREAM = { write() {}, end() {}, destroy() {} };
const { client: TRANSPORT } = memoryPair();

test("isTransport() tells transports from streams", () => {
  expect([isTransport(TRANSPORT), isTransport(STREAM), isTransport({ attach() {} })]).toEqual([true, false, false]);
});

describe("destinationOf()", () => {
  test.each<[string, string, DestinationOptions, object]>([
    ["the URI", "ws://a:5/", {}, { host: "a", port: 5 }],
    ["TLS", "wss://a/", {}, { host: "a", port: 443, tls: { host: "a", options: {} } }],
    [
      "TLS with options",
      "wss://a/",
      { tls: { ca: "x" } },
      { host: "a", port: 443, tls: { host: "a", options: { ca: "x" } } },
    ],
    ["another host", "wss://a/", { host: "b" }, { host: "b", port: 443, tls: { host: "a", options: {} } }],
    ["another port", "ws://a/", { port: 1 }, { host: "a", port: 1 }],
    ["a Unix socket", "ws://a/", { unix: "/s" }, { host: "a", port: 80, unix: "/s" }],
    ["a Unix socket in the URI", "ws+unix:/s:/b", {}, { host: "localhost", port: 80, unix: "/s" }],
    ["a stream", "ws://a/", { transport: STREAM }, { host: "a", port: 80, socket: STREAM }],
    [
      "nothing, said",
      "ws://a/",
      { tls: null, unix: null, host: null, port: null, transport: null } as never,
      { host: "a", port: 80 },
    ],
  ])("is %s", (_what, uri, options, expected) => {
    expect(destinationOf(parseUri(uri), options)).toEqual(expected);
  });

  test("is a transport that is there", () => {
    expect(destinationOf(parseUri("wss://a/"), { transport: TRANSPORT })).toBe(TRANSPORT);
  });

  test.each<[string, DestinationOptions, Error]>([
    ["ws://a/", { tls: {} }, new TypeError("Cannot use tls: the scheme of the URI is not wss")],
    ["ws://a/", { unix: "/s", host: "b" }, new TypeError("Cannot use host together with unix")],
    ["ws://a/", { unix: "/s", port: 1 }, new TypeError("Cannot use port together with unix")],
    ["ws://a/", { transport: STREAM, unix: "/s" }, new TypeError("Cannot use unix together with transport")],
    ["ws://a/", { transport: STREAM, host: "b" }, new TypeError("Cannot use host together with transport")],
    ["ws://a/", { transport: STREAM, port: 1 }, new TypeError("Cannot use port together with transport")],
    ["ws+unix:/s", { unix: "/t" }, new TypeError("Cannot use unix together with a URI of a Unix socket")],
    ["ws+unix:/s", { host: "b" }, new TypeError("Cannot use host together with a URI of a Unix socket")],
    ["ws+unix:/s", { port: 1 }, new TypeError("Cannot use port together with a URI of a Unix socket")],
    ["ws+unix:/s", { transport: STREAM }, new TypeError("Cannot use transport together with a URI of a Unix socket")],
    ["ws://a/", { transport: "x" as never }, new TypeError("Cannot use transport: expected an object")],
    [
      "wss://a/",
      { transport: TRANSPORT, tls: {} },
      new TypeError("Cannot use tls together with transport: TLS is the business of a transport"),
    ],
    ["ws://a/", { host: "" }, new TypeError("Cannot use host: expected a name or an address")],
    ["ws://a/", { host: 7 as never }, new TypeError("Cannot use host: expected a name or an address")],
    ["ws://a/", { port: 0 }, new RangeError("Cannot use port: 0, expected an integer from 1 to 65535")],
    ["ws://a/", { port: 65_536 }, new RangeError("Cannot use port: 65536, expected an integer from 1 to 65535")],
    ["ws://a/", { port: "80" as never }, new RangeError("Cannot use port: 80, expected an integer from 1 to 65535")],
  ])("refuses %s with %j", (uri, options, error) => {
    expect(() => destinationOf(parseUri(uri), options)).toThrow(error);
  });
});
