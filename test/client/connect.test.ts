import { getEventListeners } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientConnection } from "../../src/client/client-connection.ts";
import type { Connect } from "../../src/client/connect.ts";
import { bindConnect } from "../../src/client/connect.ts";
import { Connecting } from "../../src/client/connecting.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { Transport } from "../../src/connection/transport.ts";
import {
  InvalidHandshake,
  InvalidHeader,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidStatus,
  InvalidUpgrade,
  InvalidURI,
  NegotiationError,
  SecurityError,
} from "../../src/errors/handshake.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import { bindServe } from "../../src/server/serve.ts";
import { VERSION } from "../../src/version.ts";
import { hex } from "../support/hex.ts";
import type { MemoryTransport } from "../support/memory-transport.ts";
import { memoryPair } from "../support/memory-transport.ts";
import type { RawPeer } from "../support/network.ts";
import { acceptFor, goodResponse, latin1, MemoryRuntime, unhandledDuring } from "../support/network.ts";

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
beforeEach(() => {
  // What earlier tests left behind.
  vi.advanceTimersByTime(100_000);
});
afterAll(() => {
  vi.useRealTimers();
});

interface Scene {
  readonly runtime: MemoryRuntime;
  readonly connect: Connect;
  readonly uri: string;
  /** The servers' ends, in the order of the connections. */
  readonly peers: RawPeer[];
  readonly transports: MemoryTransport[];
  /** Connects, and lets the request arrive. */
  readonly begin: (options?: ConnectOptions) => Promise<{
    readonly connecting: Promise<ClientConnection>;
    readonly peer: RawPeer;
    readonly request: string;
  }>;
  readonly advance: (duration: number) => Promise<void>;
}

async function listen(): Promise<Scene> {
  const runtime = new MemoryRuntime();
  const connect = bindConnect(runtime);
  const peers: RawPeer[] = [];
  const transports: MemoryTransport[] = [];
  const port = await runtime.listenRaw((peer, transport) => {
    peers.push(peer);
    transports.push(transport);
  });
  const uri = `ws://memory:${port}/chat?room=1`;
  return {
    runtime,
    connect,
    uri,
    peers,
    transports,
    async begin(options = {}) {
      const connecting = connect(uri, { pingInterval: null, ...options }).then((ws) => ws);
      connecting.catch(() => {});
      await runtime.settle();
      const peer = peers.at(-1) as RawPeer;
      return { connecting, peer, request: peer.takenText() };
    },
    async advance(duration) {
      vi.advanceTimersByTime(duration);
      await runtime.settle();
    },
  };
}

