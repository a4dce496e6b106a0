import { describe, expect, test } from "vitest";
import { CodecsNotice } from "../../src/extensions/codecs.ts";
import {
  type ClientCompression,
  compressionFactories,
  type ServerCompression,
  withCompression,
} from "../../src/extensions/compression-option.ts";
import type { Extension, ServerExtensionFactory } from "../../src/extensions/extension.ts";
import type { PerMessageDeflate } from "../../src/extensions/per-message-deflate.ts";
import { ServerPerMessageDeflateFactory } from "../../src/extensions/deflate-factories.ts";
import { formatExtensions, parseExtensions } from "../../src/http/fields.ts";
import { acceptExtensions, confirmExtensions } from "../../src/protocol/negotiation.ts";
import { FakeCompression } from "../support/fake-compression.ts";

const compression = new FakeCompression();
const available = new CodecsNotice(() => compression);

const clientFactories = (option: ClientCompression | undefined, notice = available) =>
  compressionFactories(option, "client", undefined, notice);
const serverFactories = (option: ServerCompression | undefined, notice = available) =>
  compressionFactories(option, "server", undefined, notice);

function offered(option: ClientCompression | undefined): string {
  return formatExtensions(
    clientFactories(option).map((factory) => ({
      name: factory.name,
      parameters: factory.requestParameters() ?? [["missing", null]],
    })),
  );
}

/** What a server answers to an offer, and the settings of both ways: window, context, memLevel, threshold. */
function answered(option: ServerCompression | undefined, offer: string): [string, string] {
  const { answers, extensions } = acceptExtensions(parseExtensions([offer]), serverFactories(option));
  return [formatExtensions(answers), settingsOf(extensions[0])];
}

function settingsOf(extension: Extension | undefined): string {
  if (extension === undefined) return "none";
  const { decoding, encoding } = extension as PerMessageDeflate;
  const { windowBits, keepsContext, memLevel, threshold } = encoding;
  return `in ${decoding.windowBits} ${decoding.keepsContext}, out ${windowBits} ${keepsContext} ${memLevel} ${threshold}`;
}

const BROWSER = "permessage-deflate; client_max_window_bits";
const PLAIN = "permessage-deflate";

