import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from "vitest";
import type { RouterOptions } from "../../src/router/router.ts";
import { route, Router } from "../../src/router/router.ts";
import { basicAuth } from "../../src/server/basic-auth.ts";
import { formatBasicCredentials } from "../../src/http/basic-credentials.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import { fakeTimers, idle, requestWith, serveInMemory, type ServerScene } from "../server/scene.ts";

beforeAll(fakeTimers);
afterAll(() => {
  vi.useRealTimers();
});

type Changes = Parameters<typeof requestWith>[0];

/** What a server answers: 101 alone, otherwise the status, the body and the Location if there is one. */
type Answer = number | (number | string)[];

interface RoutesScene extends ServerScene {
  readonly get: (path: string, changes?: Changes, method?: string) => Promise<Answer>;
  readonly status: (path: string, changes?: Changes, method?: string) => Promise<number>;
}

async function serveRoutes(router: Router, options: ServeOptions = {}): Promise<RoutesScene> {
  const scene = await serveInMemory(router.handler, { processRequest: router.processRequest, ...options });
  const askFor = async (path: string, changes: Changes = {}, method = "GET"): Promise<string> =>
    (await scene.ask(requestWith(changes, `${method} ${path} HTTP/1.1`))).answer;
  const statusOf = (answer: string): number => Number(answer.slice(9, 12));
  return {
    ...scene,
    status: async (...request) => statusOf(await askFor(...request)),
    async get(...request) {
      const answer = await askFor(...request);
      if (statusOf(answer) === 101) return 101;
      const [, location] = /^Location: (.*)\r$/m.exec(answer) ?? [];
      const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
      return [statusOf(answer), body, ...(location === undefined ? [] : [location])];
    },
  };
}

const FOUND = "Moved to another place.\n";

