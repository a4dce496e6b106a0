import { afterEach, expect, test, vi } from "vitest";
import { dial } from "../../src/runtimes/deno/dial.ts";
import { environment } from "../../src/runtimes/deno/environment.ts";
import { listen } from "../../src/runtimes/deno/listen.ts";
import { denoRuntime } from "../../src/runtimes/deno/runtime.ts";
import { denoTextCodec } from "../../src/runtimes/deno/text-codec.ts";
import { attach, takeOver } from "../../src/runtimes/node/upgrades.ts";
import { fakeDeno } from "./fake-deno.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("denoRuntime is made of the parts of Deno, and of Node's for servers of HTTP", () => {
  vi.stubGlobal("Deno", fakeDeno({}));
  expect(denoRuntime.product).toBe("Deno/2.9.5");
  expect(denoRuntime).toMatchObject({ codec: denoTextCodec, dial, listen, environment, attach, takeOver });
  expect(denoRuntime.allocateOutput(10)).toEqual(new Uint8Array(10));
});

test.each([
  ["granted", "http://proxy.example"],
  ["prompt", undefined],
  ["denied", undefined],
])("environment() with a permission that is %s", (state, value) => {
  const querySync = vi.fn(() => ({ state }));
  const get = vi.fn(() => "http://proxy.example");
  vi.stubGlobal("Deno", fakeDeno({ permissions: { ...fakeDeno({}).permissions, querySync }, env: { get } }));
  expect(environment("http_proxy")).toBe(value);
  expect(querySync).toHaveBeenCalledWith({ name: "env", variable: "http_proxy" });
  expect(get).toHaveBeenCalledTimes(value === undefined ? 0 : 1);
});
