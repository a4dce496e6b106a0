import { describe, expect, test } from "vitest";
import { InvalidHeaderValue } from "../../src/errors/handshake.ts";
import { MultipleValuesError } from "../../src/errors/multiple-values.ts";
import { Headers, type HeadersLike } from "../../src/http/headers.ts";
import { unwire } from "./feed.ts";
import { expectLinear } from "../support/linear.ts";

function cookies(): Headers {
  const headers = new Headers({ Server: "wsasm" });
  headers.append("Set-Cookie", "a=1");
  headers.append("X-Last", "z");
  headers.append("set-cookie", "b=2");
  return headers;
}

describe("Headers.pack()", () => {
  const WAYS: readonly (readonly [string, (headers: Headers) => unknown])[] = [
    ["is read", (headers) => [headers.get("server"), headers.getAll("set-cookie"), headers.single("x-last")]],
    ["is asked for its names", (headers) => [headers.has("SERVER"), headers.has("via"), headers.size]],
    ["is written", (headers) => headers.toString()],
    ["is iterated over", (headers) => [...headers]],
    ["is copied", (headers) => [...headers.copy()]],
    ["is compared", (headers) => headers.equals(cookies())],
    ["is added to", (headers) => (headers.append("Via", "b"), headers.toString())],
    ["is set", (headers) => (headers.set("Set-Cookie", "c=3"), headers.toString())],
    ["is set anew", (headers) => (headers.set("Via", "b"), headers.toString())],
    ["has some removed", (headers) => (headers.delete("set-cookie"), headers.toString())],
  ];

  test.each(WAYS)("cannot be seen when the object %s", (_way, use) => {
    const packed = cookies();
    packed.pack();
    packed.pack();
    expect(use(packed)).toEqual(use(cookies()));
    packed.pack();
    const again = cookies();
    use(again);
    expect([...packed]).toEqual([...again]);
  });

  test("keeps empty values, and none at all", () => {
    for (const fields of [
      [],
      [["A", ""]],
      [
        ["A", ""],
        ["B", ""],
      ],
    ] as [string, string][][]) {
      const headers = new Headers(fields);
      headers.pack();
      expect([headers.size, [...headers]]).toEqual([fields.length, fields]);
    }
  });
});

