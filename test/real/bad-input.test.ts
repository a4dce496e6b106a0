// Requests, responses and messages that are too large or not what they should be, over real sockets: whole, byte by byte
// and with bytes behind. They end in the right status, error or close code, in time, and the next good peer is served.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ConnectOptions, Server, ServeOptions } from "../../src/node.ts";
import { InvalidHandshake, NetworkError, TimeoutError } from "../../src/node.ts";
import { connect, serve } from "../support/plain.ts";
import { hex, parseHex, toHex } from "../support/hex.ts";
import { acceptFor, GOOD_REQUEST, goodResponse, latin1, masked } from "../support/network.ts";
import type { Way } from "./support.ts";
import { Peer, PeerServer, portOf, turn, Unhandled, until, WAYS, within, write } from "./support.ts";

const unhandled = new Unhandled();
const logged: string[] = [];
const logger = { warn: (text: string) => void logged.push(text), error: (text: string) => void logged.push(text) };
/** Peers of good manners end their half when we end ours: nothing may have to wait for a deadline. */
const IN_TIME = 2000;

const servers: Server[] = [];

async function echoServer(options: ServeOptions = {}): Promise<Server> {
  const server = await serve(
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", logger, pingInterval: null, ...options },
  );
  servers.push(server);
  return server;
}

afterEach(async () => {
  Peer.destroyAll();
  for (const server of servers) {
    await until("connections to be gone", () => server.connections.size === 0);
    const ws = await connect(`ws://127.0.0.1:${portOf(server)}/`, {
      origin: "https://good.example",
      subprotocols: ["b"],
    });
    await ws.send("hi");
    expect(await within("the echo", ws.recv())).toBe("hi");
    await within("the close", ws.close());
  }
  expect(unhandled.seen).toEqual([]);
  expect(logged.splice(0)).toEqual([]);
});

afterAll(async () => {
  await within("all servers to close", Promise.all(servers.map((server) => server.close())));
  unhandled[Symbol.dispose]();
});

/** Frames in hexadecimal, with `|` between them, where `60*00` stands for 60 zeros. */
function framesOf(text: string): Uint8Array[] {
  return text
    .split("|")
    .map((frame) => parseHex(frame.replaceAll(/(\d+)\*(..)/g, (_all, count, byte) => byte.repeat(count))));
}

/** Sends masked frames to a server behind a good request; returns the frames that it sends, in hexadecimal. */
async function tellServer(server: Server, frames: readonly Uint8Array[], way: Way): Promise<string> {
  const peer = await Peer.connect(portOf(server));
  peer.send(GOOD_REQUEST);
  await write(peer, Buffer.concat(frames), way);
  await peer.readToEnd(IN_TIME);
  expect(peer.text).toMatch(/^HTTP\/1\.1 101 /);
  return toHex(peer.frames);
}

/** The code of the Close frame at the end of unmasked frames. Every other frame must be as expected. */
function expectFailure(sent: string, before: string, code: number): void {
  expect(sent.slice(0, before.length)).toBe(before);
  const close = parseHex(sent.slice(before.length));
  expect(close[0]).toBe(0x88);
  expect(close).toHaveLength(2 + (close[1] ?? 0));
  expect(((close[2] ?? 0) << 8) | (close[3] ?? 0)).toBe(code);
  // A reason that is valid UTF-8.
  new TextDecoder("utf-8", { fatal: true }).decode(close.subarray(4));
}

