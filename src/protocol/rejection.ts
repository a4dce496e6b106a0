// Plain HTTP responses: what a server answers instead of 101.
import {
  HeaderLineTooLong,
  InvalidHandshake,
  InvalidMethod,
  InvalidOrigin,
  InvalidProtocol,
  InvalidUpgrade,
  InvalidVersion,
  RequestLineTooLong,
  TooManyHeaders,
} from "../errors/handshake.ts";
import { isBodiless } from "../http/body-reader.ts";
import { Headers, type HeadersLike } from "../http/headers.ts";
import { HandshakeResponse } from "../http/response.ts";

/** Reason phrases of RFC 9110 15, and of some that others registered. */
const REASON_PHRASES: ReadonlyMap<number, string> = new Map([
  [100, "Continue"],
  [101, "Switching Protocols"],
  [200, "OK"],
  [201, "Created"],
  [202, "Accepted"],
  [204, "No Content"],
  [205, "Reset Content"],
  [300, "Multiple Choices"],
  [301, "Moved Permanently"],
  [302, "Found"],
  [303, "See Other"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [402, "Payment Required"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [406, "Not Acceptable"],
  [407, "Proxy Authentication Required"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [410, "Gone"],
  [411, "Length Required"],
  [412, "Precondition Failed"],
  [413, "Content Too Large"],
  [414, "URI Too Long"],
  [415, "Unsupported Media Type"],
  [417, "Expectation Failed"],
  [418, "I'm a teapot"],
  [421, "Misdirected Request"],
  [422, "Unprocessable Content"],
  [425, "Too Early"],
  [426, "Upgrade Required"],
  [428, "Precondition Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [451, "Unavailable For Legal Reasons"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [505, "HTTP Version Not Supported"],
  [511, "Network Authentication Required"],
]);

/** The usual reason phrase of a status; empty for one that we do not know. */
export function reasonPhraseOf(statusCode: number): string {
  return REASON_PHRASES.get(statusCode) ?? "";
}

/**
 * A plain-text response, after which the connection is closed.
 *
 * @param text The body, sent in UTF-8. Left out where a status has none (1xx, 204, 304).
 * @param headers Added to Date, Connection, Content-Length and Content-Type, or replacing them.
 * @throws {RangeError} If the status is not an integer from 100 to 599.
 * @throws {InvalidHeaderValue} For an invalid header.
 *
 * @example
 * plainResponse(503, "Try again in a minute.\n", { "Retry-After": "60" });
 */
export function plainResponse(statusCode: number, text: string, headers: HeadersLike = []): HandshakeResponse {
  const body = new TextEncoder().encode(isBodiless(statusCode) ? "" : text);
  const ours = new Headers([
    ["Date", new Date().toUTCString()],
    ["Connection", "close"],
  ]);
  if (!isBodiless(statusCode)) {
    ours.append("Content-Length", String(body.length));
    ours.append("Content-Type", "text/plain; charset=utf-8");
  }
  const theirs = new Headers(headers);
  for (const [name] of theirs) ours.delete(name);
  for (const [name, value] of theirs) ours.append(name, value);
  return new HandshakeResponse(statusCode, reasonPhraseOf(statusCode), ours, body);
}

// RFC 9110 7.8: whoever sends Upgrade sends "upgrade" in Connection. It is a list, and we still close.
const UPGRADE_HEADERS: Readonly<Record<string, string>> = { Connection: "Upgrade, close", Upgrade: "websocket" };

const UPGRADE_ADVICE = "\nYou cannot access a WebSocket server directly with a browser. You need a WebSocket client.\n";

/**
 * The response to a request that failed with `error`, thrown by `RequestReader`, `acceptRequest` or a hook of the
 * application. The text of an error that is not about the handshake is not told to the peer.
 */
export function rejectionFor(error: unknown): HandshakeResponse {
  if (!(error instanceof InvalidHandshake)) {
    return plainResponse(500, "Failed to open a WebSocket connection.\nSee server log for more information.\n");
  }
  const text = `Failed to open a WebSocket connection: ${error.message}.\n`;
  if (error instanceof InvalidUpgrade) return plainResponse(426, `${text}${UPGRADE_ADVICE}`, UPGRADE_HEADERS);
  if (error instanceof InvalidVersion) {
    // RFC 6455 4.4: the versions that we speak. RFC 9110 15.5.22: 426 comes with Upgrade.
    return plainResponse(426, text, { ...UPGRADE_HEADERS, "Sec-WebSocket-Version": "13" });
  }
  if (error instanceof InvalidMethod) return plainResponse(405, text, { Allow: "GET" });
  return plainResponse(statusFor(error), text);
}

function statusFor(error: InvalidHandshake): number {
  if (error instanceof InvalidOrigin) return 403;
  if (error instanceof RequestLineTooLong) return 414;
  if (error instanceof HeaderLineTooLong || error instanceof TooManyHeaders) return 431;
  if (error instanceof InvalidProtocol) return 505;
  return 400;
}
