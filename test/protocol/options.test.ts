import { expect, test } from "vitest";
import { CONFIG_MASKED, CONFIG_VALIDATE_UTF8 } from "../../src/kernels/constants.ts";
import { parserSettings, type ProtocolOptions } from "../../src/protocol/options.ts";
import type { Side } from "../../src/protocol/state.ts";

const MIB = 1_048_576;

test.each<[side: Side, options: ProtocolOptions, config: number, maxMessage: number, maxFragment: number]>([
  ["server", {}, CONFIG_MASKED | CONFIG_VALIDATE_UTF8, MIB, Infinity],
  ["client", {}, CONFIG_VALIDATE_UTF8, MIB, Infinity],
  ["client", { validateUtf8: true }, CONFIG_VALIDATE_UTF8, MIB, Infinity],
  ["client", { validateUtf8: false }, 0, MIB, Infinity],
  ["server", { validateUtf8: false }, CONFIG_MASKED, MIB, Infinity],
  ["client", { maxMessage: null, maxFragment: null }, CONFIG_VALIDATE_UTF8, Infinity, Infinity],
  ["client", { maxMessage: 0, maxFragment: 5 }, CONFIG_VALIDATE_UTF8, 0, 5],
])("parserSettings(%s, %j)", (side, options, config, maxMessage, maxFragment) => {
  expect(parserSettings(side, options)).toMatchObject({ config, maxMessage, maxFragment });
});
