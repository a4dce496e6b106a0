// Writes the constants of assembly/ from those of src/kernels; with --check, only tells by exit code 1 whether they are stale.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.mjs";

const FILES = [
  { source: "src/kernels/constants.ts", target: "assembly/constants.ts" },
  { source: "src/kernels/deflate-constants.ts", target: "assembly/deflate/constants.ts" },
];

/** AssemblyScript does not mix addresses and numbers without a cast, so each constant gets the type it is used with. */
function typeOf(name) {
  return /_OFFSET$|_CAPACITY$|^REGISTER_/.test(name) ? "usize" : "u32";
}

function generate(source) {
  const lines = [`// GENERATED from ${source} by build/generate-constants.mjs: change it there.`, ""];
  for (const [, name, value] of readFileSync(join(ROOT, source), "utf8").matchAll(/^export const (\w+) = (\w+);/gm)) {
    lines.push(`export const ${name}: ${typeOf(name)} = ${value};`);
  }
  return `${lines.join("\n")}\n`;
}

for (const { source, target } of FILES) {
  const generated = generate(source);
  if (!process.argv.includes("--check")) {
    writeFileSync(join(ROOT, target), generated);
  } else if (readFileSync(join(ROOT, target), "utf8") !== generated) {
    console.error(`${target} is stale: run node build/generate-constants.mjs`);
    process.exitCode = 1;
  }
}
