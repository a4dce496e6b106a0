// Writes src/kernels/*.bytes.generated.ts, each compiled module as base64, from build/*.wasm.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MODULES, ROOT } from "./project.mjs";

for (const { name, entry, embedded, embeddedAs } of MODULES) {
  const base64 = readFileSync(join(ROOT, "build", `${name}.wasm`)).toString("base64");
  writeFileSync(
    join(ROOT, "src/kernels", embedded),
    `// GENERATED from build/${name}.wasm by build/embed-wasm.mjs.

/** The module of ${entry}, as base64. */
export const ${embeddedAs}: string =
  "${base64}";
`,
  );
}
