// The handler of a connection, and the end that follows it.
import { expect, test } from "vitest";
import { subscribe } from "../../src/connection/diagnostics.ts";
import { handleConnection } from "../../src/server/handle.ts";
import { openNative } from "../support/fake-socket.ts";

function scene() {
  const logged: unknown[] = [];
  const { ws, socket } = openNative({ logger: { warn() {}, error: (_line, error) => void logged.push(error) } });
  return { ws, socket, logged };
}

test("tells diagnostics and the log of what a handler throws", async () => {
  const { ws, socket, logged } = scene();
  const told: unknown[] = [];
  const unsubscribe = subscribe("error", ({ error }) => told.push(error));
  const error = new Error("mine");
  const handled = handleConnection(ws, () => Promise.reject(error));
  await Promise.resolve();
  socket.sink.onClose(null);
  await handled;
  unsubscribe();
  expect([logged, told.includes(error), socket.closes]).toEqual([[error], true, [[1011, ""]]]);
});

test("a handler that ends because its connection did is no failure", async () => {
  const { ws, socket, logged } = scene();
  const handled = handleConnection(ws, async () => void (await ws.recv()));
  socket.sink.onClose(null);
  await handled;
  expect([logged, socket.closes]).toEqual([[], []]);
});
