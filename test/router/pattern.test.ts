import { describe, expect, test } from "vitest";
import type { PathPattern } from "../../src/router/pattern.ts";
import { compilePattern } from "../../src/router/pattern.ts";
import { expectLinear } from "../support/linear.ts";

const hasUrlPattern = "URLPattern" in globalThis;
if (!hasUrlPattern) console.warn("SKIPPED with a real URLPattern: this runtime has none (Node has it from 23.8 on)");

const at = (path: string, hostname: string | null = null) => ({ path, hostname });

/** As a URLPattern made of `{ pathname: "/a/:b", hostname: ":sub.example.com" }` answers. */
function fakePattern(calls: unknown[] = []): PathPattern {
  return {
    exec(input) {
      calls.push(input);
      const [, b] = /^\/a\/([^/]+)$/.exec(input.pathname) ?? [];
      if (b === undefined) return null;
      return { hostname: { groups: { sub: undefined } }, pathname: { groups: { b } } };
    },
  };
}

describe("compilePattern()", () => {
  test.each<[string, string, Record<string, unknown> | undefined | null]>([
    ["/", "/", {}],
    ["/chat", "/chat", {}],
    ["/chat", "/chat/", undefined],
    ["/chat{/}", "/chat/", {}],
    ["/chat", "/Chat", undefined],
    ["/chat", "/chatter", undefined],
    ["/v1.0", "/v1x0", undefined],
    ["/chat/:room", "/chat/lobby", { room: "lobby" }],
    ["/chat/:room", "/chat/", undefined],
    ["/chat/:room", "/chat/a/b", undefined],
    ["/chat/:room", "/chat/a%2Fb", { room: "a/b" }],
    ["/chat/:room", "/chat/gr%C3%BC%c3%9fe", { room: "grüße" }],
    ["/chat/:room", "/chat/%F0%9F%98%80", { room: "\u{1f600}" }],
    ["/chat/:room", "/chat/%00", { room: "\u0000" }],
    ["/chat/:room", "/chat/..", { room: ".." }],
    ["/chat/:room", "/chat/a+b", { room: "a+b" }],
    ["/:a-:b", "/x-y", { a: "x", b: "y" }],
    ["/files/*path", "/files/a/b%20c", { path: ["a", "b c"] }],
    ["/files/*path", "/files/", undefined],
    ["{/:lang}/chat", "/de/chat", { lang: "de" }],
    ["{/:lang}/chat", "/chat", {}],
    ["/grüße", "/gr%c3%bc%C3%9Fe", {}],
    ["/gr%c3%bcße", "/gr%C3%BC%C3%9Fe", {}],
    ['/:"a-b"', "/x", { "a-b": "x" }],
    ["/:__proto__", "/x", JSON.parse('{"__proto__":"x"}')],
    ["/chat/:room", "*", undefined],
    ["/chat/:room", "/chat/%", null],
    ["/chat/:room", "/chat/%zz", null],
    ["/chat/:room", "/chat/%FF", null],
    ["/chat/:room", "/chat/%ED%A0%80", null],
    ["/files/*path", "/files/a/%FF", null],
    ["/chat", "/chat%FF", undefined],
  ])("%s and %s", (pattern, path, expected) => {
    const params = compilePattern(pattern)(at(path));
    expect(params == null ? params : { ...params }).toEqual(expected);
    if (params != null) expect(Object.getPrototypeOf(params)).toBeNull();
  });

  test.each([
    ["chat", "Cannot route: pattern chat does not start with a slash"],
    ["", "Cannot route: pattern  does not start with a slash"],
    [":room", "Cannot route: pattern :room does not start with a slash"],
    [null, "Cannot route: expected a string or a URLPattern as pattern"],
    [/x/u.source.length, "Cannot route: expected a string or a URLPattern as pattern"],
    [{}, "Cannot route: expected a string or a URLPattern as pattern"],
  ])("refuses %j", (pattern, message) => {
    expect(() => compilePattern(pattern as never)).toThrow(new TypeError(message));
  });

  test.each(["/chat/:", "/chat/(a)", "/chat/a?", "/{a", "/:a:b"])(
    "refuses %s, which path-to-regexp does",
    (pattern) => {
      expect(() => compilePattern(pattern)).toThrow(TypeError);
    },
  );

  test("asks a URLPattern with the path as it came, and the host if there is one", () => {
    const calls: unknown[] = [];
    const match = compilePattern(fakePattern(calls));
    expect({ ...match(at("/a/%20", "x.example.com")) }).toEqual({ sub: undefined, b: " " });
    expect(match(at("/b"))).toBeUndefined();
    expect(match(at("/a/%FF"))).toBeNull();
    expect(calls).toEqual([
      { pathname: "/a/%20", hostname: "x.example.com" },
      { pathname: "/b" },
      { pathname: "/a/%FF" },
    ]);
  });

  test("passes on what else a URLPattern throws", () => {
    const match = compilePattern({
      exec() {
        throw new RangeError("broken");
      },
    });
    expect(() => match(at("/"))).toThrow(new RangeError("broken"));
  });

  test.skipIf(!hasUrlPattern)("takes the URLPattern of this runtime", () => {
    const pattern: PathPattern = new URLPattern({ pathname: "/a/:b", hostname: ":sub.example.com" });
    const match = compilePattern(pattern);
    expect({ ...match(at("/a/gr%C3%BC%C3%9Fe", "x.example.com")) }).toMatchObject({ sub: "x", b: "grüße" });
    expect(match(at("/a/b", "example.org"))).toBeUndefined();
    expect(match(at("/a/b"))).toBeUndefined();
  });

  test.each([
    ["/:a-:b-:c/end", (size: number) => `/${"-".repeat(size)}`],
    ["/:a-:b-:c/end", (size: number) => `/${"a-".repeat(size)}`],
    ["/*path", (size: number) => `/${"/%41".repeat(size)}`],
    ["/x/*a/y", (size: number) => `/x/${"/y".repeat(size)}z`],
    ["{/:a}{/:b}{/:c}/end", (size: number) => "/a".repeat(size)],
    ["/:room", (size: number) => `/${"%".repeat(size)}`],
  ])("matches %s in linear time", (pattern, pathOf) => {
    const match = compilePattern(pattern);
    expectLinear((size) => {
      const path = pathOf(size);
      return () => match(at(path));
    });
  });
});