describe("compressionFactories() of a client", () => {
  const flags = "server_no_context_takeover; client_no_context_takeover";
  const small =
    "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, permessage-deflate; client_max_window_bits";
  test.each<[ClientCompression | undefined, string]>([
    [undefined, small],
    ["deflate", small],
    [
      "shared",
      `permessage-deflate; ${flags}; server_max_window_bits=12; client_max_window_bits=12, permessage-deflate; ${flags}; client_max_window_bits`,
    ],
    ["max", BROWSER],
    [null, ""],
    [{}, small],
    [{ level: 9, serverMaxWindowBits: undefined }, small],
    // What was asked for stays, and for the rest there is a second offer.
    [
      { serverMaxWindowBits: 10 },
      "permessage-deflate; server_max_window_bits=10; client_max_window_bits=12, permessage-deflate; server_max_window_bits=10; client_max_window_bits",
    ],
    [
      { clientMaxWindowBits: 10 },
      "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10, permessage-deflate; client_max_window_bits=10",
    ],
    [
      { serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
      "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10",
    ],
    [{ clientMaxWindowBits: null }, "permessage-deflate; server_max_window_bits=12, permessage-deflate"],
    [{ serverMaxWindowBits: null, clientMaxWindowBits: true }, BROWSER],
  ])("offers for %j", (option, header) => {
    expect(offered(option)).toBe(header);
  });

  test.each<[ClientCompression, string, string]>([
    ["deflate", "permessage-deflate; server_max_window_bits=12", "in 12 true, out 12 true 5 64"],
    ["deflate", PLAIN, "in 15 true, out 12 true 5 64"],
    ["deflate", "permessage-deflate; client_max_window_bits=15", "in 15 true, out 12 true 5 64"],
    ["deflate", "permessage-deflate; client_max_window_bits=9", "in 15 true, out 9 true 5 64"],
    ["shared", `permessage-deflate; ${flags}`, "in 15 false, out 12 false 5 256"],
    ["max", PLAIN, "in 15 true, out 15 true 8 64"],
    [{ threshold: 1, memLevel: 9 }, PLAIN, "in 15 true, out 12 true 9 1"],
  ])("%j takes the answer %j", (option, answer, settings) => {
    const [extension] = confirmExtensions(parseExtensions([answer]), clientFactories(option));
    expect(settingsOf(extension)).toBe(settings);
  });
});

describe("compressionFactories() of a server", () => {
  const flags = "server_no_context_takeover; client_no_context_takeover";
  test.each<[ServerCompression | undefined, string, string, string]>([
    [undefined, BROWSER, "; server_max_window_bits=12; client_max_window_bits=12", "in 12 true, out 12 true 5 64"],
    ["deflate", BROWSER, "; server_max_window_bits=12; client_max_window_bits=12", "in 12 true, out 12 true 5 64"],
    ["deflate", PLAIN, "; client_no_context_takeover; server_max_window_bits=12", "in 15 false, out 12 true 5 64"],
    [
      "shared",
      BROWSER,
      `; ${flags}; server_max_window_bits=12; client_max_window_bits=12`,
      "in 12 false, out 12 false 5 256",
    ],
    ["shared", PLAIN, `; ${flags}; server_max_window_bits=12`, "in 15 false, out 12 false 5 256"],
    ["max", BROWSER, "", "in 15 true, out 15 true 8 64"],
    ["max", PLAIN, "", "in 15 true, out 15 true 8 64"],
    [
      { clientMaxWindowBits: 9, threshold: 0 },
      BROWSER,
      "; server_max_window_bits=12; client_max_window_bits=9",
      "in 9 true, out 12 true 5 0",
    ],
  ])("%j answers %j", (option, offer, parameters, settings) => {
    expect(answered(option, offer)).toEqual([`permessage-deflate${parameters}`, settings]);
  });

  test("null answers nothing", () => {
    expect(answered(null, BROWSER)).toEqual(["", "none"]);
  });

  test.each<ServerCompression>(["deflate", "shared", "max"])("%j agrees with every preset of a client", (server) => {
    for (const client of ["deflate", "shared", "max"] as const) {
      const { answers, extensions } = acceptExtensions(parseExtensions([offered(client)]), serverFactories(server));
      const [ours] = confirmExtensions(answers, clientFactories(client)) as PerMessageDeflate[];
      const [theirs] = extensions as PerMessageDeflate[];
      expect(ours?.decoding).toEqual({
        windowBits: theirs?.encoding.windowBits,
        keepsContext: theirs?.encoding.keepsContext,
      });
      expect(theirs?.decoding).toMatchObject({ keepsContext: ours?.encoding.keepsContext });
      expect(theirs?.decoding.windowBits).toBeGreaterThanOrEqual(ours?.encoding.windowBits ?? 16);
    }
  });
});

test.each(["deflate", "max", { level: 1 }] as const)("where there are no codecs %j says so once", (option) => {
  const told: string[] = [];
  const notice = new CodecsNotice(() => null);
  const report = (message: string): void => void told.push(message);
  for (let i = 0; i < 3; i++) {
    const client = compressionFactories(option, "client", report, notice);
    expect(client.map((factory) => factory.requestParameters())).toEqual(client.map(() => null));
    const server = compressionFactories(option, "server", report, notice);
    expect(acceptExtensions(parseExtensions([BROWSER]), server).answers).toEqual([]);
  }
  expect(told).toEqual(["Messages are not compressed: there is no WebAssembly here"]);
});

test("without anybody to tell, nobody is told", () => {
  const [factory] = clientFactories("max", new CodecsNotice(() => null));
  expect(factory?.requestParameters()).toBeNull();
  expect(compressionFactories("max", "server")).toHaveLength(1);
});

test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
  ["gzip", TypeError, 'Cannot use compression: expected "deflate", "shared", "max", settings or null'],
  ["", TypeError, "Cannot use compression: "],
  [true, TypeError, "Cannot use compression: "],
  [15, TypeError, "Cannot use compression: "],
  [[], TypeError, "Cannot use compression: "],
  [{ windowBits: 15 }, TypeError, "Cannot use windowBits: "],
  [{ serverMaxWindowBits: 16 }, RangeError, "Cannot use serverMaxWindowBits: 16"],
])("compressionFactories() refuses %j", (option, kind, message) => {
  for (const make of [clientFactories, serverFactories]) {
    expect(() => make(option as null)).toThrow(kind);
    expect(() => make(option as null)).toThrow(message);
  }
});

// seed 93
describe("withCompression()", () => {
  const other: ServerExtensionFactory = {
    name: "other",
    processRequest: () => {
      throw new Error("not called");
    },
  };

  test("adds behind the extensions of the application", () => {
    const [made] = serverFactories("deflate");
    expect(withCompression([other], serverFactories(null))).toEqual([other]);
    expect(withCompression([other], made === undefined ? [] : [made])).toEqual([other, made]);
  });

  test("leaves a permessage-deflate of the application as it is and where it is", () => {
    const own = new ServerPerMessageDeflateFactory({ serverMaxWindowBits: 9 });
    const extensions = [own, other];
    expect(withCompression(extensions, serverFactories("max"))).toEqual(extensions);
  });
});