describe("route()", () => {
  test("gives each handler its parameters, decoded, and the query", async () => {
    const calls: unknown[] = [];
    const router = route({
      "/chat/:room": (ws, params, query) => {
        expectTypeOf(params).toEqualTypeOf<{ readonly room: string }>();
        calls.push(["chat", { ...params }, query.getAll("a"), ws.request?.path]);
        return ws.closed.then(() => {});
      },
      "/files/*path": async (ws, { path }) => {
        expectTypeOf(path).toEqualTypeOf<readonly string[]>();
        calls.push(["files", path]);
        await ws.closed;
      },
    });
    expect(router).toBeInstanceOf(Router);
    const { get, server } = await serveRoutes(router);
    expect(await get("/chat/gr%C3%BC%C3%9Fe?a=1&a=%FF&b")).toBe(101);
    expect(await get("http://example.com/chat/x?")).toBe(101);
    expect(await get("/files/a/b")).toBe(101);
    expect(server.connections.size).toBe(3);
    expect(calls).toEqual([
      ["chat", { room: "grüße" }, ["1", "\ufffd"], "/chat/gr%C3%BC%C3%9Fe?a=1&a=%FF&b"],
      ["chat", { room: "x" }, [], "http://example.com/chat/x?"],
      ["files", ["a", "b"]],
    ]);
  });

  test("takes the first rule that matches", async () => {
    const calls: string[] = [];
    const take = (name: string) => () => void calls.push(name);
    const router = route([
      ["/a", take("a")],
      ["/:any", take("any")],
      ["/b", take("b")],
    ]);
    const { get } = await serveRoutes(router);
    for (const path of ["/a", "/b"]) expect(await get(path)).toBe(101);
    expect(calls).toEqual(["a", "any"]);
  });

  test("answers 404 where nothing matches, 400 for malformed parameters, and never 500", async () => {
    const { get, server, logger } = await serveRoutes(
      route({ "/chat/:room": idle, "/*rest": { redirect: "/chat/x" } }),
    );
    expect(await get("/chat/%")).toEqual([400, "Malformed path.\n"]);
    expect(await get("/chat/%C0%AF")).toEqual([400, "Malformed path.\n"]);
    expect(await get("/")).toEqual([404, "Not found.\n"]);
    expect(await get("*", {}, "OPTIONS")).toEqual([404, "Not found.\n"]);
    expect(await get("/", {}, "HEAD")).toEqual([404, ""]);
    expect(server.connections.size).toBe(0);
    expect(logger.lines).toEqual([]);
  });

  test("leaves everything but the path to the opening handshake", async () => {
    const { status } = await serveRoutes(route({ "/chat": idle }));
    expect(await status("/chat", {}, "POST")).toBe(405);
    expect(await status("/chat", { Upgrade: undefined })).toBe(426);
    expect(await status("/chat", { Host: ["a.example", "b.example"] })).toBe(400);
    expect(await status("/chat", { Host: undefined })).toBe(400);
    expect(await status("/chat", { Host: "a b" })).toBe(400);
  });

  test.each<[string, RouterOptions, string, Changes, string]>([
    ["a path", {}, "/old", {}, "/new"],
    ["a path, the query not kept", {}, "/old?a=1", {}, "/new"],
    ["a URL", { serverName: "example.org" }, "/far", {}, "wss://far.example/"],
    ["wss behind a proxy that ends TLS", { secure: true }, "/old", {}, "wss://example.com/new"],
    ["the port of the Host", { secure: true }, "/old", { Host: "example.com:8443" }, "wss://example.com:8443/new"],
    ["ws", { secure: false }, "/old", {}, "ws://example.com/new"],
    ["a server name", { serverName: "example.org", secure: true }, "/old", {}, "wss://example.org/new"],
    ["the host of an absolute target", { secure: true }, "http://a.example/old", {}, "wss://a.example/new"],
    ["a path where the Host is none", { secure: true }, "/old", { Host: "a b" }, "/new"],
    ["a path where there are two Hosts", { secure: true }, "/old", { Host: ["a", "b"] }, "/new"],
    ["what a function says", {}, "/room/a%2Fb?x=1", {}, "/chat/a%2Fb?x=1"],
    ["what a function says, unencoded", {}, "/raw/%0D%0AX:%20y", {}, "/chat/%0D%0AX:%20y"],
  ])("redirects to %s", async (_what, options, path, changes, location) => {
    const router = route(
      {
        "/old": { redirect: "/new" },
        "/far": { redirect: "wss://far.example/" },
        "/room/:id": { redirect: ({ id }, query) => `/chat/${encodeURIComponent(id)}?${query}` },
        "/raw/:id": { redirect: ({ id }) => `/chat/${id}` },
      },
      options,
    );
    const { get, logger } = await serveRoutes(router);
    expect(await get(path, changes)).toEqual([302, FOUND, location]);
    expect(logger.lines).toEqual([]);
  });

  test("a redirect that throws is a fault of the server: 500 and a line in the log", async () => {
    const redirect = (): string => {
      throw new Error("secret");
    };
    const { get, logger } = await serveRoutes(route({ "/old": { redirect } }));
    expect(await get("/old")).toMatchObject([500, expect.not.stringContaining("secret")]);
    expect(logger.lines).toMatchObject([{ level: "error" }]);
  });

  test.each<[string, RouterOptions["notFound"], number, string]>([
    ["at once", (ws) => ws.respond(410, "Gone.\n"), 410, "Gone.\n"],
    ["later", async (ws, request) => ws.respond(404, `No ${request.path}.\n`), 404, "No /x.\n"],
    ["with nothing", () => undefined, 404, "Not found.\n"],
    ["with nothing later", async () => null, 404, "Not found.\n"],
  ])("notFound answers %s", async (_what, notFound, status, text) => {
    const { get } = await serveRoutes(route({ "/": idle }, { notFound }));
    expect(await get("/x")).toEqual([status, text]);
    expect(await get("/")).toBe(101);
  });

  test("goes together with other hooks, before it", async () => {
    const router = route({ "/chat": idle });
    const auth = basicAuth({ credentials: ["a", "b"] });
    const { status } = await serveRoutes(router, {
      processRequest: async (ws, request) => (await auth(ws, request)) ?? router.processRequest(ws, request),
    });
    const Authorization = formatBasicCredentials("a", "b");
    expect(await status("/chat")).toBe(401);
    expect(await status("/x", { Authorization })).toBe(404);
    expect(await status("/chat", { Authorization })).toBe(101);
  });

  test("matches hosts with a URLPattern", async () => {
    const hosts: (string | undefined)[] = [];
    const pattern = {
      exec({ hostname }: { readonly hostname?: string }) {
        hosts.push(hostname);
        return hostname === "a.example" ? { hostname: { groups: {} }, pathname: { groups: {} } } : null;
      },
    };
    const { status } = await serveRoutes(route([[pattern, idle]]));
    expect(await status("/", { Host: "a.example:8765" })).toBe(101);
    expect(await status("/", { Host: "b.example" })).toBe(404);
    expect(await status("/", { Host: "[::1]:80" })).toBe(404);
    expect(await status("/", { Host: undefined })).toBe(404);
    expect(hosts).toEqual(["a.example", "b.example", "[::1]", undefined]);
  });

  test("a handler without its hook fails the connection, and says why", async () => {
    const router = route({ "/chat": idle });
    const { ask, logger } = await serveInMemory(router.handler);
    const { answer } = await ask();
    expect(answer.slice(9, 12)).toBe("101");
    expect(logger.lines).toMatchObject([
      { level: "error", details: [new TypeError("Cannot route: serve() needs the processRequest of the router too")] },
    ]);
  });

  const RULES = "Cannot route: expected an object or a list of rules";
  const TARGET = "Cannot route: expected a function or a redirect as target";
  test.each<[string, unknown, RouterOptions, string]>([
    ["a function as rules", () => {}, {}, RULES],
    ["null as rules", null, {}, RULES],
    ["a string as target", { "/": "/new" }, {}, TARGET],
    ["null as target", { "/": null }, {}, TARGET],
    ["nothing in a redirect", { "/": {} }, {}, TARGET],
    [
      "a bad redirect",
      { "/": { redirect: "new" } },
      {},
      'Cannot route: cannot redirect to "new", expected a path or a URL',
    ],
    ["a bad pattern", { chat: idle }, {}, "Cannot route: pattern chat does not start with a slash"],
    ["a bad serverName", {}, { serverName: "a b" }, "Cannot use serverName: a b is no host"],
    ["a number as serverName", {}, { serverName: 5 as never }, "Cannot use serverName: 5 is no host"],
    ["a number as notFound", {}, { notFound: 5 as never }, "Cannot use notFound: expected a function"],
    ["null as options", {}, null as never, "Cannot use options: expected an object"],
    ["a rule that is no pair", [5], {}, "Cannot route: expected pairs of a pattern and a target"],
  ])("throws a TypeError for %s", (_what, rules, options, message) => {
    expect(() => route(rules as never, options)).toThrow(new TypeError(message));
  });
});
