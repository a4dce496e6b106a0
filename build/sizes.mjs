// Sizes that users pay for, each with its budget. Run after a build; fails when one is over.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { filesBelow, readJson, resolveConditions, ROOT } from "./project.mjs";

const KIB = 1024;
const WASM_BUDGET = 12 * KIB;
const NODE_GZIP_BUDGET = 60 * KIB;

const STATIC_IMPORT =
  /(?:^|[;\n}])\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|(?:^|[;\n}])\s*import\s*["']([^"']+)["']/g;

/** The files that importing `start` loads at once, in a runtime with `conditions`. */
function loadedBy(start, conditions) {
  const { imports } = readJson("package.json");
  const files = [start];
  for (const file of files) {
    for (const [, from, bare] of readFileSync(join(ROOT, file), "utf8").matchAll(STATIC_IMPORT)) {
      const specifier = from ?? bare;
      let next;
      if (specifier.startsWith("#")) next = resolveConditions(imports[specifier], conditions)?.replace(/^\.\//, "");
      else if (specifier.startsWith(".")) next = join(dirname(file), specifier);
      if (next !== undefined && !files.includes(next)) files.push(next);
    }
  }
  return files;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const read = (file) => readFileSync(join(ROOT, file));
const gzip = (files) => sum(files.map((file) => gzipSync(read(file), { level: 9 }).length));

function rows() {
  const node = ["node", "import"];
  const main = loadedBy(resolveConditions(readJson("package.json").exports["."], node).replace(/^\.\//, ""), node);
  return [
    ...filesBelow("dist")
      .filter((file) => file.endsWith(".wasm"))
      .map((file) => ({ what: file, size: read(file).length, budget: WASM_BUDGET })),
    { what: `import "wsasm" on Node, ${main.length} files, gzip`, size: gzip(main), budget: NODE_GZIP_BUDGET },
    { what: "the same, not compressed", size: sum(main.map((file) => read(file).length)), budget: null },
  ];
}

const format = (size) => `${(size / KIB).toFixed(1)} KiB`.padStart(10);
const table = rows();
const width = Math.max(...table.map(({ what }) => what.length));
for (const { what, size, budget } of table) {
  const over = budget !== null && size > budget;
  const verdict = budget === null ? "" : `of ${format(budget).trim()}${over ? "  OVER" : ""}`;
  console.log(`${what.padEnd(width)} ${format(size)} ${verdict}`);
  if (over) process.exitCode = 1;
}
