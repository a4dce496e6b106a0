import { describe, expect, test } from "vitest";
import {
  HeaderLineTooLong,
  InvalidHandshake,
  InvalidHeader,
  InvalidHeaderFormat,
  InvalidHeaderValue,
  InvalidMessage,
  InvalidMethod,
  InvalidOrigin,
  InvalidProtocol,
  InvalidUpgrade,
  InvalidVersion,
  NegotiationError,
  RequestLineTooLong,
  SecurityError,
  TooManyHeaders,
} from "../../src/errors/handshake.ts";
import { plainResponse, reasonPhraseOf, rejectionFor } from "../../src/protocol/rejection.ts";
import { errorOf, unwire } from "../http/feed.ts";

const DATE = /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/;

describe("plainResponse()", () => {
  test("writes a whole response", () => {
    const text = unwire(plainResponse(404, "Sorry folks.\n").serialize());
    expect(text).toMatch(DATE);
    expect(text.replace(DATE, "\r\n")).toBe(
      "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 13\r\n" +
        "Content-Type: text/plain; charset=utf-8\r\n\r\nSorry folks.\n",
    );
  });

  test("counts the bytes of UTF-8", () => {
    const response = plainResponse(200, "caf\u00e9 \u{1f600}");
    expect([response.headers.get("Content-Length"), response.body.length]).toEqual(["10", 10]);
  });

  test("adds headers, and replaces its own", () => {
    const { headers } = plainResponse(200, "{}", [
      ["content-type", "application/json"],
      ["Set-Cookie", "a"],
      ["Set-Cookie", "b"],
    ]);
    expect([...headers].slice(1)).toEqual([
      ["Connection", "close"],
      ["Content-Length", "2"],
      ["content-type", "application/json"],
      ["Set-Cookie", "a"],
      ["Set-Cookie", "b"],
    ]);
  });

  test.each([204, 304, 101])("leaves the body out of %i", (status) => {
    const response = plainResponse(status, "text");
    expect([response.body.length, [...response.headers.copy()].map(([name]) => name)]).toEqual([
      0,
      ["Date", "Connection"],
    ]);
  });

  test("refuses a status that is none", () => {
    expect(errorOf(() => plainResponse(1000, ""))).toBeInstanceOf(RangeError);
  });

  test("knows reason phrases, and none for an unknown status", () => {
    expect([426, 431, 599].map(reasonPhraseOf)).toEqual(["Upgrade Required", "Request Header Fields Too Large", ""]);
    expect(plainResponse(599, "").reasonPhrase).toBe("");
  });
});

describe("rejectionFor()", () => {
  test.each<[Error, number, Record<string, string>]>([
    [new InvalidOrigin("https://evil.example"), 403, {}],
    [new InvalidOrigin(null), 403, {}],
    [new InvalidMethod("POST"), 405, { Allow: "GET" }],
    [new InvalidProtocol("HTTP/1.0"), 505, {}],
    [new InvalidUpgrade("Upgrade"), 426, { Upgrade: "websocket", Connection: "Upgrade, close" }],
    [
      new InvalidVersion("8"),
      426,
      { Upgrade: "websocket", Connection: "Upgrade, close", "Sec-WebSocket-Version": "13" },
    ],
    [new RequestLineTooLong("long"), 414, {}],
    [new HeaderLineTooLong("long"), 431, {}],
    [new TooManyHeaders("many"), 431, {}],
    [new SecurityError("unsafe"), 400, {}],
    [new InvalidMessage("malformed"), 400, {}],
    [new InvalidHeader("Host"), 400, {}],
    [new InvalidHeaderFormat("Upgrade", "expected token", "(", 0), 400, {}],
    [new InvalidHeaderValue("Sec-WebSocket-Key", "x"), 400, {}],
    [new NegotiationError("missing subprotocol"), 400, {}],
    [new InvalidHandshake("other"), 400, {}],
  ])("answers %s", (error, status, headers) => {
    const response = rejectionFor(error);
    expect(response.statusCode).toBe(status);
    expect(response.headers.get("Connection")).toMatch(/\bclose$/);
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value);
    const text = new TextDecoder().decode(response.body);
    expect(text.startsWith(`Failed to open a WebSocket connection: ${error.message}.\n`)).toBe(true);
    expect(response.headers.get("Content-Length")).toBe(String(response.body.length));
  });

  test("tells a browser that it is none", () => {
    const text = new TextDecoder().decode(rejectionFor(new InvalidUpgrade("Upgrade")).body);
    expect(text).toContain("You need a WebSocket client.");
  });

  test.each([new Error("secret"), new TypeError("secret"), "secret", undefined])(
    "keeps what is ours for itself: %s",
    (error) => {
      const response = rejectionFor(error);
      expect([response.statusCode, unwire(response.body)]).toEqual([
        500,
        "Failed to open a WebSocket connection.\nSee server log for more information.\n",
      ]);
    },
  );
});
