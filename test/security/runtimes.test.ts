// The tests of this folder on Deno and Bun: the same ones must pass there. Those of resources start the runtimes by themselves.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runtime } from "../conformance/subjects.mjs";

const RUN = fileURLToPath(new URL("../runtimes/run.mjs", import.meta.url));

/** Without what the runner of this test says to those that it starts. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST"));
  return { ...Object.fromEntries(entries), NO_COLOR: "1" };
}

for (const name of ["deno", "bun"]) {
  const isMissing = runtime(name) === null;
  if (isMissing) console.warn(`SKIPPED on ${name}: not installed in test/runtimes`);

  test.skipIf(isMissing)(`on ${name}`, { tags: ["slow", "external"], timeout: 300_000 }, async () => {
    const child = spawn(process.execPath, [RUN, name, "test/security"], { env: environment() });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const [status] = (await once(child, "close")) as [number | null];
    expect(status, output).toBe(0);
    // All of them, and none left out.
    expect(output).toMatch(/^ *Tests +\d+ passed \(\d+\)$/m);
  });
}
