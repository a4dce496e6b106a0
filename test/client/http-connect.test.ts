import { describe, expect, test } from "vitest";
import type { ConnectRequest } from "../../src/client/http-connect.ts";
import { HttpConnect } from "../../src/client/http-connect.ts";
import { SecurityError } from "../../src/errors/handshake.ts";
import type { InvalidProxyStatus } from "../../src/errors/proxy.ts";
import { InvalidProxyMessage } from "../../src/errors/proxy.ts";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/limits.ts";
import { latin1 } from "../support/network.ts";
import { feedTunnel } from "./tunnel-feed.ts";

const REQUEST: ConnectRequest = {
  host: "example.com",
  port: 80,
  secure: false,
  username: null,
  password: null,
  userAgentHeader: null,
};

function requestOf(request: Partial<ConnectRequest>): string {
  const { hello } = new HttpConnect({ ...REQUEST, ...request }, DEFAULT_HTTP_LIMITS);
  return String.fromCharCode(...hello);
}

const make = (): HttpConnect => new HttpConnect(REQUEST, DEFAULT_HTTP_LIMITS);

describe("the request of CONNECT", () => {
  test.each<[string, Partial<ConnectRequest>, string]>([
    ["always has the port", {}, "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\n\r\n"],
    [
      "leaves the default port of TLS out of Host",
      { port: 443, secure: true },
      "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
    ],
    ["has another port in Host", { port: 443 }, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"],
    [
      "brackets an IPv6 address",
      { host: "::1", port: 8080 },
      "CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
    ],
    [
      "has a User-Agent, and credentials in UTF-8",
      { userAgentHeader: "Mine/1", username: "h\u00e9", password: "p" },
      "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: Mine/1\r\n" +
        "Proxy-Authorization: Basic aMOpOnA=\r\n\r\n",
    ],
    [
      "has an empty password",
      { username: "u", password: null },
      "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: Basic dTo=\r\n\r\n",
    ],
  ])("%s", (_what, request, expected) => {
    expect(requestOf(request)).toBe(expected);
  });
});

describe("the response to CONNECT", () => {
  test.each([
    "HTTP/1.1 200 Connection established\r\n\r\n",
    "HTTP/1.0 200 OK\r\nProxy-Agent: old\r\n\r\n",
    "HTTP/1.1 204\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 299 \r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n",
  ])("%j opens the tunnel, whatever length it announces", (response) => {
    for (const outcome of feedTunnel(make, [latin1(response)])) expect(outcome).toEqual({ sent: [], rest: "" });
    for (const outcome of feedTunnel(make, [latin1(response)], latin1("\u0081\u0002hi"))) {
      expect(outcome.rest).toBe("\u0081\u0002hi");
    }
  });

  test.each([
    ["407 Proxy Authentication Required", "Content-Length: 4\r\n\r\nnope", 407, "nope"],
    ["403 Forbidden", "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n2\r\npe\r\n0\r\n\r\n", 403, "nope"],
    ["301 Moved", "Location: /\r\nContent-Length: 0\r\n\r\n", 301, ""],
    ["101 Switching Protocols", "\r\n", 101, ""],
    ["503 Service Unavailable", `\r\n${"x".repeat(DEFAULT_HTTP_LIMITS.body)}`, 503, "x".repeat(65_536)],
  ])("%s is an InvalidProxyStatus", (status, rest, statusCode, body) => {
    for (const { error } of feedTunnel(make, [latin1(`HTTP/1.1 ${status}\r\n${rest}`)])) {
      const { response, code } = error as InvalidProxyStatus;
      expect(code).toBe("INVALID_PROXY_STATUS");
      expect(response.statusCode).toBe(statusCode);
      expect(String.fromCharCode(...response.body)).toBe(body);
    }
  });

  test.each([
    ["220 mail.example.com ESMTP\r\n", /invalid status line/],
    ["HTTP/2.0 200 OK\r\n", /HTTP\/2\.0/],
    ["HTTP/1.1 200 OK\nA: b\n\n", /without CR/],
    ["HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", /without colon/],
    ["HTTP/1.1 200 OK\r\na b: c\r\n\r\n", /invalid header name/],
    ["HTTP/1.1 403 No\r\nContent-Length: x\r\n\r\n", /Content-Length/],
    ["HTTP/1.1 403 No\r\nTransfer-Encoding: gzip\r\n\r\n", /coding/],
    ["HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", /chunk size/],
  ])("%j is an InvalidProxyMessage with its cause", (response, problem) => {
    for (const { error } of feedTunnel(make, [latin1(response)])) {
      expect(error).toBeInstanceOf(InvalidProxyMessage);
      expect(error?.message).toMatch(problem);
      expect(error?.cause).toBeInstanceOf(Error);
    }
  });

  test.each([
    ["an endless status line", `HTTP/1.1 200 ${"x".repeat(9000)}`],
    ["an endless header", `HTTP/1.1 200 OK\r\nA: ${"x".repeat(9000)}`],
    ["endless interim responses", "HTTP/1.1 100 Continue\r\n\r\n".repeat(3000)],
    ["endless headers", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(129)}`],
    ["a length of nineteen digits", `HTTP/1.1 403 No\r\nContent-Length: ${"1".repeat(19)}\r\n\r\n`],
  ])("%s is a SecurityError", (_what, response) => {
    for (const { error } of feedTunnel(make, [latin1(response)])) expect(error).toBeInstanceOf(SecurityError);
  });

  test("the end of the stream is an InvalidProxyMessage, or ends the body of a refusal", () => {
    for (const start of ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nnope"]) {
      const connect = make();
      if (start !== "") connect.receive(latin1(start));
      expect(connect.eof()).toMatchObject({ code: "INVALID_PROXY_MESSAGE", cause: { reason: "eof" } });
    }
    const connect = make();
    connect.receive(latin1("HTTP/1.1 403 No\r\n\r\nnope"));
    expect(connect.eof()).toMatchObject({ code: "INVALID_PROXY_STATUS", response: { body: latin1("nope") } });
  });
});
