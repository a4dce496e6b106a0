import { MultipleValuesError } from "../../src/errors/multiple-values.ts";
import { describe, expect, test } from "vitest";
import { backoff } from "../../src/client/backoff.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { readConnectOptions } from "../../src/client/options.ts";
import { processException } from "../../src/client/process-exception.ts";
import { InvalidHeaderValue, InvalidURI } from "../../src/errors/handshake.ts";
import { InvalidProxy } from "../../src/errors/proxy.ts";
import { memoryPair } from "../support/memory-transport.ts";

const URI = "ws://example.com/";

describe("readConnectOptions()", () => {
  test("has defaults", () => {
    const settings = readConnectOptions(URI, {});
    expect(settings).toMatchObject({
      pinned: "nothing",
      proxy: "environment",
      maxRedirects: 10,
      processException,
      reconnectDelays: backoff,
      connection: { openTimeout: 10_000 },
    });
    expect(settings.first.uri.host).toBe("example.com");
    expect(settings.first.additionalHeaders.size).toBe(0);
  });

  test("takes what is given", () => {
    const decide = (): null => null;
    const delays = (): number[] => [1];
    const settings = readConnectOptions(URI, {
      proxy: "socks5://proxy",
      maxRedirects: 0,
      processException: decide,
      reconnectDelays: delays,
      additionalHeaders: new Map([["A", "b"]]).entries(),
    });
    expect(settings).toMatchObject({
      proxy: { scheme: "socks5", host: "proxy", port: 1080 },
      maxRedirects: 0,
      processException: decide,
      reconnectDelays: delays,
    });
    // Read once: every attempt needs them.
    expect([...settings.first.additionalHeaders]).toEqual([["A", "b"]]);
    expect(readConnectOptions(URI, { proxy: null, maxRedirects: null })).toMatchObject({
      proxy: null,
      maxRedirects: Infinity,
    });
  });

  test.each<[string, string, ConnectOptions]>([
    ["nothing", URI, {}],
    ["address", "ws+unix:/tmp/socket", {}],
    ["address", URI, { unix: "/tmp/socket" }],
    ["address", URI, { host: "192.0.2.1" }],
    ["address", URI, { port: 8765 }],
    ["transport", URI, { transport: memoryPair().client }],
  ])("says that %s is fixed by %s", (pinned, uri, options) => {
    expect(readConnectOptions(uri, options).pinned).toBe(pinned);
  });

  test.each<[string, string, ConnectOptions, new (...args: never[]) => Error]>([
    ["a URI that is none", "http://example.com/", {}, InvalidURI],
    ["no URI at all", 7 as never, {}, TypeError],
    ["no options", URI, null as never, TypeError],
    ["a list as options", URI, ["chat"] as never, TypeError],
    ["a proxy that is none", URI, { proxy: "ftp://proxy" }, InvalidProxy],
    ["a header that is none", URI, { additionalHeaders: { "a b": "c" } }, InvalidHeaderValue],
    ["a proxy of another kind", URI, { proxy: false as never }, TypeError],
    ["TLS for a proxy without", URI, { proxy: "http://proxy", proxyTls: {} }, TypeError],
    ["TLS for no proxy", URI, { proxy: null, proxyTls: {} }, TypeError],
    ["a wrong number of redirects", URI, { maxRedirects: -1 }, RangeError],
    ["half a redirect", URI, { maxRedirects: 0.5 }, RangeError],
    ["redirects in words", URI, { maxRedirects: "10" as never }, TypeError],
    ["a policy that is no function", URI, { processException: {} as never }, TypeError],
    ["delays that are no function", URI, { reconnectDelays: [1] as never }, TypeError],
    ["a string of subprotocols", URI, { subprotocols: "chat" as never }, TypeError],
    ["unknown compression", URI, { compression: "zip" } as never, TypeError],
    ["TLS without wss", URI, { tls: {} }, TypeError],
    ["a wrong limit", URI, { maxSize: -1 }, RangeError],
    ["a signal that is none", URI, { signal: "x" as never }, TypeError],
    ["extensions that are no list", URI, { extensions: "x" as never }, TypeError],
    ["an extension that is none", URI, { extensions: [1] as never }, TypeError],
    ["an object as a class", URI, { createConnection: {} as never }, TypeError],
    ["another class", URI, { createConnection: Map as never }, TypeError],
    ["a number as origin", URI, { origin: 5 as never }, TypeError],
    ["an origin of two lines", URI, { origin: "a\r\nb" }, InvalidHeaderValue],
    ["a number as user agent", URI, { userAgentHeader: 5 as never }, TypeError],
    ["a user agent of two lines", URI, { userAgentHeader: "a\nb" }, InvalidHeaderValue],
    ["a header of the handshake", URI, { additionalHeaders: { Upgrade: "x" } }, TypeError],
    ["two hosts", URI, { additionalHeaders: { Host: ["a", "b"] } }, MultipleValuesError],
    ["a number as header", URI, { additionalHeaders: { a: 5 } as never }, TypeError],
    ["nothing as header", URI, { additionalHeaders: { a: undefined } as never }, TypeError],
    ["a string of headers", URI, { additionalHeaders: "x" as never }, TypeError],
    ["the name of a logger", URI, { logger: "console" as never }, TypeError],
  ])("refuses %s", (_what, uri, options, type) => {
    expect(() => readConnectOptions(uri, options)).toThrow(type);
  });

  test("takes null for what is not wanted", () => {
    const options = { signal: null, extensions: null, additionalHeaders: null, createConnection: null } as object;
    expect(() => readConnectOptions(URI, options)).not.toThrow();
  });

  test("allows TLS for a proxy that has some, or that the environment may name", () => {
    for (const proxy of ["https://proxy", true] as const) {
      expect(() => readConnectOptions(URI, { proxy, proxyTls: {} })).not.toThrow();
    }
    expect(() => readConnectOptions("wss://example.com/", { proxyTls: {} })).not.toThrow();
  });
});
