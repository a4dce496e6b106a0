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

test.each<[Partial<DialOptions>, boolean]>([
  [{}, false],
  [{ unix: "/tmp/x.sock", isWay: false }, false],
  [{ tls: { host: "localhost", options: {} } }, true],
  [{ isWay: true }, true],
  [{ socket: {} }, true],
  [{ through: {} as never }, true],
])("dialsWithNode(%o) is %s", (options, expected) => {
  expect(dialsWithNode({ host: "localhost", port: 1, ...options })).toBe(expected);
});
