// The package as other ways of using it see it: require() and JSR.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { application } from "../support/bundle.ts";
import { run, runtime, temporaryFolder } from "./programs.ts";

const EXTERNAL = { tags: ["external"] };
const deno = runtime("deno");

describe("packaging", EXTERNAL, () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());

  test("require() works, without a warning", () => {
    application(folder.path, "");
    const names = ["wsasm", "wsasm/node", "wsasm/browser", "wsasm/extensions", "wsasm/router", "wsasm/sansio"];
    const program = names.map((name) => `console.log(Object.keys(require("${name}")).length > 0)`).join("\n");
    writeFileSync(join(folder.path, "app.cjs"), program);
    expect(run(process.execPath, ["app.cjs"], folder.path)).toEqual({
      status: 0,
      output: "true\n".repeat(names.length),
    });
  });

  test.skipIf(deno === undefined)("JSR takes the sources (deno publish --dry-run)", () => {
    const { status, output } = run(deno ?? "", ["publish", "--dry-run", "--allow-dirty"], ROOT);
    expect(output).toContain("Dry run complete");
    expect(output).not.toMatch(/warning|error\[/i);
    expect(status).toBe(0);
  });
});
