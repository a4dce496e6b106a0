// The handlers of Bun.serve, with sockets that are none.
import { expect, test } from "vitest";
import type { CloseFrame } from "../../src/errors/closed.ts";
import { socketFor, webSocketHandlers } from "../../src/runtimes/bun/upgrade.ts";

function scene(subprotocol: string | null) {
  let given: { data: unknown; headers?: Record<string, string> } | undefined;
  const server = {
    upgrade(_request: object, options: typeof given) {
      given = options;
      return true;
    },
  };
  const made = socketFor({}, server, subprotocol);
  const { socket } = made;
  const heard: unknown[][] = [];
  socket.attach({
    onOpen: (chosen) => heard.push(["open", chosen]),
    onMessage: (message) => heard.push(["message", message]),
    onDrain: () => heard.push(["drain"]),
    onClose: (close: CloseFrame | null) => heard.push(["close", close]),
  });
  expect(made.upgrade()).toBe(true);
  const calls: unknown[][] = [];
  const ws = {
    data: given?.data,
    taken: 1,
    send(message: string | Uint8Array) {
      calls.push(["send", message]);
      return this.taken;
    },
    close: (...args: unknown[]) => void calls.push(["close", ...args]),
    terminate: () => void calls.push(["terminate"]),
    getBufferedAmount: () => 7,
  };
  return { socket, ws, calls, heard, headers: given?.headers };
}

test("events reach the socket that the request was given", () => {
  const { socket, ws, heard, headers } = scene("chat");
  expect([headers, socket.bufferedAmount]).toEqual([{ "Sec-WebSocket-Protocol": "chat" }, 0]);
  webSocketHandlers.open(ws);
  webSocketHandlers.message(ws, "text");
  webSocketHandlers.drain(ws);
  webSocketHandlers.close(ws, 1001, "away");
  expect(heard).toEqual([["open", "chat"], ["message", "text"], ["drain"], ["close", { code: 1001, reason: "away" }]]);
  expect([socket.bufferedAmount, ws]).toMatchObject([7, { binaryType: "uint8array" }]);
});

test("sends, closes and drops", () => {
  const { socket, ws, calls, heard, headers } = scene(null);
  expect(headers).toEqual({ "Sec-WebSocket-Protocol": "" });
  socket.send("before it is open");
  socket.close(1000, "");
  webSocketHandlers.open(ws);
  socket.send("a");
  ws.taken = -1;
  socket.send("b");
  ws.taken = 0;
  socket.send("");
  expect(() => socket.send("c")).toThrow("the socket took nothing");
  socket.close(1009, "much");
  socket.abort();
  webSocketHandlers.close(ws, 1006, "");
  expect(calls).toEqual([
    ["send", "a"],
    ["send", "b"],
    ["send", ""],
    ["send", "c"],
    ["close", 1009, "much"],
    ["terminate"],
  ]);
  expect(heard).toEqual([["open", ""]]);
});

test("the code that Bun tells after our own Close frame is no answer", () => {
  const { socket, ws, heard } = scene(null);
  webSocketHandlers.open(ws);
  socket.close(4000, "enough");
  webSocketHandlers.close(ws, 4000, "enough");
  expect([socket.isOneSided, heard.at(-1)]).toEqual([true, ["close", null]]);
});

test("an end without a Close frame, one before it opened, and sockets of others", () => {
  const lost = scene(null);
  webSocketHandlers.close(lost.ws, 1006, "");
  expect(lost.heard).toEqual([["close", null]]);
  const early = scene(null);
  early.socket.abort();
  webSocketHandlers.open(early.ws);
  const other = { ...early.ws, data: "of somebody else" };
  webSocketHandlers.open(other);
  webSocketHandlers.message(other, "text");
  webSocketHandlers.drain(other);
  webSocketHandlers.close(other, 1000, "");
  expect([early.heard, early.calls]).toEqual([[], []]);
});
