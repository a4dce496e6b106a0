import { describe, expect, test } from "vitest";
import {
  HeaderLineTooLong,
  InvalidHandshake,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidProtocol,
  RequestLineTooLong,
  TooManyHeaders,
} from "../../src/errors/handshake.ts";
import { MultipleValuesError } from "../../src/errors/multiple-values.ts";
import { InvalidState } from "../../src/errors/protocol.ts";
import { Headers } from "../../src/http/headers.ts";
import { HandshakeRequest, RequestReader } from "../../src/http/request.ts";
import { Prng } from "../support/prng.ts";
import { CUTS, errorOf, feed, unwire, wire } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

// RFC 6455 1.3.
const CHAT =
  "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n" +
  "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";

function readAs(cut: (bytes: Uint8Array) => Uint8Array[], text: string): ReturnType<typeof feed<HandshakeRequest>> {
  return feed(new RequestReader(), cut(wire(text)));
}

describe.each(CUTS)("RequestReader, fed %s,", (_how, cut) => {
  test.each<[string, string, string, string]>([
    [CHAT, "GET", "/chat", "HTTP/1.1"],
    ["GET / HTTP/1.0\r\n\r\n", "GET", "/", "HTTP/1.0"],
    ["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", "HTTP/1.1"],
    ["GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "http://a/b?c", "HTTP/1.1"],
    ["POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "POST", "/a", "HTTP/1.1"],
    ["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT", "a:1", "HTTP/1.1"],
    ["\r\nGET / HTTP/1.1\r\n\r\n", "GET", "/", "HTTP/1.1"],
    ["head / HTTP/1.1\r\n\r\n", "head", "/", "HTTP/1.1"],
  ])("reads %j", (text, method, path, protocol) => {
    expect(readAs(cut, text).message).toMatchObject({ method, path, protocol });
    expect(readAs(cut, `${text}\x81\x00rest`)).toMatchObject({ message: { path }, rest: "\x81\x00rest" });
  });

  test("reads all headers", () => {
    const { message } = readAs(cut, CHAT);
    expect(message?.headers.size).toBe(7);
    expect(message?.headers.get("sec-websocket-protocol")).toBe("chat, superchat");
  });

  test.each([
    ["nothing like HTTP", "220 smtp.example.com ESMTP\r\n"],
    ["an empty request line", "\r\n\r\n"],
    ["a request of HTTP/0.9", "GET /\r\n"],
    ["two spaces", "GET  / HTTP/1.1\r\n"],
    ["a space at the end", "GET / HTTP/1.1 \r\n"],
    ["a space at the beginning", " GET / HTTP/1.1\r\n"],
    ["a tab for a space", "GET\t/\tHTTP/1.1\r\n"],
    ["a method that is no token", "G(T / HTTP/1.1\r\n"],
    ["a method outside ASCII", "G\u00c9T / HTTP/1.1\r\n"],
    ["a path outside ASCII", "GET /caf\u00e9 HTTP/1.1\r\n"],
    ["a control character in the path", "GET /\x01 HTTP/1.1\r\n"],
    ["CR in the path", "GET /\rA: HTTP/1.1\r\n"],
    ["a fragment", "GET /#a HTTP/1.1\r\n"],
    ["a path without slash", "GET chat HTTP/1.1\r\n"],
    ["GET with an asterisk", "GET * HTTP/1.1\r\n"],
    ["another protocol", "GET / FTP/1.1\r\n"],
    ["a version of more digits", "GET / HTTP/1.10\r\n"],
    ["a version in lower case", "GET / http/1.1\r\n"],
    ["LF alone behind the request line", "GET / HTTP/1.1\n"],
    ["LF alone everywhere", "GET / HTTP/1.1\nHost: a\n\n"],
    ["a header without colon", "GET / HTTP/1.1\r\nOops\r\n"],
    ["a space in a header name", "GET / HTTP/1.1\r\nfoo bar: baz\r\n"],
    ["a control character in a value", "GET / HTTP/1.1\r\nfoo: \x00\x01\x02\r\n"],
    ["folding", "GET / HTTP/1.1\r\nA: b\r\n c\r\n"],
    ["a body", "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nyay"],
    ["a negative length", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
    ["a length twice", "GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"],
    ["a list of lengths", "GET / HTTP/1.1\r\nContent-Length: 0, 0\r\n\r\n"],
    ["a transfer coding", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["an empty transfer coding", "GET / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n"],
  ])("refuses %s", (_what, text) => {
    const error = errorOf(() => readAs(cut, text));
    expect(error).toBeInstanceOf(InvalidMessage);
    expect(error).toHaveProperty("cause");
  });

  test.each(["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0"])("refuses %s", (protocol) => {
    const error = errorOf(() => readAs(cut, `PRI * ${protocol}\r\n`));
    expect(error).toBeInstanceOf(InvalidProtocol);
    expect(error).toMatchObject({ protocol });
  });

  test("keeps its limits", () => {
    expect(readAs(cut, `GET /${"a".repeat(8176)} HTTP/1.1\r\n\r\n`).message?.path).toHaveLength(8177);
    expect(() => readAs(cut, `GET /${"a".repeat(8177)} HTTP/1.1\r\n`)).toThrow(RequestLineTooLong);
    expect(() => readAs(cut, `GET / HTTP/1.1\r\nA: ${"a".repeat(8192)}`)).toThrow(HeaderLineTooLong);
    expect(() => readAs(cut, `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(129)}`)).toThrow(TooManyHeaders);
  });
});

describe("RequestReader", () => {
  test("has no rest before the request is complete", () => {
    const reader = new RequestReader();
    reader.push(wire("GET / HTTP/1.1\r\n"));
    expect(reader.rest).toHaveLength(0);
  });

  test("is used up by a request", () => {
    const reader = new RequestReader();
    reader.push(wire(CHAT));
    expect(() => reader.push(wire(CHAT))).toThrow(InvalidState);
  });

  test("eof() is the end of an incomplete request", () => {
    for (const text of ["", "GET / HTTP/1.1\r\n", "GET"]) {
      const reader = new RequestReader();
      reader.push(wire(text));
      const error = errorOf(() => reader.eof());
      expect(error).toBeInstanceOf(InvalidMessage);
      expect(error).toMatchObject({ cause: { code: "NETWORK_ERROR", reason: "eof" } });
    }
  });

  test("takes linear time byte by byte (CVE-2023-43669)", () => {
    const limits = { line: Infinity, headers: Infinity, total: Infinity, body: 0 };
    for (const unit of ["a", "A: b\r\n", "A:  \r\n"]) {
      expectLinear((size) => {
        const bytes = wire(`GET / HTTP/1.1\r\nX: ${unit.repeat(size / unit.length)}`);
        const pieces = Array.from(bytes, (_byte, i) => bytes.subarray(i, i + 1));
        return () => feed(new RequestReader(limits), pieces);
      });
    }
  });

  test("throws what is documented for random bytes, and reads the same in any pieces", () => {
    const prng = new Prng();
    const units = [
      "GET",
      "/",
      " ",
      "HTTP/1.1",
      "\r\n",
      "\n",
      "\r",
      ":",
      "A",
      "\t",
      "Content-Length",
      "0",
      "\0",
      "\u00e9",
      CHAT,
      "#",
      "://",
    ];
    for (let i = 0; i < 3000; i++) {
      const text = prng.chance(0.5)
        ? Array.from({ length: prng.below(12) }, () => prng.pick(units)).join("")
        : CHAT.slice(0, prng.below(CHAT.length)) + prng.pick(units) + CHAT.slice(prng.below(CHAT.length));
      const outcome = (pieces: Uint8Array[]): unknown => {
        try {
          const { message, rest } = feed(new RequestReader(), pieces);
          return message === undefined ? "incomplete" : [unwire(message.serialize()), rest];
        } catch (error) {
          expect(error, `seed ${prng.seed}`).toBeInstanceOf(InvalidHandshake);
          return String(error);
        }
      };
      const bytes = wire(text);
      const whole = outcome([bytes]);
      expect(outcome(prng.chunks(bytes, 9)), `seed ${prng.seed}`).toEqual(whole);
      // What was read and is written is read again.
      if (Array.isArray(whole)) expect(outcome([wire(String(whole[0]))]), `seed ${prng.seed}`).toEqual([whole[0], ""]);
    }
  });
});

describe("HandshakeRequest", () => {
  test("serialize() writes the bytes of the wire", () => {
    const request = new HandshakeRequest("/chat", [
      ["Host", "a"],
      ["X", "\u00e9"],
    ]);
    expect(unwire(request.serialize())).toBe("GET /chat HTTP/1.1\r\nHost: a\r\nX: \u00e9\r\n\r\n");
    const options = new HandshakeRequest("*", [], "OPTIONS", "HTTP/1.0");
    expect(unwire(options.serialize())).toBe("OPTIONS * HTTP/1.0\r\n\r\n");
  });

  test("keeps Headers and copies all else", () => {
    const headers = new Headers();
    expect(new HandshakeRequest("/", headers).headers).toBe(headers);
    expect(new HandshakeRequest("/", { Host: "a" }).headers.get("host")).toBe("a");
  });

  // CVE-2026-1527 and its kin.
  test.each<[string, string, string, string]>([
    ["a space in the path", "/a b", "GET", "HTTP/1.1"],
    ["a line in the path", "/ HTTP/1.1\r\nA: b", "GET", "HTTP/1.1"],
    ["an empty path", "", "GET", "HTTP/1.1"],
    ["a path outside ASCII", "/\u00e9", "GET", "HTTP/1.1"],
    ["a line in the method", "/", "GET /\r\n", "HTTP/1.1"],
    ["an empty method", "/", "", "HTTP/1.1"],
    ["a line in the protocol", "/", "GET", "HTTP/1.1\r\nA: b"],
    ["a line feed behind the protocol", "/", "GET", "HTTP/1.1\n"],
  ])("refuses %s", (_what, path, method, protocol) => {
    expect(() => new HandshakeRequest(path, [], method, protocol)).toThrow(TypeError);
  });

  test("refuses a line in a header", () => {
    expect(() => new HandshakeRequest("/", { Host: "a\r\nB: c" })).toThrow(InvalidHeaderValue);
  });

  test("pathAndQuery and host look into an absolute target", () => {
    const relative = new HandshakeRequest("/a?b", { Host: "x:1" });
    const absolute = new HandshakeRequest("http://y:2/a?b", { Host: "x:1" });
    expect([relative.pathAndQuery, relative.host]).toEqual(["/a?b", "x:1"]);
    expect([absolute.pathAndQuery, absolute.host]).toEqual(["/a?b", "y:2"]);
    expect(new HandshakeRequest("/", []).host).toBeNull();
    expect(() => new HandshakeRequest("/", { Host: ["a", "b"] }).host).toThrow(MultipleValuesError);
  });
});
