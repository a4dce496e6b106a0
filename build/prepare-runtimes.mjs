// Installs the other runtimes and compilers that tests start (test/runtimes/package.json), when they are missing.
// They have a folder of their own so that their programs never shadow those of the root (see CONTRIBUTING.md).
// Without them the tests that need them are skipped aloud, so a failure here is told and not an error.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./project.mjs";

const HOME = join(ROOT, "test/runtimes");

/** Names of what is missing or has another version than package.json there asks for. */
function missing() {
  const { dependencies } = JSON.parse(readFileSync(join(HOME, "package.json"), "utf8"));
  return Object.entries(dependencies)
    .filter(([name, version]) => {
      const path = join(HOME, "node_modules", name, "package.json");
      return !existsSync(path) || JSON.parse(readFileSync(path, "utf8")).version !== version;
    })
    .map(([name]) => name);
}

const needed = missing();
if (needed.length > 0) {
  console.log(`Installing ${needed.join(", ")} in test/runtimes`);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status, error } = spawnSync(npm, ["ci", "--no-audit", "--no-fund"], {
    cwd: HOME,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
  });
  if (status !== 0) {
    console.warn(
      `Cannot install in test/runtimes: ${error?.message ?? `npm ended with ${status}`}. Their tests are skipped.`,
    );
  }
}
