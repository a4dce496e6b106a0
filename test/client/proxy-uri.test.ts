import { expect, test } from "vitest";
import type { ProxyURI } from "../../src/client/proxy-uri.ts";
import { parseProxy } from "../../src/client/proxy-uri.ts";
import { InvalidProxy } from "../../src/errors/proxy.ts";

const PROXY: ProxyURI = { scheme: "http", host: "proxy", port: 80, username: null, password: null };

test.each<[string, Partial<ProxyURI>]>([
  ["http://proxy", {}],
  ["http://proxy/", {}],
  ["HTTP://PROXY:8080/", { port: 8080 }],
  ["https://proxy", { scheme: "https", port: 443 }],
  ["socks4://proxy", { scheme: "socks4", port: 1080 }],
  ["socks4a://proxy", { scheme: "socks4a", port: 1080 }],
  ["socks5://proxy", { scheme: "socks5", port: 1080 }],
  ["socks5h://proxy:9050", { scheme: "socks5h", port: 9050 }],
  ["http://[::1]:3128", { host: "::1", port: 3128 }],
  ["http://b\u00fccher.example", { host: "xn--bcher-kva.example" }],
  ["http://us%40er:p%3Aass@proxy", { username: "us@er", password: "p:ass" }],
  ["http://:@proxy", { username: "", password: "" }],
  ["socks4://me:@proxy", { scheme: "socks4", port: 1080, username: "me", password: "" }],
  ["socks5://\u00e9:\u00e9@proxy", { scheme: "socks5", port: 1080, username: "\u00e9", password: "\u00e9" }],
  [`socks5://${"u".repeat(255)}:p@proxy`, { scheme: "socks5", port: 1080, username: "u".repeat(255), password: "p" }],
])("parseProxy() reads %s", (uri, expected) => {
  expect(parseProxy(uri)).toEqual({ ...PROXY, ...expected });
});

test.each([
  ["", "URI isn't a valid proxy: scheme isn't provided"],
  ["proxy:3128", "URI isn't a valid proxy: scheme isn't provided"],
  ["user:secret@proxy:3128", "URI isn't a valid proxy: scheme isn't provided"],
  ["ftp://user:secret@proxy", "ftp://***@proxy isn't a valid proxy: scheme ftp isn't supported"],
  ["http://", "http:// isn't a valid proxy: hostname isn't provided"],
  ["http://user@proxy", "http://***@proxy isn't a valid proxy: username provided without password"],
  ["http://proxy:0", "http://proxy:0 isn't a valid proxy: port isn't a number from 1 to 65535"],
  ["http://proxy/path", "http://proxy/path isn't a valid proxy: path is meaningless"],
  ["http://proxy?query", "http://proxy?query isn't a valid proxy: query is meaningless"],
  ["http://proxy/#", "http://proxy/# isn't a valid proxy: fragment is meaningless"],
  ["http://pro\nxy", "http://pro\nxy isn't a valid proxy: it has a control character"],
  ["socks4://u:secret@proxy", "socks4://***@proxy isn't a valid proxy: SOCKS4 has no passwords"],
  ["socks4a://u%00:@proxy", "socks4a://***@proxy isn't a valid proxy: user ID has a NUL"],
  ["socks5://:p@proxy", "socks5://***@proxy isn't a valid proxy: SOCKS5 needs a username and a password"],
  ["socks5://u:@proxy", "socks5://***@proxy isn't a valid proxy: SOCKS5 needs a username and a password"],
  [
    `socks5h://u:${"\u00e9".repeat(128)}@proxy`,
    "socks5h://***@proxy isn't a valid proxy: credentials are longer than 255 bytes",
  ],
])("parseProxy() refuses %j, and repeats no credentials", (uri, message) => {
  expect(() => parseProxy(uri)).toThrow(InvalidProxy);
  expect(() => parseProxy(uri)).toThrow(message);
});
