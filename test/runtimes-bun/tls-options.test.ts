import { describe, expect, test } from "vitest";
import { bunClientTls, bunServerTls } from "../../src/runtimes/bun/tls-options.ts";
import { CA, CLIENT, LOCALHOST } from "../support/certificates.ts";
import { hex } from "../support/hex.ts";

const HTTP_1_1 = hex`08 68 74 74 70 2f 31 2e 31`;

describe("bunServerTls()", () => {
  test("passes on what Bun has, and offers HTTP/1.1", () => {
    const { ALPNProtocols: protocols, ...rest } = bunServerTls({ ...LOCALHOST, ca: CA });
    expect(rest).toEqual({ ...LOCALHOST, ca: CA });
    expect(new Uint8Array(protocols ?? [])).toEqual(HTTP_1_1);
  });

  test.each<[readonly string[], Uint8Array | undefined]>([
    [["x", "http/1.1"], new Uint8Array([1, 0x78, ...HTTP_1_1])],
    [[], undefined],
  ])("writes the protocols %j as TLS does", (alpn, expected) => {
    const { ALPNProtocols: protocols } = bunServerTls({ ...LOCALHOST, alpn });
    expect(protocols && new Uint8Array(protocols)).toEqual(expected);
  });

  test("refuses what Node's code refuses", () => {
    expect(() => bunServerTls({})).toThrow("Cannot use tls: expected cert and key");
    expect(() => bunServerTls({ ...LOCALHOST, cert: "x" })).toThrow("Cannot use tls: ");
  });
});

describe("bunClientTls()", () => {
  test.each([
    ["localhost", {}, "localhost"],
    ["localhost.", {}, "localhost"],
    ["127.0.0.1", {}, ""],
    ["localhost", { servername: "one.example" }, "one.example"],
  ])("for %s with %j asks for %j", (host, options, servername) => {
    expect(bunClientTls({ host, options })).toMatchObject({ servername, rejectUnauthorized: true });
  });

  test("passes on who the client is, and whom it trusts", () => {
    const options = { ...CLIENT, ca: CA, rejectUnauthorized: false };
    expect(bunClientTls({ host: "localhost", options })).toMatchObject(options);
  });

  test("refuses what Node's code refuses", () => {
    expect(() => bunClientTls({ host: "localhost", options: { ca: CA, cert: "x" } })).toThrow(TypeError);
    expect(() => bunClientTls({ host: "localhost", options: { servername: 7 as never } })).toThrow("expected a string");
  });
});
