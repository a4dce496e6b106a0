import { expect, test } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { certificateFaultOf, codeOf, dialError, networkError } from "../../src/runtimes/node/errors.ts";

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
  ["ERR_ACCESS_DENIED", "permission", "permission denied"],
  ["ENOTSUP", "unsupported", "not supported by this system"],
  ["EOPNOTSUPP", "unsupported", "not supported by this system"],
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

test.each<[string, Error, string]>([
  ["a name", new Error("failed to lookup address information: Name or service not known"), "dns"],
  ["what can be no name", new URIError("invalid host 'a b': invalid char found in FQDN"), "dns"],
  ["a permission", Object.assign(new Error("Requires net access"), { name: "NotCapable" }), "permission"],
  ["another text", new Error("I have failed to lookup address information"), "other"],
])("networkError() of an error of Deno without a code, of %s, is told by its text", (_what, cause, reason) => {
  expect(networkError("connect to a:1", cause)).toMatchObject({ reason, cause });
});

test.each([
  ["EPROTO", "write EPROTO", "write EPROTO"],
  [
    "ERR_SSL_HTTP_REQUEST",
    "80AC:error:0A00009C:SSL routines:ssl3_get_record:http request:../a.c:341:\n",
    "http request",
  ],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "Hostname does not match", "Hostname does not match"],
])("networkError() of %s is a failure of TLS, with what it says", (code, text, detail) => {
  const cause = Object.assign(new Error(text), { code });
  const error = networkError("go on", cause);
  expect(error).toMatchObject({
    reason: "tls",
    message: `Cannot go on: TLS failed: ${detail}`,
    certificateFault: null,
  });
});

test("networkError() of a certificate says which fault it has, whatever the code", () => {
  const cause = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });
  expect(networkError("go on", cause, "CERT_HAS_EXPIRED")).toMatchObject({
    reason: "tls",
    certificateFault: "CERT_HAS_EXPIRED",
    message: "Cannot go on: TLS failed: certificate has expired",
  });
});

test.each([
  [failure("CERT_HAS_EXPIRED"), "CERT_HAS_EXPIRED", "CERT_HAS_EXPIRED"],
  [new Error("my own check"), "my own check", "my own check"],
  [new Error("my own check"), new Error("my own check"), "my own check"],
  [failure("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), null, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  [failure("DEPTH_ZERO_SELF_SIGNED_CERT"), undefined, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  [failure("ECONNRESET"), undefined, undefined],
  [new Error("no code"), undefined, undefined],
])("certificateFaultOf() %o with %j on the socket is %j", (error, authorizationError, expected) => {
  expect(certificateFaultOf(error, authorizationError)).toBe(expected);
});

test("codeOf() an error of several attempts is its own", () => {
  const error = Object.assign(new AggregateError([failure("ECONNREFUSED"), failure("ENETUNREACH")]), {
    code: "ECONNREFUSED",
  });
  expect(codeOf(error)).toBe("ECONNREFUSED");
  expect(codeOf({ code: "ECONNREFUSED" })).toBeUndefined();
});

test.each([
  [failure("ENOENT"), undefined, { reason: "refused", message: "Cannot connect to /a: no such socket" }],
  [failure("ECONNREFUSED"), undefined, { reason: "refused", message: "Cannot connect to /a: connection refused" }],
  [failure("CERT_HAS_EXPIRED"), "CERT_HAS_EXPIRED", { reason: "tls", certificateFault: "CERT_HAS_EXPIRED" }],
])("dialError() of %s is that of connecting", (cause, fault, expected) => {
  expect(dialError("connect to /a", cause, fault)).toMatchObject({ ...expected, cause });
});