describe("Headers", () => {
  test.each<[string, HeadersLike]>([
    [
      "pairs",
      [
        ["Host", "a"],
        ["Via", "b"],
      ],
    ],
    [
      "a map",
      new Map([
        ["Host", "a"],
        ["Via", "b"],
      ]),
    ],
    ["an object", { Host: "a", Via: "b" }],
    ["an object with arrays", { Host: ["a"], Via: ["b"] }],
    ["headers", new Headers({ Host: "a", Via: "b" })],
  ])("are made from %s", (_what, init) => {
    expect([...new Headers(init)]).toEqual([
      ["Host", "a"],
      ["Via", "b"],
    ]);
  });

  test("are made from headers of the Fetch standard", () => {
    const fetched = new globalThis.Headers({ Host: "a" });
    expect([...new Headers(fetched)]).toEqual([["host", "a"]]);
  });

  test("are empty by default", () => {
    const headers = new Headers();
    expect([headers.size, [...headers], headers.get("Host")]).toEqual([0, [], null]);
  });

  test.each<[string, unknown]>([
    ["a string", "Host: a"],
    ["something that is not a pair", [["Host"]]],
    ["a number as a value", [["Content-Length", 3]]],
    ["null", null],
  ])("are not made from %s", (_what, init) => {
    expect(() => new Headers(init as HeadersLike)).toThrow(TypeError);
  });

  test("get() ignores the case of the name", () => {
    for (const name of ["Server", "server", "SERVER"]) expect(cookies().get(name)).toBe("wsasm");
  });

  test("get() throws for several values", () => {
    expect(() => cookies().get("Set-Cookie")).toThrow(MultipleValuesError);
    expect(() => cookies().get("Set-Cookie")).toThrow("multiple values for header Set-Cookie");
  });

  test("getAll() gives the values in order", () => {
    expect(cookies().getAll("SET-COOKIE")).toEqual(["a=1", "b=2"]);
    expect(cookies().getAll("Host")).toEqual([]);
  });

  test("has() tells whether there is one", () => {
    expect([cookies().has("set-cookie"), cookies().has("Host")]).toEqual([true, false]);
  });

  test("know no names but their own", () => {
    const headers = new Headers([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect([headers.get("__proto__"), headers.get("constructor"), headers.get("toString")]).toEqual(["a", "b", null]);
  });

  test("iterate in order and keep spelling and repetition", () => {
    expect([...cookies()]).toEqual([
      ["Server", "wsasm"],
      ["Set-Cookie", "a=1"],
      ["X-Last", "z"],
      ["set-cookie", "b=2"],
    ]);
    expect(cookies().size).toBe(4);
  });

  test("set() takes the place of the first and removes the others", () => {
    const headers = cookies();
    headers.set("SET-COOKIE", "c=3");
    headers.set("New", "n");
    expect([...headers]).toEqual([
      ["Server", "wsasm"],
      ["SET-COOKIE", "c=3"],
      ["X-Last", "z"],
      ["New", "n"],
    ]);
  });

  test("delete() removes all of a name", () => {
    const headers = cookies();
    headers.delete("set-Cookie");
    headers.delete("Absent");
    expect([...headers]).toEqual([
      ["Server", "wsasm"],
      ["X-Last", "z"],
    ]);
  });

  test("copy() is independent", () => {
    const headers = cookies();
    const copy = headers.copy();
    copy.append("More", "m");
    headers.delete("Server");
    expect([copy.size, headers.size, copy.get("Server")]).toEqual([5, 3, "wsasm"]);
  });

  test.each<[string, HeadersLike, HeadersLike, boolean]>([
    ["the case of names", { Host: "a" }, { HOST: "a" }, true],
    ["the order of names", { Host: "a", Via: "b" }, { Via: "b", Host: "a" }, true],
    ["values", { Host: "a" }, { Host: "A" }, false],
    ["names", { Host: "a" }, { Via: "a" }, false],
    ["number", { Host: "a" }, [], false],
    ["the order of values", { Via: ["a", "b"] }, { Via: ["b", "a"] }, false],
    ["how often each name comes", { Via: ["a", "b"], Host: "c" }, { Via: "a", Host: ["b", "c"] }, false],
  ])("equals() compares %s", (_what, one, other, isEqual) => {
    expect(new Headers(one).equals(new Headers(other))).toBe(isEqual);
  });

  test("serialize() writes ISO-8859-1 and the empty line", () => {
    const headers = new Headers({ Host: "example.com", "X-Name": "caf\u00e9\tau lait" });
    const text = "Host: example.com\r\nX-Name: caf\u00e9\tau lait\r\n\r\n";
    expect([headers.toString(), unwire(headers.serialize())]).toEqual([text, text]);
    expect(unwire(new Headers().serialize())).toBe("\r\n");
  });

  test("append() drops white space around a value", () => {
    expect([
      ...new Headers([
        ["A", " \t a b\t "],
        ["B", ""],
        ["C", " \t"],
      ]),
    ]).toEqual([
      ["A", "a b"],
      ["B", ""],
      ["C", ""],
    ]);
  });

  test.each(["a\r\nB: c", "a\nb", "a\rb", "a\0b", "a\x7fb", "a\x1bb", "\u0100", "a\u010ab", "\u{1f600}"])(
    "append() and set() refuse the value %j",
    (value) => {
      const headers = new Headers();
      expect(() => headers.append("Name", value)).toThrow(InvalidHeaderValue);
      expect(() => headers.set("Name", value)).toThrow(InvalidHeaderValue);
      expect(headers.size).toBe(0);
    },
  );

  test.each(["", " ", "a b", "a:", "a\r\nb", "caf\u00e9", "(a)", "a\0", "\u212a"])(
    "append() refuses the name %j",
    (name) => {
      expect(() => new Headers().append(name, "value")).toThrow(InvalidHeaderValue);
    },
  );

  test("errors show a value without its control characters", () => {
    expect(() => new Headers({ Name: "a\x1b[31m\u009b\r" })).toThrow(
      String.raw`invalid Name header: "a\u001b[31m\u009b\r"`,
    );
    expect(() => new Headers({ Name: `${"a".repeat(100)}\n` })).toThrow(/^invalid Name header: "a{75}\.\.\."$/);
  });

  test("take linear time to fill, whatever the names are", () => {
    expectLinear((size) => () => {
      const headers = new Headers();
      for (let i = 0; i < size / 10; i++) headers.append("Same", "value");
    });
  });

  test("take linear time for white space around and inside of a value", () => {
    expectLinear((size) => () => new Headers({ Name: `a${" ".repeat(size)}b${" ".repeat(size)}` }));
  });
});
