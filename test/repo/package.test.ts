// What package.json promises, against what the build made.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { distEntries, filesBelow, publicEntries, readJson, resolveConditions, ROOT } from "../../build/project.mjs";
import { LIST, publicNames } from "../../build/public-names.mjs";

const manifest = readJson("package.json");

test("package.json names files that the build makes", () => {
  const files = [
    ...distEntries().flatMap(({ file }) => [file, `${file}.map`]),
    ...publicEntries().map(({ name }) => `dist/${name}.d.ts`),
    ...manifest.files,
  ];
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test("the package holds what its README and its documentation link to", () => {
  const isPacked = (path: string): boolean =>
    manifest.files.some((file: string) => path === file || path.startsWith(`${file}/`));
  const documents = ["README.md", ...filesBelow("docs").filter((file) => file.endsWith(".md"))];
  const missing = documents.flatMap((document) =>
    Array.from(readFileSync(join(ROOT, document), "utf8").matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g), ([, link]) =>
      join(dirname(document), link as string),
    ).filter((path) => !isPacked(path)),
  );
  expect(missing).toEqual([]);
});

test("every public name is in the list (npm run update-names writes it)", async () => {
  expect(await publicNames()).toEqual(readJson(LIST));
});

test("src/version.ts tells the version of package.json", () => {
  expect(readFileSync(join(ROOT, "src/version.ts"), "utf8")).toContain(`"${manifest.version}"`);
});

test("there are no dependencies and no install scripts", () => {
  const { dependencies, peerDependencies, optionalDependencies, scripts } = manifest;
  expect({ dependencies, peerDependencies, optionalDependencies }).toEqual({});
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
});

test("development dependencies are exact versions", () => {
  const runtimes = readJson("test/runtimes/package.json");
  const nodes = readJson("test/runtimes/nodes/package.json");
  const versions: [string, string][] = Object.entries({
    ...manifest.devDependencies,
    ...runtimes.dependencies,
    ...runtimes.optionalDependencies,
    ...nodes.optionalDependencies,
  });
  expect(versions.filter(([, version]) => !/^(npm:[@\w/-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test("CHANGELOG.md has a section for the version of package.json, or for what is not released", () => {
  const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
  expect(changelog).toMatch(/^## \[?Unreleased\]?/m);
  expect(changelog).toContain(manifest.version);
});

test("source maps lead to src/", () => {
  const maps = filesBelow("dist").filter((file) => file.endsWith(".map"));
  const lost = maps.flatMap((file) => {
    const { sources }: { sources: string[] } = readJson(file);
    return sources
      .map((source) => join(file, "..", source).replaceAll("\\", "/"))
      .filter((source) => !source.startsWith("src/") || !existsSync(join(ROOT, source)))
      .map((source) => `${file}: ${source}`);
  });
  expect(maps).not.toEqual([]);
  expect(lost).toEqual([]);
});

/** Entries of package.json, as users write them. */
const entries = Object.keys(manifest.exports).filter((name) => name !== "./package.json");

test("deno.json has the same entries and version as package.json", () => {
  const deno = readJson("deno.json");
  expect(deno.version).toBe(manifest.version);
  expect(deno.license).toBe(manifest.license);
  // Threads are files: Deno starts none from where JSR keeps modules.
  expect([...Object.keys(deno.exports), "./sync"].toSorted()).toEqual(entries.toSorted());
  for (const [name, source] of Object.entries<string>(deno.exports)) {
    // What `default` leads to: JSR has no conditions.
    const file = resolveConditions(manifest.exports[name], ["import"]);
    expect(source).toBe(file?.replace("./dist/", "./src/").replace(/\.js$/, ".ts"));
  }
  const version = manifest.devDependencies["path-to-regexp"];
  expect(deno.imports["path-to-regexp"]).toBe(`npm:path-to-regexp@${version}`);
});

test("docs/native-sockets.md names the entries with a WebSocket of the runtime", () => {
  const text = readFileSync(join(ROOT, "docs/native-sockets.md"), "utf8");
  const named = new Set([...text.matchAll(/`(wsasm\/[\w-]+)`/g)].map(([, name]) => name?.replace("wsasm", ".")));
  expect([...named].filter((name) => !entries.includes(name ?? ""))).toEqual([]);
});

test.each([
  [["workerd", "worker", "browser"], "./dist/workers.js"],
  [["browser", "import"], "./dist/browser.js"],
  [["node", "import"], "./dist/index.js"],
])("conditions %s lead to %s", (conditions, file) => {
  expect(resolveConditions(manifest.exports["."], conditions)).toBe(file);
});
