import { expect, test, vi } from "vitest";

test("codecs are there once they were loaded, and always the same", async () => {
  vi.resetModules();
  const { isCompressionLoaded, loadCompression, loadedCompression } =
    await import("../../src/kernels/load-compression.ts");
  expect(() => loadedCompression()).toThrow("Cannot use the codecs: they are not loaded");
  expect(isCompressionLoaded()).toBe(false);
  await Promise.all([loadCompression(), loadCompression()]);
  expect(isCompressionLoaded()).toBe(true);
  const codecs = loadedCompression();
  expect(codecs?.memory).toBeInstanceOf(Uint8Array);
  await loadCompression();
  expect(loadedCompression()).toBe(codecs);
});
