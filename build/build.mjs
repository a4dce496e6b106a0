// Builds everything: assembly/ -> build/*.wasm -> src/kernels/*.bytes.generated.ts -> dist/.
// With `--wasm` it stops before dist/, which is enough for running the tests of src/ directly.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { buildDeclarations } from "./declarations.mjs";
import { bundle } from "./rollup.config.mjs";
import { ascArguments, bin, distEntries, MODULES, ROOT } from "./project.mjs";

/** Runs a program; its output is ours. */
async function run(file, args) {
  const child = spawn(process.execPath, [file, ...args], { cwd: ROOT, stdio: "inherit" });
  const [status] = await once(child, "exit");
  if (status !== 0) throw new Failed(`${relative(ROOT, file)} ended with ${status}`);
}

class Failed extends Error {}

async function buildWasm() {
  await run(join(ROOT, "build/generate-constants.mjs"), []);
  await Promise.all(MODULES.map((module) => run(bin("assemblyscript", "asc"), ascArguments(module))));
  await run(join(ROOT, "build/embed-wasm.mjs"), []);
}

/** JavaScript without comments: they stay in src/, where the source maps lead, and in the d.ts. */
const EMIT_JS = ["--declaration", "false", "--declarationMap", "false", "--isolatedDeclarations", "false"];

async function buildDist() {
  const work = join(ROOT, ".tmp", `build-${process.pid}`);
  const [js, types, dist] = ["js", "types", "dist"].map((name) => join(work, name));
  try {
    for (const { source } of distEntries()) {
      if (!existsSync(join(ROOT, source))) throw new Failed(`package.json names ${source}, which does not exist`);
    }
    const tsc = bin("typescript", "tsc");
    await Promise.all([
      run(tsc, ["-p", ROOT, "--outDir", js, ...EMIT_JS, "--stripInternal", "false", "--removeComments"]),
      run(tsc, ["-p", ROOT, "--outDir", types, "--emitDeclarationOnly", "--sourceMap", "false"]),
    ]);
    await bundle(js, dist);
    buildDeclarations(types, dist);
    for (const name of readdirSync(join(ROOT, "build")).filter((file) => file.endsWith(".wasm"))) {
      copyFileSync(join(ROOT, "build", name), join(dist, "kernels", name));
    }
    replaceDirectory(dist, join(ROOT, "dist"), work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Puts `made` in the place of `target` in two renames, so that a reader hardly ever sees half a build. */
function replaceDirectory(made, target, work) {
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(target)) renameSync(target, join(work, `old-${attempt}`));
      renameSync(made, target);
      return;
    } catch (error) {
      // Another build did the same at this moment.
      if (attempt === 5 || !["ENOENT", "ENOTEMPTY", "EEXIST"].includes(error.code)) throw error;
    }
  }
}

const started = performance.now();
const wasmOnly = process.argv.includes("--wasm");
try {
  await buildWasm();
  if (!wasmOnly) await buildDist();
  console.log(`Built ${wasmOnly ? "wasm" : "dist"} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
} catch (error) {
  console.error(error instanceof Failed ? `Cannot build: ${error.message}` : error);
  process.exitCode = 1;
}
