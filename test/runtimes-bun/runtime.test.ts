import { afterEach, expect, test, vi } from "vitest";
import { dial } from "../../src/runtimes/bun/dial.ts";
import { listen } from "../../src/runtimes/bun/listen.ts";
import { bunRuntime } from "../../src/runtimes/bun/runtime.ts";
import { bunTextCodec } from "../../src/runtimes/bun/text-codec.ts";
import { attach, takeOver } from "../../src/runtimes/node/upgrades.ts";
import { fakeBun } from "./fake-bun.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("bunRuntime is made of the parts of Bun, and of Node's for servers of HTTP", () => {
  vi.stubGlobal("Bun", fakeBun({}));
  expect(bunRuntime.product).toBe("Bun/1.4.5");
  expect(bunRuntime).toMatchObject({ codec: bunTextCodec, dial, listen, attach, takeOver });
});