describe("opening", () => {
  test("connect() is lazy, dials once, and gives an open connection", async () => {
    const scene = await listen();
    const connecting = scene.connect(scene.uri, { pingInterval: null });
    expect(connecting).toBeInstanceOf(Connecting);
    await scene.runtime.settle();
    expect(scene.runtime.calls).toEqual([]);
    const both = [connecting.then((ws) => ws), connecting.then((ws) => ws)];
    await scene.runtime.settle();
    expect(scene.runtime.calls).toEqual(["dial memory:1024"]);
    const [peer] = scene.peers;
    peer?.send(goodResponse(peer.takenText()));
    const [ws, same] = await Promise.all(both);
    expect(ws).toBe(same);
    expect(ws?.state).toBe("open");
    expect(ws?.response?.statusCode).toBe(101);
    expect(ws?.request?.path).toBe("/chat?room=1");
    expect(await connecting).toBe(ws);
    expect(scene.runtime.calls).toHaveLength(1);
  });

  test("the request has the headers of RFC 6455, in order", async () => {
    const { begin } = await listen();
    const { request } = await begin({ compression: null });
    const [line, ...headers] = request.trimEnd().split("\r\n");
    expect(line).toBe("GET /chat?room=1 HTTP/1.1");
    expect(headers.map((header) => header.replace(/^(Sec-WebSocket-Key): [A-Za-z0-9+/]{22}==$/, "$1"))).toEqual([
      "Host: memory:1024",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key",
      "Sec-WebSocket-Version: 13",
      `User-Agent: Memory/1.0 wsasm/${VERSION}`,
    ]);
  });

  test.each([
    [{ userAgentHeader: null }, /^User-Agent:/im, false],
    [{ userAgentHeader: "Mine" }, /^User-Agent: Mine\r$/im, true],
    [{ origin: "https://example.com" }, /^Origin: https:\/\/example\.com\r$/im, true],
    [{ subprotocols: ["chat", "superchat"] }, /^Sec-WebSocket-Protocol: chat, superchat\r$/im, true],
    [{ additionalHeaders: { "X-Mine": "yes" } }, /^X-Mine: yes\r$/im, true],
  ])("the request with %j", async (options, pattern, isThere) => {
    const { begin } = await listen();
    const { request } = await begin(options);
    expect(pattern.test(request)).toBe(isThere);
  });

  test("each request has another key", async () => {
    const { begin } = await listen();
    const keys = [await begin(), await begin()].map(({ request }) => acceptFor(request));
    expect(keys[0]).not.toBe(keys[1]);
  });

  test("frames in the chunk of the response are delivered", async () => {
    const { begin } = await listen();
    const { connecting, peer, request } = await begin();
    peer.send(goodResponse(request), hex`81 02 68 69`);
    expect(await (await connecting).recv()).toBe("hi");
  });

  test("a subprotocol that the server chose", async () => {
    const { begin } = await listen();
    const { connecting, peer, request } = await begin({ subprotocols: ["chat", "superchat"] });
    peer.send(goodResponse(request, "Sec-WebSocket-Protocol: superchat"));
    expect((await connecting).subprotocol).toBe("superchat");
  });

  test("with a server of ours", async () => {
    const runtime = new MemoryRuntime();
    const server = await bindServe(runtime)(
      async (ws) => {
        for await (const message of ws) await ws.send(message);
      },
      { port: 8765 },
    );
    const ws = await bindConnect(runtime)("ws://localhost:8765");
    await ws.send("Hello world!");
    expect(await ws.recv()).toBe("Hello world!");
    await ws.close();
    expect((await ws.closed).code).toBe(1000);
    await server.close();
  });

  test("an open connection outlives openTimeout and the signal, and leaves no timer", async () => {
    const { begin, advance } = await listen();
    const controller = new AbortController();
    const { connecting, peer, request } = await begin({ openTimeout: 1000, signal: controller.signal });
    peer.send(goodResponse(request));
    const ws = await connecting;
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    controller.abort();
    await advance(10_000);
    expect(ws.state).toBe("open");
  });
});

type FailureType = abstract new (...args: never[]) => Error;

