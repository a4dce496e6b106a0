// The sources as syntax trees, for the tests of the house rules.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseAst } from "vitest/node";
import { filesBelow, ROOT } from "../../build/project.mjs";

/** A node of the syntax tree (ESTree with TypeScript), as far as the rules look. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Source {
  /** Path from the root, such as `src/frames/frame.ts`. */
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  /** Module specifiers of imports and re-exports, types too, as written. */
  readonly specifiers: readonly string[];
  /** Those that are relative, as paths from the root. */
  readonly imports: readonly string[];
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** Calls `visit` for every node below and including `node`, with its parent and the field of the parent it is in. */
export function walk(node: Node, visit: (node: Node, parent: Node | null, field: string) => void): void {
  const step = (current: Node, parent: Node | null, field: string): void => {
    visit(current, parent, field);
    for (const [name, value] of Object.entries(current)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) step(child, current, name);
    }
  };
  step(node, null, "");
}

/** `path:line` of a position in a source. */
export function place(source: Source, position: number): string {
  return `${source.path}:${source.text.slice(0, position).split("\n").length}`;
}

function specifiersOf(program: Node): string[] {
  const found: string[] = [];
  walk(program, (node) => {
    // import and export ... from, import(), and import("...") in types all keep it in `source`.
    const source = node["source"];
    if (isNode(source) && source.type === "Literal") found.push(String(source["value"]));
  });
  return found;
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  const program = parseAst(text, { lang: "ts" }, path) as unknown as Node;
  const specifiers = specifiersOf(program);
  const imports = specifiers
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => join(dirname(path), specifier).replaceAll("\\", "/"));
  return { path, text, program, specifiers, imports };
}

/** All of src/ but the generated files. */
export const SOURCES: readonly Source[] = filesBelow("src")
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".generated.ts"))
  .map(readSource);
