// Flattens the JavaScript that tsc wrote into one short file an entry and shared chunks, with source maps to src/.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rollup } from "rollup";
import { minify } from "terser";
import { distEntries, fromDist } from "./project.mjs";

/** What tsc puts where a module is imported by a name that only the program knows; terser makes a mistake of it. */
const IMPORT_HELPER = /\bimport\(__rewriteRelativeImportExtension\((\w+)\)\)/g;

/** Rollup does not follow the source maps of its input by itself. */
const chainSourceMaps = {
  name: "chain-source-maps",
  load(id) {
    if (!existsSync(`${id}.map`)) return null;
    const code = readFileSync(id, "utf8")
      .replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n")
      .replaceAll(IMPORT_HELPER, "import($1)");
    return { code, map: JSON.parse(readFileSync(`${id}.map`, "utf8")) };
  },
};

/**
 * Writes the numbers in the place of `CloseCode.NORMAL_CLOSURE` and the like. No bundler does that with exported objects, and a page
 * would have all their names in it. Columns stay as they are, so that source maps do.
 */
async function inlineCodes(from) {
  const at = (file) => import(pathToFileURL(join(from, "frames", file)).href);
  const objects = { CloseCode: (await at("close-code.js")).CloseCode, Opcode: (await at("opcode.js")).Opcode };
  const names = new RegExp(`\\b(${Object.keys(objects).join("|")})\\.([A-Z_]+)\\b`, "g");
  return {
    name: "inline-codes",
    transform: (code) => ({
      code: code.replaceAll(names, (whole, object, name) => String(objects[object][name]).padEnd(whole.length)),
      map: null,
    }),
  };
}

/** Development dependencies that become a part of an entry; THIRD-PARTY-NOTICES.md has their licences. */
const BUNDLED = new Map([["path-to-regexp", fileURLToPath(import.meta.resolve("path-to-regexp"))]]);

/** Users do not have their sources, so source maps leave them out. */
const bundleDependencies = {
  name: "bundle-dependencies",
  resolveId: (specifier) => BUNDLED.get(specifier) ?? null,
  load(id) {
    if (![...BUNDLED.values()].includes(id)) return null;
    const code = readFileSync(id, "utf8").replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
    return { code, map: { version: 3, names: [], sources: [], mappings: "" } };
  },
};

/** Local names become short; those of classes, which users see, and of properties stay. Source maps lead to src/. */
/** @type {import("rollup").Plugin} */
const shorten = {
  name: "shorten",
  async renderChunk(code) {
    const { code: short, map } = await minify(code, {
      module: true,
      ecma: 2022,
      compress: { passes: 2, keep_classnames: true },
      // Node prints the whole line of an error that nobody caught.
      format: { max_line_len: 300 },
      mangle: { keep_classnames: true },
      sourceMap: true,
    });
    return { code: short ?? code, map: /** @type {import("rollup").ExistingRawSourceMap} */ (map) };
  },
};

/** These stay imports: package.json decides at run time which module of src/kernels they are. */
const EXTERNAL = [/^node:/, /^cloudflare:/, /\.wasm$/, "#wasm", "#deflate"];

function onwarn(warning) {
  // The helper of tsc, which is not used then.
  if (warning.code === "THIS_IS_UNDEFINED") return;
  throw new Error(`rollup: ${warning.message}`);
}

/** Entries that decide what lies together in a file. With all of them, there would be twice as many files. */
const DECISIVE = /^(index|node|browser|workers|sansio|kernels\/.*)$/;

/** Too small for a file of their own: who loads the larger chunk only gets a little more. */
const MERGED = new Map([["server-protocol", "server-handshake"]]);

/** Which chunk each module lies in when there are only the decisive entries. */
async function placesOf(input) {
  const decisive = Object.fromEntries(Object.entries(input).filter(([name]) => DECISIVE.test(name)));
  const build = await rollup({ input: decisive, external: EXTERNAL, plugins: [bundleDependencies], onwarn });
  const { output } = await build.generate({ format: "es" });
  await build.close();
  const chunks = output.filter((file) => file.type === "chunk");
  const places = chunks.flatMap(({ name, modules, facadeModuleId }) =>
    Object.keys(modules)
      .filter((id) => id !== facadeModuleId || !Object.values(input).includes(id))
      .map((id) => /** @type {const} */ ([id, MERGED.get(name) ?? name])),
  );
  return new Map(places);
}

/** Bundles the entries that package.json names from `from` (output of tsc) into `to`. */
export async function bundle(from, to) {
  const input = Object.fromEntries(distEntries().map(({ name }) => [name, join(from, `${name}.js`)]));
  const places = await placesOf(input);
  const build = await rollup({
    input,
    external: EXTERNAL,
    plugins: [bundleDependencies, chainSourceMaps, await inlineCodes(from), shorten],
    onwarn,
  });
  await build.write({
    dir: to,
    format: "es",
    sourcemap: true,
    sourcemapExcludeSources: true, // src/ is in the package
    sourcemapPathTransform: (source, mapPath) => fromDist(resolve(dirname(mapPath), source), relative(to, mapPath)),
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    hoistTransitiveImports: false,
    manualChunks: (id) => places.get(id),
  });
  await build.close();
}
