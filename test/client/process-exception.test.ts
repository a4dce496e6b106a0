import { expect, test } from "vitest";
import { processException } from "../../src/client/process-exception.ts";
import {
  InvalidMessage,
  InvalidStatus,
  InvalidUpgrade,
  InvalidURI,
  SecurityError,
} from "../../src/errors/handshake.ts";
import type { NetworkErrorReason } from "../../src/errors/network.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import type { SocksRefusal } from "../../src/errors/proxy.ts";
import {
  InvalidProxy,
  InvalidProxyMessage,
  InvalidProxyReply,
  InvalidProxyStatus,
  ProxyError,
} from "../../src/errors/proxy.ts";
import { HandshakeResponse } from "../../src/http/response.ts";

const response = (status: number): HandshakeResponse => new HandshakeResponse(status, "", {});
const network = (reason: NetworkErrorReason): NetworkError => new NetworkError(reason, "");
const reply = (reason: SocksRefusal): InvalidProxyReply => new InvalidProxyReply(reason, 1, "");
const cause = { cause: network("eof") };

test.each<[string, unknown]>([
  ["a deadline", new TimeoutError("")],
  ["a name that is not found", network("dns")],
  ["a port that is closed", network("refused")],
  ["a reset", network("reset")],
  ["a TLS handshake that failed", network("tls")],
  ["no route", network("unreachable")],
  ["an unknown fault", network("other")],
  ["the end inside the response", new InvalidMessage("", cause)],
  ["the end inside the response of a proxy", new InvalidProxyMessage("", cause)],
  ...[429, 500, 502, 503, 504].map((status): [string, unknown] => [`${status}`, new InvalidStatus(response(status))]),
  ["503 of a proxy", new InvalidProxyStatus(response(503))],
  ["a proxy that does not reach the server", reply("refused")],
  ["a proxy without a route", reply("network-unreachable")],
  ["a proxy that finds no host", reply("host-unreachable")],
  ["a proxy that waited too long", reply("expired")],
  ["a proxy that failed", reply("failure")],
])("processException() tries again after %s", (_what, error) => {
  expect(processException(error)).toBe(null);
});

test.each<[string, unknown]>([
  ["a certificate", new NetworkError("tls", "", { certificateFault: "CERT_HAS_EXPIRED" })],
  ["nonsense in place of a response", new InvalidMessage("", { cause: new SyntaxError() })],
  ["nonsense of a proxy", new InvalidProxyMessage("")],
  ...[200, 302, 400, 401, 403, 404, 426, 501, 505].map((status): [string, unknown] => [
    `${status}`,
    new InvalidStatus(response(status)),
  ]),
  ["407 of a proxy", new InvalidProxyStatus(response(407))],
  ["a proxy that wants to know who asks", reply("authentication")],
  ["a proxy that must not", reply("not-allowed")],
  ["a proxy that cannot", reply("unsupported")],
  ["a proxy that says something unknown", reply("other")],
  ["any other fault of a proxy", new ProxyError("")],
  ["a URI", new InvalidURI("", "")],
  ["a proxy URI", new InvalidProxy("", "")],
  ["a limit", new SecurityError("")],
  ["an answer that is no agreement", new InvalidUpgrade("Upgrade")],
  ["a mistake of the caller", new TypeError()],
  ["no error at all", "stop"],
])("processException() gives up after %s", (_what, error) => {
  expect(processException(error)).toBe(error);
});
