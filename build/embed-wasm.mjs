// Writes src/kernels/*.bytes.generated.ts, each compiled module in hexadecimal, from build/*.wasm.
// Longer than base64, and a sixth shorter once it is compressed, as what repeats in a module is still seen.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MODULES, ROOT } from "./project.mjs";

for (const { name, entry, embedded, embeddedAs } of MODULES) {
  const hex = readFileSync(join(ROOT, "build", `${name}.wasm`)).toString("hex");
  writeFileSync(
    join(ROOT, "src/kernels", embedded),
    `// GENERATED from build/${name}.wasm by build/embed-wasm.mjs.

/** The module of ${entry}, in hexadecimal. */
export const ${embeddedAs}: string =
  "${hex}";
`,
  );
}
