import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { DiagnosticEvents } from "../../src/connection/diagnostics.ts";
import { subscribe } from "../../src/connection/diagnostics.ts";
import { ConnectionClosed } from "../../src/errors/closed.ts";
import { InvalidHandshake, InvalidUpgrade, NegotiationError } from "../../src/errors/handshake.ts";
import { Headers } from "../../src/http/headers.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import type { HookResult, ServeOptions } from "../../src/server/options.ts";
import type { Handler } from "../../src/server/server.ts";
import { ServerConnection } from "../../src/server/server-connection.ts";
import { GOOD_REQUEST, masked } from "../support/network.ts";
import type { RawPeer } from "../support/network.ts";
import { hex } from "../support/hex.ts";
import { fakeTimers, requestWith, serveInMemory } from "./scene.ts";

beforeAll(fakeTimers);
beforeEach(() => {
  // What earlier tests left behind.
  vi.advanceTimersByTime(100_000);
});
afterAll(() => {
  vi.useRealTimers();
});

const never: Handler = () => {
  throw new Error("the handler must not run");
};

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

function headerOf(answer: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\\r$`, "im").exec(answer)?.[1];
}

const ORIGINS: ServeOptions = { origins: ["https://example.com", /https:\/\/.*\.example\.org/] };
const CHAT: ServeOptions = { subprotocols: ["superchat", "chat"] };
const LONG = "x".repeat(9000);

describe("statuses", () => {
  test.each<[string, string, number, ServeOptions?]>([
    ["a good request", GOOD_REQUEST, 101],
    ["Connection: keep-alive, Upgrade", requestWith({ Connection: "keep-alive, Upgrade" }), 101],
    ["Upgrade: WebSocket", requestWith({ Upgrade: "WebSocket" }), 101],
    ["Upgrade: h2c, websocket", requestWith({ Upgrade: "h2c, websocket" }), 101],
    ["an absolute-form target", requestWith({}, "GET http://example.com/chat HTTP/1.1"), 101],
    ["an allowed Origin", requestWith({ Origin: "https://example.com" }), 101, ORIGINS],
    ["an Origin that an expression allows", requestWith({ Origin: "https://a.example.org" }), 101, ORIGINS],
    ["no Origin where null allows it", GOOD_REQUEST, 101, { origins: [null] }],
    ["an Origin of the same host", requestWith({ Origin: "http://example.com" }), 101, { origins: "same-host" }],
    ["extensions that nobody knows", requestWith({ "Sec-WebSocket-Extensions": "x-foo; bar=1, x-baz" }), 101],
    ["Content-Length: 0", requestWith({ "Content-Length": "0" }), 101],

    ["an Origin that is not allowed", requestWith({ Origin: "https://evil.example" }), 403, ORIGINS],
    [
      "an Origin that an expression allows the beginning of",
      requestWith({ Origin: "https://a.example.org.evil.example" }),
      403,
      ORIGINS,
    ],
    ["no Origin", GOOD_REQUEST, 403, ORIGINS],
    ["an Origin of another host", requestWith({ Origin: "http://evil.example" }), 403, { origins: "same-host" }],
    ["two Origins", requestWith({ Origin: ["https://example.com", "https://example.com"] }), 400, ORIGINS],

    ["POST", requestWith({}, "POST /chat HTTP/1.1"), 405],
    ["HEAD", requestWith({}, "HEAD /chat HTTP/1.1"), 405],
    ["OPTIONS *", requestWith({}, "OPTIONS * HTTP/1.1"), 405],
    ["HTTP/1.0", requestWith({}, "GET /chat HTTP/1.0"), 505],
    ["HTTP/2.0", requestWith({}, "GET /chat HTTP/2.0"), 505],

    ["no Connection", requestWith({ Connection: undefined }), 426],
    ["Connection without upgrade", requestWith({ Connection: "close" }), 426],
    ["no Upgrade", requestWith({ Upgrade: undefined }), 426],
    ["another Upgrade", requestWith({ Upgrade: "h2c" }), 426],
    ["a version other than 13", requestWith({ "Sec-WebSocket-Version": "8" }), 426],

    ["no version", requestWith({ "Sec-WebSocket-Version": undefined }), 400],
    ["two versions", requestWith({ "Sec-WebSocket-Version": ["13", "13"] }), 400],
    ["no key", requestWith({ "Sec-WebSocket-Key": undefined }), 400],
    ["two keys", requestWith({ "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="] }), 400],
    ["a key that is not Base64", requestWith({ "Sec-WebSocket-Key": "!GhlIHNhbXBsZSBub25jZQ==" }), 400],
    ["a key of 15 bytes", requestWith({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA" }), 400],
    ["no Host", requestWith({ Host: undefined }), 400],
    ["two Hosts", requestWith({ Host: ["example.com", "example.com"] }), 400],
    ["a Host that is none", requestWith({ Host: "a b" }), 400],
    ["malformed extensions", requestWith({ "Sec-WebSocket-Extensions": "x-foo;;" }), 400],
    ["malformed Connection", requestWith({ Connection: "keep-alive; Upgrade" }), 400],
    ["no subprotocol where one is needed", GOOD_REQUEST, 400, CHAT],
    ["no common subprotocol", requestWith({ "Sec-WebSocket-Protocol": "other" }), 400, CHAT],

    ["a request line over 8 KiB", requestWith({}, `GET /${LONG} HTTP/1.1`), 414],
    ["a header line over 8 KiB", requestWith({ "X-Long": LONG }), 431],
    ["129 headers", requestWith({ "X-Many": Array.from({ length: 124 }, String) }), 431],
    ["headers over 64 KiB in all", requestWith({ "X-Many": Array.from({ length: 9 }, () => LONG.slice(1000)) }), 431],

    ["a body", `${requestWith({ "Content-Length": "3" })}abc`, 400],
    ["a negative length", requestWith({ "Content-Length": "-1" }), 400],
    ["Transfer-Encoding", requestWith({ "Transfer-Encoding": "chunked" }), 400],
    ["bare line feeds", GOOD_REQUEST.replaceAll("\r\n", "\n"), 400],
    ["folding", requestWith({ "X-Folded": "a\r\n b" }), 400],
    ["a space before a colon", GOOD_REQUEST.replace("Host:", "Host :"), 400],
    ["a control character", requestWith({ "X-Bad": "a\u0001b" }), 400],
    ["a path outside ASCII", requestWith({}, "GET /\u00e9 HTTP/1.1"), 400],
    ["a method outside ASCII", requestWith({}, "G\u00cbT / HTTP/1.1"), 400],
    ["no HTTP", "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n", 400],
  ])("%s", async (_what, request, status, options = {}) => {
    const { server, ask, logger, settle } = await serveInMemory(status === 101 ? undefined : never, options);
    const { peer, answer } = await ask(request);
    expect([statusOf(answer), answer]).toEqual([status, expect.any(String)]);
    expect(logger.lines).toEqual([]);
    expect(peer.hasEnded).toBe(status !== 101);
    expect(server.connections.size).toBe(status === 101 ? 1 : 0);
    if (status !== 101) {
      expect(headerOf(answer, "Connection")).toMatch(/\bclose$/);
      expect(headerOf(answer, "Date")).toBe(new Date(headerOf(answer, "Date") as string).toUTCString());
      expect(headerOf(answer, "Content-Type")).toBe("text/plain; charset=utf-8");
      peer.end();
      await settle();
    }
    // The server goes on.
    const origin = options.origins === "same-host" ? "http://example.com" : "https://example.com";
    const good = requestWith({
      Origin: options.origins?.[0] === null ? undefined : origin,
      "Sec-WebSocket-Protocol": "chat",
    });
    expect(statusOf((await ask(good)).answer)).toBe(101);
  });

  test("a good request gets the response of RFC 6455 1.3", async () => {
    const { ask } = await serveInMemory();
    const { answer } = await ask();
    const [line, ...headers] = answer.trimEnd().split("\r\n");
    expect(line).toBe("HTTP/1.1 101 Switching Protocols");
    expect(headers.map((header) => header.replace(/^(Date|Server): .*/, "$1"))).toEqual([
      "Date",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      "Server",
    ]);
  });

  test("refusals say what the client needs", async () => {
    const { ask } = await serveInMemory();
    const method = (await ask(requestWith({}, "POST / HTTP/1.1"))).answer;
    expect(headerOf(method, "Allow")).toBe("GET");
    const upgrade = (await ask(requestWith({ Upgrade: undefined }))).answer;
    expect(headerOf(upgrade, "Upgrade")).toBe("websocket");
    expect(upgrade).toMatch(/You need a WebSocket client\.\n$/);
    const version = (await ask(requestWith({ "Sec-WebSocket-Version": "8" }))).answer;
    expect(headerOf(version, "Sec-WebSocket-Version")).toBe("13");
    expect(headerOf(version, "Upgrade")).toBe("websocket");
  });

  test("an answer to HEAD has the headers of a body and none", async () => {
    const { ask } = await serveInMemory(never);
    const { answer } = await ask(requestWith({}, "HEAD / HTTP/1.1"));
    expect(Number(headerOf(answer, "Content-Length"))).toBeGreaterThan(0);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  test.each([
    ["the one that the server prefers", CHAT, "chat, superchat", "superchat"],
    ["the only one in common", CHAT, "other, chat", "chat"],
    ["none without a list of the server", {}, "chat", undefined],
    ["none with selectSubprotocol returning null", { selectSubprotocol: () => null }, "chat", undefined],
    ["that of selectSubprotocol", { ...CHAT, selectSubprotocol: () => "other" }, "chat, other", "other"],
  ] as const)("subprotocol: %s", async (_what, options, offered, expected) => {
    const { ask, server } = await serveInMemory(undefined, options);
    const { answer } = await ask(requestWith({ "Sec-WebSocket-Protocol": offered }));
    expect(statusOf(answer)).toBe(101);
    expect(headerOf(answer, "Sec-WebSocket-Protocol")).toBe(expected);
    expect([...server.connections][0]?.subprotocol).toBe(expected ?? null);
  });

  test.each<[string, ServeOptions["selectSubprotocol"]]>([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
    ],
    ["chooses what was not offered", () => "other"],
  ])(
    "selectSubprotocol that %s: 500 and a line in the log, without the error in the answer",
    async (_what, selectSubprotocol) => {
      const { ask, logger } = await serveInMemory(never, { selectSubprotocol });
      const { answer } = await ask();
      expect(statusOf(answer)).toBe(500);
      expect(answer).not.toMatch(/secret|other/);
      expect(logger.lines).toMatchObject([{ level: "error", message: "! opening handshake failed" }]);
    },
  );

  test("selectSubprotocol that throws a NegotiationError: 400 and no line in the log", async () => {
    const { ask, logger } = await serveInMemory(never, {
      selectSubprotocol() {
        throw new NegotiationError("speak chat");
      },
    });
    const { answer } = await ask();
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain("speak chat");
    expect(logger.lines).toEqual([]);
  });

  test.each([
    [undefined, /^Memory\/1\.0 wsasm\/\d+\.\d+\.\d+/],
    ["Mine", /^Mine$/],
    [null, undefined],
  ])("serverHeader %s", async (serverHeader, expected) => {
    const options = serverHeader === undefined ? {} : { serverHeader };
    const { ask } = await serveInMemory(undefined, options);
    for (const request of [GOOD_REQUEST, requestWith({ Upgrade: undefined })]) {
      const header = headerOf((await ask(request)).answer, "Server");
      if (expected === undefined) expect(header).toBeUndefined();
      else expect(header).toMatch(expected);
    }
  });
});

type Result = HookResult | Promise<HookResult>;

describe("hooks", () => {
  const kinds: [string, (result: () => HookResult) => Result][] = [
    ["sync", (result) => result()],
    ["async", async (result) => result()],
  ];

  test.each(kinds)("processRequest, %s, that returns nothing goes on", async (_kind, wrap) => {
    for (const nothing of [undefined, null]) {
      const seen: string[] = [];
      const { ask } = await serveInMemory(undefined, {
        processRequest(ws, request) {
          seen.push(request.path, ws.state, String(ws.request === request));
          return wrap(() => nothing);
        },
      });
      expect(statusOf((await ask()).answer)).toBe(101);
      expect(seen).toEqual(["/chat", "connecting", "true"]);
    }
  });

  test.each(kinds)(
    "processRequest, %s, that returns a response is answered with it, and the handler never runs",
    async (_kind, wrap) => {
      const { ask, logger, server } = await serveInMemory(never, {
        processRequest: (ws) => wrap(() => ws.respond(410, "Gone for good.\n", { "X-Why": "moved" })),
      });
      const { peer, answer } = await ask();
      expect(answer).toMatch(/^HTTP\/1\.1 410 Gone\r\n.*\r\n\r\nGone for good\.\n$/s);
      expect(headerOf(answer, "Content-Length")).toBe("15");
      expect(headerOf(answer, "X-Why")).toBe("moved");
      expect(headerOf(answer, "Server")).toMatch(/^Memory/);
      expect(peer.hasEnded).toBe(true);
      expect(logger.lines).toEqual([]);
      expect(server.connections.size).toBe(0);
    },
  );

  test.each(kinds)("processRequest, %s, that returns a WHATWG Response", async (_kind, wrap) => {
    const { ask } = await serveInMemory(never, {
      processRequest: () =>
        wrap(() => new Response("<h1>é</h1>", { status: 200, headers: { "Content-Type": "text/html" } })),
    });
    const { answer } = await ask();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(headerOf(answer, "Content-Type")).toBe("text/html");
    expect(headerOf(answer, "Content-Length")).toBe("11");
    expect(answer.endsWith("\r\n\r\n<h1>\u00c3\u00a9</h1>")).toBe(true);
  });

  test.each(kinds)("processRequest, %s, that throws is 500 and one line in the log", async (_kind, wrap) => {
    for (const error of [new Error("secret"), new InvalidUpgrade("Upgrade"), new InvalidHandshake("secret")]) {
      const { ask, logger } = await serveInMemory(never, {
        processRequest: () =>
          wrap(() => {
            throw error;
          }),
      });
      const { answer } = await ask();
      expect(statusOf(answer)).toBe(500);
      expect(answer).not.toContain("secret");
      expect(logger.lines).toEqual([{ level: "error", message: "! opening handshake failed", details: [error] }]);
    }
  });

  test("processRequest that throws a NegotiationError is 400 and no line in the log", async () => {
    const { ask, logger } = await serveInMemory(never, {
      processRequest() {
        throw new NegotiationError("not today");
      },
    });
    const { answer } = await ask();
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain("not today");
    expect(logger.lines).toEqual([]);
  });

  test.each([
    ["a number", 7],
    ["a string", "no"],
    ["an object", {}],
    ["false", false],
    ["0", 0],
    ["an empty string", ""],
  ])("processRequest that returns %s is 500", async (_what, result) => {
    const { ask, logger } = await serveInMemory(never, { processRequest: () => result as never });
    expect(statusOf((await ask()).answer)).toBe(500);
    expect(logger.lines).toMatchObject([{ details: [expect.any(TypeError)] }]);
  });

  test("processRequest sees requests that are no opening handshakes", async () => {
    const { ask } = await serveInMemory(never, {
      processRequest: (ws, request) => ws.respond(200, `${request.method} ${request.protocol}\n`),
    });
    expect((await ask("GET /healthz HTTP/1.0\r\n\r\n")).answer).toMatch(/\r\n\r\nGET HTTP\/1\.0\n$/);
    expect((await ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")).answer).toMatch(/\r\n\r\nOPTIONS HTTP\/1\.1\n$/);
    expect((await ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")).answer).toMatch(/\r\n\r\n$/);
  });

  test("processRequest that returns 101 itself opens the connection", async () => {
    const { ask, server } = await serveInMemory(undefined, {
      processRequest: () => new HandshakeResponse(101, "Switching Protocols", new Headers([["X-Mine", "yes"]])),
    });
    const { answer } = await ask();
    expect(headerOf(answer, "X-Mine")).toBe("yes");
    expect(server.connections.size).toBe(1);
  });

  test.each(kinds)("processResponse, %s, may do nothing, or change headers", async (_kind, wrap) => {
    const { ask, server } = await serveInMemory(undefined, {
      processResponse(_ws, _request, response) {
        response.headers.append("X-Added", "yes");
        return wrap(() => undefined);
      },
    });
    const { answer } = await ask();
    expect(statusOf(answer)).toBe(101);
    expect(headerOf(answer, "X-Added")).toBe("yes");
    expect([...server.connections][0]?.response?.headers.get("X-Added")).toBe("yes");
  });

  test("hooks may be null", async () => {
    const { ask } = await serveInMemory(undefined, { processRequest: null, processResponse: null } as object);
    expect(statusOf((await ask()).answer)).toBe(101);
    const one = await serveInMemory(undefined, { processRequest: () => undefined, processResponse: null } as object);
    expect(statusOf((await one.ask()).answer)).toBe(101);
  });

  test.each(kinds)("processResponse, %s, may replace the response, and the handler never runs", async (_kind, wrap) => {
    const { ask } = await serveInMemory(never, {
      processResponse: (ws) => wrap(() => ws.respond(403, "no\n")),
    });
    const { answer, peer } = await ask();
    expect(statusOf(answer)).toBe(403);
    expect(peer.hasEnded).toBe(true);
  });

  test.each(kinds)("processResponse, %s, that throws is 500 and one line in the log", async (_kind, wrap) => {
    const { ask, logger } = await serveInMemory(never, {
      processResponse: () =>
        wrap(() => {
          throw new Error("secret");
        }),
    });
    expect(statusOf((await ask()).answer)).toBe(500);
    expect(logger.lines).toHaveLength(1);
  });

  test("processResponse sees refusals, those of processRequest too", async () => {
    const seen: number[] = [];
    const { ask } = await serveInMemory(undefined, {
      processRequest: (ws, request) => (request.path === "/no" ? ws.respond(404, "") : undefined),
      processResponse: (_ws, _request, response) => void seen.push(response.statusCode),
    });
    await ask();
    await ask(requestWith({ Upgrade: undefined }));
    await ask(requestWith({}, "GET /no HTTP/1.1"));
    expect(seen).toEqual([101, 426, 404]);
  });

  test("a hook that ends while the server closes is answered with 503", async () => {
    let go: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { ask, server, settle } = await serveInMemory(never, { processRequest: () => gone });
    const { peer } = await ask();
    void server.close();
    go();
    await settle();
    expect(statusOf(peer.takenText())).toBe(503);
  });

  test("a slow hook is waited for, frames that came meanwhile are delivered", async () => {
    let go: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { dial, settle } = await serveInMemory(
      async (ws) => {
        await ws.send(await ws.recv());
      },
      { processRequest: () => gone },
    );
    const { peer } = dial();
    peer.send(GOOD_REQUEST, masked(hex`81 02 68 69`));
    await settle();
    expect(peer.takenText()).toBe("");
    go();
    await settle();
    expect(peer.takenText().split("\r\n\r\n")[1]?.slice(0, 4)).toBe("\u0081\u0002hi");
  });

  /** A client that asks, and goes while a hook decides. */
  async function leaveInHook(
    { dial, settle }: Awaited<ReturnType<typeof serveInMemory>>,
    how: "end" | "abort",
  ): Promise<RawPeer> {
    const { peer } = dial();
    peer.send(GOOD_REQUEST);
    await settle();
    if (how === "end") peer.end();
    else peer.transport.abort();
    await settle();
    return peer;
  }

  test("a hook is told why its client is gone", async () => {
    for (const how of ["end", "abort"] as const) {
      const causes: unknown[] = [];
      const scene = await serveInMemory(never, {
        processRequest: async (ws) => {
          causes.push((await ws.closed).error.cause);
        },
      });
      await leaveInHook(scene, how);
      expect(causes).toMatchObject([{ name: "NetworkError", reason: how === "end" ? "eof" : "reset" }]);
    }
  });

  test("a client that leaves while a hook runs is no error", async () => {
    for (const how of ["end", "abort"] as const) {
      let go: () => void = () => {};
      const gone = new Promise<void>((resolve) => {
        go = resolve;
      });
      const scene = await serveInMemory(never, { processRequest: () => gone });
      const { settle, logger, server } = scene;
      const peer = await leaveInHook(scene, how);
      go();
      await settle();
      expect(peer.takenText()).toBe("");
      expect(logger.lines).toEqual([]);
      await server.close();
    }
  });

  test("a client that left does not keep a closed server from finishing, though its hook never ends", async () => {
    const { dial, settle, server } = await serveInMemory(never, { processRequest: () => new Promise(() => {}) });
    const { peer } = dial();
    peer.send(GOOD_REQUEST);
    await settle();
    peer.transport.abort();
    await settle();
    let hasFinished = false;
    void server.close().then(() => {
      hasFinished = true;
    });
    await settle();
    expect(hasFinished).toBe(true);
  });

  test("a client that left before its request, or inside it, is no error", async () => {
    for (const start of ["", "GET / HT"]) {
      const { ask, logger, settle, server } = await serveInMemory(never);
      const { peer } = await ask(start);
      peer.end();
      await settle();
      expect(peer.takenText()).toBe("");
      expect(logger.lines).toEqual([]);
      await server.close();
    }
  });

  test("a client that is answered and never leaves is dropped", async () => {
    const { ask, advance } = await serveInMemory(never, { closeTimeout: 500 });
    const { peer } = await ask(requestWith({ Upgrade: undefined }));
    await advance(499);
    expect(peer.isClosed).toBe(false);
    await advance(1);
    expect(peer.isClosed).toBe(true);
  });
});

describe("openTimeout", () => {
  test.each([
    ["sends nothing", ""],
    ["sends its request too slowly", "GET / HTTP/1.1\r\n"],
  ])("a client that %s is dropped without an answer", async (_what, start) => {
    const { ask, advance, logger, server } = await serveInMemory(never, { openTimeout: 1000 });
    const { peer } = await ask(start);
    await advance(999);
    expect(peer.isClosed).toBe(false);
    await advance(1);
    expect(peer.isClosed).toBe(true);
    expect(peer.takenText()).toBe("");
    expect(logger.lines).toEqual([]);
    await server.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("it holds for hooks", async () => {
    const { ask, advance, server } = await serveInMemory(never, {
      openTimeout: 1000,
      processRequest: () => new Promise(() => {}),
    });
    const { peer } = await ask();
    await advance(1000);
    expect(peer.isClosed).toBe(true);
    expect(peer.takenText()).toBe("");
    let hasFinished = false;
    void server.close().then(() => {
      hasFinished = true;
    });
    await advance(0);
    expect(hasFinished).toBe(true);
  });

  test("it is over when the connection is open", async () => {
    const { ask, advance, server } = await serveInMemory(undefined, { openTimeout: 1000 });
    const { peer } = await ask();
    await advance(10_000);
    expect(peer.isClosed).toBe(false);
    expect(server.connections.size).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("null waits for ever", async () => {
    const { ask, advance } = await serveInMemory(undefined, { openTimeout: null });
    const { peer } = await ask("");
    await advance(1_000_000);
    expect(peer.isClosed).toBe(false);
    peer.send(GOOD_REQUEST);
    await advance(0);
    expect(statusOf(peer.takenText())).toBe(101);
  });
});

test("hooks read cookies, and set them in any response", async () => {
  const { ask } = await serveInMemory(undefined, {
    processRequest: (ws, request) =>
      request.headers.getAll("Cookie").join("; ") === "a=1; b=2" ? undefined : ws.respond(403, "No.\n"),
    processResponse(_ws, _request, response) {
      response.headers.append("Set-Cookie", "c=3; HttpOnly");
      response.headers.append("Set-Cookie", "d=4");
    },
  });
  for (const [cookie, status] of [
    [["a=1", "b=2"], 101],
    ["a=1", 403],
  ] as const) {
    const { answer } = await ask(requestWith({ Cookie: cookie }));
    expect(statusOf(answer)).toBe(status);
    expect(answer).toContain("\r\nSet-Cookie: c=3; HttpOnly\r\nSet-Cookie: d=4\r\n");
  }
});

describe("diagnostics of the opening handshake", () => {
  const REFUSED: ServeOptions = { processRequest: (ws) => ws.respond(403, "No.\n") };
  test.each<[string, string, ServeOptions, number | undefined, unknown]>([
    ["a good one", GOOD_REQUEST, {}, 101, null],
    ["one that is refused by the library", requestWith({ Upgrade: undefined }), {}, 426, expect.any(InvalidUpgrade)],
    ["one that is refused by a hook", GOOD_REQUEST, REFUSED, 403, null],
    ["one that is no HTTP", "no\r\n\r\n", {}, undefined, expect.any(InvalidHandshake)],
  ])("tell of %s", async (_what, request, options, status, error) => {
    const heard: DiagnosticEvents["handshake"][] = [];
    const unsubscribe = subscribe("handshake", (event) => void heard.push(event));
    const { dial, settle, advance } = await serveInMemory(undefined, options);
    const { peer } = dial();
    await advance(50);
    peer.send(request);
    await settle();
    unsubscribe();
    expect(heard).toHaveLength(1);
    expect(heard[0]?.connection).toBeInstanceOf(ServerConnection);
    expect(heard[0]?.request?.path).toBe(status === undefined ? undefined : "/chat");
    expect(heard[0]).toMatchObject({ error, duration: 50 });
    expect(heard[0]?.response?.statusCode).toBe(status);
  });

  test("tell of one whose client is gone before the answer", async () => {
    const heard: DiagnosticEvents["handshake"][] = [];
    const unsubscribe = subscribe("handshake", (event) => void heard.push(event));
    const { ask, settle } = await serveInMemory(undefined, {
      processRequest: async (ws) => void (await ws.closed),
    });
    const { peer } = await ask();
    expect(heard).toEqual([]);
    peer.transport.abort();
    await settle();
    unsubscribe();
    expect(heard).toMatchObject([{ request: { path: "/chat" }, response: null, error: expect.any(ConnectionClosed) }]);
  });
});
