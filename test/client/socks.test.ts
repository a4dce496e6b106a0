import { describe, expect, test } from "vitest";
import type { SocksRequest } from "../../src/client/socks.ts";
import { Socks4, Socks5 } from "../../src/client/socks.ts";
import type { TunnelHandshake } from "../../src/client/tunnel-handshake.ts";
import { InvalidProxyMessage, InvalidProxyReply, ProxyError } from "../../src/errors/proxy.ts";
import { parseHex, toHex } from "../support/hex.ts";
import { latin1 } from "../support/network.ts";
import { feedTunnel } from "./tunnel-feed.ts";

const REQUEST: SocksRequest = { host: "192.0.2.1", port: 8765, username: null, password: null };
const USER: Partial<SocksRequest> = { username: "us\u00e9r", password: "p" };

function helloOf(handshake: TunnelHandshake): string {
  return toHex(handshake.hello).replaceAll(" ", "");
}

const compact = (text: string): string => text.replaceAll(" ", "");

describe("SOCKS 4", () => {
  test.each<[string, Partial<SocksRequest>, string]>([
    ["an address", {}, "04 01 223d c0000201 00"],
    ["a user ID in UTF-8", { username: "us\u00e9r", password: "" }, "04 01 223d c0000201 7573c3a972 00"],
    ["a name, as 4a has it", { host: "example.com" }, "04 01 223d 00000001 00 6578616d706c652e636f6d 00"],
    ["a name and a user ID", { host: "a", username: "u" }, "04 01 223d 00000001 75 00 61 00"],
  ])("asks for %s", (_what, request, expected) => {
    expect(helloOf(new Socks4({ ...REQUEST, ...request }))).toBe(compact(expected));
  });

  test("has no IPv6 addresses, and no names beyond 255 bytes", () => {
    expect(() => new Socks4({ ...REQUEST, host: "::1" })).toThrow(ProxyError);
    expect(() => new Socks4({ ...REQUEST, host: "a".repeat(256) })).toThrow(ProxyError);
    expect(helloOf(new Socks4({ ...REQUEST, host: "a".repeat(255) }))).toContain("61".repeat(255));
  });

  test("reply 90 opens the tunnel, whatever address comes with it", () => {
    for (const reply of ["00 5a 0000 00000000", "00 5a ffff ffffffff"]) {
      const make = (): Socks4 => new Socks4(REQUEST);
      for (const outcome of feedTunnel(make, [parseHex(reply)])) expect(outcome).toEqual({ sent: [], rest: "" });
      for (const { rest } of feedTunnel(make, [parseHex(reply)], latin1("behind"))) expect(rest).toBe("behind");
    }
  });

  test.each([
    [91, "failure", "request rejected or failed (SOCKS4 91)"],
    [92, "authentication", "proxy cannot ask identd on the client (SOCKS4 92)"],
    [93, "authentication", "identd on the client reports another user (SOCKS4 93)"],
    [0, "other", "unknown reply (SOCKS4 0)"],
    [255, "other", "unknown reply (SOCKS4 255)"],
  ])("reply %i is a refusal: %s", (reply, reason, problem) => {
    for (const { error } of feedTunnel(() => new Socks4(REQUEST), [Uint8Array.of(0, reply)])) {
      expect(error).toBeInstanceOf(InvalidProxyReply);
      expect(error).toMatchObject({ reason, reply, message: `proxy rejected connection: ${problem}` });
    }
  });

  test("another version is an InvalidProxyMessage", () => {
    for (const { error } of feedTunnel(() => new Socks4(REQUEST), [latin1("HTTP/1.1 400 Bad\r\n")])) {
      expect(error).toBeInstanceOf(InvalidProxyMessage);
      expect(error?.message).toContain("version is 72, expected 0");
    }
  });
});

