// The entry for browsers in a real one, as modules that are not bundled.
import { readFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ROOT } from "../../build/project.mjs";
import type { Server, ServerConnection } from "../../src/node.ts";
import { serve } from "../../src/node.ts";
import { openSocket } from "../../src/runtimes/browser/open-socket.ts";
import { temporaryFolder } from "../repo/programs.ts";
import { hasChromium, startChromium } from "../support/chromium.ts";

const PAGE = `<!doctype html><link rel="icon" href="data:,">
<script type="module">globalThis.wsasm = await import("/dist/browser.js"); document.title = "ready";</script>`;

/** What the server does, by path. */
const HANDLERS: Record<string, (ws: ServerConnection) => Promise<void>> = {
  "/echo": async (ws) => {
    for await (const message of ws) await ws.send(message);
  },
  "/close": async (ws) => {
    await ws.recv();
    await ws.close(4321, "enough");
  },
  "/drop": async (ws) => {
    await ws.recv();
    ws.abort();
  },
  "/burst": async (ws) => {
    for (let i = 0; i < 100; i++) await ws.send(String(i));
    await ws.closed;
  },
  "/large": async (ws) => {
    await ws.send(new Uint8Array(5000));
    await ws.closed;
  },
  "/once": async (ws) => ws.send("hello"),
};

test("opens a WebSocket that sends the codes of browsers only", () => {
  const made: unknown[][] = [];
  vi.stubGlobal("WebSocket", function WebSocket(...args: unknown[]) {
    made.push(args);
  });
  expect(openSocket("ws://example.com/", ["chat"]).isRestricted).toBe(true);
  expect(made).toEqual([["ws://example.com/", ["chat"]]]);
  vi.unstubAllGlobals();
});

