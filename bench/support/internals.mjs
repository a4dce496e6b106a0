// The modules of src/ that dist/ does not export: compiled to .tmp, never shipped.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);
const COMPILED = new URL(".tmp/bench-js/", ROOT);

/** Compiles src/. `#wasm` in it leads to dist/, which must have been built. */
export function compileInternals() {
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", ROOT));
  if (!existsSync(tsc)) throw new Error("no TypeScript: run npm ci");
  const flags = ["--declaration", "false", "--declarationMap", "false", "--isolatedDeclarations", "false"];
  const project = ["-p", fileURLToPath(ROOT), "--outDir", fileURLToPath(COMPILED)];
  execFileSync(process.execPath, [tsc, ...project, ...flags, "--stripInternal", "false"], { stdio: "inherit" });
}

/** Imports a module of src/, such as `"protocol/server-protocol"`. */
export function importInternal(name) {
  return import(new URL(`${name}.js`, COMPILED).href);
}