describe("SOCKS 5", () => {
  const ADDRESS = "05 01 00 01 c0000201 223d";

  test.each<[string, Partial<SocksRequest>, string]>([
    ["an IPv4 address", {}, ADDRESS],
    ["an IPv6 address", { host: "2001:db8::1" }, "05 01 00 04 20010db8 00000000 00000000 00000001 223d"],
    ["a name", { host: "example.com" }, "05 01 00 03 0b 6578616d706c652e636f6d 223d"],
    ["port 80", { port: 80 }, "05 01 00 01 c0000201 0050"],
  ])("asks for %s", (_what, request, expected) => {
    const make = (): Socks5 => new Socks5({ ...REQUEST, ...request });
    expect(helloOf(make())).toBe("050100");
    for (const outcome of feedTunnel(make, [parseHex("0500")])) expect(outcome).toEqual({ sent: [compact(expected)] });
  });

  test("offers username and password beside no authentication, and takes what the proxy wants", () => {
    const make = (): Socks5 => new Socks5({ ...REQUEST, ...USER });
    expect(helloOf(make())).toBe("05020002");
    const credentials = compact("01 05 7573c3a972 01 70");
    for (const { sent } of feedTunnel(make, [parseHex("0500")])) expect(sent).toEqual([compact(ADDRESS)]);
    for (const { sent } of feedTunnel(make, [parseHex("0502")])) expect(sent).toEqual([credentials]);
    for (const { sent } of feedTunnel(make, [parseHex("0502"), parseHex("0100")])) {
      expect(sent).toEqual([credentials, compact(ADDRESS)]);
    }
    const noPassword = new Socks5({ ...REQUEST, username: "u" });
    expect(toHex(noPassword.receive(parseHex("0502")).send as Uint8Array).replaceAll(" ", "")).toBe("01017500");
  });

  test.each([
    ["IPv4", "05 00 00 01 00000000 0000"],
    ["IPv6", "05 00 00 04 00000000 00000000 00000000 00000000 0000"],
    ["a name", "05 00 00 03 03 616263 0000"],
    ["a name without a letter", "05 00 00 03 00 0000"],
    ["a name of 255 bytes", `05 00 00 03 ff ${"61".repeat(255)} 0000`],
  ])("a reply with %s opens the tunnel", (_what, reply) => {
    const make = (): Socks5 => new Socks5({ ...REQUEST, ...USER });
    const messages = ["0502", "0100", reply].map((text) => parseHex(text));
    for (const { rest } of feedTunnel(make, messages)) expect(rest).toBe("");
    for (const { rest } of feedTunnel(make, messages, latin1("behind"))) expect(rest).toBe("behind");
  });

  test.each([
    [1, "failure", "general failure (SOCKS5 1)"],
    [2, "not-allowed", "not allowed by its rules (SOCKS5 2)"],
    [3, "network-unreachable", "network unreachable (SOCKS5 3)"],
    [4, "host-unreachable", "host unreachable (SOCKS5 4)"],
    [5, "refused", "connection refused (SOCKS5 5)"],
    [6, "expired", "TTL expired (SOCKS5 6)"],
    [7, "unsupported", "command not supported (SOCKS5 7)"],
    [8, "unsupported", "address type not supported (SOCKS5 8)"],
    [9, "other", "unknown reply (SOCKS5 9)"],
    [255, "other", "unknown reply (SOCKS5 255)"],
  ])("reply %i is a refusal: %s", (reply, reason, problem) => {
    // Some proxies send nothing more.
    const messages = [parseHex("0500"), Uint8Array.of(5, reply)];
    for (const { error } of feedTunnel(() => new Socks5(REQUEST), messages)) {
      expect(error).toBeInstanceOf(InvalidProxyReply);
      expect(error).toMatchObject({ reason, reply, message: `proxy rejected connection: ${problem}` });
    }
  });

  test.each<[string, string[], Partial<SocksRequest>, string, object]>([
    ["no acceptable method", ["05ff"], {}, "no acceptable authentication method", { reason: "authentication" }],
    ["a wrong password", ["0502", "0101"], USER, "wrong username or password", { reason: "authentication", reply: 1 }],
    ["a method without credentials", ["0502"], {}, "authentication method 2 was not offered", {}],
    ["a method that was not offered", ["0501"], USER, "authentication method 1 was not offered", {}],
    ["version 4", ["00"], {}, "version is 0, expected 5", {}],
    ["another version of authentication", ["0502", "05"], USER, "version is 5, expected 1", {}],
    ["another version of the reply", ["0500", "04"], {}, "version is 4, expected 5", {}],
    ["an unknown type of address", ["0500", "05000002"], {}, "address type is 2", {}],
  ])("%s is an error", (_what, messages, request, message, fields) => {
    const make = (): Socks5 => new Socks5({ ...REQUEST, ...request });
    for (const { error } of feedTunnel(
      make,
      messages.map((text) => parseHex(text)),
    )) {
      expect(error).toBeInstanceOf(ProxyError);
      expect(error?.message).toContain(message);
      expect(error).toMatchObject(fields);
    }
  });

  test("a reply before it was asked for is an error", () => {
    expect(() => new Socks5(REQUEST).receive(parseHex("0500 05"))).toThrow("reply is too long");
  });

  test("a name beyond 255 bytes is an error", () => {
    expect(() => new Socks5({ ...REQUEST, host: "a".repeat(256) })).toThrow(ProxyError);
  });

  test("the end of the stream is an InvalidProxyMessage", () => {
    for (const handshake of [new Socks4(REQUEST), new Socks5(REQUEST)]) {
      expect(handshake.eof()).toBeInstanceOf(InvalidProxyMessage);
      expect(handshake.eof().cause).toMatchObject({ reason: "eof" });
    }
  });
});
