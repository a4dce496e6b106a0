// Lists the public names of every entry, values and types apart, as dist/ has them.
// With --update it writes them to test/repo/public-names.json, with which a test compares them.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseAst } from "vitest/node";
import { readJson, resolveConditions, ROOT } from "./project.mjs";

export const LIST = "test/repo/public-names.json";

const nameOf = (/** @type {any} */ node) => (node.type === "Literal" ? node.value : node.name);

/** Names that a d.ts file exports, following `export *`. */
function* declaredNames(file) {
  /** @type {any[]} */
  const statements = parseAst(readFileSync(file, "utf8"), { lang: "dts" }).body;
  for (const node of statements) {
    if (node.type === "ExportAllDeclaration") {
      if (node.exported !== null) yield nameOf(node.exported);
      else yield* declaredNames(join(dirname(file), node.source.value.replace(/\.js$/, ".d.ts")));
    } else if (node.type === "ExportNamedDeclaration") {
      for (const specifier of node.specifiers) yield nameOf(specifier.exported);
      const { declaration } = node;
      if (declaration?.id) yield declaration.id.name;
      for (const declarator of declaration?.declarations ?? []) yield declarator.id.name;
    }
  }
}

/** The names of all entries of package.json: `{ ".": { values: [...], types: [...] }, ... }`. */
export async function publicNames() {
  const names = {};
  for (const [entry, target] of Object.entries(readJson("package.json").exports)) {
    if (entry === "./package.json") continue;
    const js = join(ROOT, resolveConditions(target, ["node", "import"]));
    const types = join(ROOT, resolveConditions(target, ["types"]));
    const values = Object.keys(await import(pathToFileURL(js).href));
    const declared = [...new Set(declaredNames(types))];
    names[entry] = {
      values: values.toSorted(),
      types: declared.filter((name) => !values.includes(name)).toSorted(),
    };
  }
  return names;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes("--update")) {
  writeFileSync(join(ROOT, LIST), `${JSON.stringify(await publicNames(), null, 2)}\n`);
  console.log(`Wrote ${LIST}`);
}
