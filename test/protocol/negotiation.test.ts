import { describe, expect, test } from "vitest";
import {
  DuplicateParameter,
  InvalidHeader,
  InvalidParameterName,
  NegotiationError,
} from "../../src/errors/handshake.ts";
import type {
  ClientExtensionFactory,
  Extension,
  ExtensionParameters,
  ServerExtensionFactory,
} from "../../src/extensions/extension.ts";
import {
  acceptExtensions,
  checkSubprotocols,
  chooseSubprotocol,
  confirmExtensions,
  confirmSubprotocol,
} from "../../src/protocol/negotiation.ts";
import { errorOf } from "../http/feed.ts";

interface TestExtension extends Extension {
  /** How many extensions were accepted before. */
  readonly position: number;
  readonly label: string;
}

function extension(name: string, label: string, reservedBits: number, position: number): TestExtension {
  return { name, label, reservedBits, position, decode: (frame) => frame, encode: (frame) => frame };
}

/** Accepts an offer whose only parameter is `op=<label>`, and answers it. */
function serverFactory(name: string, label: string, reservedBits = 0): ServerExtensionFactory {
  return {
    name,
    processRequest(parameters, accepted) {
      if (accepted.some((other) => other.name === name)) throw new NegotiationError(`duplicate ${name}`);
      checkOp(parameters, label);
      return { parameters, extension: extension(name, label, reservedBits, accepted.length) };
    },
  };
}

function clientFactory(name: string, label: string, reservedBits = 0): ClientExtensionFactory {
  return {
    name,
    requestParameters: () => [["op", label]],
    processResponse(parameters, accepted) {
      checkOp(parameters, label);
      return extension(name, label, reservedBits, accepted.length);
    },
  };
}

function checkOp(parameters: ExtensionParameters, label: string): void {
  for (const [name, value] of parameters) {
    if (name !== "op" || value !== label) throw new InvalidParameterName(name);
  }
}

const BROKEN: ServerExtensionFactory & ClientExtensionFactory = {
  name: "foo",
  requestParameters: () => [],
  processRequest: () => {
    throw new TypeError("a bug");
  },
  processResponse: () => {
    throw new TypeError("a bug");
  },
};

const offer = (name: string, label: string) => ({ name, parameters: [["op", label]] as const });

describe("acceptExtensions()", () => {
  test.each<[string, [string, string][], ServerExtensionFactory[], [string, string][]]>([
    ["nothing offered", [], [serverFactory("foo", "a")], []],
    ["nothing supported", [["foo", "a"]], [], []],
    [
      "unknown ones",
      [
        ["bar", "a"],
        ["constructor", "a"],
        ["foo", "a"],
      ],
      [serverFactory("foo", "a")],
      [["foo", "a"]],
    ],
    [
      "order of the offers",
      [
        ["bar", "b"],
        ["foo", "a"],
      ],
      [serverFactory("foo", "a"), serverFactory("bar", "b")],
      [
        ["bar", "b"],
        ["foo", "a"],
      ],
    ],
    [
      "the first factory that takes it",
      [["foo", "b"]],
      [serverFactory("foo", "a"), serverFactory("foo", "b")],
      [["foo", "b"]],
    ],
    [
      "the first offer that is taken",
      [
        ["foo", "x"],
        ["foo", "a"],
        ["foo", "a"],
      ],
      [serverFactory("foo", "a")],
      [["foo", "a"]],
    ],
    ["a declined one", [["foo", "x"]], [serverFactory("foo", "a")], []],
    [
      "reserved bits that are taken",
      [
        ["foo", "a"],
        ["bar", "b"],
        ["baz", "c"],
      ],
      [serverFactory("foo", "a", 4), serverFactory("bar", "b", 6), serverFactory("baz", "c", 2)],
      [
        ["foo", "a"],
        ["baz", "c"],
      ],
    ],
  ])("%s", (_what, offers, factories, expected) => {
    const { extensions, answers } = acceptExtensions(
      offers.map(([name, label]) => offer(name, label)),
      factories,
    );
    expect(answers).toEqual(expected.map(([name, label]) => offer(name, label)));
    expect(extensions).toMatchObject(expected.map(([name, label], position) => ({ name, label, position })));
  });

  test("lets errors through that are not about the offer", () => {
    expect(() => acceptExtensions([offer("foo", "a")], [BROKEN])).toThrow(TypeError);
  });
});

