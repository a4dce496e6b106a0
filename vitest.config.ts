// How the tests run. Slow ones and those that need another program carry a tag: leave them out with
// `npx vitest run --tagsFilter "!slow && !external"`.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // Without it the tests would load the built module from dist/ (the `imports` of package.json).
    alias: {
      "#wasm": fileURLToPath(new URL("src/kernels/module.inline.ts", import.meta.url)),
      "#deflate": fileURLToPath(new URL("src/kernels/deflate.inline.ts", import.meta.url)),
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    setupFiles: ["test/support/load-lazy.ts"],
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    tags: [
      { name: "slow", description: "Takes seconds: long loops, large messages.", timeout: 120_000 },
      {
        name: "external",
        description: "Starts another program: tsc, npm, Deno, Bun, Chromium, nginx. Skipped aloud when it is absent.",
        timeout: 180_000,
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      // Besides what is generated: what runs only in other runtimes and in threads, where coverage does not see it. Tests of these
      // start them as programs.
      exclude: [
        "src/**/*.generated.ts",
        "src/**/*.d.ts",
        "src/kernels/*.workerd.ts",
        "src/{browser,bun,deno,workers,sync-handler,sync-thread}.ts",
        "src/runtimes/node/threads.ts",
      ],
      reporter: ["text-summary", "json-summary", "html"],
      reportsDirectory: "coverage",
      thresholds: { statements: 99, branches: 99, functions: 99, lines: 99 },
    },
  },
});
