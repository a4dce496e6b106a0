import { describe, expect, test } from "vitest";
import { chooseProxy } from "../../src/client/proxy-choice.ts";
import { InvalidProxy } from "../../src/errors/proxy.ts";
import { parseUri } from "../../src/http/uri.ts";

type Variables = Readonly<Record<string, string>>;

function choose(uri: string, variables: Variables): string | null {
  const proxy = chooseProxy(parseUri(uri), (name) => new Map(Object.entries(variables)).get(name));
  return proxy === null ? null : `${proxy.scheme}://${proxy.host}:${proxy.port}`;
}

const ALL: Variables = {
  ws_proxy: "http://ws:1",
  wss_proxy: "http://wss:1",
  socks_proxy: "socks5://socks:1",
  https_proxy: "http://https:1",
  http_proxy: "http://http:1",
  all_proxy: "http://all:1",
};

function without(...names: readonly string[]): Variables {
  return Object.fromEntries(Object.entries(ALL).filter(([name]) => !names.includes(name.replace("_proxy", ""))));
}

describe("chooseProxy()", () => {
  test.each<[string, Variables, string | null]>([
    ["wss", {}, null],
    ["ws", {}, null],
    ["wss", ALL, "http://wss:1"],
    ["wss", without("wss"), "socks5://socks:1"],
    ["wss", without("wss", "socks"), "http://https:1"],
    ["wss", without("wss", "socks", "https"), "http://all:1"],
    ["wss", without("wss", "socks", "https", "all"), null],
    ["ws", ALL, "http://ws:1"],
    ["ws", without("ws"), "socks5://socks:1"],
    ["ws", without("ws", "socks"), "http://https:1"],
    ["ws", without("ws", "socks", "https"), "http://http:1"],
    ["ws", without("ws", "socks", "https", "http"), "http://all:1"],
    ["ws", without("ws", "socks", "https", "http", "all"), null],
    ["ws", { WS_PROXY: "http://upper:1" }, "http://upper:1"],
    ["ws", { WS_PROXY: "http://upper:1", ws_proxy: "http://lower:1" }, "http://lower:1"],
    ["ws", { WS_PROXY: "http://upper:1", ws_proxy: "" }, null],
    ["ws", { HTTP_PROXY: "http://upper:1" }, "http://upper:1"],
    ["ws", { HTTP_PROXY: "http://upper:1", REQUEST_METHOD: "GET" }, null],
    ["ws", { http_proxy: "http://lower:1", REQUEST_METHOD: "GET" }, "http://lower:1"],
    ["ws", { HTTPS_PROXY: "http://upper:1", REQUEST_METHOD: "GET" }, "http://upper:1"],
    ["ws", { http_proxy: " http://spaces:1 " }, "http://spaces:1"],
    ["ws", { http_proxy: "socks5h://any:1" }, "socks5h://any:1"],
    ["ws", { http_proxy: "bare:3128" }, "http://bare:3128"],
    ["ws", { socks_proxy: "bare" }, "socks5h://bare:1080"],
    ["ws", { socks_proxy: "http://spelled:1" }, "socks5h://spelled:1"],
    ["ws", { socks_proxy: "socks://spelled:1" }, "socks5h://spelled:1"],
    ["ws", { socks_proxy: "https://spelled:1" }, "https://spelled:1"],
    ["ws", { all_proxy: "socks://spelled:1" }, "socks5h://spelled:1"],
  ])("%s with %j: %s", (scheme, variables, expected) => {
    expect(choose(`${scheme}://example.com/`, variables)).toBe(expected);
  });

  test("a variable that holds no proxy is an error, and no direct connection", () => {
    expect(() => choose("ws://example.com/", { ws_proxy: "ftp://proxy" })).toThrow(InvalidProxy);
  });
});

describe("no_proxy", () => {
  const isDirect = (uri: string, noProxy: string): boolean =>
    choose(uri, { ws_proxy: "http://proxy", no_proxy: noProxy }) === null;

  test.each([
    ["ws://example.com/", "*"],
    ["ws://example.com/", "other.example, *"],
    ["ws://example.com/", "example.com"],
    ["ws://example.com/", "EXAMPLE.com"],
    ["ws://example.com/", ".example.com"],
    ["ws://example.com/", "*.example.com"],
    ["ws://example.com/", "example.com."],
    ["ws://example.com./", "example.com"],
    ["ws://www.example.com/", "example.com"],
    ["ws://www.example.com/", "com"],
    ["ws://a.b.example.com/", "*.example.com"],
    ["ws://example.com/", "a,b example.com\tc"],
    ["ws://example.com/", "example.com:80"],
    ["ws://example.com:8080/", "example.com:8080"],
    ["ws://www.example.com:8080/", ".example.com:8080"],
    ["ws://127.0.0.1/", "127.0.0.1"],
    ["ws://127.0.0.1:81/", "127.0.0.1:81"],
    ["ws://127.1/", "127.0.0.0/8"],
    ["ws://127.0.0.1:81/", "127.0.0.0/8:81"],
    ["ws://[::1]/", "::1"],
    ["ws://[::1]/", "0:0::1"],
    ["ws://[::1]/", "[::1]"],
    ["ws://[::1]:81/", "[::1]:81"],
    ["ws://[fd00::7]/", "fd00::/8"],
  ])("%s is direct with %j", (uri, noProxy) => {
    expect(isDirect(uri, noProxy)).toBe(true);
    expect(choose(uri, { ws_proxy: "http://proxy", NO_PROXY: noProxy })).toBe(null);
  });

  test.each([
    ["ws://example.com/", ""],
    ["ws://example.com/", " , ,"],
    ["ws://example.com/", "."],
    ["ws://example.com/", "*."],
    ["ws://example.com/", "www.example.com"],
    ["ws://example.com/", "ample.com"],
    ["ws://example.com/", "example.com:81"],
    ["ws://example.com:81/", "example.com:80"],
    ["ws://example.com/", ":80"],
    ["ws://example.com/", "10.0.0.0/8"],
    ["ws://10.0.0.1/", "11.0.0.0/8"],
    ["ws://10.0.0.1/", "10.0.0.0/8:81"],
    ["ws://10.0.0.1/", "0.0.1"],
    ["ws://10.0.0.1/", "10.0.0.1/99"],
    ["ws://[::1]/", "[::1]:81"],
    ["ws://[::1]/", "[::1"],
    ["ws://[::1]/", "1"],
  ])("%s is not direct with %j", (uri, noProxy) => {
    expect(isDirect(uri, noProxy)).toBe(false);
  });

  test("no_proxy in lower case counts alone", () => {
    expect(choose("ws://a/", { ws_proxy: "http://proxy", no_proxy: "", NO_PROXY: "*" })).toBe("http://proxy:80");
  });
});