describe("confirmExtensions()", () => {
  test("makes extensions in the order of the answers", () => {
    const factories = [clientFactory("foo", "a"), clientFactory("bar", "b")];
    const extensions = confirmExtensions([offer("bar", "b"), offer("foo", "a")], factories);
    expect(extensions).toMatchObject([
      { name: "bar", position: 0 },
      { name: "foo", position: 1 },
    ]);
    expect(confirmExtensions([], factories)).toEqual([]);
  });

  test("tries all factories of a name", () => {
    const factories = [clientFactory("foo", "a"), clientFactory("foo", "b")];
    expect(confirmExtensions([offer("foo", "b")], factories)).toMatchObject([{ label: "b" }]);
  });

  test("refuses one that was not offered", () => {
    const error = errorOf(() => confirmExtensions([offer("bar", "a")], [clientFactory("foo", "a")]));
    expect(error).toBeInstanceOf(NegotiationError);
    expect(error).toHaveProperty("message", 'extension that was not offered: "bar"');
  });

  test("refuses parameters that no factory takes", () => {
    const error = errorOf(() => confirmExtensions([offer("foo", "x")], [clientFactory("foo", "a")]));
    expect(error).toBeInstanceOf(NegotiationError);
    expect(error).toMatchObject({ message: "unacceptable answer for extension foo: invalid parameter name: op" });
    expect((error as Error).cause).toBeInstanceOf(InvalidParameterName);
  });

  test("refuses reserved bits that are taken", () => {
    const factories = [clientFactory("foo", "a", 4), clientFactory("bar", "b", 4)];
    expect(() => confirmExtensions([offer("foo", "a"), offer("bar", "b")], factories)).toThrow(
      "reserved bits of bar are taken",
    );
  });

  test("lets errors through that are not about the answer", () => {
    expect(() => confirmExtensions([offer("foo", "a")], [BROKEN])).toThrow(TypeError);
  });

  test("takes subclasses of NegotiationError for a refusal", () => {
    const factory = {
      ...BROKEN,
      processResponse: () => {
        throw new DuplicateParameter("op");
      },
    };
    expect(() => confirmExtensions([offer("foo", "a")], [factory])).toThrow(NegotiationError);
  });
});

describe("checkSubprotocols()", () => {
  test("takes tokens", () => {
    expect(() => checkSubprotocols([])).not.toThrow();
    expect(() => checkSubprotocols(["chat", "super.chat"])).not.toThrow();
  });

  test.each<[unknown, typeof TypeError | typeof RangeError]>([
    ["chat", TypeError],
    [null, TypeError],
    [new Set(["chat"]), TypeError],
    [[1], TypeError],
    [["a b"], RangeError],
    [[""], RangeError],
    [["caf\u00e9"], RangeError],
    [["a\r\nB: c"], RangeError],
    [["a", "a"], RangeError],
  ])("refuses %j", (subprotocols, kind) => {
    expect(() => checkSubprotocols(subprotocols as string[])).toThrow(kind);
  });
});

describe("chooseSubprotocol()", () => {
  test.each<[string[], string[] | null, string | null]>([
    [["a", "b"], null, null],
    [["a", "b"], [], null],
    [[], null, null],
    [["a", "b"], ["b", "a"], "b"],
    [["a", "b"], ["x", "a"], "a"],
  ])("of %j offered and %j supported is %j", (offered, supported, expected) => {
    expect(chooseSubprotocol(offered, supported)).toBe(expected);
  });

  test("refuses a client without a subprotocol", () => {
    expect(() => chooseSubprotocol([], ["a"])).toThrow(new NegotiationError("missing subprotocol"));
  });

  test("refuses a client without a common subprotocol", () => {
    const error = errorOf(() => chooseSubprotocol(["x"], ["a", "b"]));
    expect(error).toEqual(new NegotiationError("invalid subprotocol; expected one of a, b"));
  });
});

describe("confirmSubprotocol()", () => {
  test.each<[string[], string[], string | null]>([
    [[], [], null],
    [[], ["a"], null],
    [["a"], ["b", "a"], "a"],
  ])("of %j chosen and %j offered is %j", (chosen, offered, expected) => {
    expect(confirmSubprotocol(chosen, offered)).toBe(expected);
  });

  test("refuses several", () => {
    const error = errorOf(() => confirmSubprotocol(["a", "b"], ["a", "b"]));
    expect(error).toBeInstanceOf(InvalidHeader);
    expect(error).toMatchObject({ message: "multiple values for Sec-WebSocket-Protocol header: a, b", value: "a, b" });
  });

  test.each([[[]], [["a"]], [["A"]]])("refuses one that is not among %j", (offered) => {
    expect(() => confirmSubprotocol(["x"], offered)).toThrow(new NegotiationError("unsupported subprotocol: x"));
  });
});
