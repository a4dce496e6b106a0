// House rules about the text of the sources.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, ROOT } from "../../build/project.mjs";
import { place, SOURCES, walk } from "./sources.ts";

const MAX_LINES = 400;
const UNCHECKED = /@ts-(ignore|nocheck|expect-error)|(oxlint|eslint)-disable(?!-next-line [\w/-]+.* -- )/;

test("no any in src/", () => {
  const found: string[] = [];
  for (const source of SOURCES) {
    walk(source.program, (node) => {
      if (node.type === "TSAnyKeyword") found.push(place(source, node.start));
    });
  }
  expect(found).toEqual([]);
});

test("nothing in src/ is hidden from the compiler; from the linter only a line, and with a reason", () => {
  const found = SOURCES.flatMap((source) => {
    const match = UNCHECKED.exec(source.text);
    return match === null ? [] : [`${place(source, match.index)} ${match[0]}`];
  });
  expect(found).toEqual([]);
});

test("no default exports in src/", () => {
  const found = SOURCES.filter(({ path }) => !path.endsWith(".d.wasm.ts")).filter(({ program }) =>
    (program["body"] as { type: string }[]).some(({ type }) => type === "ExportDefaultDeclaration"),
  );
  expect(found.map(({ path }) => path)).toEqual([]);
});

test("files open with a comment that says what they are for", () => {
  expect(SOURCES.filter(({ text }) => !/^(\/\/\/ <.*\n)*(\/\/ |\/\*\*)/.test(text)).map(({ path }) => path)).toEqual(
    [],
  );
});

test("file names are in kebab case", () => {
  const names = filesBelow("src").map((path) => path.split("/").at(-1) ?? "");
  expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)+$/.test(name))).toEqual([]);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const files = [...SOURCES.map(({ path }) => path), ...filesBelow("assembly").filter((path) => path.endsWith(".ts"))];
  const long = files
    .map((path) => ({ path, lines: readFileSync(join(ROOT, path), "utf8").trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > MAX_LINES);
  expect(long).toEqual([]);
});
