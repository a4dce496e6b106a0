import { afterEach, expect, test, vi } from "vitest";
import { dial } from "../../src/runtimes/deno/dial.ts";
import { listen } from "../../src/runtimes/deno/listen.ts";
import { denoRuntime } from "../../src/runtimes/deno/runtime.ts";
import { denoTextCodec } from "../../src/runtimes/deno/text-codec.ts";
import { environment } from "../../src/runtimes/node/environment.ts";
import { attach, takeOver } from "../../src/runtimes/node/upgrades.ts";
import { fakeDeno } from "./fake-deno.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

test("denoRuntime is made of the parts of Deno, and of Node's for servers of HTTP", () => {
  vi.stubGlobal("Deno", fakeDeno({}));
  expect(denoRuntime.product).toBe("Deno/2.9.5");
  expect(denoRuntime).toMatchObject({ codec: denoTextCodec, dial, listen, attach, takeOver });
  expect(denoRuntime.allocateOutput(10)).toEqual(new Uint8Array(10));
});

test.each([
  ["granted", "http://proxy.example"],
  ["prompt", undefined],
  ["denied", undefined],
])("environment() with a permission that is %s", (state, value) => {
  const querySync = vi.fn(() => ({ state }));
  vi.stubGlobal("Deno", fakeDeno({ permissions: { querySync } as never }));
  vi.stubEnv("http_proxy", "http://proxy.example");
  expect(denoRuntime.environment?.("http_proxy")).toBe(value);
  expect(environment("http_proxy")).toBe(value);
  expect(querySync).toHaveBeenCalledWith({ name: "env", variable: "http_proxy" });
});
