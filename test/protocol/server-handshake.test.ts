import { describe, expect, test } from "vitest";
import {
  InvalidHandshake,
  InvalidHeader,
  InvalidHeaderFormat,
  InvalidHeaderValue,
  InvalidMethod,
  InvalidOrigin,
  InvalidProtocol,
  InvalidUpgrade,
  InvalidVersion,
  NegotiationError,
} from "../../src/errors/handshake.ts";
import type { ServerExtensionFactory } from "../../src/extensions/extension.ts";
import { RequestReader } from "../../src/http/request.ts";
import { ReferenceKernels } from "../../src/kernels/reference-kernels.ts";
import { rejectionFor } from "../../src/protocol/rejection.ts";
import {
  type AcceptedRequest,
  acceptRequest,
  type ServerHandshakeSettings,
} from "../../src/protocol/server-handshake.ts";
import { Prng } from "../support/prng.ts";
import { errorOf, unwire, wire } from "../http/feed.ts";

const KERNELS = new ReferenceKernels();

/** Header lines of a good request, by name, so that a test can change one. */
const LINES: Readonly<Record<string, string>> = {
  Host: "Host: server.example.com\r\n",
  Upgrade: "Upgrade: websocket\r\n",
  Connection: "Connection: Upgrade\r\n",
  Key: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
  Version: "Sec-WebSocket-Version: 13\r\n",
};

function request(changes: Readonly<Record<string, string>> = {}, line = "GET /chat HTTP/1.1"): Uint8Array {
  return wire(`${line}\r\n${Object.values({ ...LINES, ...changes }).join("")}\r\n`);
}

function accept(bytes: Uint8Array, settings: ServerHandshakeSettings = {}): AcceptedRequest {
  const received = new RequestReader().push(bytes);
  if (received === undefined) throw new Error("incomplete request");
  return acceptRequest(received, settings, KERNELS);
}

/** Accepts everything offered to it, and answers the same. */
const FOO: ServerExtensionFactory = {
  name: "foo",
  processRequest: (parameters, accepted) => {
    if (accepted.length > 0 || parameters.some(([name]) => name === "bad")) throw new NegotiationError("declined");
    const extension = { name: "foo", reservedBits: 0, decode: <T>(frame: T) => frame, encode: <T>(frame: T) => frame };
    return { parameters, extension };
  },
};

