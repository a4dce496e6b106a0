// The blocking server: handlers in real threads, and asynchronous clients here.
import { afterEach, describe, expect, test } from "vitest";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { connect } from "../../src/node.ts";
import { bindBlockingServe } from "../../src/sync/serve.ts";
import type { BlockingServeOptions } from "../../src/sync/serve.ts";
import type { BlockingServer } from "../../src/sync/server.ts";
import { BUILT, thrownBy } from "./support.ts";

const serve = bindBlockingServe(BUILT);
const HANDLERS = new URL("./handlers.mjs", import.meta.url);
const running: BlockingServer[] = [];

afterEach(() => {
  for (const server of running.splice(0)) server.shutdown({ timeout: 100 });
});

function start(options: BlockingServeOptions = {}): { server: BlockingServer; uri: string } {
  const server = serve(HANDLERS, { host: "127.0.0.1", port: 0, threads: 1, closeTimeout: 200, ...options });
  running.push(server);
  const { port } = server.addresses[0] as { port: number };
  return { server, uri: `ws://127.0.0.1:${port}` };
}

describe("handlers", () => {
  test("echo, and the connection is closed with 1000 when they return", async () => {
    const { uri } = start();
    await using ws = await connect(`${uri}/later`);
    expect(await ws.recv()).toBe("later");
    await expect(ws.recv()).rejects.toMatchObject({ received: { code: 1000 } });
  });

  test.each([
    ["throws", 1011],
    ["ends", 1011],
    ["uncaught", 1011],
    ["closes", 4001],
  ])("%s: the peer sees %i, and the next connection is served", async (path, code) => {
    const { uri } = start({ optionsModule: new URL("./quiet.mjs", import.meta.url) });
    await using ws = await connect(`${uri}/${path}`);
    await expect(ws.recv()).rejects.toMatchObject({ received: { code } });
    await using next = await connect(`${uri}/echo`);
    await next.send("on");
    expect(await next.recv()).toBe("on");
  });

  test("see the facts, of hooks from optionsModule too; options of the call go first", async () => {
    const { uri } = start({ optionsModule: new URL("./options.mjs", import.meta.url), openTimeout: 10_000 });
    const at = uri.replace("//", "//ada:secret@");
    await using ws = await connect(`${at}/facts`, { subprotocols: ["a", "b"] });
    expect(JSON.parse(String(await ws.recv()))).toEqual(["ada", "b", "/facts", 101]);
    await expect(connect(`${uri}/facts`)).rejects.toMatchObject({ code: "INVALID_STATUS" });
  });

  test("beyond the threads wait for one, the first one first; who leaves is skipped", async () => {
    const { server, uri } = start();
    await using first = await connect(`${uri}/echo`);
    const leaving = await connect(`${uri}/echo`);
    await using third = await connect(`${uri}/echo`);
    await third.send("3");
    expect(await third.ping()).toBeGreaterThan(0);
    expect(server.connectionCount).toBe(3);
    await leaving.close();
    await first.send("1");
    expect(await first.recv()).toBe("1");
    await first.close();
    expect(await third.recv()).toBe("3");
  });
});

describe("shutdown()", () => {
  test("closes connections with its code, and waits for their handlers", async () => {
    const { server, uri } = start();
    const ws = await connect(`${uri}/echo`);
    await ws.send("x");
    expect(await ws.recv()).toBe("x");
    server.shutdown({ code: 1012, reason: "back soon" });
    expect(server.isFinished).toBe(true);
    await expect(ws.recv()).rejects.toMatchObject({ received: { code: 1012, reason: "back soon" } });
    await expect(connect(uri)).rejects.toBeInstanceOf(NetworkError);
    server.shutdown();
    server.serveForever();
  });

  test("waits for a handler that is slow", async () => {
    const { server, uri } = start();
    const ws = await connect(`${uri}/slow`);
    await ws.recv();
    const before = performance.now();
    server.shutdown();
    expect(performance.now() - before).toBeGreaterThan(150);
    await ws.closed;
  });

  test("ends the threads of handlers that do not return in `timeout`, those that wait too", async () => {
    const { server, uri } = start();
    const ws = await connect(`${uri}/stuck`);
    const waiting = await connect(`${uri}/echo`);
    expect(await ws.recv()).toBe("stuck");
    server.shutdown({ timeout: 50 });
    expect(server.connectionCount).toBe(0);
    await Promise.all([ws.closed, waiting.closed]);
  });

  test("closeConnections: false waits for the clients", async () => {
    const { server, uri } = start();
    const ws = await connect(`${uri}/echo`);
    await ws.send("x");
    await ws.recv();
    const closing = new Promise((resolve) => setTimeout(resolve, 50)).then(() => ws.close());
    // The client is of this thread, which blocks: so a handler calls it.
    const other = connect(`${uri}/shutdown`);
    await closing;
    expect(await (await other).recv()).toBe("as you wish");
    server.serveForever();
  });

  test("of a handler checks its options", async () => {
    const { uri } = start();
    await using ws = await connect(`${uri}/wrong-shutdown`);
    expect(await ws.recv()).toBe("RangeError");
  });

  test.each([[{ code: 1005 }], [{ reason: "x".repeat(124) }], [{ timeout: -1 }]])("refuses %o", (options) => {
    const { server } = start();
    expect(thrownBy(() => server.shutdown(options))).toBeInstanceOf(RangeError);
  });

  test("is what `using` does, and unref() lets the process end", () => {
    const { server } = start();
    server.unref();
    server[Symbol.dispose]();
    expect(server.isFinished).toBe(true);
  });
});

describe("serve()", () => {
  test.each([
    ["./handlers.mjs", "absolute URL"],
    ["/handlers.mjs", "absolute URL"],
  ])("refuses %s as handlerModule", (module, text) => {
    const error = thrownBy(() => serve(module));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(text);
  });

  test("throws what loading the module throws", () => {
    const missing = thrownBy(() => serve(new URL("./nowhere.mjs", import.meta.url)));
    expect(missing.message).toContain("nowhere.mjs");
    const wrong = thrownBy(() => serve(new URL("./no-options.mjs", import.meta.url)));
    expect(wrong).toMatchObject({ name: "TypeError", message: expect.stringContaining("no function") as string });
  });

  test("throws NetworkError for a port that is taken, and what options are wrong", () => {
    const { server } = start();
    const { port } = server.addresses[0] as { port: number };
    expect(thrownBy(() => serve(HANDLERS, { host: "127.0.0.1", port }))).toMatchObject({ reason: "address-in-use" });
    expect(thrownBy(() => start({ threads: 0 }))).toBeInstanceOf(RangeError);
    expect(thrownBy(() => start({ maxSize: -1 }))).toBeInstanceOf(RangeError);
    expect(thrownBy(() => start({ processRequest() {} } as never)).message).toContain("optionsModule");
    const module = new URL("./no-options.mjs", import.meta.url);
    expect(thrownBy(() => start({ optionsModule: module })).message).toContain("no object");
  });
});

test("errors of the closed connection are the same classes here", async () => {
  const { server, uri } = start();
  const ws = await connect(`${uri}/echo`);
  server.shutdown();
  const error: unknown = await ws.recv().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConnectionClosedOK);
  expect(error).not.toBeInstanceOf(ConnectionClosedError);
});
