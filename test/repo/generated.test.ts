// Generated files are those that their sources make now.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, MODULES, ROOT } from "../../build/project.mjs";

const read = (file: string): Buffer<ArrayBuffer> => readFileSync(join(ROOT, file));

test("the constants of assembly/ are fresh", () => {
  const { status, stderr } = spawnSync(process.execPath, ["build/generate-constants.mjs", "--check"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test.each(MODULES)("the embedded module $name is the compiled one", ({ name, embedded }) => {
  expect(read(`src/kernels/${embedded}`).toString()).toContain(read(`build/${name}.wasm`).toString("hex"));
});

test("the modules in dist/ are the compiled ones", () => {
  const modules = filesBelow("dist").filter((file) => file.endsWith(".wasm"));
  expect(modules).toEqual(MODULES.map(({ name }) => `dist/kernels/${name}.wasm`).toSorted());
  for (const file of modules) expect(read(file).equals(read(`build/${file.split("/").at(-1)}`))).toBe(true);
});

test("a module imports its memory and nothing else", async () => {
  for (const { name } of MODULES) {
    const module = await WebAssembly.compile(read(`build/${name}.wasm`));
    expect(WebAssembly.Module.imports(module).map(({ kind }) => kind)).toEqual(["memory"]);
  }
});
