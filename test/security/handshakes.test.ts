// The history of vulnerabilities in opening handshakes of other implementations, as tests of this one.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { basicAuth, connect, HandshakeResponse, serve } from "../../src/node.ts";
import type { ConnectOptions, ServeOptions, Server } from "../../src/node.ts";
import { Peer, PeerServer, portOf, Unhandled, within } from "../real/support.ts";
import { CA, FOREIGN, LOCALHOST, ONE } from "../support/certificates.ts";
import { goodResponse, GOOD_REQUEST, latin1 } from "../support/network.ts";

let unhandled: Unhandled;
const servers: Server[] = [];
const logged: unknown[] = [];
const logger = {
  warn: (...line: unknown[]) => void logged.push(line),
  error: (...line: unknown[]) => void logged.push(line),
};

async function startServer(options: ServeOptions = {}): Promise<number> {
  const server = await serve((ws) => ws.closed.then(() => {}), { host: "127.0.0.1", logger, ...options });
  servers.push(server);
  return portOf(server);
}

let port: number;
beforeAll(async () => {
  unhandled = new Unhandled();
  port = await startServer();
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  expect(unhandled.seen).toEqual([]);
  expect(logged).toEqual([]);
  unhandled[Symbol.dispose]();
});

const withHeaders = (...lines: readonly string[]): string =>
  GOOD_REQUEST.replace("\r\n\r\n", `\r\n${lines.join("\r\n")}\r\n\r\n`);

/** The status that a request gets; the connection of a good one is dropped. */
async function statusOf(request: string, to: number = port): Promise<number> {
  const peer = await Peer.connect(to);
  peer.send(latin1(request));
  const deadline = performance.now() + 10_000;
  while (!peer.text.includes("\r\n\r\n") && !peer.hasEnded && performance.now() < deadline) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(peer.text)?.[1] ?? 0);
  peer.socket.destroy();
  return status;
}

/** The error of a client that gets a response. */
async function errorFor(response: (head: string) => string, options: ConnectOptions = {}): Promise<unknown> {
  await using peers = await PeerServer.listen();
  const asked = peers.nextRequest();
  const failing = connect(peers.uri, { logger, ...options }).then(
    (ws) => ws.close(),
    (error: unknown) => error,
  );
  const peer = await within("the request", asked);
  peer.send(latin1(response(peer.text)));
  return within("the error", failing);
}

describe("headers that end a server", () => {
  test.each<[string, string, number]>([
    // CVE-2024-37890 (GHSA-3h5v-q93c-6h6q, ws): more headers than the parser keeps, and Upgrade was undefined.
    ["2,000 headers", withHeaders(...Array.from({ length: 2000 }, (_, i) => `X-${i}: x`)), 431],
    // GHSA-5v72-xg48-5rpm (ws 3.3.1): names of Object.prototype.
    ["an extension named constructor", withHeaders("Sec-WebSocket-Extensions: constructor; __proto__=1"), 101],
    ["a header named __proto__", withHeaders("__proto__: x", "constructor: y", "hasOwnProperty: z"), 101],
    // CVE-2021-32640 (GHSA-6fc8-4gx4-v693, ws).
    ["white space in a subprotocol", withHeaders(`Sec-WebSocket-Protocol: b${" ".repeat(8000)}x`), 400],
    // CVE-2020-7662, CVE-2020-7663 (websocket-extensions).
    ["an unclosed quoted string", withHeaders(`Sec-WebSocket-Extensions: a; b="${String.raw`\c`.repeat(4000)}`), 400],
    // CVE-2023-26103 (Deno): Connection and Upgrade through expressions.
    [
      "a long Connection",
      GOOD_REQUEST.replace("Connection: Upgrade", `Connection: ${"upgrade ,".repeat(900)}x y`),
      400,
    ],
    // Granian: a worker ended at octets beyond ASCII.
    ["octets above 7F in a subprotocol", withHeaders("Sec-WebSocket-Protocol: \u00e9\u00ff"), 400],
    // CVE-2026-61666 (websocket-driver): a bad Host threw. CVE-2026-54465: an endless list of headers.
    ...["[", "a:b", "::1", "a:99999", "%", "\u00e9", "a/b", "[::1", "a b", "", "a:80:80", "user@a"].map(
      (host): [string, string, number] => [`Host: ${host}`, GOOD_REQUEST.replace("example.com", host), 400],
    ),
  ])("%s", async (_what, request, status) => {
    expect(await statusOf(request)).toBe(status);
    expect(await statusOf(GOOD_REQUEST)).toBe(101);
  });
});

