import { getEventListeners } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionClosedError } from "../../src/errors/closed.ts";
import { bindConnect } from "../../src/client/connect.ts";
import { subscribe } from "../../src/connection/diagnostics.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import { readServeOptions } from "../../src/server/options.ts";
import { ServerConnection } from "../../src/server/server-connection.ts";
import { RunningServer } from "../../src/server/server.ts";
import { GOOD_REQUEST, masked, MemoryRuntime, unhandledDuring } from "../support/network.ts";
import { hex } from "../support/hex.ts";
import { turn } from "../support/memory-transport.ts";
import type { ServerScene } from "./scene.ts";
import { fakeTimers, idle, serveInMemory } from "./scene.ts";

beforeAll(fakeTimers);
beforeEach(() => {
  // What earlier tests left behind.
  vi.advanceTimersByTime(100_000);
});
afterAll(() => {
  vi.useRealTimers();
});

const CLOSE_OK = masked(hex`88 02 03 e8`);

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await turn();
  return settled;
}

/** Opens a connection as a peer without a protocol. */
async function open(scene: ServerScene): Promise<Awaited<ReturnType<ServerScene["ask"]>>["peer"]> {
  const { peer, answer } = await scene.ask();
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  return peer;
}

describe("handler", () => {
  test.each([
    ["returns", () => {}],
    ["resolves", async () => {}],
  ])("that %s closes with 1000", async (_what, handler) => {
    const scene = await serveInMemory(handler);
    const { peer, answer } = await scene.ask();
    expect(answer.split("\r\n\r\n")[1]).toBe("\u0088\u0002\u0003\u00e8");
    peer.send(CLOSE_OK);
    peer.end();
    await scene.settle();
    expect(peer.isClosed).toBe(true);
    expect(scene.logger.lines).toEqual([]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("oops");
      },
    ],
    ["rejects", () => Promise.reject(new Error("oops"))],
  ])("that %s closes with 1011 and logs one error", async (_what, handler) => {
    const scene = await serveInMemory(handler);
    const { answer } = await scene.ask();
    expect(answer.split("\r\n\r\n")[1]).toBe("\u0088\u0002\u0003\u00f3");
    expect(scene.logger.lines).toEqual([
      { level: "error", message: "! connection handler failed", details: [new Error("oops")] },
    ]);
  });

  test("that ends with the end of its own connection logs nothing", async () => {
    const scene = await serveInMemory(async (ws) => {
      for (;;) await ws.recv();
    });
    for (const frame of [CLOSE_OK, masked(hex`88 02 03 f3`), masked(hex`83 00`)]) {
      const peer = await open(scene);
      peer.send(frame);
      await scene.settle();
      peer.end();
      await scene.settle();
      const lost = await open(scene);
      lost.transport.abort();
      await scene.settle();
    }
    expect(scene.logger.lines).toEqual([]);
    expect(scene.server.connections.size).toBe(0);
  });

  test("that fails with the end of another connection logs an error", async () => {
    const other = await serveInMemory((ws) => ws.close(4000));
    const [address] = other.server.addresses;
    const uri = `ws://memory:${(address as { port: number }).port}/`;
    const connect = bindConnect(other.runtime);
    const scene = await serveInMemory(async () => {
      const upstream = await connect(uri, { pingInterval: null });
      await upstream.recv();
    });
    const peer = await open(scene);
    await other.settle();
    await scene.settle();
    expect(peer.takenText()).toBe("\u0088\u0002\u0003\u00f3");
    expect(scene.logger.lines).toMatchObject([{ level: "error", details: [expect.any(ConnectionClosedError)] }]);
  });

  test("runs while others run, and its connection is open", async () => {
    const states: string[] = [];
    const scene = await serveInMemory(async (ws) => {
      states.push(ws.state);
      await ws.closed;
    });
    await open(scene);
    await open(scene);
    expect(states).toEqual(["open", "open"]);
    expect(scene.server.connections.size).toBe(2);
  });

  test("that returns during a close of the peer's is no error", async () => {
    const scene = await serveInMemory(async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    const peer = await open(scene);
    peer.send(masked(hex`81 01 61`), CLOSE_OK);
    await scene.settle();
    expect(peer.taken()).toBe("81 01 61 88 02 03 e8");
    peer.end();
    await scene.settle();
    expect(scene.server.connections.size).toBe(0);
    expect(scene.logger.lines).toEqual([]);
  });
});

