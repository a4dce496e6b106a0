// What only one runtime has is used in src/runtimes alone (and by entries, never).
import { expect, test } from "vitest";
import { isNode, place, SOURCES, walk, type Node } from "./sources.ts";

const GLOBALS: ReadonlySet<string> = new Set(
  (
    "process Buffer global require __dirname __filename setImmediate clearImmediate " +
    "Deno Bun WebSocketPair window document self"
  ).split(" "),
);

/** Where a name stands that is no reference to a variable: `a.process`, `{ process: 1 }`, a method, a type's member. */
const NAMED_FIELDS: ReadonlySet<string> = new Set(["property", "key"]);

function isReference(node: Node, parent: Node | null, field: string): boolean {
  if (node.type !== "Identifier" || !GLOBALS.has(String(node["name"]))) return false;
  if (parent === null || !NAMED_FIELDS.has(field) || parent["computed"] === true) return true;
  const object = parent["object"];
  return isNode(object) && object.type === "Identifier" && object["name"] === "globalThis";
}

const outside = SOURCES.filter(({ path }) => !path.startsWith("src/runtimes/"));

test("globals of one runtime are used in src/runtimes only", () => {
  const found: string[] = [];
  for (const source of outside) {
    walk(source.program, (node, parent, field) => {
      if (isReference(node, parent, field)) found.push(`${place(source, node.start)} ${String(node["name"])}`);
    });
  }
  expect(found).toEqual([]);
});

test("modules of one runtime are imported in src/runtimes only", () => {
  const found = outside.flatMap(({ path, specifiers }) =>
    specifiers
      .filter((specifier) => /^(node|cloudflare|bun):/.test(specifier))
      .map((name) => `${path} imports ${name}`),
  );
  expect(found).toEqual([]);
});
