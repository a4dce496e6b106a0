import { afterEach, describe, expect, test, vi } from "vitest";
import { getCompression } from "../../src/kernels/compression.ts";
import { InflateError } from "../../src/kernels/inflate-error.ts";
import { getKernels } from "../../src/kernels/select.ts";
import { hex } from "../support/hex.ts";
import { newCompression } from "./inflate-harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** A copy of compression.ts, and of the kernels below it, that has made nothing yet. */
async function importAfresh(): Promise<typeof getCompression> {
  vi.resetModules();
  const module = await import("../../src/kernels/compression.ts");
  return module.getCompression;
}

/** Counts how often a module is compiled; `most` of them may be. */
function stubModule(most: number): { count: number } {
  const compiled = { count: 0 };
  const { Module } = WebAssembly;
  const stub = function stub(bytes: BufferSource): WebAssembly.Module {
    if (++compiled.count > most) throw new Error("Wasm code generation disallowed by embedder");
    return new Module(bytes);
  };
  vi.stubGlobal("WebAssembly", { Instance: WebAssembly.Instance, Memory: WebAssembly.Memory, Module: stub });
  return compiled;
}

describe("getCompression()", () => {
  test("gives the codecs of the thread, in the memory of its kernels", () => {
    expect(getCompression()).not.toBeNull();
    expect(getCompression()).toBe(getCompression());
    expect(getCompression()?.memory.buffer).toBe(getKernels().memory.buffer);
  });

  test("compiles the second module when it is asked for", async () => {
    const compiled = stubModule(2);
    const get = await importAfresh();
    const select = await import("../../src/kernels/select.ts");
    select.getKernels();
    expect(compiled.count).toBe(1);
    expect(get()).not.toBeNull();
    expect(compiled.count).toBe(2);
    get();
    expect(compiled.count).toBe(2);
  });

  test.each([0, 1])("gives null where only %i modules may be compiled", async (most) => {
    stubModule(most);
    const get = await importAfresh();
    expect(get()).toBeNull();
    expect(get()).toBeNull();
  });
});

describe("createInflater()", () => {
  const { compression } = newCompression();

  test.each([7, 16, 0, Number.NaN])("rejects a window of 2^%d", (windowBits) => {
    expect(() => compression.createInflater(windowBits, true)).toThrow(RangeError);
  });

  test.each([0, -1, 0.5, Number.NaN])("next() rejects a limit of %d", (limit) => {
    const inflater = compression.createInflater(15, true);
    inflater.start(hex`f2 48 cd c9 c9 07 00`, true);
    expect(() => inflater.next(limit)).toThrow(RangeError);
    expect(inflater.next(1)).toBe(1);
  });

  test("next() gives 0 where nothing was started, and at the end again", () => {
    const inflater = compression.createInflater(15, true);
    expect(inflater.next(1)).toBe(0);
    inflater.start(hex`f2 48 cd c9 c9 07 00`, true);
    expect([inflater.next(9), inflater.next(9), inflater.next(9)]).toEqual([5, 0, 0]);
  });

  test("an InflateError says what is wrong", () => {
    const inflater = compression.createInflater(15, true);
    inflater.start(hex`06`, true);
    const caught = vi.fn<(error: unknown) => void>();
    try {
      inflater.next(1);
    } catch (error) {
      caught(error);
    }
    expect(caught).toHaveBeenCalledWith(expect.any(InflateError));
    expect(caught.mock.lastCall?.[0]).toMatchObject({
      name: "InflateError",
      message: "Cannot inflate: there is no block type 3",
    });
  });
});
