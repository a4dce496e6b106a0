// Group 15, our own: requests to a server and responses to a client, good and bad, with exact outcomes.
import { acceptOf } from "../handshake.mjs";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const LONG = "x".repeat(9000);

/** A good request with changes: other values by name (a list for several lines, `null` for none), lines behind, another line. */
function requestOf({ line = "GET / HTTP/1.1", more = [], ...own } = {}) {
  const headers = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    ...own,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => (one === null ? [] : [`${name}: ${one}`])),
  );
  return `${[line, ...lines, ...more].join("\r\n")}\r\n\r\n`;
}

const GOOD = requestOf();
const VERSION = { "sec-websocket-version": "13", upgrade: "websocket" };
const UPGRADE = { upgrade: "websocket" };
const withLines = (...more) => requestOf({ more });

/** What, the request, the status (0: TCP ends without a response), headers that must be there. */
const REQUESTS = [
  ["a good request", GOOD, 101],
  ["Upgrade: WebSocket", requestOf({ Upgrade: "WebSocket" }), 101],
  ["Upgrade: h2c, websocket", requestOf({ Upgrade: "h2c, websocket" }), 101],
  ["Upgrade in two lines", requestOf({ Upgrade: ["h2c", "websocket"] }), 101],
  ["Connection: keep-alive, Upgrade", requestOf({ Connection: "keep-alive, Upgrade" }), 101],
  ["Connection in two lines", requestOf({ Connection: ["keep-alive", "upgrade"] }), 101],
  ["empty elements of Connection", requestOf({ Connection: ", ,Upgrade," }), 101],
  ["names in capital letters", GOOD.replace("Host", "HOST").replace("Sec-WebSocket-Key", "SEC-WEBSOCKET-KEY"), 101],
  ["no space behind colons", GOOD.replaceAll(": ", ":"), 101],
  ["tabs around values", GOOD.replaceAll(": ", ":\t ").replaceAll("\r\nC", "\t\r\nC"), 101],
  ["an absolute-form target", requestOf({ line: "GET http://localhost/ HTTP/1.1" }), 101],
  ["a subprotocol that nobody knows", withLines("Sec-WebSocket-Protocol: chat"), 101],
  ["subprotocols a,,b", withLines("Sec-WebSocket-Protocol: a,,b"), 101],
  ["an extension named constructor", withLines("Sec-WebSocket-Extensions: constructor; __proto__"), 101],
  ["a bad offer of compression", withLines("Sec-WebSocket-Extensions: permessage-deflate; foo"), 101],
  ["Content-Length: 0", withLines("Content-Length: 0"), 101],
  ["octets above 7F in a value", withLines("X-Latin: \u00e9\u00ff"), 101],
  ["version 8", requestOf({ "Sec-WebSocket-Version": "8" }), 426, VERSION],
  ["version 12", requestOf({ "Sec-WebSocket-Version": "12" }), 426, VERSION],
  ["version 14", requestOf({ "Sec-WebSocket-Version": "14" }), 426, VERSION],
  ["no version", requestOf({ "Sec-WebSocket-Version": null }), 400],
  ["two versions", requestOf({ "Sec-WebSocket-Version": ["13", "13"] }), 400],
  ["no Upgrade", requestOf({ Upgrade: null }), 426, UPGRADE],
  ["another Upgrade", requestOf({ Upgrade: "h2c" }), 426, UPGRADE],
  ["no Connection", requestOf({ Connection: null }), 426, UPGRADE],
  ["Connection without upgrade", requestOf({ Connection: "keep-alive" }), 426, UPGRADE],
  ["no key", requestOf({ "Sec-WebSocket-Key": null }), 400],
  ["two keys", requestOf({ "Sec-WebSocket-Key": [KEY, KEY] }), 400],
  ["a key of 15 octets", requestOf({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA" }), 400],
  ["a key of 17 octets", requestOf({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAAA=" }), 400],
  ["a key that is no Base64", requestOf({ "Sec-WebSocket-Key": "!Ghl!HNh!XBs!SBu!25jZQ==" }), 400],
  ["no Host", requestOf({ Host: null }), 400],
  ["two Hosts", requestOf({ Host: ["localhost", "localhost"] }), 400],
  ["a Host that is none", requestOf({ Host: "a b" }), 400],
  ["a Host with user information", requestOf({ Host: "user@localhost" }), 400],
  ["HTTP/1.0", requestOf({ line: "GET / HTTP/1.0" }), 505],
  ["HTTP/0.9", requestOf({ line: "GET / HTTP/0.9" }), 505],
  ["HTTP/2.0", requestOf({ line: "GET / HTTP/2.0" }), 505],
  ["no version of HTTP", requestOf({ line: "GET /" }), 400],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["a hello of TLS", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n", 400],
  ["POST", requestOf({ line: "POST / HTTP/1.1" }), 405, { allow: "GET" }],
  ["HEAD", requestOf({ line: "HEAD / HTTP/1.1" }), 405, { allow: "GET" }],
  ["CONNECT", requestOf({ line: "CONNECT localhost:80 HTTP/1.1" }), 405, { allow: "GET" }],
  ["get", requestOf({ line: "get / HTTP/1.1" }), 405, { allow: "GET" }],
  ["two spaces in the request line", requestOf({ line: "GET  / HTTP/1.1" }), 400],
  ["a tab in the request line", requestOf({ line: "GET\t/ HTTP/1.1" }), 400],
  ["a target without a slash", requestOf({ line: "GET chat HTTP/1.1" }), 400],
  ["a target with a fragment", requestOf({ line: "GET /#a HTTP/1.1" }), 400],
  ["a target outside ASCII", requestOf({ line: "GET /\u00e9 HTTP/1.1" }), 400],
  ["bare line feeds", GOOD.replaceAll("\r\n", "\n"), 400],
  ["one bare line feed", GOOD.replace("websocket\r\n", "websocket\n"), 400],
  ["a bare carriage return", withLines("X-Bad: a\rb"), 400],
  ["carriage returns alone", `${GOOD.replaceAll("\r\n", "\r")}\r\n\r\n`, 400],
  ["a folded line", withLines("X-Folded: a", " b"), 400],
  ["a folded line with a tab", withLines("X-Folded: a", "\tb"), 400],
  ["a first header that is folded", requestOf().replace("Host", " Host"), 400],
  ["a space before a colon", GOOD.replace("Host:", "Host :"), 400],
  ["a tab before a colon", GOOD.replace("Upgrade:", "Upgrade\t:"), 400],
  ["an empty name", withLines(": x"), 400],
  ["a line without a colon", withLines("x"), 400],
  ["NUL in a value", withLines("X-Bad: a\u0000b"), 400],
  ["NUL in a name", withLines("X\u0000: a"), 400],
  ["DEL in a value", withLines("X-Bad: a\u007fb"), 400],
  ["a control character in a value", withLines("X-Bad: a\u0001b"), 400],
  ["a name outside ASCII", withLines("X-\u00e9: a"), 400],
  ["a body", `${withLines("Content-Length: 3")}abc`, 400],
  ["a body of frames", `${withLines("Content-Length: 6")}\u0081\u0080\u0000\u0000\u0000\u0000`, 400],
  ["two lengths", withLines("Content-Length: 0", "Content-Length: 5"), 400],
  ["a list of lengths", withLines("Content-Length: 0, 5"), 400],
  ["a negative length", withLines("Content-Length: -1"), 400],
  ["a length with a sign", withLines("Content-Length: +3"), 400],
  ["a hexadecimal length", withLines("Content-Length: 0x3"), 400],
  ["a length beyond 2^64", withLines("Content-Length: 18446744073709551616"), 400],
  ["Transfer-Encoding", `${withLines("Transfer-Encoding: chunked")}0\r\n\r\n`, 400],
  ["a length and Transfer-Encoding", `${withLines("Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n`, 400],
  ["Transfer-Encoding that looks otherwise", withLines("Transfer-Encoding: xchunked"), 400],
  ["Transfer-Encoding with a vertical tab", withLines("Transfer-Encoding: \u000bchunked"), 400],
  ["malformed Connection", requestOf({ Connection: "keep-alive; Upgrade" }), 400],
  ["malformed extensions", withLines("Sec-WebSocket-Extensions: x-foo;;"), 400],
  ["an unclosed quoted string", withLines('Sec-WebSocket-Extensions: x; a="b'), 400],
  ["octets above 7F in extensions", withLines("Sec-WebSocket-Extensions: \u00e9"), 400],
  ["a request line over 8 KiB", requestOf({ line: `GET /${LONG} HTTP/1.1` }), 414],
  ["a header line over 8 KiB", withLines(`X-Long: ${LONG}`), 431],
  ["129 headers", withLines(...Array.from({ length: 124 }, (_, i) => `X-${i}: x`)), 431],
  ["2000 headers", withLines(...Array.from({ length: 2000 }, (_, i) => `X-${i}: x`)), 431],
  ["headers over 64 KiB", withLines(...Array.from({ length: 9 }, () => `X: ${LONG.slice(1000)}`)), 431],
];

const requests = REQUESTS.map(([what, request, status, headers = {}], i) => ({
  id: `15.1.${i + 1}`,
  role: "server",
  what,
  request,
  status,
  headers,
}));

/** A good response to a key, with changes. */
function responseOf(key, { line = "HTTP/1.1 101 Switching Protocols", more = [], ...own } = {}) {
  return requestOf({
    line,
    more,
    Host: null,
    "Sec-WebSocket-Key": null,
    "Sec-WebSocket-Version": null,
    "Sec-WebSocket-Accept": acceptOf(key),
    ...own,
  });
}
const refused = (what, response) => [what, response, true];
const taken = (what, response) => [what, response, false];
const instead = (own) => (key) => responseOf(key, own);
const edited = (from, to) => (key) => responseOf(key).replaceAll(from, to);

const RESPONSES = [
  taken("a good response", instead({})),
  taken("Connection: keep-alive, Upgrade", instead({ Connection: "keep-alive, Upgrade" })),
  taken("capital letters", instead({ Connection: "UPGRADE", Upgrade: "WebSocket" })),
  taken("no reason", instead({ line: "HTTP/1.1 101 " })),
  taken("no space behind colons", edited(": ", ":")),
  taken("headers that nobody knows", instead({ more: ["X-A: b", "X-A: c", "X-Latin: \u00e9"] })),
  refused("no Accept", instead({ "Sec-WebSocket-Accept": null })),
  refused("a wrong Accept", instead({ "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" })),
  refused("two Accepts", (key) => responseOf(key, { "Sec-WebSocket-Accept": [acceptOf(key), acceptOf(key)] })),
  refused("Accept in small letters", (key) => responseOf(key, { "Sec-WebSocket-Accept": acceptOf(key).toLowerCase() })),
  refused("no Upgrade", instead({ Upgrade: null })),
  refused("another Upgrade", instead({ Upgrade: "h2c" })),
  refused("two values of Upgrade", instead({ Upgrade: "websocket, h2c" })),
  refused("no Connection", instead({ Connection: null })),
  refused("Connection without upgrade", instead({ Connection: "close" })),
  refused("a subprotocol that was not offered", instead({ more: ["Sec-WebSocket-Protocol: chat"] })),
  refused("octets above 7F in the subprotocol", instead({ more: ["Sec-WebSocket-Protocol: \u00e9"] })),
  refused("an extension that was not offered", instead({ more: ["Sec-WebSocket-Extensions: x-foo"] })),
  refused("octets above 7F in extensions", instead({ more: ["Sec-WebSocket-Extensions: \u00ff"] })),
  refused("an unclosed quoted string", instead({ more: ['Sec-WebSocket-Extensions: permessage-deflate; a="'] })),
  refused("status 100", instead({ line: "HTTP/1.1 100 Continue" })),
  refused("status 200", instead({ line: "HTTP/1.1 200 OK", more: ["Content-Length: 0"] })),
  refused("status 0101", instead({ line: "HTTP/1.1 0101 Switching Protocols" })),
  refused("HTTP/1.0", instead({ line: "HTTP/1.0 101 Switching Protocols" })),
  refused("HTTP/2.0", instead({ line: "HTTP/2.0 101 Switching Protocols" })),
  refused("bare line feeds", edited("\r\n", "\n")),
  refused("a folded line", instead({ more: ["X-A: b", " c"] })),
  refused("a space before a colon", edited("Upgrade:", "Upgrade :")),
  refused("NUL in a value", instead({ more: ["X-A: \u0000"] })),
  refused("a bare carriage return", instead({ more: ["X-A: a\rb"] })),
  refused("a line without a colon", instead({ more: ["x"] })),
  refused("a header line over 8 KiB", instead({ more: [`X: ${LONG}`] })),
  refused("129 headers", instead({ more: Array.from({ length: 126 }, (_, i) => `X-${i}: x`) })),
  refused("a banner of SSH", () => "SSH-2.0-OpenSSH_9.2\r\n"),
  refused("a hello of TLS", () => "\u0016\u0003\u0003\u0000\u0050\r\n\r\n"),
  refused("settings of HTTP/2", () => "\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000\r\n\r\n"),
];

const responses = RESPONSES.map(([what, response, isRefused], i) => ({
  id: `15.2.${i + 1}`,
  role: "client",
  what,
  response,
  isRefused,
  ...(isRefused ? {} : { ok: [], ends: "us", isClean: true, codes: [1000], run: async () => {} }),
}));

export const OPENING = [...requests, ...responses];
