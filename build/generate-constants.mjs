// Writes assembly/constants.ts from src/kernels/constants.ts; with --check, only tells by exit code 1 whether it is stale.
import { readFileSync, writeFileSync } from "node:fs";

const SOURCE = new URL("../src/kernels/constants.ts", import.meta.url);
const TARGET = new URL("../assembly/constants.ts", import.meta.url);

/** AssemblyScript does not mix addresses and numbers without a cast, so each constant gets the type it is used with. */
function typeOf(name) {
  return /_OFFSET$|_CAPACITY$|^REGISTER_/.test(name) ? "usize" : "u32";
}

function generate(source) {
  const lines = ["// GENERATED from src/kernels/constants.ts by build/generate-constants.mjs: change it there.", ""];
  for (const [, name, value] of source.matchAll(/^export const (\w+) = (\w+);/gm)) {
    lines.push(`export const ${name}: ${typeOf(name)} = ${value};`);
  }
  return `${lines.join("\n")}\n`;
}

const generated = generate(readFileSync(SOURCE, "utf8"));

if (process.argv.includes("--check")) {
  if (readFileSync(TARGET, "utf8") !== generated) {
    console.error("assembly/constants.ts is stale: run node build/generate-constants.mjs");
    process.exitCode = 1;
  }
} else {
  writeFileSync(TARGET, generated);
}
