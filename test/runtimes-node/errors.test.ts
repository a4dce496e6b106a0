import { expect, test } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { codeOf, networkError } from "../../src/runtimes/node/errors.ts";

function failure(code: string | number): Error {
  return Object.assign(new Error(`${code} of the system`), { code });
}

test.each([
  ["ENOTFOUND", "dns", "name not found"],
  ["EAI_AGAIN", "dns", "name not found"],
  ["ECONNREFUSED", "refused", "connection refused"],
  ["ECONNRESET", "reset", "connection reset by peer"],
  ["EPIPE", "reset", "connection reset by peer"],
  ["ECONNABORTED", "reset", "connection reset by peer"],
  ["ENETUNREACH", "unreachable", "network unreachable"],
  ["EHOSTUNREACH", "unreachable", "network unreachable"],
  ["ETIMEDOUT", "unreachable", "network unreachable"],
  ["EADDRINUSE", "address-in-use", "address already in use"],
  ["EACCES", "permission", "permission denied"],
  ["EPERM", "permission", "permission denied"],
])("networkError() of %s is %s", (code, reason, text) => {
  const cause = failure(code);
  const error = networkError("connect to a:1", cause);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error).toMatchObject({ reason, message: `Cannot connect to a:1: ${text}`, cause });
});

test.each([
  [failure("EWHAT"), "Cannot listen: network error: EWHAT of the system"],
  [new Error("no code"), "Cannot listen: network error: no code"],
  [failure(7), "Cannot listen: network error: 7 of the system"],
  ["a string", "Cannot listen: network error"],
  [undefined, "Cannot listen: network error"],
])("networkError() of what it does not know keeps the text", (cause, message) => {
  expect(networkError("listen", cause)).toMatchObject({ reason: "other", message, cause });
});

test("codeOf() an error of several attempts is its own", () => {
  const error = Object.assign(new AggregateError([failure("ECONNREFUSED"), failure("ENETUNREACH")]), {
    code: "ECONNREFUSED",
  });
  expect(codeOf(error)).toBe("ECONNREFUSED");
  expect(codeOf({ code: "ECONNREFUSED" })).toBeUndefined();
});