describe("requests that are two (CVE-2022-32213 to 35256, CVE-2023-30589: llhttp)", () => {
  // A server that takes a body for frames, or that answers twice, is out of step with a proxy in front of it.
  const SECOND = "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";
  test.each<[string, string]>([
    ["a length", withHeaders(`Content-Length: ${SECOND.length}`) + SECOND],
    ["a length and chunks", `${withHeaders("Content-Length: 6", "Transfer-Encoding: chunked")}0\r\n\r\n${SECOND}`],
    ["chunks", `${withHeaders("Transfer-Encoding: chunked")}0\r\n\r\n${SECOND}`],
    ["identity, chunked", withHeaders("Transfer-Encoding: identity, chunked")],
    ["a folded Transfer-Encoding", withHeaders("Transfer-Encoding:", " chunked")],
    ["a carriage return in a header", withHeaders("X: y\rTransfer-Encoding: chunked")],
    ["a space before the colon", withHeaders("Transfer-Encoding : chunked")],
    ["bare line feeds", GOOD_REQUEST.replaceAll("\r\n", "\n")],
  ])("%s", async (_what, request) => {
    const peer = await Peer.connect(port);
    peer.send(latin1(request));
    await peer.readToEnd();
    expect(peer.text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 400"]);
  });
});

// CVE-2023-43669 (GHSA-9mcr-873m-xcxp, tungstenite): each packet had the whole header parsed again.
test("a header of 1 MB in pieces is cut at the limit", async () => {
  const peer = await Peer.connect(port);
  peer.send(latin1(GOOD_REQUEST.slice(0, -2)));
  for (let i = 0; i < 20_000 && !peer.hasEnded; i++) {
    peer.send(latin1(i === 0 ? "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" : "y".repeat(50)));
    if (i % 50 === 0) await new Promise((resolve) => void setImmediate(resolve));
  }
  await peer.readToEnd();
  expect(peer.text).toMatch(/^HTTP\/1\.1 431 /);
});

describe("responses that end a client", () => {
  test.each<[string, (head: string) => string]>([
    // CVE-2026-55517 (GHSA-x2qc-cmh9-f4hf, Deno).
    ["octets above 7F in a subprotocol", (head) => goodResponse(head, "Sec-WebSocket-Protocol: \u00e9")],
    ["octets above 7F in extensions", (head) => goodResponse(head, "Sec-WebSocket-Extensions: \u00ff")],
    // Deno 2.9 checks no Sec-WebSocket-Accept; an unsolicited extension or subprotocol is taken there too.
    ["a wrong Accept", (head) => goodResponse(head).replace(/(Accept: ).*/, "$1s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")],
    ["an extension that was not offered", (head) => goodResponse(head, "Sec-WebSocket-Extensions: x")],
    // CVE-2026-47073 (hackney): an endless header, each chunk of which set the timer anew.
    ["an endless header", (head) => `${goodResponse(head).slice(0, -2)}X: ${"y".repeat(100_000)}`],
    ["endless headers", (head) => goodResponse(head).slice(0, -2) + "X: y\r\n".repeat(10_000)],
  ])("%s", async (_what, response) => {
    expect(await errorFor(response)).toMatchObject({ name: expect.any(String), code: expect.any(String) });
  });

  test("openTimeout is not set anew by progress (CVE-2026-47073, and the handshakeTimeout of ws)", async () => {
    await using peers = await PeerServer.listen();
    const asked = peers.nextRequest();
    const failing = connect(peers.uri, { logger, openTimeout: 300 }).catch((error: unknown) => error);
    const peer = await within("the request", asked);
    const drip = setInterval(() => peer.send("H"), 20);
    expect(await within("the error", failing, 5000)).toMatchObject({ code: expect.any(String) });
    clearInterval(drip);
  });

  test("nor on a server", async () => {
    const slow = await startServer({ openTimeout: 300 });
    const peer = await Peer.connect(slow);
    peer.send("GET / HTTP/1.1\r\nX: ");
    const drip = setInterval(() => peer.send("y"), 20);
    await peer.readToEnd(5000);
    clearInterval(drip);
  });
});

describe("options that would write headers (CVE-2026-1527, GHSA-4992-7rv2-5pvq: undici)", () => {
  const BAD = "a\r\nX-Injected: b";
  test.each<[string, string, ConnectOptions]>([
    ["a path", `ws://localhost/${BAD}`, {}],
    ["a host", `ws://local\r\nhost/`, {}],
    ["a subprotocol", "ws://localhost/", { subprotocols: [BAD] }],
    ["an Origin", "ws://localhost/", { origin: BAD }],
    ["the value of a header", "ws://localhost/", { additionalHeaders: { X: BAD } }],
    ["the name of a header", "ws://localhost/", { additionalHeaders: { [BAD]: "x" } }],
    ["User-Agent", "ws://localhost/", { userAgentHeader: BAD }],
  ])("%s", async (_what, uri, options) => {
    const trial = async (): Promise<unknown> =>
      connect(uri.replace("localhost", `127.0.0.1:${port}`), { logger, ...options });
    await expect(trial()).rejects.toMatchObject({ name: expect.stringMatching(/Invalid|TypeError|RangeError/) });
  });

  test("nor does a response of processRequest", () => {
    expect(() => new HandshakeResponse(200, "OK", { X: BAD })).toThrow();
    expect(() => new HandshakeResponse(200, BAD, {})).toThrow();
  });
});

// Python websockets 16.1: credentials followed a redirect to another origin.
test("a redirect to another server carries no secrets", async () => {
  await using first = await PeerServer.listen();
  await using second = await PeerServer.listen();
  first.onRequest = (peer) => peer.send(`HTTP/1.1 302 Found\r\nLocation: ${second.uri}\r\nContent-Length: 0\r\n\r\n`);
  const asked = second.nextRequest();
  const uri = first.uri.replace("ws://", "ws://user:secret@");
  const headers = { Cookie: "a=b", "Proxy-Authorization": "c", "X-Other": "d" };
  const opening = connect(uri, { logger, additionalHeaders: headers, proxy: null }).catch((error: unknown) => error);
  const { text, socket } = await within("the second request", asked);
  expect(text).toContain("X-Other: d");
  expect(text).not.toMatch(/authorization|cookie/i);
  socket.destroy();
  await opening;
});

describe("certificates (CVE-2020-15133, CVE-2020-15134: faye-websocket; CVE-2020-11050: Java-WebSocket)", () => {
  test.each([
    ["of another name", ONE, { ca: CA }],
    ["of an authority that nobody knows", LOCALHOST, {}],
    ["of another authority", FOREIGN, { ca: CA }],
  ])("a certificate %s is refused", async (_what, identity, tls) => {
    const server = await serve(() => {}, { host: "127.0.0.1", tls: identity, logger: { warn() {}, error() {} } });
    servers.push(server);
    const trial = async (): Promise<unknown> =>
      connect(`wss://localhost:${portOf(server)}/`, { host: "127.0.0.1", tls, proxy: null });
    await expect(trial()).rejects.toMatchObject({ code: expect.any(String) });
  });
});

// CVE-2021-33880 (Python websockets): `==` told by its time how much of a password was right. Times differ less than noise does, so
// this asks for what the comparison must not depend on: passwords that share a long beginning, or nothing, take the same.
test("comparing passwords takes the same time wherever they differ", async () => {
  const secret = "s".repeat(6000);
  const check = basicAuth({ credentials: ["user", secret] });
  const requestWith = (password: string): never =>
    ({ headers: { getAll: () => [`Basic ${Buffer.from(`user:${password}`).toString("base64")}`] } }) as never;
  const ws = { respond: () => null } as never;
  const time = async (password: string): Promise<number> => {
    const request = requestWith(password);
    const began = performance.now();
    for (let i = 0; i < 50; i++) await check(ws, request);
    return performance.now() - began;
  };
  const best = { early: Infinity, late: Infinity };
  for (let i = 0; i < 12; i++) {
    best.early = Math.min(best.early, await time(`x${secret.slice(1)}`));
    best.late = Math.min(best.late, await time(`${secret.slice(0, -1)}x`));
  }
  expect(Math.max(best.early / best.late, best.late / best.early)).toBeLessThan(1.5);
});

describe("origins", () => {
  // CVE-2026-44211 (Cline): a server on the loopback interface for pages of anybody.
  test.each(["https://evil.example", "http://example.com.evil.example", "null", "http://example.com:81"])(
    '"same-host" refuses %s',
    async (origin) => {
      const guarded = await startServer({ origins: "same-host" });
      expect(await statusOf(withHeaders(`Origin: ${origin}`), guarded)).toBe(403);
      expect(await statusOf(withHeaders("Origin: http://example.com"), guarded)).toBe(101);
    },
  );
});

// GHSA-c4j6-fc7j-m34r (Next.js): upgrades went round the checks of other requests. CVE-2025-11677 (libwebsockets): the callback of an
// upgrade closed the connection.
describe("hooks", () => {
  test("processRequest sees upgrades and other requests alike", async () => {
    const seen: string[] = [];
    const hooked = await startServer({
      processRequest(ws, request) {
        seen.push(request.pathAndQuery);
        return ws.respond(403, "No.\n");
      },
    });
    expect(await statusOf(GOOD_REQUEST, hooked)).toBe(403);
    expect(await statusOf("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", hooked)).toBe(403);
    expect(seen).toEqual(["/chat", "/plain"]);
  });

  test.each(["processRequest", "processResponse"] as const)(
    "aborting the connection from inside of %s",
    async (name) => {
      const hooked = await startServer({ [name]: (ws: { abort(): void }) => ws.abort() });
      expect(await statusOf(GOOD_REQUEST, hooked)).toBe(0);
      expect(await statusOf(GOOD_REQUEST)).toBe(101);
    },
  );
});