describe("limits of messages and fragments", () => {
  const tooBig = (
    limits: ServeOptions["maxSize"],
    frames: string,
    answers = "",
  ): readonly [string, ServeOptions["maxSize"], string, number, string] => [
    `${JSON.stringify(limits)}: ${frames} fails`,
    limits,
    frames,
    1009,
    answers,
  ];
  const fits = (
    limits: ServeOptions["maxSize"],
    frames: string,
    answers: string,
  ): readonly [string, ServeOptions["maxSize"], string, number, string] => [
    `${JSON.stringify(limits)}: ${frames} fits`,
    limits,
    `${frames}|88 02 03 e8`,
    1000,
    answers,
  ];

  test.each([
    tooBig(3, "82 04 61 62 63 64"),
    tooBig(3, "02 02 61 62|80 02 63 64"),
    fits(3, "02 02 61 62|80 01 63", "82 03 61 62 63 "),
    tooBig({ message: null, fragment: 3 }, "82 04 61 62 63 64"),
    fits({ message: null, fragment: 3 }, "02 03 61 62 63|80 03 61 62 63", "82 06 61 62 63 61 62 63 "),
    tooBig({ message: 3, fragment: 2 }, "82 03 61 62 63"),
    tooBig({ message: 3, fragment: 2 }, "02 02 61 62|80 02 63 64"),
    fits({ message: 3, fragment: 2 }, "02 02 61 62|80 01 63", "82 03 61 62 63 "),
    fits(null, "82 7e 07 d0 2000*61", `82 7e 07 d0 ${"61 ".repeat(2000)}`),
    // Control frames do not count, also when the message has used the limit up.
    fits(3, "02 03 61 62 63|89 7d 125*61|80 00", `8a 7d ${"61 ".repeat(125)}82 03 61 62 63 `),
  ])("%s", async (_what, maxSize, frames, code, answers) => {
    for (const way of WAYS) {
      const server = await serve(
        async (ws) => {
          for await (const message of ws) await ws.send(message);
        },
        { host: "127.0.0.1", logger, maxSize: maxSize as number | null },
      );
      expectFailure(await tellServer(server, framesOf(frames).map(masked), way), answers, code);
      await within("the server to close", server.close(), IN_TIME);
    }
  });

  test("the reason names the size and the limit", async () => {
    const server = await serve(async (ws) => void (await ws.recv()), { host: "127.0.0.1", logger, maxSize: 3 });
    const sent = await tellServer(server, [masked(hex`02 02 61 62`), masked(hex`80 02 63 64`)], "whole");
    expect(Buffer.from(parseHex(sent)).toString("latin1")).toContain(
      "frame with 2 bytes after reading 2 bytes exceeds limit of 3 bytes",
    );
    await server.close();
  });
});

const line = (from: RegExp | string, to: string): string => GOOD_REQUEST.replace(from, to);
const plus = (header: string): string => line("\r\n\r\n", `\r\n${header}\r\n\r\n`);
const LONG = "x".repeat(9000);
const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

type Request = readonly [what: string, request: string, status: number, head: RegExp | null];

/** Adds what a row does not say: any head will do. */
function rows(table: readonly (readonly [string, string, number, RegExp?])[]): Request[] {
  return table.map(([what, request, status, head = null]) => [what, request, status, head]);
}