describe.skipIf(!hasChromium())("wsasm/browser in Chromium", { tags: ["external"] }, () => {
  let context: BrowserContext;
  let page: Page;
  let web: HttpServer;
  let server: Server;
  let problems: string[];
  const ends: { path: string; code: number; reason: string }[] = [];
  const profile = temporaryFolder();

  beforeAll(async () => {
    web = createServer(({ url = "/" }, response) => {
      response.setHeader("Content-Type", url === "/" ? "text/html" : "text/javascript");
      response.end(url === "/" ? PAGE : readFileSync(join(ROOT, normalize(url))));
    });
    await new Promise<void>((resolve) => web.listen(0, "localhost", resolve));
    server = await serve(
      async (ws) => {
        const path = ws.request?.pathAndQuery ?? "";
        void ws.closed.then(({ code, reason }) => ends.push({ path, code, reason }));
        await HANDLERS[path]?.(ws);
      },
      {
        host: "localhost",
        port: 0,
        maxSize: null,
        selectSubprotocol: (offered) => offered[0] ?? null,
        processRequest: (ws, { path }) => (path === "/refused" ? ws.respond(403, "no\n") : undefined),
        logger: { warn() {}, error() {} },
      },
    );
    context = await startChromium(profile.path);
  });

  afterAll(async () => {
    await context?.close();
    await server?.close();
    web?.close();
    profile[Symbol.dispose]();
  });

  beforeEach(async () => {
    ends.length = 0;
    problems = [];
    page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(`http://localhost:${(web.address() as AddressInfo).port}/`);
    await page.waitForFunction("document.title === 'ready'");
  });

  afterEach(async () => {
    await page.close();
    expect(problems).toEqual([]);
  });

  /** Runs the body of an async function in the page; `uri(path)` leads to the server. */
  function inPage(body: string): Promise<unknown> {
    const [address] = server.addresses;
    const port = address !== undefined && "port" in address ? address.port : 0;
    return page.evaluate(`(async () => {
      const { connect, ConnectionClosedError, ConnectionClosedOK, NetworkError } = wsasm;
      const uri = (path) => "ws://localhost:${port}" + path;
      ${body}
    })()`);
  }

  test("echoes text, bytes and a Blob, one at a time and many", async () => {
    const result = await inPage(`
      const ws = await connect(uri("/echo"), { subprotocols: ["other"] });
      const got = [ws.subprotocol, ws.state];
      await ws.send("Grüße"); got.push(await ws.recv());
      await ws.send(new Uint8Array([1, 2])); got.push([...await ws.recv()]);
      await ws.send(new Blob(["blob"])); got.push(await ws.recv({ decode: true }));
      await ws.send("pieces"); for await (const piece of ws.recvStreaming()) got.push(piece);
      const large = new Uint8Array(1_000_000).fill(7);
      await ws.send(large); got.push((await ws.recv()).every((byte) => byte === 7));
      for (let i = 0; i < 500; i++) void ws.send(String(i));
      let sum = 0; for (let i = 0; i < 500; i++) sum += Number(await ws.recv());
      got.push(sum);
      await ws.close();
      return [...got, ws.state, (await ws.closed).error instanceof ConnectionClosedOK];
    `);
    const sum = (500 * 499) / 2;
    expect(result).toEqual(["other", "open", "Grüße", [1, 2], "blob", "pieces", true, sum, "closed", true]);
    await expect.poll(() => ends).toEqual([{ path: "/echo", code: 1000, reason: "" }]);
  });

  test("the peer closes: code and reason, and the iteration throws", async () => {
    const result = await inPage(`
      const ws = await connect(uri("/close"));
      await ws.send("go");
      let thrown; try { for await (const message of ws); } catch (error) { thrown = error; }
      const { code, reason, received, sent } = await ws.closed;
      return [thrown instanceof ConnectionClosedError, thrown.receivedThenSent, code, reason, received, sent];
    `);
    const close = { code: 4321, reason: "enough" };
    expect(result).toEqual([true, true, 4321, "enough", close, close]);
  });

  test.each([
    [1000, 1000],
    [1001, 4001],
    [1011, 4011],
    [3456, 3456],
  ])("close(%i) arrives as %i", async (code, sent) => {
    const result = await inPage(`
      const ws = await connect(uri("/echo"));
      await ws.close(${code}, "bye");
      const closed = await ws.closed;
      return [closed.sent, closed.received];
    `);
    expect(result).toEqual([
      { code: sent, reason: "bye" },
      { code: sent, reason: "bye" },
    ]);
    await expect.poll(() => ends).toEqual([{ path: "/echo", code: sent, reason: "bye" }]);
  });

  test("a connection that is lost is 1006", async () => {
    const result = await inPage(`
      const ws = await connect(uri("/drop"));
      await ws.send("go");
      const { code, received, error } = await ws.closed;
      return [code, received, error instanceof ConnectionClosedError, error.cause instanceof NetworkError];
    `);
    expect(result).toEqual([1006, null, true, true]);
  });

  test("abort ends at once; the server hears 4006", async () => {
    const result = await inPage(`
      const ws = await connect(uri("/echo"));
      ws.abort();
      const { code, sent } = await ws.closed;
      return [code, sent];
    `);
    expect(result).toEqual([1006, null]);
    await expect.poll(() => ends).toEqual([{ path: "/echo", code: 4006, reason: "" }]);
  });

  test("a queue over its limit closes with 4009; what is queued is received", async () => {
    const result = await inPage(`
      const ws = await connect(uri("/burst"), { maxQueue: 10 });
      const { error, sent } = await ws.closed;
      const got = []; try { for (;;) got.push(await ws.recv()); } catch {}
      return [error.cause.code, sent.code, got.length];
    `);
    expect(result).toEqual(["QUEUE_OVERFLOW", 4009, 11]);
    await expect.poll(() => ends).toMatchObject([{ path: "/burst", code: 4009 }]);
  });

  test("a message over maxSize closes with 4009", async () => {
    const result = await inPage(`
      const ws = await connect(uri("/large"), { maxSize: 4999 });
      const { error, sent } = await ws.closed;
      return [error.cause.code, sent];
    `);
    expect(result).toEqual(["PAYLOAD_TOO_BIG", { code: 4009, reason: "message exceeds limit of 4999 bytes" }]);
  });

  test("send waits while much is buffered", async () => {
    const result = await inPage(`
      const ws = await connect(uri("/echo"), { maxSize: null, maxQueue: null });
      const sending = ws.send(new Uint8Array(8_000_000));
      const buffered = ws.bufferedAmount;
      const tried = ws.trySend("more");
      await sending;
      const left = ws.bufferedAmount;
      await ws.close();
      return [buffered > 1_000_000, tried, left <= 32768];
    `);
    expect(result).toEqual([true, false, true]);
  });

  test("a refusal, and a port that nobody listens on, are NetworkErrors; a bad subprotocol is not", async () => {
    const result = await inPage(`
      const failed = async (...args) => { try { await connect(...args); } catch (error) { return error; } };
      const refused = await failed(uri("/refused"));
      const nobody = await failed("ws://localhost:1/");
      const bad = await failed(uri("/echo"), { subprotocols: ["not a token"] });
      const option = await failed(uri("/echo"), { additionalHeaders: {} });
      return [refused.code, nobody.code, bad.name, option.message];
    `);
    expect(result).toEqual([
      "NETWORK_ERROR",
      "NETWORK_ERROR",
      "SyntaxError",
      "Cannot use additionalHeaders: the WebSocket of the runtime does not offer it",
    ]);
  });

  test("connects again and again", async () => {
    const result = await inPage(`
      const got = [];
      for await (const ws of connect(uri("/once"), { reconnectDelays: () => [0, 0, 0, 0] })) {
        got.push(await ws.recv());
        if (got.length === 3) break;
      }
      return got;
    `);
    expect(result).toEqual(["hello", "hello", "hello"]);
  });
});
