import { afterEach, describe, expect, test, vi } from "vitest";
import { getKernels } from "../../src/kernels/select.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** A copy of select.ts that has not chosen yet. */
async function importAfresh(): Promise<typeof getKernels> {
  vi.resetModules();
  const module = await import("../../src/kernels/select.ts");
  return module.getKernels;
}

describe("getKernels()", () => {
  test("gives WebAssembly where it is allowed, and always the same", () => {
    expect(getKernels().name).toBe("wasm");
    expect(getKernels()).toBe(getKernels());
  });

  test("gives the reference where there is no WebAssembly", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect((await importAfresh())().name).toBe("reference");
  });

  test("gives the reference where compiling is forbidden", async () => {
    const Module = function Module(): never {
      throw new Error("Wasm code generation disallowed by embedder");
    };
    vi.stubGlobal("WebAssembly", { ...WebAssembly, Module });
    expect((await importAfresh())().name).toBe("reference");
  });

  test("chooses at the first call, not at import", async () => {
    const get = await importAfresh();
    vi.stubGlobal("WebAssembly", undefined);
    expect(get().name).toBe("reference");
    vi.unstubAllGlobals();
    expect(get().name).toBe("reference");
  });
});
