// Writes src/kernels/module.bytes.generated.ts, the compiled module as base64, from build/protocol.wasm.
import { readFileSync, writeFileSync } from "node:fs";

const SOURCE = new URL("protocol.wasm", import.meta.url);
const TARGET = new URL("../src/kernels/module.bytes.generated.ts", import.meta.url);

const base64 = readFileSync(SOURCE).toString("base64");

writeFileSync(
  TARGET,
  `// GENERATED from build/protocol.wasm by build/embed-wasm.mjs.

/** The module of assembly/index.ts, as base64. */
export const MODULE_BASE64: string =
  "${base64}";
`,
);
