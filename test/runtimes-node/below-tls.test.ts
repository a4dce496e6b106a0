import { afterEach, expect, test, vi } from "vitest";
import { startBelow, stopBelow } from "../../src/runtimes/node/below-tls.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

function socketWith(handle: unknown): object {
  return { encrypted: true, _handle: handle };
}

test("stopBelow() and startBelow() reach the handle below TLS, on Deno only", () => {
  const calls: string[] = [];
  const socket = socketWith({ _parent: { readStop: () => calls.push("stop"), readStart: () => calls.push("start") } });
  stopBelow(socket);
  startBelow(socket);
  expect(calls).toEqual([]);
  vi.stubGlobal("Deno", {});
  stopBelow(socket);
  startBelow(socket);
  expect(calls).toEqual(["stop", "start"]);
});

test.each([{}, socketWith(null), socketWith({}), socketWith({ _parent: {} })])("%o has nothing to stop", (socket) => {
  vi.stubGlobal("Deno", {});
  stopBelow(socket);
  startBelow(socket);
});