describe("responses that are no agreement", () => {
  test.each<[string, (request: string) => string, FailureType, Record<string, unknown>?]>([
    ["no Accept", (r) => goodResponse(r).replace(/Sec-WebSocket-Accept.*\r\n/, ""), InvalidHeader, { value: null }],
    ["two Accepts", (r) => goodResponse(r, `Sec-WebSocket-Accept: ${acceptFor(r)}`), InvalidHeader],
    ["a wrong Accept", (r) => goodResponse(r).replace(acceptFor(r), acceptFor("")), InvalidHeaderValue],
    ["no Upgrade", (r) => goodResponse(r).replace("Upgrade: websocket\r\n", ""), InvalidUpgrade],
    ["another Upgrade", (r) => goodResponse(r).replace("Upgrade: websocket", "Upgrade: h2c"), InvalidUpgrade],
    ["two Upgrades", (r) => goodResponse(r, "Upgrade: websocket"), InvalidUpgrade],
    ["no Connection", (r) => goodResponse(r).replace("Connection: Upgrade\r\n", ""), InvalidUpgrade],
    ["an extension that was not offered", (r) => goodResponse(r, "Sec-WebSocket-Extensions: x-foo"), NegotiationError],
    ["a subprotocol that was not offered", (r) => goodResponse(r, "Sec-WebSocket-Protocol: other"), NegotiationError],
    ["two subprotocols", (r) => goodResponse(r, "Sec-WebSocket-Protocol: chat, superchat"), InvalidHeader],
    ["malformed extensions", (r) => goodResponse(r, "Sec-WebSocket-Extensions: ;"), InvalidHeader],
    ["200", () => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", InvalidStatus],
    ["a redirect to nowhere", () => "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", InvalidStatus],
    ["HTTP/1.0", (r) => goodResponse(r).replace("HTTP/1.1", "HTTP/1.0"), InvalidHandshake],
    ["the banner of a mail server", () => "220 mail.example.com ESMTP\r\n", InvalidMessage],
    ["a long status line", () => `HTTP/1.1 101 ${"x".repeat(9000)}`, SecurityError],
    ["a long header line", () => `HTTP/1.1 101 OK\r\nX: ${"x".repeat(9000)}`, SecurityError],
    ["too many headers", () => `HTTP/1.1 101 OK\r\n${"X: x\r\n".repeat(129)}`, SecurityError],
    ["a header without a colon", () => "HTTP/1.1 101 OK\r\nUpgrade\r\n\r\n", InvalidMessage],
  ])("%s", async (_what, response, type) => {
    for (const how of ["whole", "byte by byte", "with trailing bytes"]) {
      const { begin, runtime } = await listen();
      const { connecting, peer, request } = await begin({ subprotocols: ["chat", "superchat"] });
      const bytes = response(request);
      if (how === "byte by byte") for (const char of bytes) peer.send(char);
      else peer.send(how === "whole" ? bytes : `${bytes}\u0081\u0000`);
      await runtime.settle();
      await expect(connecting).rejects.toBeInstanceOf(type);
      expect(peer.isClosed).toBe(true);
      expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    }
  });

  test("InvalidStatus has the response with its body, which may end in three ways", async () => {
    for (const [head, body, end] of [
      ["Content-Length: 4\r\n\r\n", "nope", false],
      ["Transfer-Encoding: chunked\r\n\r\n", "2\r\nno\r\n2\r\npe\r\n0\r\n\r\n", false],
      ["\r\n", "nope", true],
    ] as const) {
      const { begin, runtime } = await listen();
      const { connecting, peer } = await begin();
      peer.send(`HTTP/1.1 403 Forbidden\r\nConnection: keep-alive\r\n${head}${body}`);
      if (end) peer.end();
      await runtime.settle();
      // A server that holds the connection open is not waited for.
      await expect(connecting).rejects.toMatchObject({
        code: "INVALID_STATUS",
        response: { statusCode: 403, reasonPhrase: "Forbidden", body: latin1("nope") },
      });
    }
  });

  test("InvalidMessage has its cause", async () => {
    const { begin } = await listen();
    const { connecting, peer } = await begin();
    peer.send("220 mail.example.com ESMTP\r\n");
    const error = (await connecting.catch((reason: unknown) => reason)) as Error;
    expect(error).toBeInstanceOf(InvalidMessage);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test.each([
    ["nothing", ""],
    ["half a response", "HTTP/1.1 101 Switching"],
    ["a whole head without its end", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"],
  ])("the end of the stream after %s is an InvalidMessage caused by it", async (_what, start) => {
    const { begin, runtime } = await listen();
    const { connecting, peer } = await begin();
    if (start !== "") peer.send(start);
    peer.end();
    await runtime.settle();
    await expect(connecting).rejects.toMatchObject({ code: "INVALID_MESSAGE", cause: { reason: "eof" } });
    expect(peer.isClosed).toBe(true);
  });

  test("a reset is a NetworkError", async () => {
    const { begin, runtime } = await listen();
    const { connecting, peer } = await begin();
    peer.transport.abort();
    await runtime.settle();
    await expect(connecting).rejects.toMatchObject({ code: "NETWORK_ERROR", reason: "reset" });
  });

  test("nothing is read or written after a failure", async () => {
    const { begin, runtime } = await listen();
    const { connecting, peer, request } = await begin();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", goodResponse(request));
    await runtime.settle();
    await expect(connecting).rejects.toBeInstanceOf(InvalidStatus);
    expect(peer.taken()).toBe("");
    expect(peer.isClosed).toBe(true);
  });
});

describe("what cannot be connected to", () => {
  test("a port where nobody listens is a NetworkError", async () => {
    const { connect } = await listen();
    await expect(connect("ws://memory:9/")).rejects.toMatchObject({ code: "NETWORK_ERROR", reason: "refused" });
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  test.each<[string, string, ConnectOptions, FailureType]>([
    ["a URI that is none", "http://memory/", {}, InvalidURI],
    ["TLS without a reason", "ws://memory/", { tls: {} }, TypeError],
    ["a string of subprotocols", "ws://memory/", { subprotocols: "chat" as never }, TypeError],
    ["a wrong limit", "ws://memory/", { maxSize: -1 }, RangeError],
    ["unknown compression", "ws://memory/", { compression: "zip" } as never, TypeError],
    ["a header of the handshake", "ws://memory:1024/", { additionalHeaders: { Upgrade: "h2c" } }, TypeError],
  ])("%s is a rejection, not a throw", async (_what, uri, options, type) => {
    const { connect, runtime } = await listen();
    const connecting = connect(uri, options);
    await expect(connecting).rejects.toBeInstanceOf(type);
    await runtime.settle();
    for (const pair of runtime.pairs) expect(pair.client.isClosed).toBe(true);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });
});

describe("deadline and signal", () => {
  test("silence is a TimeoutError after openTimeout", async () => {
    const { begin, advance } = await listen();
    const { connecting, peer } = await begin({ openTimeout: 1000 });
    await advance(999);
    expect(peer.isClosed).toBe(false);
    await advance(1);
    await expect(connecting).rejects.toEqual(new TimeoutError("opening handshake not over after 1000 ms"));
    expect(peer.isClosed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("openTimeout is one budget for dialing and the handshake", async () => {
    const scene = await listen();
    let go: () => void = () => {};
    scene.runtime.beforeDial = new Promise<void>((resolve) => {
      go = resolve;
    });
    const connecting = scene.connect(scene.uri, { openTimeout: 1000 }).catch((error: unknown) => error);
    await scene.advance(600);
    go();
    await scene.advance(399);
    expect(scene.peers).toHaveLength(1);
    await scene.advance(1);
    expect(await connecting).toBeInstanceOf(TimeoutError);
  });

  test("openTimeout ends a dial that hangs", async () => {
    const scene = await listen();
    scene.runtime.beforeDial = new Promise(() => {});
    const connecting = scene.connect(scene.uri, { openTimeout: 1000 }).catch((error: unknown) => error);
    await scene.advance(1000);
    expect(await connecting).toBeInstanceOf(TimeoutError);
    expect(scene.peers).toHaveLength(0);
  });

  test("openTimeout null waits for ever", async () => {
    const { begin, advance } = await listen();
    const { connecting, peer, request } = await begin({ openTimeout: null });
    await advance(10_000_000);
    peer.send(goodResponse(request));
    expect((await connecting).state).toBe("open");
  });

  test("a signal that is aborted dials nothing", async () => {
    const { connect, uri, runtime } = await listen();
    await expect(connect(uri, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(runtime.calls).toEqual([]);
  });

  test("the signal ends the dial, and the handshake", async () => {
    for (const isDialing of [true, false]) {
      const scene = await listen();
      if (isDialing) scene.runtime.beforeDial = new Promise(() => {});
      const controller = new AbortController();
      const connecting = scene.connect(scene.uri, { signal: controller.signal }).catch((error: unknown) => error);
      await scene.runtime.settle();
      controller.abort("enough");
      await scene.runtime.settle();
      expect(await connecting).toBe("enough");
      expect(scene.peers).toHaveLength(isDialing ? 0 : 1);
      for (const peer of scene.peers) expect(peer.isClosed).toBe(true);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    }
  });

  test.each([
    ["in the moment when the dial is done", 0],
    ["one promise later", 1],
    ["two promises later", 2],
  ])("the signal ends the handshake when it is aborted %s", async (_when, count) => {
    const controller = new AbortController();
    const runtime = new MemoryRuntime();
    const pair = memoryPair();
    let done: (transport: Transport) => void = () => {};
    runtime.dial = () =>
      new Promise((resolve) => {
        done = resolve;
      });
    const connecting = bindConnect(runtime)("ws://memory/", { signal: controller.signal }).catch(
      (error: unknown) => error,
    );
    done(pair.client);
    for (let i = 0; i < count; i++) await Promise.resolve();
    controller.abort("enough");
    await pair.settle();
    let reason: unknown;
    void connecting.then((error) => {
      reason = error;
    });
    await pair.settle();
    expect(reason).toBe("enough");
    expect(pair.client.isClosed).toBe(true);
  });

  test("a forgotten failure is no unhandled rejection, as nothing was asked", async () => {
    const found = await unhandledDuring(async () => {
      const { connect, runtime } = await listen();
      void connect("nonsense");
      await runtime.settle();
    });
    expect(found).toEqual([]);
  });

  test("the errors of the network are NetworkErrors", async () => {
    const { begin, runtime, transports } = await listen();
    const { connecting } = await begin();
    const pair = runtime.pairs[0];
    pair?.client.break(new NetworkError("unreachable", "no route"));
    await runtime.settle();
    await expect(connecting).rejects.toMatchObject({ reason: "unreachable" });
    expect(transports).toHaveLength(1);
  });
});
