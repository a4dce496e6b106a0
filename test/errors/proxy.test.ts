import { expect, test } from "vitest";
import { WebSocketException } from "../../src/errors/base.ts";
import { InvalidHandshake } from "../../src/errors/handshake.ts";
import {
  InvalidProxy,
  InvalidProxyMessage,
  InvalidProxyReply,
  InvalidProxyStatus,
  ProxyError,
} from "../../src/errors/proxy.ts";
import { Headers } from "../../src/http/headers.ts";

test("proxy errors have their code, their data and a message", () => {
  const response = { statusCode: 407, reasonPhrase: "No", headers: new Headers(), body: new Uint8Array(0) };
  const errors = [
    new InvalidProxy("ftp://proxy", "scheme isn't known"),
    new ProxyError("no tunnel"),
    new InvalidProxyMessage("nonsense", { cause: "why" }),
    new InvalidProxyStatus(response),
    new InvalidProxyReply("refused", 5, "connection refused (5)"),
  ];
  expect(errors.map(({ name, code, message }) => [name, code, message])).toEqual([
    ["InvalidProxy", "INVALID_PROXY", "ftp://proxy isn't a valid proxy: scheme isn't known"],
    ["ProxyError", "PROXY_ERROR", "no tunnel"],
    ["InvalidProxyMessage", "INVALID_PROXY_MESSAGE", "nonsense"],
    ["InvalidProxyStatus", "INVALID_PROXY_STATUS", "proxy rejected connection: HTTP 407"],
    ["InvalidProxyReply", "INVALID_PROXY_REPLY", "proxy rejected connection: connection refused (5)"],
  ]);
  const [proxy, , message, status, reply] = errors;
  expect(proxy).toMatchObject({ proxy: "ftp://proxy" });
  expect(message?.cause).toBe("why");
  expect(status).toMatchObject({ response });
  expect(reply).toMatchObject({ reason: "refused", reply: 5 });
});

test("InvalidProxy is no InvalidHandshake, as the other proxy errors are", () => {
  expect(new InvalidProxy("", "")).toBeInstanceOf(WebSocketException);
  expect(new InvalidProxy("", "")).not.toBeInstanceOf(InvalidHandshake);
  expect(new InvalidProxyReply("failure", 1, "")).toBeInstanceOf(ProxyError);
  expect(new ProxyError("")).toBeInstanceOf(InvalidHandshake);
});
