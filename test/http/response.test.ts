import { describe, expect, test } from "vitest";
import {
  HeaderLineTooLong,
  InvalidHandshake,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidProtocol,
  SecurityError,
  StatusLineTooLong,
  TooManyHeaders,
} from "../../src/errors/handshake.ts";
import { InvalidState } from "../../src/errors/protocol.ts";
import { Headers } from "../../src/http/headers.ts";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/limits.ts";
import { HandshakeResponse, ResponseReader } from "../../src/http/response.ts";
import { Prng } from "../support/prng.ts";
import { CUTS, errorOf, feed, unwire, wire } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

// RFC 6455 1.3.
const CHAT =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

describe.each(CUTS)("ResponseReader, fed %s,", (_how, cut) => {
  test.each<[string, number, string, string, string]>([
    [`${CHAT}\x81\x05Hello`, 101, "Switching Protocols", "", "\x81\x05Hello"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHelloX", 200, "OK", "Hello", "X"],
    [
      "HTTP/1.1 503 Gone\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\nA: b\r\n\r\nX",
      503,
      "Gone",
      "Hello",
      "X",
    ],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nX", 204, "No Content", "", "X"],
    ["HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\nX", 304, "Not Modified", "", "X"],
    ["HTTP/1.1 100 Continue\r\n\r\nX", 100, "Continue", "", "X"],
    ["HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\nX", 599, "", "", "X"],
    ["HTTP/1.1 404\r\nContent-Length: 0\r\n\r\nX", 404, "", "", "X"],
    ["HTTP/1.1 101 caf\u00e9\tau  lait \r\n\r\nX", 101, "caf\u00e9\tau  lait ", "", "X"],
  ])("reads %j", (text, statusCode, reasonPhrase, body, rest) => {
    const fed = feed(new ResponseReader(), cut(wire(text)));
    expect(fed).toMatchObject({ message: { statusCode, reasonPhrase }, rest });
    expect(unwire(fed.message?.body ?? wire("none"))).toBe(body);
  });

  test("reads a body up to the end of the connection", () => {
    const reader = new ResponseReader();
    expect(feed(reader, cut(wire("HTTP/1.1 200 OK\r\n\r\nHello"))).message).toBeUndefined();
    const response = reader.eof();
    expect([response.statusCode, unwire(response.body), reader.rest.length]).toEqual([200, "Hello", 0]);
    expect(() => reader.push(wire("a"))).toThrow(InvalidState);
  });

  test.each([
    ["a banner of SMTP", "220 smtp.example.com ESMTP Postfix\r\n"],
    ["a status of one digit", "HTTP/1.1 2 OK\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n"],
    ["a status below 100", "HTTP/1.1 007 OK\r\n"],
    ["a status above 599", "HTTP/1.1 600 OK\r\n"],
    ["a status of letters", "HTTP/1.1 abc OK\r\n"],
    ["no status", "HTTP/1.1\r\n"],
    ["another protocol", "ICY 200 OK\r\n"],
    ["a space too many", "HTTP/1.1  200 OK\r\n"],
    ["DEL in the reason", "HTTP/1.1 200 \x7f\r\n"],
    ["CR in the reason", "HTTP/1.1 200 a\rb\r\n"],
    ["LF alone", "HTTP/1.1 200 OK\n"],
    ["an empty line for a status line", "\r\n\r\n"],
    ["a malformed header", "HTTP/1.1 200 OK\r\nOops\r\n"],
    ["a bad header", "HTTP/1.1 200 OK\r\nfoo bar: baz\r\n"],
    ["a malformed length", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"],
    ["another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
    ["a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nHello\r\n"],
  ])("refuses %s", (_what, text) => {
    const error = errorOf(() => feed(new ResponseReader(), cut(wire(text))));
    expect(error).toBeInstanceOf(InvalidMessage);
    expect(error).toHaveProperty("cause");
  });

  test.each(["1.0", "2.0"])("refuses HTTP/%s", (version) => {
    const error = errorOf(() => feed(new ResponseReader(), cut(wire(`HTTP/${version} 200 OK\r\n`))));
    expect(error).toBeInstanceOf(InvalidMessage);
    expect((error as Error).cause).toBeInstanceOf(InvalidProtocol);
  });

  test("keeps its limits", () => {
    const status = (length: number): string => `HTTP/1.1 200 ${"a".repeat(length - 15)}\r\n`;
    expect(feed(new ResponseReader(), cut(wire(`${status(8192)}Content-Length: 0\r\n\r\n`))).message).toBeDefined();
    expect(() => feed(new ResponseReader(), cut(wire(status(8193))))).toThrow(StatusLineTooLong);
    const header = `HTTP/1.1 200 OK\r\nA: ${"a".repeat(8192)}`;
    expect(() => feed(new ResponseReader(), cut(wire(header)))).toThrow(HeaderLineTooLong);
    const headers = `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(129)}`;
    expect(() => feed(new ResponseReader(), cut(wire(headers)))).toThrow(TooManyHeaders);
    const length = `HTTP/1.1 200 OK\r\nContent-Length: ${"1".repeat(19)}\r\n\r\n`;
    expect(() => feed(new ResponseReader(), cut(wire(length)))).toThrow(SecurityError);
  });

  test("cuts a body at its limit", () => {
    const reader = new ResponseReader({ ...DEFAULT_HTTP_LIMITS, body: 3 });
    const { message } = feed(reader, cut(wire("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHello")));
    expect(unwire(message?.body ?? wire("none"))).toBe("Hel");
  });
});

describe("ResponseReader", () => {
  test("keeps 64 KiB of a body", () => {
    const reader = new ResponseReader();
    expect(reader.push(wire("HTTP/1.1 200 OK\r\n\r\n"))).toBeUndefined();
    expect(reader.push(new Uint8Array(65_535))).toBeUndefined();
    expect(reader.push(new Uint8Array(100_000))?.body).toHaveLength(65_536);
  });

  test("gives nobody the empty body of another, whose buffer may have been transferred", () => {
    const head = wire("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    const made = [1, 2].map(() => new HandshakeResponse(101, "Switching Protocols", []));
    const received = [1, 2].map(() => new ResponseReader().push(head.slice()) as HandshakeResponse);
    const buffers = [...made, ...received].map(({ body }) => body.buffer);
    expect(buffers.map((buffer) => buffer.byteLength)).toEqual([0, 0, 0, 0]);
    expect(new Set(buffers).size).toBe(4);
  });

  test("gives a body that does not change with the chunk", () => {
    const bytes = wire("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello");
    const response = new ResponseReader().push(bytes);
    bytes.fill(0);
    expect(unwire(response?.body ?? bytes)).toBe("Hello");
  });

  test.each([
    "",
    "HTTP/1.1 101",
    "HTTP/1.1 101 Switching Protocols\r\nA: b\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n",
  ])("eof() behind %j says that the response is incomplete", (text) => {
    const reader = new ResponseReader();
    reader.push(wire(text));
    const error = errorOf(() => reader.eof());
    expect(error).toBeInstanceOf(InvalidMessage);
    expect(error).toMatchObject({ cause: { code: "NETWORK_ERROR", reason: "eof" } });
  });

  test("is used up by a response", () => {
    const reader = new ResponseReader();
    reader.push(wire(CHAT));
    expect(() => reader.push(wire(CHAT))).toThrow(InvalidState);
  });

  test("takes linear time byte by byte", () => {
    const limits = { line: Infinity, headers: Infinity, total: Infinity, body: Infinity };
    for (const head of ["HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nA: ", "HTTP/1.1 200 OK\r\n\r\n"]) {
      expectLinear((size) => {
        const bytes = wire(head + "a".repeat(size));
        const pieces = Array.from(bytes, (_byte, i) => bytes.subarray(i, i + 1));
        return () => feed(new ResponseReader(limits), pieces);
      });
    }
  });

  test("throws what is documented for random bytes, and reads the same in any pieces", () => {
    const prng = new Prng();
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\nA: b\r\n\r\n";
    const length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello";
    const units = [
      "HTTP/1.1",
      "101",
      " ",
      "\r\n",
      "\n",
      "\r",
      ":",
      "A",
      "\0",
      "\u00e9",
      CHAT,
      chunked,
      length,
      "0",
      ";",
    ];
    for (let i = 0; i < 3000; i++) {
      const base = prng.pick([CHAT, chunked, length]);
      const text = prng.chance(0.3)
        ? Array.from({ length: prng.below(12) }, () => prng.pick(units)).join("")
        : base.slice(0, prng.below(base.length)) + prng.pick(units) + base.slice(prng.below(base.length));
      const outcome = (pieces: Uint8Array[]): unknown => {
        try {
          const reader = new ResponseReader();
          const fed = feed(reader, pieces);
          const message = fed.message ?? reader.eof();
          return [message.statusCode, message.reasonPhrase, message.headers.toString(), unwire(message.body), fed.rest];
        } catch (error) {
          expect(error, `seed ${prng.seed}`).toBeInstanceOf(InvalidHandshake);
          return String(error);
        }
      };
      const bytes = wire(text);
      expect(outcome(prng.chunks(bytes, 9)), `seed ${prng.seed}`).toEqual(outcome([bytes]));
    }
  });
});

describe("HandshakeResponse", () => {
  test("serialize() writes the bytes of the wire", () => {
    const response = new HandshakeResponse(404, "caf\u00e9", { "Content-Length": "2" }, wire("no"));
    expect(unwire(response.serialize())).toBe("HTTP/1.1 404 caf\u00e9\r\nContent-Length: 2\r\n\r\nno");
    expect(unwire(new HandshakeResponse(101, "", []).serialize())).toBe("HTTP/1.1 101 \r\n\r\n");
  });

  test("keeps Headers and copies all else", () => {
    const headers = new Headers();
    expect(new HandshakeResponse(200, "OK", headers).headers).toBe(headers);
    expect(new HandshakeResponse(200, "OK", [], "caf\u00e9").body).toStrictEqual(new TextEncoder().encode("caf\u00e9"));
    for (const body of [7, null, {}, [1], new ArrayBuffer(1)]) {
      expect(() => new HandshakeResponse(200, "OK", [], body as never)).toThrow(
        new TypeError("Cannot make a response: expected bytes or text as body"),
      );
    }
    expect(new HandshakeResponse(200, "OK", { A: "b" }).headers.get("a")).toBe("b");
  });

  test.each([99, 600, 200.5, Number.NaN, "200"])("refuses the status %s", (status) => {
    expect(() => new HandshakeResponse(status as number, "OK", [])).toThrow(RangeError);
  });

  test.each(["a\r\nB: c", "\x7f", "\u0100"])("refuses the reason %j", (reason) => {
    expect(() => new HandshakeResponse(200, reason, [])).toThrow(TypeError);
  });

  test("refuses a line in a header", () => {
    expect(() => new HandshakeResponse(200, "OK", { A: "b\r\nC: d" })).toThrow(InvalidHeaderValue);
  });
});
