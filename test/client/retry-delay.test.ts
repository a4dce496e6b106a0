// How long a server wants its clients to stay away.
import { expect, test } from "vitest";
import { retryAfter } from "../../src/client/retry-delay.ts";
import { InvalidStatus } from "../../src/errors/handshake.ts";
import { InvalidProxyStatus } from "../../src/errors/proxy.ts";
import type { HeadersLike } from "../../src/http/headers.ts";
import { HandshakeResponse } from "../../src/http/response.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

function rejection(status: number, headers: HeadersLike = {}): InvalidStatus {
  return new InvalidStatus(new HandshakeResponse(status, "", headers));
}

test.each<[string, unknown, number]>([
  ["no response", new Error("other"), 0],
  ["no header", rejection(503), 0],
  ["seconds", rejection(503, { Date: "now", "retry-after": "7" }), 7000],
  ["a date", rejection(503, { "Retry-After": "Sat, 31 Jan 2026 12:00:07 GMT" }), 7000],
  ["429", rejection(429, { "Retry-After": "7" }), 7000],
  ["a proxy", new InvalidProxyStatus(new HandshakeResponse(503, "", { "Retry-After": "7" })), 7000],
  ["another status", rejection(500, { "Retry-After": "7" }), 0],
  ["none", rejection(503, { "Retry-After": "0" }), 0],
  ["nonsense", rejection(503, { "Retry-After": "soon" }), 0],
  ["more than an hour", rejection(503, { "Retry-After": "86400" }), 3_600_000],
  ["for ever", rejection(503, { "Retry-After": "9".repeat(100) }), 3_600_000],
  ["several headers, of which the first counts", rejection(503, { "Retry-After": ["7", "9"] }), 7000],
])("retryAfter: %s", (_what, error, expected) => {
  expect(retryAfter(error, NOW)).toBe(expected);
});
