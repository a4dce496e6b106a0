// Time for handshakes grows with their octets: doubling a hostile header, or a hostile message of HTTP, does not take four times as long.
// CVE-2021-32640, CVE-2020-7662, CVE-2023-26103 (expressions), CVE-2023-43669 (a long head in pieces), and all of their kind.
import { test } from "vitest";
import { parseDeflateParameters } from "../../src/extensions/deflate-parameters.ts";
import { isKey } from "../../src/http/accept-key.ts";
import { parseBasicCredentials } from "../../src/http/basic-credentials.ts";
import { bodyReader, type BodyReader } from "../../src/http/body-reader.ts";
import { parseChallenges } from "../../src/http/challenges.ts";
import { isHost, parseConnection, parseExtensions, parseSubprotocols, parseUpgrade } from "../../src/http/fields.ts";
import { appendHeaderLine } from "../../src/http/head-reader.ts";
import { Headers } from "../../src/http/headers.ts";
import { parseAddress } from "../../src/http/ip-address.ts";
import { isOriginAllowed } from "../../src/http/origin.ts";
import { RequestReader } from "../../src/http/request.ts";
import { parseStatusLine, ResponseReader } from "../../src/http/response.ts";
import { parseRetryAfter } from "../../src/http/retry-after.ts";
import { isTarget, originForm, targetAuthority } from "../../src/http/target.ts";
import { parseUri } from "../../src/http/uri.ts";
import { wire } from "../http/feed.ts";
import { expectLinear } from "../support/linear.ts";

const KIB = 1024;
const BAITS: [string, (size: number) => string][] = [
  ["white space", (size) => `b${" ".repeat(size)}x`],
  ["tabs behind commas", (size) => `b${",\t".repeat(size)}x(`],
  ["a quoted string", (size) => `a; b="${"c".repeat(size)}"`],
  ["an unclosed quoted string", (size) => `a; b="${String.raw`\c`.repeat(size)}`],
  ["backslashes", (size) => `a; b="${"\\".repeat(size)}`],
  ["commas", (size) => ",".repeat(size)],
  ["semicolons", (size) => `a${";".repeat(size)}`],
  ["parameters", (size) => `a${"; b=1".repeat(size)}`],
  ["a token", (size) => "a".repeat(size)],
  ["tokens", (size) => `${"upgrade, ".repeat(size)}(`],
  ["digits", (size) => `${"1".repeat(size)}x`],
  ["brackets", (size) => "[".repeat(size)],
  ["colons and dots", (size) => `a${":.".repeat(size)}`],
  ["percent signs", (size) => "%41%".repeat(size)],
  ["slashes and at signs", (size) => "@/".repeat(size)],
  ["letters outside ASCII", (size) => "\u00e9".repeat(size)],
];

const PARSERS: [string, (value: string) => unknown][] = [
  ["Connection", (value) => parseConnection([value])],
  ["Upgrade", (value) => parseUpgrade([value])],
  ["Sec-WebSocket-Extensions", (value) => parseExtensions([value])],
  [
    "permessage-deflate",
    (value) => parseExtensions([value]).map(({ parameters }) => parseDeflateParameters(parameters)),
  ],
  ["Sec-WebSocket-Protocol", (value) => parseSubprotocols([value])],
  ["Sec-WebSocket-Key", isKey],
  ["Host", isHost],
  ["Origin", (value) => isOriginAllowed(`http://${value}`, "same-host", "a")],
  ["Authorization", (value) => parseBasicCredentials(`Basic ${value}`)],
  ["WWW-Authenticate", (value) => parseChallenges("WWW-Authenticate", [value])],
  ["Retry-After", (value) => parseRetryAfter(value, 0)],
  ["a header line", (value) => appendHeaderLine(new Headers(), `a: ${value}`)],
  ["a header name", (value) => appendHeaderLine(new Headers(), `${value}: a`)],
  ["a status line", (value) => parseStatusLine(`HTTP/1.1 101 ${value}`, ["HTTP/1.1"])],
  ["a target", (value) => isTarget("GET", `/${value}`)],
  ["an absolute target", (value) => [originForm(`http://${value}`), targetAuthority(`http://${value}`)]],
  ["an address", parseAddress],
  ["a URI", (value) => parseUri(`ws://a/${value}`)],
  ["the authority of a URI", (value) => parseUri(`ws://${value}`)],
];

test.each(PARSERS.flatMap(([what, parse]) => BAITS.map(([bait, make]) => [what, bait, parse, make] as const)))(
  "%s: %s",
  { tags: ["slow"] },
  (_what, _bait, parse, make) => {
    expectLinear((size) => {
      const value = make(size);
      return () => parse(value);
    }, 8000);
  },
);

const UNLIMITED = { line: Infinity, headers: Infinity, total: Infinity, body: Infinity };

type Take = (bytes: Uint8Array) => void;

const taking =
  (reader: { push(bytes: Uint8Array): unknown }): Take =>
  (bytes) =>
    void reader.push(bytes);

const reading =
  (reader: BodyReader): Take =>
  (bytes) =>
    void reader.read({ bytes, position: 0 });

const READERS: [string, () => Take, string][] = [
  ["a request", () => taking(new RequestReader(UNLIMITED)), "GET / HTTP/1.1\r\n"],
  ["a response", () => taking(new ResponseReader(UNLIMITED)), "HTTP/1.1 101 \r\n"],
  ["a body in chunks", () => reading(bodyReader(200, new Headers({ "Transfer-Encoding": "chunked" }), UNLIMITED)), ""],
  ["a body to the end", () => reading(bodyReader(200, new Headers(), UNLIMITED)), ""],
];

const CONTENTS: [string, (size: number) => string][] = [
  ["a long line", (size) => `X: ${"y".repeat(size)}`],
  ["short headers", (size) => "a:b\r\n".repeat(size / 4)],
  ["headers of one name with white space", (size) => "Connection: \t \r\n".repeat(size / 16)],
  ["headers of many names", (size) => Array.from({ length: size / 8 }, (_, i) => `x${i}: y\r\n`).join("")],
  ["chunks of an octet", (size) => "1\r\na\r\n".repeat(size / 4)],
  ["a long extension of a chunk", (size) => `1;${"a=b;".repeat(size / 4)}`],
];

const PIECES = [1, 64 * KIB];

test.each(
  READERS.flatMap(([what, open, start]) =>
    CONTENTS.flatMap(([content, make]) => PIECES.map((piece) => [what, content, piece, open, start, make] as const)),
  ),
)("%s: %s, in pieces of %d", { tags: ["slow"] }, (_what, _content, piece, open, start, make) => {
  expectLinear((size) => {
    const bytes = wire(start + make(size));
    return () => {
      const take = open();
      for (let at = 0; at < bytes.length; at += piece) take(bytes.subarray(at, at + piece));
    };
  }, 16_000);
});
