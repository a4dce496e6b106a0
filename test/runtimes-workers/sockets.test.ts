// What is asked of the WebSockets of Workers, and of Deno.upgradeWebSocket, with fakes of theirs.
import { afterEach, expect, test, vi } from "vitest";
import { upgradeRequest } from "../../src/runtimes/deno/upgrade.ts";
import { makePair, openSocket } from "../../src/runtimes/workers/sockets.ts";

class Fake {
  readonly calls: unknown[][] = [];
  readyState = 1;
  protocol = "";
  binaryType = "";
  constructor(...args: unknown[]) {
    this.calls.push(args);
  }
  accept(): void {
    this.calls.push(["accept"]);
  }
  addEventListener(): void {}
  send(): void {}
  close(...args: unknown[]): void {
    this.calls.push(args);
  }
}

const NOTHING = { onMessage() {}, onDrain() {}, onClose() {} };

afterEach(() => void vi.unstubAllGlobals());

test.each([
  ["chat", { "Sec-WebSocket-Protocol": "chat" }],
  [null, {}],
])("a pair: one end accepted, the other in the response (subprotocol %s)", (subprotocol, headers) => {
  const pair = { 0: new Fake(), 1: new Fake() };
  const made: unknown[] = [];
  vi.stubGlobal("WebSocketPair", function WebSocketPair() {
    return pair;
  });
  vi.stubGlobal("Response", function Response(body: unknown, init: unknown) {
    made.push(body, init);
  });
  const { socket } = makePair({}, subprotocol);
  expect(made).toEqual([null, { status: 101, headers, webSocket: pair[0] }]);
  const opened: string[] = [];
  socket.attach({ ...NOTHING, onOpen: (chosen) => opened.push(chosen) });
  expect([pair[1].calls, opened, socket.isRestricted]).toEqual([[[], ["accept"]], [subprotocol ?? ""], false]);
});

test("a client sends all codes", () => {
  vi.stubGlobal("WebSocket", Fake);
  const socket = openSocket("ws://example.com/", ["chat"]);
  expect(socket.isRestricted).toBe(false);
  socket.close(1009, "much");
});

test.each([
  ["chat", { protocol: "chat" }],
  [null, {}],
])("Deno upgrades a request (subprotocol %s)", (subprotocol, expected) => {
  const [request, response, socket] = [{}, {}, new Fake()];
  const upgradeWebSocket = vi.fn(() => ({ socket, response }));
  vi.stubGlobal("Deno", { upgradeWebSocket });
  const made = upgradeRequest(request, subprotocol);
  expect(upgradeWebSocket).toHaveBeenCalledWith(request, expected);
  expect([made.response, made.socket.isRestricted]).toEqual([response, true]);
});
