import { describe, expect, test } from "vitest";
import {
  InvalidHandshake,
  InvalidHeader,
  InvalidHeaderFormat,
  InvalidHeaderValue,
  InvalidStatus,
  InvalidUpgrade,
  NegotiationError,
} from "../../src/errors/handshake.ts";
import { MultipleValuesError } from "../../src/errors/multiple-values.ts";
import type { ClientExtensionFactory } from "../../src/extensions/extension.ts";
import { ResponseReader } from "../../src/http/response.ts";
import { parseUri } from "../../src/http/uri.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import {
  buildRequest,
  checkResponse,
  type ClientHandshakeSettings,
  type ConfirmedHandshake,
} from "../../src/protocol/client-handshake.ts";
import { Prng } from "../support/prng.ts";
import { errorOf, unwire, wire } from "../http/feed.ts";

const KERNELS = new ReferenceKernels();
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

const FOO: ClientExtensionFactory = {
  name: "foo",
  requestParameters: () => [
    ["a", null],
    ["b", "1"],
  ],
  processResponse: (parameters) => {
    if (parameters.some(([name]) => name === "bad")) throw new NegotiationError("bad parameter");
    return { name: "foo", reservedBits: 0, decode: (frame) => frame, encode: (frame) => frame };
  },
};

function build(uri: string, settings: ClientHandshakeSettings = {}): string {
  return unwire(buildRequest(parseUri(uri), settings, KEY).serialize());
}

const ESSENTIAL =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

describe("buildRequest()", () => {
  test("asks for no more than it must", () => {
    expect(build("ws://example.com")).toBe(`GET / HTTP/1.1\r\nHost: example.com\r\n${ESSENTIAL}\r\n`);
  });

  test("leaves out an extension that makes no offer", () => {
    const silent: ClientExtensionFactory = { ...FOO, name: "bar", requestParameters: () => null };
    expect(build("ws://example.com", { extensions: [silent] })).toBe(build("ws://example.com"));
    const extensions = [silent, { ...FOO, requestParameters: () => [] }, silent];
    expect(build("ws://example.com", { extensions })).toContain("Sec-WebSocket-Extensions: foo\r\n");
  });

  test("asks for everything, in order", () => {
    const text = build("wss://user:p%40ss@[::1]:8000/a%20b?c=d", {
      origin: "https://example.com",
      extensions: [FOO, { ...FOO, name: "bar", requestParameters: () => [] }],
      subprotocols: ["chat", "superchat"],
      additionalHeaders: [
        ["X-One", "1"],
        ["Cookie", "a=b"],
        ["X-One", "2"],
      ],
      userAgentHeader: "wsasm",
    });
    expect(text).toBe(
      `GET /a%20b?c=d HTTP/1.1\r\nHost: [::1]:8000\r\nAuthorization: Basic dXNlcjpwQHNz\r\nOrigin: https://example.com\r\n${ESSENTIAL}` +
        "Sec-WebSocket-Extensions: foo; a; b=1, bar\r\nSec-WebSocket-Protocol: chat, superchat\r\n" +
        "X-One: 1\r\nCookie: a=b\r\nX-One: 2\r\nUser-Agent: wsasm\r\n\r\n",
    );
  });

  test.each([
    ["ws://example.com:80/", "example.com"],
    ["wss://example.com:443/", "example.com"],
    ["ws://example.com:443/", "example.com:443"],
    ["wss://example.com:80/", "example.com:80"],
    ["ws://[::1]/", "[::1]"],
    ["ws://B\u00fccher.example:8000/", "xn--bcher-kva.example:8000"],
  ])("takes the Host from %s", (uri, host) => {
    expect(build(uri)).toContain(`\r\nHost: ${host}\r\n`);
  });

  test("sends an empty password", () => {
    expect(build("ws://user:@example.com/")).toContain("\r\nAuthorization: Basic dXNlcjo=\r\n");
  });

  test("sends a missing password as an empty one", () => {
    const uri = { ...parseUri("ws://example.com/"), username: "user" };
    expect(buildRequest(uri, {}, KEY).headers.get("Authorization")).toBe("Basic dXNlcjo=");
  });

  test("lets additional headers replace ours in their place", () => {
    const text = build("ws://user:pass@example.com/", {
      origin: "https://example.com",
      additionalHeaders: { "user-agent": "mine", origin: "null", authorization: "Bearer x", host: "other.example" },
      userAgentHeader: "wsasm",
    });
    expect(text).toBe(
      `GET / HTTP/1.1\r\nHost: other.example\r\nAuthorization: Bearer x\r\nOrigin: null\r\n${ESSENTIAL}user-agent: mine\r\n\r\n`,
    );
  });

  test("sends additional headers that replace nothing behind ours", () => {
    const text = build("ws://example.com/", { additionalHeaders: { Authorization: "Bearer x", Origin: "null" } });
    expect(text).toContain("Sec-WebSocket-Version: 13\r\nAuthorization: Bearer x\r\nOrigin: null\r\n\r\n");
  });

  test("does not change the additional headers of the caller", () => {
    const additionalHeaders = new Map([["Host", "other.example"]]);
    build("ws://example.com/", { additionalHeaders });
    expect(additionalHeaders.size).toBe(1);
  });

  test.each<[string, ClientHandshakeSettings, new (...args: never[]) => Error]>([
    ["a string of subprotocols", { subprotocols: "chat" as unknown as string[] }, TypeError],
    ["a subprotocol that is no token", { subprotocols: ["a b"] }, RangeError],
    ["a line in the origin", { origin: "a\r\nB: c" }, InvalidHeaderValue],
    ["a line in the user agent", { userAgentHeader: "a\r\nB: c" }, InvalidHeaderValue],
    ["a line in an additional header", { additionalHeaders: { A: "b\r\nC: d" } }, InvalidHeaderValue],
    ["several hosts", { additionalHeaders: { Host: ["a", "b"] } }, MultipleValuesError],
    ["a Connection header", { additionalHeaders: { connection: "keep-alive" } }, TypeError],
    ["an Upgrade header", { additionalHeaders: { Upgrade: "h2c" } }, TypeError],
    ["a key", { additionalHeaders: { "Sec-WebSocket-Key": KEY } }, TypeError],
    ["a subprotocol as a header", { additionalHeaders: { "sec-websocket-protocol": "chat" } }, TypeError],
    ["a length", { additionalHeaders: { "Content-Length": "3" } }, TypeError],
  ])("refuses %s", (_what, settings, kind) => {
    expect(() => build("ws://example.com/", settings)).toThrow(kind);
  });
});