const REQUESTS: readonly Request[] = rows([
  // Streams and HTTP
  ["bare line feeds", GOOD_REQUEST.replaceAll("\r\n", "\n"), 400],
  ["a header name with a space", line("Host:", "Ho st:"), 400],
  ["a space in front of the colon", line("Host:", "Host :"), 400],
  ["a control byte in a value", line("example.com", "exam\u0001ple.com"), 400],
  ["a lone carriage return in a value", plus("X: a\rb"), 400],
  ["a NUL in a value", plus("X: a\u0000b"), 400],
  ["a folded header", plus("X: a\r\n b"), 400],
  ["a header without a colon", plus("nothing"), 400],
  ["an empty header name", plus(": x"), 400],
  ["a body", plus("Content-Length: 3"), 400],
  ["a negative length", plus("Content-Length: -1"), 400],
  ["two lengths", plus("Content-Length: 0\r\nContent-Length: 0"), 400],
  ["Transfer-Encoding", plus("Transfer-Encoding: chunked"), 400],
  ["TLS", "\u0016\u0003\u0001\u0000\u00c8\u0001\u0000\u0000\r\n\r\n", 400],
  ["a request line of two words", line("GET /chat HTTP/1.1", "GET /chat"), 400],
  ["a request line of four words", line("GET /chat", "GET /ch at"), 400],
  ["a path that is not ASCII", line("/chat", "/ch\u00e4t"), 400],
  ["a method that is no token", line("GET", "G(T"), 400],
  // The status is judged from the first line.
  ["HTTP/2.0", line("HTTP/1.1", "HTTP/2.0"), 505],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["garbage in place of a version", line("HTTP/1.1", "HTTP/x"), 400],
  // Opening handshake
  ["HTTP/1.0", line("HTTP/1.1", "HTTP/1.0"), 505],
  ["POST", line("GET", "POST"), 405, /\r\nAllow: GET\r\n/],
  ["OPTIONS *", line("GET /chat", "OPTIONS *"), 405, /\r\nAllow: GET\r\n/],
  ["no Host", line(/Host.*\r\n/, ""), 400],
  ["two Hosts", plus("Host: example.org"), 400],
  ["a bad Host", line("example.com", "exa mple"), 400],
  ["no Connection", line(/Connection.*\r\n/, ""), 426, /\r\nUpgrade: websocket\r\n/],
  ["Connection: keep-alive", line("Connection: Upgrade", "Connection: keep-alive"), 426],
  ["no Upgrade", line(/Upgrade.*\r\n/, ""), 426, /\r\nUpgrade: websocket\r\n[^]*You need a WebSocket client/],
  ["Upgrade: h2c", line("Upgrade: websocket", "Upgrade: h2c"), 426],
  ["a malformed Connection", line("Connection: Upgrade", 'Connection: "'), 400],
  ["no key", line(/Sec-WebSocket-Key.*\r\n/, ""), 400],
  ["two keys", plus(KEY), 400],
  ["a key that is not base64", line(/dGh.*==/, "!!!!!!!!!!!!!!!!!!!!!!=="), 400],
  ["a key of 15 bytes", line(/dGh.*==/, "dGhlIHNhbXBsZSBub25j"), 400],
  ["a key of 17 bytes", line(/dGh.*==/, "dGhlIHNhbXBsZSBub25jZQE="), 400],
  ["no version", line(/Sec-WebSocket-Version.*\r\n/, ""), 400],
  ["two versions", plus("Sec-WebSocket-Version: 13"), 400],
  ["version 8", line("Version: 13", "Version: 8"), 426, /\r\nSec-WebSocket-Version: 13\r\n/],
  ["a version that is no number", line("Version: 13", "Version: x"), 426, /\r\nSec-WebSocket-Version: 13\r\n/],
  ["a malformed extension", plus("Sec-WebSocket-Extensions: a;"), 400],
  ["an extension with a quoted space", plus('Sec-WebSocket-Extensions: a; b="c d"'), 400],
  ["an extension with an unterminated quote", plus('Sec-WebSocket-Extensions: a; b="c'), 400],
  ["a malformed subprotocol", plus("Sec-WebSocket-Protocol: a b"), 400],
]);

