import { afterEach, expect, test, vi } from "vitest";
import { isNotCapable, requireNet } from "../../src/runtimes/deno/permission.ts";
import { fakeDeno, permitting } from "./fake-deno.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each<[string, number | undefined, string]>([
  ["127.0.0.1", 0, "127.0.0.1:0"],
  ["127.0.0.1", undefined, "127.0.0.1"],
  ["::1", 80, "[::1]:80"],
  ["::", undefined, "[::]"],
])("requireNet() of %s and port %s needs %s", (host, port, place) => {
  const permit = (isPermitted: boolean): void =>
    void vi.stubGlobal("Deno", fakeDeno(permitting((each) => isPermitted && each === place)));
  permit(true);
  requireNet(host, port);
  permit(false);
  expect(() => requireNet(host, port)).toThrow(`Requires net access to "${place}"`);
});

test.each<[unknown, boolean]>([
  [Object.assign(new Error("x"), { name: "NotCapable" }), true],
  [new Error("NotCapable"), false],
  [{ name: "NotCapable" }, false],
  [undefined, false],
])("isNotCapable() of %o is %s", (error, expected) => {
  expect(isNotCapable(error)).toBe(expected);
});
