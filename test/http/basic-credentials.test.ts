import { describe, expect, test } from "vitest";
import { InvalidHeader, InvalidHeaderFormat, InvalidHeaderValue } from "../../src/errors/handshake.ts";
import { formatBasicCredentials, parseBasicCredentials } from "../../src/http/basic-credentials.ts";
import { errorOf } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

describe("Basic credentials", () => {
  // RFC 7617 2 and 2.1.
  test.each([
    ["Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
    ["test", "123\u00a3", "Basic dGVzdDoxMjPCow=="],
    ["", "", "Basic Og=="],
    ["a", "b:c", "Basic YTpiOmM="],
    ["", "\ufeff\u{1f600}", "Basic Ou+7v/CfmIA="],
  ])("of %j and %j go both ways", (username, password, value) => {
    expect(formatBasicCredentials(username, password)).toBe(value);
    expect(parseBasicCredentials(value)).toEqual({ username, password });
  });

  test.each(["basic Og==", "BASIC Og==", "Basic   Og=="])("parseBasicCredentials() takes %j", (value) => {
    expect(parseBasicCredentials(value)).toEqual({ username: "", password: "" });
  });

  test.each([
    ["nothing", "", InvalidHeaderFormat],
    ["a scheme alone", "Basic", InvalidHeaderFormat],
    ["a tab behind the scheme", "Basic\tOg==", InvalidHeaderFormat],
    ["another scheme", "Digest Og==", InvalidHeaderValue],
    ["something behind", "Basic Og== x", InvalidHeaderValue],
    ["no base64", "Basic :", InvalidHeaderValue],
    ["no padding", "Basic Og", InvalidHeaderValue],
    ["no colon", "Basic YWJj", InvalidHeaderValue],
    ["nothing behind the scheme", "Basic ", InvalidHeaderValue],
    ["no UTF-8", "Basic /zo=", InvalidHeaderValue],
  ])("parseBasicCredentials() refuses %s", (_what, value, kind) => {
    const error = errorOf(() => parseBasicCredentials(value, "Proxy-Authorization"));
    expect(error).toBeInstanceOf(InvalidHeader);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ header: "Proxy-Authorization", value });
  });

  test("formatBasicCredentials() refuses a username with a colon", () => {
    expect(() => formatBasicCredentials("a:b", "c")).toThrow(TypeError);
  });

  test("parseBasicCredentials() takes linear time", () => {
    expectLinear((size) => {
      const value = `Basic ${" ".repeat(size)}${"Z".repeat(size)}`;
      return () => parseBasicCredentials(value);
    });
  });
});
