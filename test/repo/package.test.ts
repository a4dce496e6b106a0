// What package.json promises, against what the build made.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { distEntries, filesBelow, publicEntries, readJson, ROOT } from "../../build/project.mjs";
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
    ...nodes.dependencies,
  });
  expect(versions.filter(([, version]) => !/^(npm:[\w-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
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
