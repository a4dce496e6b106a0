import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../src/http/challenges.ts";
import { InvalidHeaderFormat } from "../../src/errors/handshake.ts";
import { expectLinear } from "../support/linear.ts";

type Short = readonly [scheme: string, ...parameters: readonly string[]];

function parse(...values: readonly string[]): Short[] {
  return parseChallenges("WWW-Authenticate", values).map(({ scheme, token68, parameters }) => [
    scheme,
    ...(token68 === null ? [] : [token68]),
    ...Array.from(parameters, ([name, value]) => `${name}=${value}`),
  ]);
}

describe("parseChallenges()", () => {
  test.each<[string, readonly Short[]]>([
    ["", []],
    [" , ,", []],
    ["Negotiate", [["negotiate"]]],
    ["Negotiate ", [["negotiate"]]],
    ["Negotiate YWJj/+-._~==", [["negotiate", "YWJj/+-._~=="]]],
    [
      "Negotiate a== , Basic realm=x",
      [
        ["negotiate", "a=="],
        ["basic", "realm=x"],
      ],
    ],
    ["Basic realm=", [["basic", "realm="]]],
    ['Basic realm="simple"', [["basic", "realm=simple"]]],
    ["BASIC REALM=simple", [["basic", "realm=simple"]]],
    ['Basic realm = "a\\"b\\\\c, d=e"', [["basic", 'realm=a"b\\c, d=e']]],
    ['Basic realm=""', [["basic", "realm="]]],
    ["Basic  realm=a , charset=UTF-8", [["basic", "realm=a", "charset=UTF-8"]]],
    ["Basic realm=a,,charset=b,", [["basic", "realm=a", "charset=b"]]],
    [
      'Digest realm="a", nonce="b", qop="auth,auth-int", Basic realm="c"',
      [
        ["digest", "realm=a", "nonce=b", "qop=auth,auth-int"],
        ["basic", "realm=c"],
      ],
    ],
    ["Digest a=b, Negotiate, NTLM", [["digest", "a=b"], ["negotiate"], ["ntlm"]]],
    ["Negotiate, Digest a=b", [["negotiate"], ["digest", "a=b"]]],
    ["Negotiate , Digest a=b", [["negotiate"], ["digest", "a=b"]]],
    ["Digest a=b, c", [["digest", "a=b"], ["c"]]],
    [
      "Digest a=b, c d=e",
      [
        ["digest", "a=b"],
        ["c", "d=e"],
      ],
    ],
    ["Digest a=b\t,\tc=d", [["digest", "a=b", "c=d"]]],
  ])("reads %j", (value, expected) => {
    expect(parse(value)).toEqual(expected);
  });

  test("reads several headers", () => {
    expect(parse("Basic realm=a", "Digest realm=b, nonce=c")).toEqual([
      ["basic", "realm=a"],
      ["digest", "realm=b", "nonce=c"],
    ]);
  });

  test.each([
    '"Basic"',
    "Basic realm x",
    "Basic realm=a b",
    'Basic realm="',
    'Basic realm="a\\',
    'Basic realm="a"b',
    "Basic =a",
    "Basic a=b, a=c",
    "Basic a=b, A=c",
    "Basic a=b; c=d",
    "Basic a=b, @",
    "Basic\ta=b",
    "Negotiate a== b",
    'Digest realm="\u0000"',
  ])("refuses %j", (value) => {
    expect(() => parse(value)).toThrow(InvalidHeaderFormat);
  });

  test.each<[string, (size: number) => string]>([
    ["commas", (size) => ",".repeat(size)],
    ["schemes", (size) => "a,".repeat(size)],
    ["parameters", (size) => `A ${Array.from({ length: size }, (_, i) => `p${i}=v`).join(",")}`],
    ["spaces", (size) => `A a${" ".repeat(size)}=b`],
    ["quoted pairs", (size) => `A a="${"\\a".repeat(size)}"`],
    ["equals signs", (size) => `A a${"=".repeat(size)}`],
    ["an unclosed quote", (size) => `A a="${"\\\\".repeat(size)}`],
    ["challenges with spaces", (size) => `a b=c,${" ".repeat(8)}`.repeat(size)],
  ])("takes linear time for %s", (_what, make) => {
    // A challenge takes 40 times its octets in memory: more of them than a header has room for would measure the collection of garbage.
    expectLinear((size) => {
      const value = make(size);
      return () => {
        try {
          return parse(value);
        } catch (error) {
          return error;
        }
      };
    }, 1000);
  });
});
