import { expect, test } from "vitest";
import { WebSocketException } from "../../src/errors/base.ts";
import * as errors from "../../src/errors/handshake.ts";
import { HandshakeResponse } from "../../src/http/response.ts";

const response = new HandshakeResponse(403, "Forbidden", {}, new Uint8Array(1));

type Row = [error: errors.InvalidHandshake | errors.InvalidURI, code: string, message: string, fields?: object];

const ROWS: Row[] = [
  [
    new errors.InvalidURI("http://x/", "scheme isn't ws or wss"),
    "INVALID_URI",
    "http://x/ isn't a valid URI: scheme isn't ws or wss",
    { uri: "http://x/" },
  ],
  [new errors.InvalidHandshake("what"), "INVALID_HANDSHAKE", "what"],
  [new errors.SecurityError("what"), "SECURITY_ERROR", "what"],
  [new errors.RequestLineTooLong("what"), "REQUEST_LINE_TOO_LONG", "what"],
  [new errors.StatusLineTooLong("what"), "STATUS_LINE_TOO_LONG", "what"],
  [new errors.HeaderLineTooLong("what"), "HEADER_LINE_TOO_LONG", "what"],
  [new errors.TooManyHeaders("what"), "TOO_MANY_HEADERS", "what"],
  [new errors.InvalidMessage("what"), "INVALID_MESSAGE", "what"],
  [new errors.InvalidMethod("POST"), "INVALID_METHOD", "invalid HTTP method: POST", { method: "POST" }],
  [
    new errors.InvalidProtocol("HTTP/1.0"),
    "INVALID_PROTOCOL",
    "invalid HTTP protocol version: HTTP/1.0",
    { protocol: "HTTP/1.0" },
  ],
  [
    new errors.InvalidStatus(response),
    "INVALID_STATUS",
    "server rejected WebSocket connection: HTTP 403",
    { response },
  ],
  [new errors.InvalidHeader("Host"), "INVALID_HEADER", "missing Host header", { header: "Host", value: null }],
  [new errors.InvalidHeader("Host", ""), "INVALID_HEADER", "empty Host header", { header: "Host", value: "" }],
  [new errors.InvalidHeader("Host", "a b"), "INVALID_HEADER", "invalid Host header: a b", { value: "a b" }],
  [
    new errors.InvalidHeader("Host", "a, b", "multiple Host headers"),
    "INVALID_HEADER",
    "multiple Host headers",
    { value: "a, b" },
  ],
  [
    new errors.InvalidHeaderFormat("Upgrade", "expected token", "???", 0),
    "INVALID_HEADER_FORMAT",
    "invalid Upgrade header: expected token at 0 in ???",
    { header: "Upgrade", value: "???", position: 0 },
  ],
  [
    new errors.InvalidHeaderValue("Sec-WebSocket-Key", "x"),
    "INVALID_HEADER_VALUE",
    "invalid Sec-WebSocket-Key header: x",
    { header: "Sec-WebSocket-Key", value: "x" },
  ],
  [new errors.InvalidOrigin(null), "INVALID_ORIGIN", "missing Origin header", { header: "Origin", value: null }],
  [new errors.InvalidOrigin("http://x"), "INVALID_ORIGIN", "invalid Origin header: http://x", { value: "http://x" }],
  [new errors.InvalidUpgrade("Upgrade"), "INVALID_UPGRADE", "missing Upgrade header", { header: "Upgrade" }],
  [
    new errors.InvalidUpgrade("Connection", "close"),
    "INVALID_UPGRADE",
    "invalid Connection header: close",
    { header: "Connection", value: "close" },
  ],
  [
    new errors.InvalidVersion("12"),
    "INVALID_VERSION",
    "invalid Sec-WebSocket-Version header: 12",
    { header: "Sec-WebSocket-Version", value: "12" },
  ],
  [new errors.NegotiationError("what"), "NEGOTIATION_ERROR", "what"],
  [new errors.DuplicateParameter("a"), "DUPLICATE_PARAMETER", "duplicate parameter: a", { parameter: "a" }],
  [new errors.InvalidParameterName("a"), "INVALID_PARAMETER_NAME", "invalid parameter name: a", { parameter: "a" }],
  [
    new errors.InvalidParameterValue("a", null),
    "INVALID_PARAMETER_VALUE",
    "missing value for parameter a",
    { parameter: "a", value: null },
  ],
  [
    new errors.InvalidParameterValue("a", "1"),
    "INVALID_PARAMETER_VALUE",
    "invalid value for parameter a: 1",
    { parameter: "a", value: "1" },
  ],
];

test.each(ROWS)("%s", (error, code, message, fields = {}) => {
  expect(error).toBeInstanceOf(WebSocketException);
  expect(error.code).toBe(code);
  expect(error.message).toBe(message);
  expect(error.name).toBe(error.constructor.name);
  expect(error).toMatchObject(fields);
});

test("every class of the file has a row, and a code of its own", () => {
  const classes = Object.values(errors);
  const tried = new Set(ROWS.map(([error]) => error.constructor));
  expect(classes.filter((Class) => !tried.has(Class)).map(({ name }) => name)).toEqual([]);
  expect(new Set(ROWS.map(([error]) => error.code)).size).toBe(tried.size);
});

test.each([
  [errors.RequestLineTooLong, [errors.SecurityError, errors.InvalidHandshake]],
  [errors.StatusLineTooLong, [errors.SecurityError]],
  [errors.HeaderLineTooLong, [errors.SecurityError]],
  [errors.TooManyHeaders, [errors.SecurityError]],
  [errors.SecurityError, [errors.InvalidHandshake]],
  [errors.InvalidMessage, [errors.InvalidHandshake]],
  [errors.InvalidMethod, [errors.InvalidHandshake]],
  [errors.InvalidProtocol, [errors.InvalidHandshake]],
  [errors.InvalidStatus, [errors.InvalidHandshake]],
  [errors.InvalidHeader, [errors.InvalidHandshake]],
  [errors.InvalidHeaderFormat, [errors.InvalidHeader]],
  [errors.InvalidHeaderValue, [errors.InvalidHeader]],
  [errors.InvalidOrigin, [errors.InvalidHeader]],
  [errors.InvalidUpgrade, [errors.InvalidHeader]],
  [errors.InvalidVersion, [errors.InvalidHeader]],
  [errors.NegotiationError, [errors.InvalidHandshake]],
  [errors.DuplicateParameter, [errors.NegotiationError]],
  [errors.InvalidParameterName, [errors.NegotiationError]],
  [errors.InvalidParameterValue, [errors.NegotiationError]],
])("%o has its place in the hierarchy", (Class, parents) => {
  for (const parent of parents) expect(Class.prototype).toBeInstanceOf(parent);
});