describe("connections", () => {
  test("holds exactly the open ones, in a new set", async () => {
    const scene = await serveInMemory();
    const { server } = scene;
    expect(server.connections).toEqual(new Set());
    const peers = [await open(scene), await open(scene), await open(scene)];
    await scene.ask("GET / HTTP/1.1\r\n"); // not yet open
    const before = server.connections;
    expect(before.size).toBe(3);
    expect(server.connections).not.toBe(before);
    before.clear();
    expect(server.connections.size).toBe(3);
    const [first] = server.connections;
    void first?.close();
    expect(server.connections.size).toBe(2); // closing
    await scene.settle();
    peers[1]?.transport.abort();
    await scene.settle();
    expect(server.connections.size).toBe(1);
    peers[2]?.send(CLOSE_OK);
    await scene.settle();
    expect(server.connections.size).toBe(0);
  });
});

describe("close()", () => {
  test("closes open connections with 1001, and resolves when they are gone", async () => {
    const scene = await serveInMemory();
    const peers = [await open(scene), await open(scene)];
    const closing = scene.server.close();
    await scene.settle();
    for (const peer of peers) expect(peer.taken()).toBe("88 02 03 e9");
    expect(scene.server.addresses).toEqual([]);
    expect(await isSettled(closing)).toBe(false);
    peers[0]?.send(masked(hex`88 02 03 e9`));
    peers[0]?.end();
    await scene.settle();
    expect(await isSettled(closing)).toBe(false);
    peers[1]?.transport.abort();
    await closing;
    await scene.server.finished;
    expect(scene.runtime.calls.filter((call) => call === "close")).toHaveLength(1);
  });

  test("closes with the code and the reason of the caller", async () => {
    const scene = await serveInMemory();
    const peer = await open(scene);
    void scene.server.close({ code: 1012, reason: "bye" });
    await scene.settle();
    expect(peer.taken()).toBe("88 05 03 f4 62 79 65");
  });

  test.each([[{ code: 999 }], [{ code: 1005 }], [{ reason: "x".repeat(124) }]])(
    "refuses %j, and the server goes on",
    async (options) => {
      const scene = await serveInMemory();
      await expect(scene.server.close(options)).rejects.toBeInstanceOf(RangeError);
      await open(scene);
    },
  );

  test.each([[null], [5], [{ signal: 5 }], [{ signal: {} }], [{ code: null }], [{ reason: null }]])(
    "rejects for %j instead of options, and the server goes on",
    async (options) => {
      const scene = await serveInMemory();
      await open(scene);
      await expect(scene.server.close(options as never)).rejects.toBeInstanceOf(Error);
      await open(scene);
    },
  );

  test("again only waits", async () => {
    const scene = await serveInMemory();
    const peer = await open(scene);
    const both = [scene.server.close(), scene.server.close({ code: 1012 })];
    await scene.settle();
    expect(peer.taken()).toBe("88 02 03 e9");
    peer.transport.abort();
    await Promise.all(both);
    await scene.server.close();
  });

  test("without connections resolves at once", async () => {
    const scene = await serveInMemory();
    await scene.server.close();
    expect(scene.server.connections.size).toBe(0);
  });

  test("closeConnections false waits for clients to leave", async () => {
    const scene = await serveInMemory();
    const peer = await open(scene);
    const closing = scene.server.close({ closeConnections: false });
    await scene.advance(1_000_000);
    expect(peer.taken()).toBe("");
    expect(await isSettled(closing)).toBe(false);
    expect(scene.server.connections.size).toBe(1);
    peer.send(CLOSE_OK);
    peer.end();
    await closing;
  });

  test("drops clients that do not answer after closeTimeout", async () => {
    const scene = await serveInMemory(idle, { closeTimeout: 500 });
    const peer = await open(scene);
    const closing = scene.server.close();
    await scene.advance(499);
    expect(await isSettled(closing)).toBe(false);
    await scene.advance(1);
    await closing;
    await scene.settle();
    expect(peer.isClosed).toBe(true);
    await scene.advance(20_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ["nothing", ""],
    ["half a request", "GET / HTTP/1.1\r\n"],
  ])("answers 503 to a client that has sent %s", async (_what, start) => {
    const scene = await serveInMemory();
    const { peer } = await scene.ask(start);
    const closing = scene.server.close();
    await scene.settle();
    expect(peer.takenText()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n.*Server is shutting down\.\n$/s);
    expect(peer.hasEnded).toBe(true);
    peer.send(GOOD_REQUEST);
    peer.end();
    await closing;
  });

  test("answers 503 to a client whose hook runs, when that is done", async () => {
    let go: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const scene = await serveInMemory(idle, { processRequest: () => gone });
    const { peer } = await scene.ask();
    const closing = scene.server.close();
    await scene.settle();
    expect(peer.takenText()).toBe("");
    go();
    await scene.settle();
    expect(peer.takenText()).toMatch(/^HTTP\/1\.1 503 /);
    peer.end();
    await closing;
  });

  test.each([
    ["answers 503 after closeTimeout", { closeTimeout: 1000 }, /^HTTP\/1\.1 503 /],
    ["waits without closeTimeout", { closeTimeout: null }, /^$/],
  ])("to a client whose hook never ends, without openTimeout: %s", async (_what, options, expected) => {
    const processRequest = (): Promise<undefined> => new Promise(() => {});
    const scene = await serveInMemory(idle, { processRequest, openTimeout: null, ...options });
    const { peer } = await scene.ask();
    const closing = scene.server.close();
    await scene.advance(999);
    expect(peer.takenText()).toBe("");
    await scene.advance(1);
    expect(peer.takenText()).toMatch(expected);
    peer.end();
    await scene.settle();
    peer.transport.abort();
    await closing;
  });

  test("lets the refusal of a hook pass", async () => {
    let go: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const scene = await serveInMemory(idle, {
      async processRequest(ws) {
        await gone;
        return ws.respond(200, "OK\n");
      },
    });
    const { peer } = await scene.ask();
    void scene.server.close();
    go();
    await scene.settle();
    expect(peer.takenText()).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("answers 503 to a client that is accepted while the listener closes", async () => {
    const scene = await serveInMemory();
    let go: () => void = () => {};
    scene.runtime.beforeClose = new Promise<void>((resolve) => {
      go = resolve;
    });
    const closing = scene.server.close();
    const { peer, answer } = await scene.ask();
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    peer.end();
    await scene.settle();
    expect(await isSettled(closing)).toBe(false);
    go();
    await closing;
  });

  test("does not answer twice a request that was refused already", async () => {
    const scene = await serveInMemory();
    const { peer, answer } = await scene.ask("NO HTTP\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    const closing = scene.server.close();
    await scene.settle();
    expect(peer.takenText()).toBe("");
    peer.end();
    await closing;
  });

  test("with a client that has just left, before its request", async () => {
    const scene = await serveInMemory();
    const { peer, pair } = scene.dial();
    const other = await open(scene);
    pair.toServer.isManual = true;
    peer.end();
    pair.toServer.deliver();
    const closing = scene.server.close();
    await scene.settle();
    expect(other.taken()).toBe("88 02 03 e9");
    other.transport.abort();
    await closing;
  });

  test.each(Array.from({ length: 16 }, (_, i) => i))(
    "%d promises after the response leaves no connection open",
    async (count) => {
      let closing: Promise<void> | undefined;
      const scene: ServerScene = await serveInMemory(idle, {
        processResponse() {
          void (async () => {
            for (let i = 0; i < count; i++) await Promise.resolve();
            closing = scene.server.close();
          })();
        },
      });
      const { peer } = await scene.ask();
      peer.send(masked(hex`88 02 03 e9`));
      peer.end();
      await scene.settle();
      await scene.advance(30_000);
      expect(closing).toBeDefined();
      expect(await isSettled(closing as Promise<void>)).toBe(true);
    },
  );

  test.each(Array.from({ length: 16 }, (_, i) => i))(
    "%d promises after the request arrived answers it once",
    async (count) => {
      const scene = await serveInMemory();
      const { peer, pair } = scene.dial();
      pair.toServer.isManual = true;
      peer.send(GOOD_REQUEST);
      pair.toServer.deliver();
      for (let i = 0; i < count; i++) await Promise.resolve();
      const closing = scene.server.close();
      await scene.settle();
      const answers = peer.takenText();
      expect(answers.match(/HTTP\/1\.1/g)).toHaveLength(1);
      // Either refused, or opened and then closed with 1001.
      if (answers.startsWith("HTTP/1.1 101")) expect(answers.split("\r\n\r\n")[1]).toBe("\u0088\u0002\u0003\u00e9");
      else expect(answers).toMatch(/^HTTP\/1\.1 503/);
      peer.transport.abort();
      await scene.settle();
      expect(await isSettled(closing)).toBe(true);
    },
  );

  test("with a signal stops waiting, and goes on closing", async () => {
    const scene = await serveInMemory();
    const peer = await open(scene);
    const controller = new AbortController();
    const closing = scene.server.close({ signal: controller.signal });
    await scene.settle();
    controller.abort(new Error("enough"));
    await expect(closing).rejects.toEqual(new Error("enough"));
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    expect(peer.taken()).toBe("88 02 03 e9");
    await expect(scene.server.close({ signal: AbortSignal.abort("now") })).rejects.toBe("now");
    peer.transport.abort();
    await scene.server.finished;
    const { signal } = new AbortController();
    await scene.server.close({ signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("nobody needs to await it", async () => {
    const found = await unhandledDuring(async () => {
      const scene = await serveInMemory();
      const peer = await open(scene);
      void scene.server.close({ code: 1 });
      void scene.server.close({ signal: AbortSignal.abort() });
      void scene.server.close();
      peer.transport.abort();
      await scene.settle();
    });
    expect(found).toEqual([]);
  });

  test("disposing closes", async () => {
    const scene = await serveInMemory();
    const peer = await open(scene);
    const disposed = (async () => {
      await using server = scene.server;
      expect(server.connections.size).toBe(1);
    })();
    await scene.settle();
    expect(peer.taken()).toBe("88 02 03 e9");
    peer.transport.abort();
    await disposed;
  });

  test("does not wait for handlers", async () => {
    const scene = await serveInMemory(() => new Promise(() => {}));
    const peer = await open(scene);
    const closing = scene.server.close();
    peer.transport.abort();
    await closing;
  });
});

test("finished is pending while the server listens", async () => {
  const { server } = await serveInMemory();
  expect(await isSettled(server.finished)).toBe(false);
});

test("ref() and unref() are those of the listener", async () => {
  const { server, runtime } = await serveInMemory();
  server.unref();
  server.ref();
  expect(runtime.calls).toEqual(["unref", "ref"]);
});

test("a server that does not listen yet has no addresses, and can be told to ref() and unref()", () => {
  const server = new RunningServer(new MemoryRuntime(), idle, readServeOptions({}, "x"));
  expect(server.addresses).toEqual([]);
  server.ref();
  server.unref();
});

test("a logger that throws ends nothing", async () => {
  const logger = {
    warn() {},
    error() {
      throw new Error("disk full");
    },
  };
  const fail = (): never => {
    throw new Error("no");
  };
  const scene = await serveInMemory(fail, { logger });
  const { answer } = await scene.ask();
  expect(answer.split("\r\n\r\n")[1]).toBe("\u0088\u0002\u0003\u00f3");
});

test("handleUpgrade() throws on a runtime that has no servers of HTTP", async () => {
  const { server } = await serveInMemory();
  expect(() => server.handleUpgrade({ httpVersion: "1.1", rawHeaders: [] }, {}, new Uint8Array(0))).toThrow(
    new TypeError("Cannot handle upgrade: not supported on Memory/1.0"),
  );
});

test("openTimeout null opens connections too", async () => {
  const scene = await serveInMemory(idle, { openTimeout: null });
  await open(scene);
  expect(scene.server.connections.size).toBe(1);
});

test("diagnostics are told what a hook throws", async () => {
  const events: unknown[] = [];
  const unsubscribe = subscribe("error", (event) => events.push(event));
  const error = new Error("oops");
  const processRequest = (): never => {
    throw error;
  };
  try {
    expect((await (await serveInMemory(idle, { processRequest })).ask()).answer).toMatch(/^HTTP\/1\.1 500 /);
  } finally {
    unsubscribe();
  }
  expect(events).toEqual([{ connection: expect.any(ServerConnection), during: "handshake", error }]);
});

test("a response that a hook made unusable drops the client", async () => {
  const processResponse: ServeOptions["processResponse"] = (_ws, _request, response) => {
    Object.defineProperty(response, "headers", { value: null });
  };
  const { server, ask, settle } = await serveInMemory(idle, { processResponse });
  const { peer, answer } = await ask();
  await settle();
  expect([answer, peer.isClosed]).toEqual(["", true]);
  await server.close();
});
