// Facts about the project that several build scripts and tests need.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

/**
 * The WebAssembly modules: `entry` becomes build/`name`.wasm as the target `name` of asconfig.json says, and the
 * hexadecimal digits of that become the constant `embeddedAs` of src/kernels/`embedded`.
 */
export const MODULES = [
  {
    name: "protocol",
    entry: "assembly/index.ts",
    embedded: "module.bytes.generated.ts",
    embeddedAs: "MODULE_HEX",
  },
  {
    name: "deflate",
    entry: "assembly/deflate/index.ts",
    embedded: "deflate.bytes.generated.ts",
    embeddedAs: "DEFLATE_HEX",
  },
];

/** Arguments of asc for one of them. */
export function ascArguments({ name, entry }) {
  return [entry, "--config", "asconfig.json", "--target", name];
}

/** Path of a program that a dev dependency brings, to be started with this Node. */
export function bin(packageName, name, folder = ROOT) {
  const home = join(folder, "node_modules", packageName);
  const { bin: bins } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  return join(home, typeof bins === "string" ? bins : bins[name]);
}

/** Every target below a (conditional) entry of `exports` or `imports`. */
function* targets(entry) {
  if (typeof entry === "string") yield entry;
  else if (entry !== null) for (const value of Object.values(entry)) yield* targets(value);
}

/** What dist/ must hold: the files that package.json names, each with the source that it is made of. */
export function distEntries() {
  const { imports = {}, bin: bins = {} } = readJson("package.json");
  return [...publicEntries(), ...entriesOf(imports), ...entriesOf(bins)];
}

/** Those of them that users import, and need types of. */
export function publicEntries() {
  return entriesOf(readJson("package.json").exports ?? {});
}

function entriesOf(field) {
  return [...new Set(targets(field))]
    .map((file) => file.replace(/^\.\//, ""))
    .filter((file) => file.startsWith("dist/") && file.endsWith(".js"))
    .map((file) => {
      const name = file.slice("dist/".length, -".js".length);
      return { name, file, source: `src/${name}.ts` };
    });
}

/** How `file` (absolute) is told in a source map that will be dist/`mapPath`. */
export function fromDist(file, mapPath) {
  return relative(dirname(join(ROOT, "dist", mapPath)), file)
    .split(sep)
    .join("/");
}

/** Picks the target of an entry of `exports` or `imports` as a runtime with `conditions` does. */
export function resolveConditions(entry, conditions) {
  if (typeof entry !== "object" || entry === null) return entry ?? undefined;
  for (const [condition, value] of Object.entries(entry)) {
    if (condition !== "default" && !conditions.includes(condition)) continue;
    const target = resolveConditions(value, conditions);
    if (target !== undefined) return target;
  }
  return undefined;
}

/** Files below `folder`, relative to the root with forward slashes, sorted. */
export function filesBelow(folder) {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((file) => !file.includes("node_modules/"))
    .toSorted();
}

/** Files that are, or would be, committed; `undefined` outside a git checkout. */
export function committedFiles() {
  try {
    const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return [...new Set(list.split("\0"))].filter((file) => file !== "" && existsSync(join(ROOT, file))).toSorted();
  } catch {
    return undefined; // no git, or an unpacked tarball
  }
}