describe("acceptRequest()", () => {
  test("answers the example of RFC 6455 1.3", () => {
    const changes = {
      Origin: "Origin: http://example.com\r\n",
      Protocol: "Sec-WebSocket-Protocol: chat, superchat\r\n",
    };
    const accepted = accept(request(changes), { subprotocols: ["superchat", "chat"], origins: ["http://example.com"] });
    expect(unwire(accepted.response.serialize())).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\nSec-WebSocket-Protocol: superchat\r\n\r\n$/,
    );
    expect(accepted).toMatchObject({ extensions: [], subprotocol: "superchat", origin: "http://example.com" });
  });

  test.each([
    ["no more than it must have", {}],
    ["keep-alive", { Connection: "Connection: keep-alive, Upgrade\r\n" }],
    ["several Connection headers", { Connection: "Connection: keep-alive\r\nConnection: UPGRADE\r\n" }],
    ["another case", { Upgrade: "upgrade: WebSocket\r\n" }],
    ["another protocol, too", { Upgrade: "Upgrade: h2c, websocket\r\n" }],
    ["another protocol with a version", { Upgrade: "Upgrade: HTTP/2.0,websocket\r\n" }],
    ["a key with unused bits", { Key: "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n" }],
    ["an IPv6 host", { Host: "Host: [::1]:8000\r\n" }],
    ["an unknown extension", { Extensions: "Sec-WebSocket-Extensions: constructor; __proto__\r\n" }],
    ["a subprotocol without a list", { Protocol: "Sec-WebSocket-Protocol: a,,b\r\n" }],
    ["an Origin", { Origin: "Origin: null\r\n" }],
  ])("accepts a request with %s", (_what, changes) => {
    const { response, extensions, subprotocol } = accept(request(changes));
    expect([response.statusCode, response.headers.size, extensions, subprotocol]).toEqual([101, 4, [], null]);
  });

  test("accepts an absolute target, whose host is the one that counts", () => {
    const changes = { Origin: "Origin: https://a.example\r\n" };
    const absolute = request(changes, "GET wss://a.example/chat HTTP/1.1");
    expect(accept(absolute, { origins: "same-host" }).origin).toBe("https://a.example");
    expect(() => accept(request(changes), { origins: "same-host" })).toThrow(InvalidOrigin);
  });

  test.each<[string, Record<string, string>, new (...args: never[]) => InvalidHandshake, number]>([
    ["no Host", { Host: "" }, InvalidHeader, 400],
    ["two Hosts", { Host: "Host: a\r\nHost: a\r\n" }, InvalidHeader, 400],
    ["an empty Host", { Host: "Host:\r\n" }, InvalidHeader, 400],
    ["an implausible Host", { Host: "Host: a/b\r\n" }, InvalidHeader, 400],
    ["no Connection", { Connection: "" }, InvalidUpgrade, 426],
    ["Connection without upgrade", { Connection: "Connection: keep-alive\r\n" }, InvalidUpgrade, 426],
    ["a malformed Connection", { Connection: "Connection: keep-alive; Upgrade\r\n" }, InvalidHeaderFormat, 400],
    ["no Upgrade", { Upgrade: "" }, InvalidUpgrade, 426],
    ["another Upgrade", { Upgrade: "Upgrade: h2c\r\n" }, InvalidUpgrade, 426],
    ["Upgrade with a version", { Upgrade: "Upgrade: websocket/13\r\n" }, InvalidUpgrade, 426],
    ["a malformed Upgrade", { Upgrade: "Upgrade: web socket\r\n" }, InvalidHeaderFormat, 400],
    ["no key", { Key: "" }, InvalidHeader, 400],
    ["two keys", { Key: `${LINES["Key"]}${LINES["Key"]}` }, InvalidHeader, 400],
    ["a key that is not base64", { Key: "Sec-WebSocket-Key: not base64\r\n" }, InvalidHeaderValue, 400],
    ["a key of 15 bytes", { Key: "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n" }, InvalidHeaderValue, 400],
    ["no version", { Version: "" }, InvalidHeader, 400],
    ["two versions", { Version: `${LINES["Version"]}${LINES["Version"]}` }, InvalidHeader, 400],
    ["version 8", { Version: "Sec-WebSocket-Version: 8\r\n" }, InvalidVersion, 426],
    ["version 14", { Version: "Sec-WebSocket-Version: 14\r\n" }, InvalidVersion, 426],
    ["a list of versions", { Version: "Sec-WebSocket-Version: 13, 8\r\n" }, InvalidVersion, 426],
    ["version 013", { Version: "Sec-WebSocket-Version: 013\r\n" }, InvalidVersion, 426],
    ["two Origins", { Origin: "Origin: a\r\nOrigin: a\r\n" }, InvalidHeader, 400],
    ["malformed extensions", { Extensions: "Sec-WebSocket-Extensions: foo; a=\r\n" }, InvalidHeaderFormat, 400],
    ["empty extensions", { Extensions: "Sec-WebSocket-Extensions:\r\n" }, InvalidHeaderFormat, 400],
    ["a malformed subprotocol", { Protocol: "Sec-WebSocket-Protocol: caf\u00e9\r\n" }, InvalidHeaderFormat, 400],
    ["an empty subprotocol", { Protocol: "Sec-WebSocket-Protocol:\r\n" }, InvalidHeaderFormat, 400],
  ])("refuses a request with %s", (_what, changes, kind, status) => {
    const error = errorOf(() => accept(request(changes)));
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).constructor).toBe(kind);
    expect(rejectionFor(error).statusCode).toBe(status);
  });

  test("refuses other methods and versions", () => {
    expect(errorOf(() => accept(request({}, "POST /chat HTTP/1.1")))).toBeInstanceOf(InvalidMethod);
    expect(errorOf(() => accept(request({}, "OPTIONS * HTTP/1.1")))).toBeInstanceOf(InvalidMethod);
    expect(errorOf(() => accept(request({}, "get /chat HTTP/1.1")))).toBeInstanceOf(InvalidMethod);
    expect(errorOf(() => accept(request({}, "GET /chat HTTP/1.0")))).toBeInstanceOf(InvalidProtocol);
  });

  test.each<[string, ServerHandshakeSettings["origins"], string, boolean]>([
    ["an allowed origin", ["https://a.example"], "Origin: https://a.example\r\n", true],
    ["another origin", ["https://a.example"], "Origin: https://b.example\r\n", false],
    ["an origin that an expression matches", [/https:\/\/\w\.example/], "Origin: https://b.example\r\n", true],
    ["an origin that an expression matches in part", [/https:\/\/a/], "Origin: https://a.example\r\n", false],
    ["no origin", ["https://a.example"], "", false],
    ["no origin, which is allowed", [null], "", true],
    ["an origin of the same host", "same-host", "Origin: https://server.example.com\r\n", true],
    ["an origin of another host", "same-host", "Origin: https://example.com\r\n", false],
  ])("judges %s", (_what, origins, line, isAllowed) => {
    const run = (): AcceptedRequest => accept(request({ Origin: line }), { origins });
    if (isAllowed) expect(run().response.statusCode).toBe(101);
    else expect(rejectionFor(errorOf(run)).statusCode).toBe(403);
  });

  test.each([
    ["foo", "foo"],
    ["foo; a; b=1", "foo; a; b=1"],
    ["bar, foo", "foo"],
    ["foo; bad, foo; good", "foo; good"],
    ["foo; a, foo; b", "foo; a"],
    ["foo; bad", null],
  ])("negotiates %s", (offered, answer) => {
    const bytes = request({ Extensions: `Sec-WebSocket-Extensions: ${offered}\r\n` });
    const { response, extensions } = accept(bytes, { extensions: [FOO] });
    expect(response.headers.get("Sec-WebSocket-Extensions")).toBe(answer);
    expect(extensions).toHaveLength(answer === null ? 0 : 1);
  });

  test("takes the first subprotocol of its own that is offered", () => {
    const { response, subprotocol } = accept(
      request({ Protocol: "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n" }),
      {
        subprotocols: ["c", "a"],
      },
    );
    expect([response.headers.get("Sec-WebSocket-Protocol"), subprotocol]).toEqual(["c", "c"]);
  });

  test.each(["", "Sec-WebSocket-Protocol: x\r\n"])("refuses a client without a supported subprotocol: %j", (line) => {
    const error = errorOf(() => accept(request({ Protocol: line }), { subprotocols: ["a"] }));
    expect(error).toBeInstanceOf(NegotiationError);
    expect(rejectionFor(error).statusCode).toBe(400);
  });

  test.each<[string, (offered: readonly string[]) => string | null, string | null]>([
    ["one", (offered) => offered[1] ?? null, "b"],
    ["none", () => null, null],
    ["none by returning nothing", (() => undefined) as unknown as () => null, null],
  ])("lets selectSubprotocol choose %s", (_what, selectSubprotocol, expected) => {
    const bytes = request({ Protocol: "Sec-WebSocket-Protocol: a, b\r\n" });
    const accepted = accept(bytes, { selectSubprotocol, subprotocols: ["a"] });
    expect([accepted.subprotocol, accepted.response.headers.get("Sec-WebSocket-Protocol")]).toEqual([
      expected,
      expected,
    ]);
  });

  test("calls selectSubprotocol without an offer, too", () => {
    const offers: (readonly string[])[] = [];
    const selectSubprotocol = (offered: readonly string[]): null => (offers.push(offered), null);
    expect(accept(request(), { selectSubprotocol }).subprotocol).toBeNull();
    expect(offers).toEqual([[]]);
  });

  test.each<[string, () => string, number]>([
    [
      "a NegotiationError",
      () => {
        throw new NegotiationError("no");
      },
      400,
    ],
    [
      "another error",
      () => {
        throw new Error("secret");
      },
      500,
    ],
    ["one that is not offered", () => "c", 500],
    ["lines", () => "a\r\nB: c", 500],
  ])("refuses when selectSubprotocol gives %s", (_what, selectSubprotocol, status) => {
    const bytes = request({ Protocol: "Sec-WebSocket-Protocol: a, b\r\n" });
    expect(rejectionFor(errorOf(() => accept(bytes, { selectSubprotocol }))).statusCode).toBe(status);
  });

  test("throws what is documented for random headers", () => {
    const prng = new Prng();
    const values = [
      "",
      "a",
      "websocket",
      "Upgrade",
      ",",
      ";",
      "=",
      '"',
      "\\",
      "\u00e9",
      "13",
      "dGhlIHNhbXBsZSBub25jZQ==",
      "[",
      ":",
      "https://",
      "foo",
      "%",
      "@",
    ];
    const names = [
      "Host",
      "Origin",
      "Upgrade",
      "Connection",
      ...["Key", "Version", "Extensions", "Protocol"].map((name) => `Sec-WebSocket-${name}`),
    ];
    const settings = { origins: "same-host", extensions: [FOO], subprotocols: ["a"] } as const;
    for (let i = 0; i < 3000; i++) {
      const header = `${prng.pick(names)}: ${Array.from({ length: prng.below(6) }, () => prng.pick(values)).join("")}\r\n`;
      const changes = prng.chance(0.5) ? { [prng.pick(Object.keys(LINES))]: header } : { More: header };
      try {
        expect(accept(request(changes), settings).response.statusCode).toBe(101);
      } catch (error) {
        expect(error, `seed ${prng.seed}`).toBeInstanceOf(InvalidHandshake);
        expect(rejectionFor(error).statusCode, `seed ${prng.seed}`).toBeLessThan(500);
      }
    }
  });
});
