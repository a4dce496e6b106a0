// How the tests with real sockets run on other runtimes: on Deno and Bun on their own entry, in the place of the one of Node.
// test/runtimes/run.mjs starts it.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { EXCEPTIONS } from "./exceptions.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const name = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

export default defineConfig({
  root,
  resolve: {
    alias: {
      "#wasm": `${root}src/kernels/module.inline.ts`,
      "#deflate": `${root}src/kernels/deflate.inline.ts`,
    },
  },
  plugins: [
    {
      name: "entry-of-the-runtime",
      enforce: "pre",
      resolveId: (source, importer) =>
        /^\.\.\/.*\/src\/node\.ts$/.test(source) && importer?.startsWith(`${root}test/`) === true
          ? `${root}src/${name}.ts`
          : null,
    },
  ],
  test: {
    include: [
      "test/real/*.test.ts",
      "test/runtimes-node/*.test.ts",
      "test/peers/ws*.test.ts",
      "test/security/{frames,handshakes,linear,linear-handshakes}.test.ts",
    ],
    exclude: EXCEPTIONS[name].files,
    testNamePattern: EXCEPTIONS[name].pattern,
    pool: "forks",
    maxWorkers: name === "node" ? 2 : 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    tags: [
      { name: "slow", timeout: 120_000 },
      { name: "external", timeout: 180_000 },
    ],
  },
});
