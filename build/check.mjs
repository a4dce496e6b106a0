// The one gate: everything that must hold before a change goes in. Runs all steps, also after one has failed.
// `--no-test` leaves the tests out, for who has just run them; `--no-build` takes dist/ as it is.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ascArguments, bin, MODULES, ROOT } from "./project.mjs";

const TMP = join(ROOT, ".tmp");

/** Runs a program of ours or of a dev dependency; what it prints is kept for when it fails. */
function node(file, ...args) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [file, ...args], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { ok: status === 0, output: `${error?.message ?? ""}${stdout}${stderr}` };
}

/** Runs the tests; they take a while, so what they print is seen at once. */
function tests() {
  const { status } = spawnSync(process.execPath, [bin("vitest", "vitest"), "run", "--coverage"], {
    cwd: ROOT,
    stdio: "inherit",
  });
  return { ok: status === 0, output: "" };
}

const tool = (packageName, name, ...args) => node(bin(packageName, name), ...args);

/** Compiles assembly/ a second time: the same bytes must come out, or what we ship cannot be checked by others. */
function sameWasm() {
  const results = MODULES.map(sameModule);
  return { ok: results.every(({ ok }) => ok), output: results.map(({ output }) => output).join("\n") };
}

function sameModule(module) {
  const again = join(TMP, `again-${module.name}.wasm`);
  try {
    const asc = tool("assemblyscript", "asc", ...ascArguments(module), "-o", again, "-t", `${again}.wat`);
    if (!asc.ok) return asc;
    const ok = readFileSync(again).equals(readFileSync(join(ROOT, `build/${module.name}.wasm`)));
    return { ok, output: ok ? "" : `build/${module.name}.wasm differs from what ${module.entry} compiles to now` };
  } finally {
    for (const file of [again, `${again}.wat`]) rmSync(file, { force: true });
  }
}

const ATTW = ["--pack", ".", "--profile", "esm-only", "--no-emoji"];

const options = new Set(process.argv.slice(2));

/** @type {{ name: string, run: () => { ok: boolean, output: string }, unless?: string, show?: boolean }[]} */
const STEPS = [
  { name: "generated constants are fresh", run: () => node("build/generate-constants.mjs", "--check") },
  { name: "build", run: () => node("build/build.mjs"), unless: "--no-build" },
  { name: "compiling assembly/ again gives the same bytes", run: sameWasm },
  { name: "types of src", run: () => tool("typescript", "tsc", "-p", ".", "--noEmit") },
  { name: "types of test", run: () => tool("typescript", "tsc", "-p", "test") },
  { name: "types of build, bench and examples", run: () => tool("typescript", "tsc", "-p", "build") },
  { name: "lint, with types", run: () => tool("oxlint", "oxlint", "--deny-warnings") },
  { name: "format", run: () => tool("oxfmt", "oxfmt", "--check") },
  { name: "sizes", run: () => node("build/sizes.mjs"), show: true },
  { name: "publint", run: () => tool("publint", "publint", "--strict") },
  { name: "are the types wrong", run: () => tool("@arethetypeswrong/cli", "attw", ...ATTW) },
  { name: "other runtimes", run: () => node("build/prepare-runtimes.mjs"), unless: "--no-test", show: true },
  { name: "tests with coverage", run: tests, unless: "--no-test" },
];

mkdirSync(TMP, { recursive: true });
const failed = [];
for (const { name, run, unless, show = false } of STEPS) {
  if (unless !== undefined && options.has(unless)) continue;
  const started = performance.now();
  const { ok, output } = run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
  console.log(`${ok ? "ok    " : "FAILED"} ${seconds} s  ${name}`);
  if (!ok) failed.push(name);
  if (output.trim() !== "" && (!ok || show)) console.log(output.trimEnd().replaceAll(/^/gm, "    "));
}
writeFileSync(join(TMP, "check.json"), JSON.stringify({ failed }));
console.log(failed.length === 0 ? "All checks passed" : `Failed: ${failed.join("; ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