/** Header lines of a good response, by name, so that a test can change one. */
const LINES: Readonly<Record<string, string>> = {
  Upgrade: "Upgrade: websocket\r\n",
  Connection: "Connection: Upgrade\r\n",
  Accept: "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
};

function check(
  changes: Readonly<Record<string, string>> = {},
  settings: ClientHandshakeSettings = {},
  line = "HTTP/1.1 101 Switching Protocols",
): ConfirmedHandshake {
  const response = new ResponseReader().push(
    wire(`${line}\r\n${Object.values({ ...LINES, ...changes }).join("")}\r\n`),
  );
  if (response === undefined) throw new Error("incomplete response");
  return checkResponse(response, KEY, settings, KERNELS);
}

describe("checkResponse()", () => {
  test.each([
    ["no more than it must have", {}],
    ["keep-alive", { Connection: "Connection: keep-alive, Upgrade\r\n" }],
    ["several Connection headers", { Connection: "Connection: keep-alive\r\nConnection: upgrade\r\n" }],
    ["another case", { Upgrade: "UPGRADE: WebSocket\r\n" }],
  ])("takes a response with %s", (_what, changes) => {
    expect(check(changes)).toEqual({ extensions: [], subprotocol: null });
    expect(check(changes, { extensions: [FOO], subprotocols: ["chat"] })).toEqual({
      extensions: [],
      subprotocol: null,
    });
  });

  test("takes an offered extension and an offered subprotocol", () => {
    const changes = {
      Extensions: "Sec-WebSocket-Extensions: foo; a\r\n",
      Protocol: "Sec-WebSocket-Protocol: chat\r\n",
    };
    const confirmed = check(changes, { extensions: [FOO], subprotocols: ["superchat", "chat"] });
    expect(confirmed).toMatchObject({ extensions: [{ name: "foo" }], subprotocol: "chat" });
  });

  test.each<[string, Record<string, string>, new (...args: never[]) => InvalidHandshake]>([
    ["no Connection", { Connection: "" }, InvalidUpgrade],
    ["Connection without upgrade", { Connection: "Connection: close\r\n" }, InvalidUpgrade],
    ["a malformed Connection", { Connection: "Connection: a b\r\n" }, InvalidHeaderFormat],
    ["no Upgrade", { Upgrade: "" }, InvalidUpgrade],
    ["another Upgrade", { Upgrade: "Upgrade: h2c\r\n" }, InvalidUpgrade],
    ["two protocols", { Upgrade: "Upgrade: websocket, h2c\r\n" }, InvalidUpgrade],
    ["two Upgrade headers", { Upgrade: "Upgrade: websocket\r\nUpgrade: websocket\r\n" }, InvalidUpgrade],
    ["no Accept", { Accept: "" }, InvalidHeader],
    ["two Accepts", { Accept: `${LINES["Accept"]}${LINES["Accept"]}` }, InvalidHeader],
    ["a wrong Accept", { Accept: "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n" }, InvalidHeaderValue],
    [
      "an Accept in another case",
      { Accept: "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" },
      InvalidHeaderValue,
    ],
    ["an empty Accept", { Accept: "Sec-WebSocket-Accept:\r\n" }, InvalidHeaderValue],
    ["an extension that was not offered", { Extensions: "Sec-WebSocket-Extensions: bar\r\n" }, NegotiationError],
    ["a bad extension", { Extensions: "Sec-WebSocket-Extensions: foo; bad\r\n" }, NegotiationError],
    ["malformed extensions", { Extensions: "Sec-WebSocket-Extensions: f\u00e9o\r\n" }, InvalidHeaderFormat],
    ["a subprotocol that was not offered", { Protocol: "Sec-WebSocket-Protocol: other\r\n" }, NegotiationError],
    ["a subprotocol in another case", { Protocol: "Sec-WebSocket-Protocol: Chat\r\n" }, NegotiationError],
    ["two subprotocols", { Protocol: "Sec-WebSocket-Protocol: chat, superchat\r\n" }, InvalidHeader],
    [
      "two headers of subprotocols",
      { Protocol: "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n" },
      InvalidHeader,
    ],
    ["an empty subprotocol", { Protocol: "Sec-WebSocket-Protocol:\r\n" }, InvalidHeaderFormat],
    ["a malformed subprotocol", { Protocol: "Sec-WebSocket-Protocol: ch\u00e4t\r\n" }, InvalidHeaderFormat],
  ])("refuses a response with %s", (_what, changes, kind) => {
    const error = errorOf(() => check(changes, { extensions: [FOO], subprotocols: ["chat", "superchat"] }));
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).constructor).toBe(kind);
  });

  test.each([
    ["HTTP/1.1 200 OK", "Content-Length: 5\r\n\r\nHello", "Hello"],
    ["HTTP/1.1 404 Not Found", "Content-Length: 0\r\n", ""],
    ["HTTP/1.1 100 Continue", "", ""],
  ])("refuses %s before it looks at headers", (line, more, body) => {
    const error = errorOf(() => check({ Accept: "", More: more }, {}, line));
    expect(error).toBeInstanceOf(InvalidStatus);
    const { response } = error as InvalidStatus;
    expect(`HTTP/1.1 ${response.statusCode} ${response.reasonPhrase}`).toBe(line);
    expect(unwire(response.body)).toBe(body);
  });

  test("throws what is documented for random headers", () => {
    const prng = new Prng();
    const values = ["", "a", "websocket", "Upgrade", ",", ";", "=", '"', "\\", "\u00e9", "foo", "bad", "chat"];
    const names = [
      "Upgrade",
      "Connection",
      "Sec-WebSocket-Accept",
      "Sec-WebSocket-Extensions",
      "Sec-WebSocket-Protocol",
    ];
    for (let i = 0; i < 3000; i++) {
      const header = `${prng.pick(names)}: ${Array.from({ length: prng.below(6) }, () => prng.pick(values)).join("")}\r\n`;
      const changes = prng.chance(0.5) ? { [prng.pick(Object.keys(LINES))]: header } : { More: header };
      try {
        check(changes, { extensions: [FOO], subprotocols: ["chat"] });
      } catch (error) {
        expect(error, `seed ${prng.seed}`).toBeInstanceOf(InvalidHandshake);
      }
    }
  });
});
