import { describe, expect, test } from "vitest";
import { InvalidURI } from "../../src/errors/handshake.ts";
import { parseUri, type WebSocketURI } from "../../src/http/uri.ts";
import { errorOf } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

const LOCALHOST: WebSocketURI = {
  secure: false,
  host: "localhost",
  port: 80,
  path: "/",
  query: "",
  username: null,
  password: null,
  resourceName: "/",
  unix: null,
};

describe("parseUri()", () => {
  test.each<[string, Partial<WebSocketURI>]>([
    ["ws://localhost/", {}],
    ["ws://localhost", { path: "" }],
    ["wss://localhost/", { secure: true, port: 443 }],
    ["WS://LOCALHOST/PATH?QUERY", { path: "/PATH", query: "QUERY", resourceName: "/PATH?QUERY" }],
    ["wsS://LocalHost/", { secure: true, port: 443 }],
    ["ws://localhost?a", { path: "", query: "a", resourceName: "/?a" }],
    ["ws://localhost/path?query", { path: "/path", query: "query", resourceName: "/path?query" }],
    ["ws://localhost/path?a?b/c@d:e", { path: "/path", query: "a?b/c@d:e", resourceName: "/path?a?b/c@d:e" }],
    ["ws://localhost/path;params", { path: "/path;params", resourceName: "/path;params" }],
    ["ws://localhost/?", {}],
    ["ws://localhost:8765/", { port: 8765 }],
    ["ws://localhost:1/", { port: 1 }],
    ["ws://localhost:65535/", { port: 65_535 }],
    ["ws://localhost:/", {}],
    ["wss://localhost:80/", { secure: true, port: 80 }],
    ["ws://[::1]/", { host: "::1" }],
    ["ws://[::1]:8000/", { host: "::1", port: 8000 }],
    ["ws://[0:0::0001]/", { host: "::1" }],
    ["ws://127.0.0.1/", { host: "127.0.0.1" }],
    ["ws://a_b.example./", { host: "a_b.example." }],
    ["ws://user:password@localhost/", { username: "user", password: "password" }],
    ["ws://user:@localhost/", { username: "user", password: "" }],
    ["ws://:password@localhost/", { username: "", password: "password" }],
    ["ws://us%40er:p%3Aa%2Fss%25@localhost/", { username: "us@er", password: "p:a/ss%" }],
    ["ws://user:a:b@c@localhost/", { username: "user", password: "a:b@c" }],
    ["ws://caf%C3%A9:\u00e9\u{1f600}@localhost/", { username: "caf\u00e9", password: "\u00e9\u{1f600}" }],
    ["ws://user:password@[::1]:8000", { username: "user", password: "password", host: "::1", port: 8000, path: "" }],
    ["ws://\u4f8b\u3048.\u30c6\u30b9\u30c8/", { host: "xn--r8jz45g.xn--zckzah" }],
    ["ws://B\u00dcCHER.example/", { host: "xn--bcher-kva.example" }],
    [
      "ws://localhost/\u8def?\u67e5=\u00e9",
      { path: "/%E8%B7%AF", query: "%E6%9F%A5=%C3%A9", resourceName: "/%E8%B7%AF?%E6%9F%A5=%C3%A9" },
    ],
    ["ws://localhost/a b?c d", { path: "/a%20b", query: "c%20d", resourceName: "/a%20b?c%20d" }],
    ["ws://localhost/a%20b%zz?[c]=|", { path: "/a%20b%zz", query: "[c]=%7C", resourceName: "/a%20b%zz?[c]=%7C" }],
    ['ws://localhost/\\<>"^`{}', { path: "/%5C%3C%3E%22%5E%60%7B%7D", resourceName: "/%5C%3C%3E%22%5E%60%7B%7D" }],
    ["ws://localhost/\ud800", { path: "/%EF%BF%BD", resourceName: "/%EF%BF%BD" }],
    ["ws://localhost/a/../b/./%2e", { path: "/a/../b/./%2e", resourceName: "/a/../b/./%2e" }],
  ])("reads %s", (uri, expected) => {
    expect(parseUri(uri)).toEqual({ ...LOCALHOST, ...expected });
  });

  test.each<[string, Partial<WebSocketURI>]>([
    ["ws+unix:/a.sock", { path: "", unix: "/a.sock" }],
    ["ws+unix:///a.sock", { path: "", unix: "/a.sock" }],
    ["WS+UNIX:a.sock:", { path: "", unix: "a.sock" }],
    ["ws+unix:/a.sock:/", { unix: "/a.sock" }],
    ["ws+unix:/a.sock?b", { path: "", query: "b", resourceName: "/?b", unix: "/a.sock" }],
    ["ws+unix:/a.sock:/b?c:/d", { path: "/b", query: "c:/d", resourceName: "/b?c:/d", unix: "/a.sock" }],
    [
      "ws+unix:/a b/%3A%20%3F%23%25%C3%A9.sock:/é",
      { path: "/%C3%A9", resourceName: "/%C3%A9", unix: "/a b/: ?#%é.sock" },
    ],
    ["ws+unix:%00a:/b", { path: "/b", resourceName: "/b", unix: "\0a" }],
    ["wss+unix:/a.sock:/b", { secure: true, port: 443, path: "/b", resourceName: "/b", unix: "/a.sock" }],
  ])("reads %j, with the path of a Unix socket", (uri, expected) => {
    expect(parseUri(uri)).toEqual({ ...LOCALHOST, ...expected });
  });

  test.each([
    ["", "scheme isn't ws or wss"],
    ["localhost", "scheme isn't ws or wss"],
    ["http://localhost/", "scheme isn't ws or wss"],
    ["https://localhost/", "scheme isn't ws or wss"],
    ["ws:localhost/", "scheme isn't ws or wss"],
    ["ws:/localhost/", "scheme isn't ws or wss"],
    ["http+unix:/a.sock", "scheme isn't ws or wss"],
    ["ws+unix:", "path of the socket isn't provided"],
    ["ws+unix://", "there is a host before the path of the socket"],
    ["ws+unix:?a", "path of the socket isn't provided"],
    ["ws+unix://host/a.sock", "there is a host before the path of the socket"],
    ["ws+unix:/a.sock:b", "what follows the socket isn't a path"],
    ["ws+unix:/a.sock:/b#c", "fragment identifiers are meaningless"],
    ["ws+unix:/a.sock#", "fragment identifiers are meaningless"],
    ["ws+unix:/a%ff.sock", "path of the socket isn't percent-encoded UTF-8"],
    ["ws+unix:/a.sock ", "it begins or ends with white space"],
    ["ws:\\\\localhost", "scheme isn't ws or wss"],
    ["ws://", "hostname isn't provided"],
    ["ws:///path", "hostname isn't provided"],
    ["ws://:80/", "hostname isn't provided"],
    ["ws://user:pw@/", "hostname isn't provided"],
    ["ws://localhost/#", "fragment identifiers are meaningless"],
    ["ws://localhost/path#fragment", "fragment identifiers are meaningless"],
    ["ws://localhost?query#fragment", "fragment identifiers are meaningless"],
    ["ws://localhost#", "fragment identifiers are meaningless"],
    ["ws://user@localhost/", "username provided without password"],
    ["ws://@localhost/", "username provided without password"],
    ["ws://us%zzer:pw@localhost/", "credentials aren't percent-encoded UTF-8"],
    ["ws://user:%ff@localhost/", "credentials aren't percent-encoded UTF-8"],
    ["ws://us%3Aer:pw@localhost/", "username has a colon"],
    ["ws://us er:pw@localhost/", "credentials have a space"],
    ["ws://localhost:0/", "port isn't a number from 1 to 65535"],
    ["ws://localhost:65536/", "port isn't a number from 1 to 65535"],
    ["ws://localhost:99999999999999999999/", "port isn't a number from 1 to 65535"],
    ["ws://localhost:-1/", "port isn't a number from 1 to 65535"],
    ["ws://localhost:8x/", "port isn't a number from 1 to 65535"],
    ["ws://localhost:1e3/", "port isn't a number from 1 to 65535"],
    ["ws://localhost: 80/", "port isn't a number from 1 to 65535"],
    ["ws://localhost:80:80/", "port isn't a number from 1 to 65535"],
    ["ws://::1/", "hostname isn't provided"],
    ["ws://[::1/", "hostname isn't valid"],
    ["ws://[::x]/", "hostname isn't valid"],
    ["ws://[::1]80/", "hostname isn't valid"],
    ["ws://[]/", "hostname isn't valid"],
    ["ws://local host/", "hostname isn't valid"],
    ["ws://local\\host/", "hostname isn't valid"],
    ["ws://local<host/", "hostname isn't valid"],
    ["ws://a%2fb/", "hostname isn't valid"],
    ["ws://256.0.0.1/", "hostname isn't valid"],
    ["ws://\u00ad/", "hostname isn't valid"],
    [" ws://localhost/", "it begins or ends with white space"],
    ["ws://localhost/ ", "it begins or ends with white space"],
    ["ws://localhost/\n", "it has a control character"],
    ["ws://localhost/\r\nA: b", "it has a control character"],
    ["ws://local\thost/", "it has a control character"],
    ["ws://localhost/\x7f", "it has a control character"],
  ])("refuses %j", (uri, problem) => {
    const error = errorOf(() => parseUri(uri));
    expect(error).toBeInstanceOf(InvalidURI);
    expect((error as Error).message.endsWith(` isn't a valid URI: ${problem}`)).toBe(true);
  });

  test("takes a URL as its text", () => {
    const uri = "wss://user:secret@example.com:8443/chat?room=1";
    expect(parseUri(new URL(uri))).toEqual(parseUri(uri));
    for (const wrong of [undefined, null, {}, ["ws://localhost"]]) {
      expect(() => parseUri(wrong as never)).toThrow(new TypeError("Cannot use URI: expected a string or a URL"));
    }
  });

  test("does not tell the credentials in its errors", () => {
    const error = errorOf(() => parseUri("ws://user:secret@localhost:0/"));
    expect(error).toHaveProperty(
      "message",
      "ws://***@localhost:0/ isn't a valid URI: port isn't a number from 1 to 65535",
    );
    expect(error).toHaveProperty("uri", "ws://***@localhost:0/");
  });

  test("takes linear time", () => {
    for (const unit of ["/", "@", ":", "?", "//", "%41", "["]) {
      expectLinear((size) => {
        const uri = `ws://${unit.repeat(size)}`;
        return () => parseUri(uri);
      });
      expectLinear((size) => {
        const uri = `ws+unix:${unit.repeat(size)}`;
        return () => parseUri(uri);
      });
    }
  });
});
