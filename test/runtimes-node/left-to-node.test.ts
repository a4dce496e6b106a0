import { expect, test } from "vitest";
import type { DialOptions, ListenTarget } from "../../src/connection/runtime.ts";
import { dialsWithNode, listensWithNode } from "../../src/runtimes/node/left-to-node.ts";

test.each<[ListenTarget, boolean]>([
  [{}, false],
  [{ host: "localhost", port: 1, backlog: 5, reusePort: false }, false],
  [{ unix: "/tmp/x.sock" }, false],
  [{ tls: {} }, true],
  [{ reusePort: true }, true],
  [{ listener: { fd: 3 } }, true],
])("listensWithNode(%o) is %s", (target, expected) => {
  expect(listensWithNode(target)).toBe(expected);
});

const TLS = ["cert", "ca", "servername"];

test.each<[object | null, boolean]>([
  [{}, false],
  [{ cert: "x", ca: ["y"] }, false],
  [{ cert: "x", sni: undefined, alpn: null }, false],
  [{ cert: "x", sni: {} }, true],
  [{ cert: "x", crl: "y" }, true],
  [null, true],
])("listensWithNode() where TLS has cert, ca and servername: for %j it is %s", (tls, expected) => {
  expect(listensWithNode({ tls: tls as never }, TLS)).toBe(expected);
});

test.each<[string, Partial<DialOptions>, object, boolean]>([
  ["localhost", {}, {}, false],
  ["127.0.0.1", {}, {}, false],
  ["localhost", { host: "127.0.0.1" }, {}, false],
  ["127.0.0.1", { host: "localhost" }, {}, true],
  ["localhost", {}, { servername: "::1" }, true],
  ["127.0.0.1", { unix: "/tmp/x.sock" }, {}, true],
  ["localhost", { unix: "/tmp/x.sock" }, {}, false],
  ["localhost", {}, { ciphers: "x" }, true],
  ["localhost", { wayTo: { host: "x", port: 1 } }, {}, false],
  ["localhost", { wayTo: { host: "x", port: 1, tls: { host: "x", options: {} } } }, {}, true],
])("dialsWithNode() with TLS to %s, %o and %o is %s", (host, more, options, expected) => {
  expect(dialsWithNode({ host, port: 1, tls: { host, options }, ...more }, TLS)).toBe(expected);
});

test.each<[Partial<DialOptions>, boolean]>([
  [{}, false],
  [{ unix: "/tmp/x.sock" }, false],
  [{ tls: { host: "localhost", options: {} } }, true],
  [{ wayTo: { host: "x", port: 1 } }, false],
  [{ wayTo: { host: "x", port: 1, tls: { host: "x", options: {} } } }, true],
  [{ socket: {} }, true],
  [{ through: {} as never }, true],
])("dialsWithNode(%o) is %s", (options, expected) => {
  expect(dialsWithNode({ host: "localhost", port: 1, ...options })).toBe(expected);
});

test.each([
  ["x", {}, false],
  ["127.0.0.1", {}, true],
  ["x", { ciphers: "y" }, true],
])("dialsWithNode() to a proxy, for TLS to %s with %j, is %s", (host, options, expected) => {
  const wayTo = { host, port: 2, tls: { host, options } };
  expect(dialsWithNode({ host: "127.0.0.1", port: 1, wayTo }, TLS)).toBe(expected);
});
