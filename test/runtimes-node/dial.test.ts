import { getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { dial } from "../../src/runtimes/node/dial.ts";
import { listening, RecordingSink, until } from "./sockets.ts";

test("dial() connects, and leaves nothing on the signal", async () => {
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket));
  const port = await listening(server);
  const { signal } = new AbortController();
  const transport = await dial({ host: "127.0.0.1", port }, signal);
  expect(transport.remoteAddress).toEqual({ host: "127.0.0.1", port });
  expect(getEventListeners(signal, "abort")).toEqual([]);
  const sink = new RecordingSink();
  await until(() => accepted.length === 1);
  accepted[0]?.write("Spam");
  transport.attach(sink);
  await until(() => sink.received === 4);
  accepted[0]?.end();
  await until(() => sink.events.includes("end"));
  // Half-open: our half is ours to close.
  expect(sink.isClosed).toBe(false);
  transport.abort();
  await until(() => sink.isClosed);
  accepted[0]?.destroy();
  server.close();
});

test("dial() to a port where nobody listens is refused", async () => {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const { signal } = new AbortController();
  const error = await dial({ host: "127.0.0.1", port }, signal).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error).toMatchObject({
    reason: "refused",
    message: `Cannot connect to 127.0.0.1:${port}: connection refused`,
  });
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("dial() to localhost where nobody listens is refused too, on several addresses or one", async () => {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  await expect(dial({ host: "localhost", port }, new AbortController().signal)).rejects.toMatchObject({
    reason: "refused",
  });
});

test("dial() to a name that does not exist is a failure of DNS", async () => {
  await expect(dial({ host: "name.invalid", port: 80 }, new AbortController().signal)).rejects.toMatchObject({
    reason: "dns",
    message: "Cannot connect to name.invalid:80: name not found",
  });
});

test("dial() rejects with the reason of the signal, and leaves nothing open", async () => {
  const server = createServer((socket) => socket.on("error", () => {}));
  const port = await listening(server);
  const controller = new AbortController();
  const dialing = dial({ host: "127.0.0.1", port }, controller.signal);
  controller.abort("enough");
  await expect(dialing).rejects.toBe("enough");
  await new Promise((resolve) => server.close(resolve));
});

test("dial() with a signal that is aborted rejects", async () => {
  const server = createServer((socket) => socket.on("error", () => {}));
  const port = await listening(server);
  const dialing = dial({ host: "127.0.0.1", port }, AbortSignal.abort("no"));
  dialing.then((transport) => transport.abort()).catch(() => {});
  await expect(dialing).rejects.toBe("no");
  await new Promise((resolve) => server.close(resolve));
});
