// Generated files are those that their sources make now.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, ROOT } from "../../build/project.mjs";

const read = (file: string): Buffer<ArrayBuffer> => readFileSync(join(ROOT, file));

test("assembly/constants.ts is fresh", () => {
  const { status, stderr } = spawnSync(process.execPath, ["build/generate-constants.mjs", "--check"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("the embedded module is the compiled one", () => {
  expect(read("src/kernels/module.bytes.generated.ts").toString()).toContain(
    read("build/protocol.wasm").toString("base64"),
  );
});

test("the modules in dist/ are the compiled ones", () => {
  const modules = filesBelow("dist").filter((file) => file.endsWith(".wasm"));
  expect(modules).not.toEqual([]);
  for (const file of modules) expect(read(file).equals(read(`build/${file.split("/").at(-1)}`))).toBe(true);
});

test("a module imports its memory and nothing else", async () => {
  for (const file of filesBelow("build").filter((name) => /^build\/[^/.]+\.wasm$/.test(name))) {
    const module = await WebAssembly.compile(read(file));
    expect(WebAssembly.Module.imports(module).map(({ kind }) => kind)).toEqual(["memory"]);
  }
});
