// Bytes that a lost socket still held must not count as written.
import { connect as dial, type Socket } from "node:net";
import { expect, test } from "vitest";
import { serve } from "../../src/node.ts";
import type { ServerConnection } from "../../src/server/server-connection.ts";

const REQUEST =
  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

test.each([
  ["reset by the peer", (_ws: ServerConnection, socket: Socket) => void socket.resetAndDestroy()],
  ["aborted by us", (ws: ServerConnection) => ws.abort()],
])("send() rejects when the connection is %s before its bytes were written", async (_how, end) => {
  let outcomes: Promise<PromiseSettledResult<void>[]> | undefined;
  const opened = defer<ServerConnection>();
  const server = await serve(
    async (ws) => {
      outcomes = Promise.allSettled([ws.send(new Uint8Array(60_000_000)), ws.send("behind it")]);
      opened.resolve(ws);
      await ws.closed;
    },
    { host: "127.0.0.1", port: 0 },
  );
  const { port } = server.addresses[0] as { port: number };
  const socket = dial(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write(REQUEST);
  end(await opened.promise, socket);
  const settled = (await outcomes) ?? [];
  expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  socket.destroy();
  await server.close();
});

function defer<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
