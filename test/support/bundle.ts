// esbuild and other bundlers of test/runtimes, on applications that use the package.
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../build/project.mjs";
import { RUNTIMES } from "../repo/programs.ts";

/** Loads a package of test/runtimes, or of the project; `undefined`, and told, when it is absent. */
export async function bundler(name: string): Promise<Record<string, unknown> | undefined> {
  for (const home of [RUNTIMES, ROOT]) {
    if (!existsSync(join(home, "node_modules", name))) continue;
    const require = createRequire(join(home, "package.json"));
    return (await import(pathToFileURL(require.resolve(name)).href)) as Record<string, unknown>;
  }
  console.warn(`SKIPPED with ${name}: not installed in test/runtimes (node build/prepare-runtimes.mjs installs it)`);
  return undefined;
}

/** Makes an application in `folder` that has the package in its node_modules. Returns the path of its file. */
export function application(folder: string, source: string): string {
  const home = join(folder, "node_modules/wsasm");
  mkdirSync(home, { recursive: true });
  // Not a link: bundlers would find the tsconfig.json of the project.
  for (const name of ["package.json", "dist"]) cpSync(join(ROOT, name), join(home, name), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  const entry = join(folder, "app.js");
  writeFileSync(entry, source);
  return entry;
}

/** `build` of esbuild, as far as it is used. */
export type Esbuild = (options: Record<string, unknown>) => Promise<unknown>;

/** Bundles a Worker with the conditions of workerd, its modules beside it. */
export async function bundleWorker(build: Esbuild, entry: string, folder: string): Promise<void> {
  await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    outfile: join(folder, "worker.js"),
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    logLevel: "silent",
  });
}
