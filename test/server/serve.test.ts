import { getEventListeners } from "node:events";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bindServe } from "../../src/server/serve.ts";
import { MemoryRuntime } from "../support/network.ts";
import { fakeTimers, idle, serveInMemory } from "./scene.ts";

beforeAll(fakeTimers);
afterAll(() => {
  vi.useRealTimers();
});

test("serve() listens where it is told", async () => {
  const serve = bindServe(new MemoryRuntime());
  const server = await serve(idle, { host: "localhost", port: 8765, backlog: 5 });
  expect(server.addresses).toEqual([{ host: "localhost", port: 8765 }]);
  await expect(serve(idle, { port: 8765 })).rejects.toMatchObject({ reason: "address-in-use" });
});

test("serve() needs no options", async () => {
  expect((await bindServe(new MemoryRuntime())(idle)).addresses).toHaveLength(1);
});

test("serve() rejects, and does not throw, what it cannot use", async () => {
  const serve = bindServe(new MemoryRuntime());
  await expect(serve("handler" as never)).rejects.toEqual(
    new TypeError("Cannot serve: expected a function as handler"),
  );
  await expect(serve(idle, { subprotocols: "chat" as never })).rejects.toBeInstanceOf(TypeError);
  await expect(serve(idle, { maxQueue: -1 })).rejects.toBeInstanceOf(RangeError);
});

test("serve() with a signal that is aborted rejects and does not listen", async () => {
  const runtime = new MemoryRuntime();
  const serve = bindServe(runtime);
  await expect(serve(idle, { port: 1, signal: AbortSignal.abort("no") })).rejects.toBe("no");
  expect((await serve(idle, { port: 1 })).addresses).toHaveLength(1);
});

test("the signal closes the server", async () => {
  const controller = new AbortController();
  const { server, ask, settle } = await serveInMemory(idle, { signal: controller.signal });
  const { peer } = await ask();
  controller.abort();
  await settle();
  expect(peer.taken()).toBe("88 02 03 e9");
  peer.transport.abort();
  await server.finished;
});

test("serve() leaves no listener at its signal once the server is closed", async () => {
  const { signal } = new AbortController();
  const { server } = await serveInMemory(idle, { signal });
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  await server.close();
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a connection that opens as the server is closed has no handler", async () => {
  const handled: unknown[] = [];
  const { server, ask, settle } = await serveInMemory((ws) => void handled.push(ws), {
    logger: {
      warn() {},
      error() {},
      info(message) {
        if (String(message).includes("open")) void server.close();
      },
    },
  });
  const { peer } = await ask();
  await settle();
  peer.transport.abort();
  await server.finished;
  expect(handled).toEqual([]);
});

test("serve() with a signal that is aborted while it begins to listen rejects, and listens no longer", async () => {
  const runtime = new MemoryRuntime();
  const listening = runtime.listen.bind(runtime);
  const controller = new AbortController();
  runtime.listen = async (...settings) => {
    const listener = await listening(...settings);
    controller.abort("enough");
    return listener;
  };
  await expect(bindServe(runtime)(idle, { signal: controller.signal })).rejects.toBe("enough");
  expect(runtime.calls).toEqual(["close"]);
});
