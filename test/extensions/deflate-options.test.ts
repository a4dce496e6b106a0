import { describe, expect, test } from "vitest";
import {
  type ClientPerMessageDeflateOptions,
  type PerMessageDeflateOptions,
  readClientParameters,
  readCompressorSettings,
  readServerParameters,
  type ServerPerMessageDeflateOptions,
} from "../../src/extensions/deflate-options.ts";

const SHARED = { serverNoContextTakeover: false, clientNoContextTakeover: false, serverMaxWindowBits: null };

test.each<[ClientPerMessageDeflateOptions, object]>([
  [{}, { clientMaxWindowBits: true }],
  [{ clientMaxWindowBits: undefined, serverMaxWindowBits: undefined }, { clientMaxWindowBits: true }],
  [{ clientMaxWindowBits: true }, { clientMaxWindowBits: true }],
  [{ clientMaxWindowBits: null }, { clientMaxWindowBits: null }],
  [{ clientMaxWindowBits: 8 }, { clientMaxWindowBits: 8 }],
  [
    { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 15, clientMaxWindowBits: 15 },
    { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 15, clientMaxWindowBits: 15 },
  ],
])("readClientParameters() of %j", (options, expected) => {
  expect(readClientParameters(options)).toEqual({ ...SHARED, ...expected });
});

test.each<[ServerPerMessageDeflateOptions, object]>([
  [{}, {}],
  [
    { serverMaxWindowBits: 8, clientMaxWindowBits: 15 },
    { serverMaxWindowBits: 8, clientMaxWindowBits: 15 },
  ],
  [
    { clientMaxWindowBits: 12, requireClientMaxWindowBits: true },
    { clientMaxWindowBits: 12, requireClientMaxWindowBits: true },
  ],
])("readServerParameters() of %j", (options, expected) => {
  const absent = { ...SHARED, clientMaxWindowBits: null, requireClientMaxWindowBits: false };
  expect(readServerParameters(options)).toEqual({ ...absent, ...expected });
});

test.each<[PerMessageDeflateOptions, object]>([
  [{}, { level: 3, memLevel: 8, threshold: null }],
  [
    { level: 0, memLevel: 1, threshold: 0 },
    { level: 0, memLevel: 1, threshold: 0 },
  ],
  [
    { level: 9, memLevel: 9, threshold: 2 ** 40 },
    { level: 9, memLevel: 9, threshold: 2 ** 40 },
  ],
])("readCompressorSettings() of %j", (options, expected) => {
  expect(readCompressorSettings(options)).toEqual(expected);
});

// seed 92
describe("options that cannot be used", () => {
  const bits = (name: string): [object, typeof TypeError | typeof RangeError, string][] => [
    [{ [name]: 7 }, RangeError, `Cannot use ${name}: 7, expected an integer from 8 to 15`],
    [{ [name]: 16 }, RangeError, `Cannot use ${name}: 16, expected an integer from 8 to 15`],
    [{ [name]: 9.5 }, RangeError, `Cannot use ${name}: 9.5, expected an integer from 8 to 15`],
    [{ [name]: NaN }, RangeError, `Cannot use ${name}: NaN, expected an integer from 8 to 15`],
    [{ [name]: "12" }, TypeError, `Cannot use ${name}: expected a number`],
    [{ [name]: false }, TypeError, `Cannot use ${name}: expected a number`],
  ];
  const both: [object, typeof TypeError | typeof RangeError, string][] = [
    ...bits("serverMaxWindowBits"),
    ...bits("clientMaxWindowBits"),
    [{ serverMaxWindowBits: true }, TypeError, "Cannot use serverMaxWindowBits: expected a number"],
    [{ serverNoContextTakeover: 1 }, TypeError, "Cannot use serverNoContextTakeover: expected a boolean"],
    [{ clientNoContextTakeover: null }, TypeError, "Cannot use clientNoContextTakeover: expected a boolean"],
    [{ windowBits: 12 }, TypeError, "Cannot use windowBits: expected one of serverNoContextTakeover, "],
    [{ serverMaxWindowbits: 12 }, TypeError, "Cannot use serverMaxWindowbits: expected one of "],
  ];

  test.each([
    ...both,
    [
      { requireClientMaxWindowBits: true },
      TypeError,
      "Cannot use requireClientMaxWindowBits: expected one of ",
    ] as const,
  ])("readClientParameters() refuses %j", (options, kind, message) => {
    expect(() => readClientParameters(options as ClientPerMessageDeflateOptions)).toThrow(kind);
    expect(() => readClientParameters(options as ClientPerMessageDeflateOptions)).toThrow(message);
  });

  test.each([
    ...both,
    [{ clientMaxWindowBits: true }, TypeError, "Cannot use clientMaxWindowBits: expected a number"] as const,
    [
      { requireClientMaxWindowBits: true },
      TypeError,
      "Cannot use requireClientMaxWindowBits: clientMaxWindowBits is not set",
    ] as const,
    [
      { requireClientMaxWindowBits: "yes", clientMaxWindowBits: 12 },
      TypeError,
      "Cannot use requireClientMaxWindowBits: expected a boolean",
    ] as const,
  ])("readServerParameters() refuses %j", (options, kind, message) => {
    expect(() => readServerParameters(options as ServerPerMessageDeflateOptions)).toThrow(kind);
    expect(() => readServerParameters(options as ServerPerMessageDeflateOptions)).toThrow(message);
  });

  test.each([
    [{ level: -1 }, RangeError, "Cannot use level: -1, expected an integer from 0 to 9"],
    [{ level: 10 }, RangeError, "Cannot use level: 10, expected an integer from 0 to 9"],
    [{ level: "3" }, TypeError, "Cannot use level: expected a number"],
    [{ memLevel: 0 }, RangeError, "Cannot use memLevel: 0, expected an integer from 1 to 9"],
    [{ memLevel: 10 }, RangeError, "Cannot use memLevel: 10, expected an integer from 1 to 9"],
    [{ threshold: -1 }, RangeError, "Cannot use threshold: -1, expected an integer from 0 to 9007199254740991"],
    [{ threshold: Infinity }, RangeError, "Cannot use threshold: Infinity, expected an integer from 0 to "],
    [{ threshold: null }, TypeError, "Cannot use threshold: expected a number"],
  ])("readCompressorSettings() refuses %j", (options, kind, message) => {
    expect(() => readCompressorSettings(options as PerMessageDeflateOptions)).toThrow(kind);
    expect(() => readCompressorSettings(options as PerMessageDeflateOptions)).toThrow(message);
  });
});