describe("requests", () => {
  let server: Server;
  let picky: Server;

  beforeAll(async () => {
    server = await echoServer();
    picky = await echoServer({
      origins: ["https://good.example", /https:\/\/.*\.good\.example/],
      subprotocols: ["a", "b"],
    });
  });

  async function ask(to: Server, request: string, way: Way): Promise<Peer> {
    const peer = await Peer.connect(portOf(to));
    await write(peer, latin1(request), way);
    await peer.readToEnd(IN_TIME);
    return peer;
  }

  function expectRejection(peer: Peer, status: number, head: RegExp | null = null): void {
    expect(peer.text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(peer.text).toMatch(/\r\nDate: [^\r]+ GMT\r\n/);
    expect(peer.text).toMatch(/\r\nConnection: (Upgrade, )?close\r\n/);
    expect(peer.text).toMatch(/\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
    if (head !== null) expect(peer.text).toMatch(head);
    expect(peer.frames).toHaveLength(Number(/\r\nContent-Length: (\d+)\r\n/.exec(peer.text)?.[1]));
  }

  describe.each(WAYS)("%s", (way) => {
    test.each(REQUESTS)("%s", async (_what, request, status, head) => {
      expectRejection(await ask(server, request, way), status, head);
    });

    const good = plus("Origin: https://good.example\r\nSec-WebSocket-Protocol: b");
    test.each(
      rows([
        ["no Origin", plus("Sec-WebSocket-Protocol: b"), 403],
        ["another Origin", good.replace("good.example", "evil.example"), 403],
        [
          "an Origin that only begins like an allowed one",
          good.replace("good.example", "good.example.evil.example"),
          403,
        ],
        ["an Origin with an expression inside", good.replace("https://good", "x https://a.good"), 403],
        ["two Origins", good.replace("Origin", "Origin: https://good.example\r\nOrigin"), 400],
        ["no subprotocol", plus("Origin: https://good.example"), 400],
        ["no common subprotocol", good.replace("Protocol: b", "Protocol: c, d"), 400],
      ]),
    )("%s, where it matters", async (_what, request, status) => {
      expectRejection(await ask(picky, request, way), status);
    });

    test.each([
      ["the key of the RFC", GOOD_REQUEST, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/],
      ["Connection: keep-alive, Upgrade", line("Connection: Upgrade", "Connection: keep-alive, Upgrade"), undefined],
      [
        "a list of one token and many commas",
        line("Connection: Upgrade", "Connection: ,,\t,  , ,Upgrade  ,,"),
        undefined,
      ],
      [
        "Connection in two lines",
        line("Connection: Upgrade", "Connection: keep-alive\r\nConnection: UPGRADE"),
        undefined,
      ],
      ["Upgrade in another case", line("Upgrade: websocket", "uPGRADE: WebSocket"), undefined],
      ["Upgrade: h2c, websocket", line("Upgrade: websocket", "Upgrade: h2c, websocket"), undefined],
      ["a target in absolute form", line("/chat", "http://example.com/chat"), undefined],
      ["Content-Length: 0", plus("Content-Length: 0"), undefined],
      ["an unknown extension", plus("Sec-WebSocket-Extensions: x-unknown; a=1, permessage-deflate"), undefined],
      ["subprotocols that nobody asked for", plus("Sec-WebSocket-Protocol: a, b"), undefined],
      ["a header of Latin-1", plus("X: caf\u00e9"), undefined],
    ])("this is fine: %s", async (_what, request, head) => {
      const peer = await Peer.connect(portOf(server));
      await write(peer, Buffer.concat([latin1(request), masked(hex`81 02 68 69`), masked(hex`88 00`)]), way);
      await peer.readToEnd(IN_TIME);
      expect(peer.text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
      expect(peer.text).toMatch(head ?? /\r\n\r\n/);
      expect(peer.text).not.toMatch(/\r\nSec-WebSocket-(Extensions|Protocol):/i);
      expect(toHex(peer.frames)).toBe("81 02 68 69 88 00");
    });
  });

  test("the subprotocol is the server's choice", async () => {
    const ws = await connect(`ws://127.0.0.1:${portOf(picky)}/`, {
      origin: "https://chat.good.example",
      subprotocols: ["b", "a"],
    });
    expect(ws.subprotocol).toBe("a");
    await ws.close();
  });

  test.each(
    rows([
      ["a request line that is too long, without its end", `GET /${LONG}`, 414],
      ["a request line that is too long", line("/chat", `/${LONG}`), 414],
      ["a header line that is too long, without its end", line("\r\n\r\n", `\r\nX: ${LONG}`), 431],
      ["a header line that is too long", plus(`X: ${LONG}`), 431],
      ["a header line of 8,193 bytes", plus(`X: ${"x".repeat(8188)}`), 431],
      ["129 headers", plus("X: x\r\n".repeat(124).trimEnd()), 431],
      ["more than 64 KiB of headers", plus(`X: ${"x".repeat(8000)}\r\n`.repeat(9).trimEnd()), 431],
      ["a header without an end", `GET / HTTP/1.1\r\n${"a".repeat(100_000)}`, 431],
    ]),
  )("%s", async (_what, request, status) => {
    for (const way of ["whole", "with trailing bytes"] as const) {
      expectRejection(await ask(server, request, way), status);
    }
  });

  test("8,192 bytes of a header line and 128 headers are fine", async () => {
    for (const more of [`X: ${"x".repeat(8187)}`, "X: x\r\n".repeat(123).trimEnd()]) {
      const peer = await Peer.connect(portOf(server));
      peer.send(plus(more));
      peer.send(masked(hex`88 00`));
      await peer.readToEnd(IN_TIME);
      expect(peer.text).toMatch(/^HTTP\/1\.1 101 /);
    }
  });

  test("a connection that is lost at any byte of the request", async () => {
    for (let at = 0; at <= GOOD_REQUEST.length; at += 6) {
      const peer = await Peer.connect(portOf(server));
      peer.send(GOOD_REQUEST.slice(0, at));
      await turn();
      if (at % 4 === 0) peer.socket.resetAndDestroy();
      else peer.socket.end();
      peer.socket.resume();
      await until("the end", () => peer.isClosed, IN_TIME);
      if (at < GOOD_REQUEST.length) expect(peer.text).toBe("");
    }
  });

  test("a peer that says nothing, or too little, is dropped after openTimeout without a word", async () => {
    const impatient = await serve(() => {}, { host: "127.0.0.1", logger, openTimeout: 50 });
    for (const request of ["", GOOD_REQUEST.slice(0, 40)]) {
      const peer = await Peer.connect(portOf(impatient));
      peer.send(request);
      await until("the end", () => (peer.send(""), peer.hasEnded || peer.isClosed), IN_TIME);
      expect(peer.text).toBe("");
      peer.socket.destroy();
    }
    await within("the server to close", impatient.close(), IN_TIME);
  });

  test("a peer that has not asked yet gets 503 when the server closes", async () => {
    const closing = await serve(() => {}, { host: "127.0.0.1", logger });
    const peer = await Peer.connect(portOf(closing));
    peer.send(GOOD_REQUEST.slice(0, 40));
    await turn();
    await turn();
    const closed = closing.close();
    await peer.readToEnd(IN_TIME);
    expectRejection(peer, 503);
    await within("the server to close", closed, IN_TIME);
  });

  test("an exception of selectSubprotocol is 500, and tells nothing", async () => {
    const throwing = await serve(() => {}, {
      host: "127.0.0.1",
      logger,
      selectSubprotocol: () => {
        throw new Error("secret");
      },
    });
    const peer = await ask(throwing, plus("Sec-WebSocket-Protocol: a"), "whole");
    expectRejection(peer, 500);
    expect(peer.text).not.toContain("secret");
    expect(logged.splice(0)).toEqual(["! opening handshake failed"]);
    await throwing.close();
  });

  test("OPTIONS * and HTTP/1.0 get as far as processRequest, and HTTP/2.0 does not", async () => {
    const health = await serve(() => {}, {
      host: "127.0.0.1",
      logger,
      processRequest: (ws, request) => ws.respond(200, `${request.method} ${request.protocol}\n`),
    });
    for (const way of WAYS) {
      expect((await ask(health, line("GET /chat", "OPTIONS *"), way)).frames.toString()).toBe("OPTIONS HTTP/1.1\n");
      expect((await ask(health, line("HTTP/1.1", "HTTP/1.0"), way)).frames.toString()).toBe("GET HTTP/1.0\n");
      expect((await ask(health, line("HTTP/1.1", "HTTP/2.0"), way)).text).toMatch(/^HTTP\/1\.1 505 /);
    }
    await health.close();
  });
});

/** What, the response, and the error. `ends`: the server closes TCP behind it. */
interface BadResponse {
  readonly what: string;
  readonly response: (head: string) => string;
  readonly error: object;
  readonly ends?: boolean;
  readonly body?: string;
  readonly options?: ConnectOptions;
}

const instead = (from: RegExp | string, to: string) => (head: string) => goodResponse(head).replace(from, to);
const status = (text: string) => () => `HTTP/1.1 ${text}`;
const invalidStatus = (statusCode: number): object => ({ code: "INVALID_STATUS", response: { statusCode } });

const RESPONSES: readonly BadResponse[] = [
  {
    what: "no Accept",
    response: instead(/Sec-WebSocket-Accept.*\r\n/, ""),
    error: { code: "INVALID_HEADER", value: null },
  },
  {
    what: "two Accepts",
    response: (head) => goodResponse(head, `Sec-WebSocket-Accept: ${acceptFor(head)}`),
    error: { code: "INVALID_HEADER" },
  },
  {
    what: "a wrong Accept",
    response: instead(/(Accept: ).*/, "$1s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    error: { code: "INVALID_HEADER_VALUE", header: "Sec-WebSocket-Accept" },
  },
  {
    what: "no Upgrade",
    response: instead(/Upgrade: .*\r\n/, ""),
    error: { code: "INVALID_UPGRADE", header: "Upgrade" },
  },
  {
    what: "another Upgrade",
    response: instead("Upgrade: websocket", "Upgrade: h2c"),
    error: { code: "INVALID_UPGRADE" },
  },
  {
    what: "two values of Upgrade",
    response: instead("Upgrade: websocket", "Upgrade: websocket, h2c"),
    error: { code: "INVALID_UPGRADE" },
  },
  {
    what: "no Connection",
    response: instead(/Connection: .*\r\n/, ""),
    error: { code: "INVALID_UPGRADE", header: "Connection" },
  },
  {
    what: "an extension that was not offered",
    response: (head) => goodResponse(head, "Sec-WebSocket-Extensions: permessage-deflate"),
    error: { code: "NEGOTIATION_ERROR" },
  },
  {
    what: "a malformed extension",
    response: (head) => goodResponse(head, "Sec-WebSocket-Extensions: a;"),
    error: { code: "INVALID_HEADER_FORMAT" },
  },
  {
    what: "a subprotocol that was not offered",
    response: (head) => goodResponse(head, "Sec-WebSocket-Protocol: c"),
    error: { code: "NEGOTIATION_ERROR" },
    options: { subprotocols: ["a", "b"] },
  },
  {
    what: "two subprotocols",
    response: (head) => goodResponse(head, "Sec-WebSocket-Protocol: a, b"),
    error: { code: "INVALID_HEADER", header: "Sec-WebSocket-Protocol" },
    options: { subprotocols: ["a", "b"] },
  },
  {
    what: "HTTP/1.0",
    response: instead("HTTP/1.1", "HTTP/1.0"),
    error: { code: "INVALID_MESSAGE", cause: { code: "INVALID_PROTOCOL" } },
  },
  {
    what: "the banner of SMTP",
    response: () => "220 mail.example ESMTP\r\n",
    error: { code: "INVALID_MESSAGE", cause: { name: "SyntaxError" } },
  },
  { what: "the banner of SSH", response: () => "SSH-2.0-OpenSSH_9.2\r\n", error: { code: "INVALID_MESSAGE" } },
  {
    what: "bare line feeds",
    response: (head) => goodResponse(head).replaceAll("\r\n", "\n"),
    error: { code: "INVALID_MESSAGE" },
  },
  { what: "status 007", response: instead("101", "007"), error: { code: "INVALID_MESSAGE" } },
  { what: "a status that is no number", response: instead("101", "abc"), error: { code: "INVALID_MESSAGE" } },
  { what: "DEL in the reason", response: instead("Protocols", "\u007f"), error: { code: "INVALID_MESSAGE" } },
  {
    what: "a control byte in a header",
    response: (head) => goodResponse(head, "X: \u0001"),
    error: { code: "INVALID_MESSAGE" },
  },
  {
    what: "a status line that is too long",
    response: instead("Protocols", LONG),
    error: { code: "STATUS_LINE_TOO_LONG" },
  },
  {
    what: "a header line that is too long",
    response: (head) => goodResponse(head, `X: ${LONG}`),
    error: { code: "HEADER_LINE_TOO_LONG" },
  },
  {
    what: "129 headers",
    response: (head) => goodResponse(head, ...Array.from({ length: 126 }, () => "X: x")),
    error: { code: "TOO_MANY_HEADERS" },
  },
  {
    what: "nothing, and the end",
    response: () => "",
    ends: true,
    error: { code: "INVALID_MESSAGE", cause: { code: "NETWORK_ERROR", reason: "eof" } },
  },
  {
    what: "half a response, and the end",
    response: (head) => goodResponse(head).slice(0, 60),
    ends: true,
    error: { code: "INVALID_MESSAGE", cause: { reason: "eof" } },
  },
  {
    what: "half a body, and the end",
    response: status("404 Not Found\r\nContent-Length: 10\r\n\r\nhalf"),
    ends: true,
    error: { code: "INVALID_MESSAGE", cause: { reason: "eof" } },
  },
  // The server leaves all these connections open.
  {
    what: "200 with a length",
    response: status("200 OK\r\nContent-Length: 5\r\n\r\nhello"),
    error: invalidStatus(200),
    body: "hello",
  },
  {
    what: "401 with keep-alive",
    response: status("401 Unauthorized\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"),
    error: invalidStatus(401),
    body: "",
  },
  {
    what: "503 in chunks with trailers",
    response: status("503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n"),
    error: invalidStatus(503),
    body: "abcde",
  },
  { what: "204", response: status("204 No Content\r\n\r\n"), error: invalidStatus(204), body: "" },
  {
    what: "304 with a length",
    response: status("304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    error: invalidStatus(304),
    body: "",
  },
  {
    what: "a reason of Latin-1",
    response: status("404 Introuvable: \u00e9\r\nContent-Length: 0\r\n\r\n"),
    error: { code: "INVALID_STATUS", response: { statusCode: 404, reasonPhrase: "Introuvable: \u00e9" } },
    body: "",
  },
  {
    what: "a body over the limit, which is cut",
    response: status(`500 Oops\r\nContent-Length: 100000\r\n\r\n${"x".repeat(100_000)}`),
    error: invalidStatus(500),
    body: "x".repeat(65_536),
  },
  { what: "200 up to the end", response: status("200 OK\r\n\r\nhello"), ends: true, error: invalidStatus(200) },
  {
    what: "a chunk that is longer than its size",
    response: status("500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"),
    error: { code: "INVALID_MESSAGE" },
  },
  {
    what: "a chunk size that is no number",
    response: status("500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"),
    error: { code: "INVALID_MESSAGE" },
  },
  {
    what: "a chunk size of 16 digits",
    response: status("500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n"),
    error: { code: "SECURITY_ERROR" },
  },
  {
    what: "a length of 19 digits",
    response: status("500 Oops\r\nContent-Length: 1000000000000000000\r\n\r\n"),
    error: { code: "SECURITY_ERROR" },
  },
  {
    what: "a negative length",
    response: status("500 Oops\r\nContent-Length: -1\r\n\r\n"),
    error: { code: "INVALID_MESSAGE" },
  },
  {
    what: "an unknown transfer coding",
    response: status("500 Oops\r\nTransfer-Encoding: gzip\r\n\r\n"),
    error: { code: "INVALID_MESSAGE" },
  },
];

describe("responses to a client", () => {
  let server: PeerServer;

  beforeAll(async () => {
    server = await PeerServer.listen();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  describe.each(WAYS)("%s", (way) => {
    test.each(RESPONSES.map((each) => [each.what, each] as const))(
      "%s",
      async (_what, { response, error, ends, body, options }) => {
        const asked = server.nextRequest();
        const failing = connect(server.uri, { logger, ...options }).catch((caught: unknown) => caught);
        const peer = await within("the request", asked);
        const bytes = latin1(response(peer.text));
        // Bytes behind a stream that has ended are none, and 9,000 single ones take their time.
        const isShort = bytes.length < 2000;
        if (ends !== true) await write(peer, bytes, isShort ? way : "whole");
        else await write(peer, bytes, way === "byte by byte" ? way : "whole");
        if (ends === true) peer.socket.end();
        const caught = await within("the error", failing, IN_TIME);
        expect(caught).toBeInstanceOf(InvalidHandshake);
        expect(caught).toMatchObject(error);
        if (body !== undefined) {
          const { response: got } = caught as { response: { body: Uint8Array } };
          expect(Buffer.from(got.body).toString("latin1")).toBe(body);
        }
        await until("the client to leave", () => peer.hasEnded || peer.isClosed, IN_TIME);
      },
    );

    test("frames in the segment of the response", async () => {
      const asked = server.nextRequest();
      const opening = connect(server.uri, { logger, pingInterval: null }).then((ws) => ws);
      const peer = await within("the request", asked);
      await write(peer, Buffer.concat([latin1(goodResponse(peer.text)), hex`81 02 68 69 82 01 00 88 02 03 e8`]), way);
      const ws = await within("the client to open", opening);
      expect(await ws.recv()).toBe("hi");
      expect(await ws.recv()).toEqual(Uint8Array.of(0));
      peer.socket.end();
      expect(await within("the end", ws.closed, IN_TIME)).toMatchObject({ code: 1000, sent: { code: 1000 } });
    });
  });

  test("silence, and a response that never ends", async () => {
    for (const response of ["", "HTTP/1.1 101 Switch", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal"]) {
      const asked = server.nextRequest();
      const failing = connect(server.uri, { logger, openTimeout: 50 }).catch((caught: unknown) => caught);
      const peer = await within("the request", asked);
      peer.send(response);
      expect(await within("the error", failing, IN_TIME)).toBeInstanceOf(TimeoutError);
      await until("the client to leave", () => peer.hasEnded || peer.isClosed, IN_TIME);
    }
  });

  test("a reset in place of a response, and nobody there", async () => {
    const asked = server.nextRequest();
    const failing = connect(server.uri, { logger }).catch((caught: unknown) => caught);
    const peer = await within("the request", asked);
    peer.socket.resetAndDestroy();
    const caught = await within("the error", failing, IN_TIME);
    expect(caught).toBeInstanceOf(NetworkError);
    expect(caught).toMatchObject({ reason: "reset" });

    const gone = await PeerServer.listen();
    const { uri } = gone;
    await gone[Symbol.asyncDispose]();
    await expect(connect(uri, { logger })).rejects.toMatchObject({ code: "NETWORK_ERROR", reason: "refused" });
  });
});
