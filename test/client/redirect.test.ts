import { describe, expect, test } from "vitest";
import type { Hop, Pinned } from "../../src/client/redirect.ts";
import { followRedirect, isSameOrigin } from "../../src/client/redirect.ts";
import { InvalidHeader, InvalidURI, SecurityError } from "../../src/errors/handshake.ts";
import { Headers } from "../../src/http/headers.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import { parseUri } from "../../src/http/uri.ts";

const HEADERS: readonly (readonly [string, string])[] = [
  ["authorization", "Bearer secret"],
  ["Cookie", "a=b"],
  ["Proxy-Authorization", "Basic abc"],
  ["Host", "example.com"],
  ["X-Mine", "kept"],
];

function follow(
  from: string,
  location: string,
  { status = 302, pinned = "nothing" }: { readonly status?: number; readonly pinned?: Pinned } = {},
): Hop | null {
  const response = new HandshakeResponse(status, "", { Location: location });
  return followRedirect(response, { uri: parseUri(from), additionalHeaders: new Headers(HEADERS) }, pinned);
}

function show(hop: Hop | null): string {
  if (hop === null) return "none";
  const { secure, host, port, resourceName, username, password } = hop.uri;
  const userinfo = username === null ? "" : `${username}:${password}@`;
  return `${secure ? "wss" : "ws"}://${userinfo}${host}:${port}${resourceName}`;
}

describe("followRedirect()", () => {
  test.each([
    ["ws://a/", "ws://b/", "ws://b:80/"],
    ["ws://a/", "http://b/c?d", "ws://b:80/c?d"],
    ["ws://a/", "wss://b/", "wss://b:443/"],
    ["ws://a/", "https://b/", "wss://b:443/"],
    ["ws://a/", "HTTPS://B/", "wss://b:443/"],
    ["ws://a/", "https://b:80/", "wss://b:80/"],
    ["ws://a/", "http://b:443/", "ws://b:443/"],
    ["wss://a/", "https://b:8443/", "wss://b:8443/"],
    ["ws://a/b/c?d", "/e", "ws://a:80/e"],
    ["ws://a/b/c?d", "e?f", "ws://a:80/b/e?f"],
    ["ws://a/b/c?d", "../e", "ws://a:80/e"],
    ["ws://a/b/c?d", "?e", "ws://a:80/b/c?e"],
    ["ws://a/b/c?d", "", "ws://a:80/b/c?d"],
    ["ws://a/b", "#e", "ws://a:80/b"],
    ["ws://a:81/b", "/c#d", "ws://a:81/c"],
    ["ws://a/", "//b/c", "ws://b:80/c"],
    ["wss://a/", "//b/c", "wss://b:443/c"],
    ["ws://a/", "/\\b/c", "ws://b:80/c"],
    ["ws://[::1]:81/", "/c", "ws://::1:81/c"],
    ["ws://a/", "http://[::1]/", "ws://::1:80/"],
    ["ws://a/", "/a b|c", "ws://a:80/a%20b%7Cc"],
    ["ws://u:p@a/", "/b", "ws://u:p@a:80/b"],
    ["ws://u:p@a/", "http://a:80/b", "ws://u:p@a:80/b"],
    ["ws://u:p@a/", "ws://u2:p2@a/b", "ws://u2:p2@a:80/b"],
    ["ws://u:p@a/", "http://b/", "ws://b:80/"],
    ["ws://u:p@a/", "http://a:81/", "ws://a:81/"],
    ["ws://u:p@a/", "https://a/", "wss://a:443/"],
    ["ws://u:p@a/", "http://u2:p%402@b/", "ws://u2:p@2@b:80/"],
    ["ws://a/", "http://u2@b/", "ws://u2:@b:80/"],
  ])("from %s to %j: %s", (from, location, expected) => {
    expect(show(follow(from, location))).toBe(expected);
  });

  test.each(["/b", "ws://localhost/b"])("from a Unix socket to %s stays on that socket", (location) => {
    expect(follow("ws+unix:/run/app.sock:/a", location, { pinned: "address" })?.uri.unix).toBe("/run/app.sock");
  });

  test.each([300, 301, 302, 303, 307, 308])("follows %i", (status) => {
    expect(show(follow("ws://a/", "/b", { status }))).toBe("ws://a:80/b");
  });

  test.each([101, 200, 201, 304, 305, 306, 399, 404, 500])("does not follow %i", (status) => {
    expect(follow("ws://a/", "/b", { status })).toBe(null);
  });

  test("does not follow a response without Location", () => {
    const response = new HandshakeResponse(302, "", {});
    const hop = { uri: parseUri("ws://a/"), additionalHeaders: new Headers() };
    expect(followRedirect(response, hop, "nothing")).toBe(null);
  });

  test("refuses several targets", () => {
    const response = new HandshakeResponse(302, "", { Location: ["/a", "/b"] });
    const hop = { uri: parseUri("ws://a/"), additionalHeaders: new Headers() };
    expect(() => followRedirect(response, hop, "nothing")).toThrow(InvalidHeader);
  });

  test.each(["ftp://b/", "javascript:alert(1)", "file:///etc/passwd", "http://", "http://b:99999/", "http://a b/"])(
    "refuses %j",
    (location) => {
      expect(() => follow("ws://a/", location)).toThrow(InvalidURI);
    },
  );

  test.each(["ws://a/", "http://a/", "http://b/", "ws://a:443/"])("never leads from TLS to %s", (location) => {
    expect(() => follow("wss://a/", location)).toThrow(SecurityError);
  });

  test.each([
    ["/b", 5],
    ["ws://a:80/b", 5],
    ["http://b/", 1],
    ["http://a:81/", 1],
    ["https://a/", 1],
  ])("to %s keeps %i additional headers", (location, count) => {
    const hop = follow("ws://a/", location);
    expect(hop?.additionalHeaders.size).toBe(count);
    expect(hop?.additionalHeaders.get("x-mine")).toBe("kept");
  });

  test.each<[Pinned, string, boolean]>([
    ["nothing", "/b", true],
    ["nothing", "http://b/", true],
    ["address", "/b", true],
    ["address", "http://b/", false],
    ["address", "http://a:81/", false],
    ["transport", "/b", false],
    ["transport", "http://b/", false],
  ])("with %s fixed to %s: %s", (pinned, location, isFollowed) => {
    if (isFollowed) expect(follow("ws://a/", location, { pinned })).not.toBe(null);
    else expect(() => follow("ws://a/", location, { pinned })).toThrow(SecurityError);
  });
});

test.each([
  ["ws://a/b", "ws://A:80/c", true],
  ["ws://a/", "ws://u:p@a/", true],
  ["ws://a/", "ws://b/", false],
  ["ws://a/", "ws://a:81/", false],
  ["ws://a:443/", "wss://a/", false],
])("isSameOrigin() of %s and %s: %s", (a, b, expected) => {
  expect(isSameOrigin(parseUri(a), parseUri(b))).toBe(expected);
});
