// Imports go down only, and never in a circle.
import { expect, test } from "vitest";
import { SOURCES } from "./sources.ts";

/** What the files of a folder of src/ may import beside their own folder: folders or single files. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = (() => {
  const ground = ["errors", "bytes", "async"];
  const belowProtocol = [...ground, "kernels", "frames", "http", "extensions"];
  const belowRoles = [...belowProtocol, "protocol", "connection"];
  const belowFaces = [...belowRoles, "client", "server", "runtimes"];
  return {
    errors: [],
    bytes: ["errors"],
    async: ["errors"],
    kernels: ground,
    frames: [...ground, "kernels"],
    http: [...ground, "kernels"],
    extensions: [...ground, "kernels", "frames", "http"],
    protocol: belowProtocol,
    connection: [...belowProtocol, "protocol"],
    client: belowRoles,
    server: belowRoles,
    runtimes: [
      "errors",
      "bytes",
      "connection/transport.ts",
      "connection/runtime.ts", // the interface that a runtime implements
      "connection/tls.ts",
      "connection/native-socket.ts",
      "connection/event-socket.ts",
      "connection/threads.ts",
    ],
    router: [...belowRoles, "server"],
    sync: belowFaces,
    cli: belowFaces,
    testing: belowFaces,
  };
})();

/** Development dependencies that the build makes a part of an entry, by the one file that may import them. */
const BUNDLED: ReadonlyMap<string, string> = new Map([["src/router/pattern.ts", "path-to-regexp"]]);

/** Files beside the entries that are none: they import nothing, and everything may import them. */
const GROUND_FILES: ReadonlySet<string> = new Set(["src/version.ts"]);

/** The folder of a file in src/; an entry has none. */
function folderOf(path: string): string {
  const [, first = "", ...rest] = path.split("/");
  return rest.length === 0 ? "" : first;
}

function runtimeOf(path: string): string | undefined {
  return /^src\/runtimes\/([^/]+)\//.exec(path)?.[1];
}

function mayImport(from: string, to: string): boolean {
  const [fromFolder, toFolder] = [folderOf(from), folderOf(to)];
  if (fromFolder === "" || GROUND_FILES.has(to)) return true;
  if (fromFolder === toFolder) return true;
  const target = to.slice("src/".length);
  return (MAY_IMPORT[fromFolder] ?? []).some((allowed) => allowed === toFolder || allowed === target);
}

test("every folder of src/ has a layer", () => {
  const unknown = SOURCES.map(({ path }) => folderOf(path)).filter(
    (folder) => folder !== "" && !(folder in MAY_IMPORT),
  );
  expect([...new Set(unknown)]).toEqual([]);
});

test("imports go down only; a type counts too", () => {
  const wrong = SOURCES.flatMap(({ path, imports }) =>
    imports.filter((target) => !mayImport(path, target)).map((target) => `${path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("files that everything may import import nothing", () => {
  expect(SOURCES.filter(({ path, imports }) => GROUND_FILES.has(path) && imports.length > 0)).toEqual([]);
});

/** Deno and Bun have Node's modules too: what is correct there need not be written again. */
const HAVE_NODE: ReadonlySet<string | undefined> = new Set(["deno", "bun"]);

test("one runtime never imports another, except that Deno and Bun build on Node's", () => {
  const wrong = SOURCES.flatMap(({ path, imports }) =>
    imports
      .filter((target) => runtimeOf(target) !== undefined && folderOf(path) === "runtimes")
      .filter((target) => runtimeOf(target) !== runtimeOf(path))
      .filter((target) => !(runtimeOf(target) === "node" && HAVE_NODE.has(runtimeOf(path))))
      .map((target) => `${path} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("imports are relative and name the file, or are of the runtime; there are no dependencies", () => {
  const wrong = SOURCES.flatMap(({ path, specifiers }) =>
    specifiers
      .filter((specifier) => !/^\.{1,2}\/.+\.(ts|wasm)$/.test(specifier))
      .filter((specifier) => !(/^#(wasm|deflate)$/.test(specifier) && folderOf(path) === "kernels"))
      .filter((specifier) => BUNDLED.get(path) !== specifier)
      .filter((specifier) => !/^(node|cloudflare):/.test(specifier)) // where these may be: runtime-globals.test.ts
      .map((specifier) => `${path} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

test("no imports in a circle", () => {
  const importsOf = new Map(SOURCES.map(({ path, imports }) => [path, imports]));
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path].join(" -> "));
    if (start >= 0 || done.has(path)) return;
    for (const target of importsOf.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of SOURCES) visit(path, []);
  expect(circles).toEqual([]);
});

test("only entries re-export: below them, import the file that defines the name", () => {
  const barrels = SOURCES.filter(({ path }) => folderOf(path) !== "").filter(({ program }) =>
    (program["body"] as { type: string; source?: unknown }[]).some(
      ({ type, source }) => type === "ExportAllDeclaration" || (type === "ExportNamedDeclaration" && source != null),
    ),
  );
  expect(barrels.map(({ path }) => path)).toEqual([]);
});
