// Runs the resource tests in full and writes the tables of docs/security.md: npm run build && node test/security/report.mjs
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { runtime, TITLES, versionOf } from "../conformance/subjects.mjs";
import { markdown } from "../conformance/table.mjs";

const PAGE = new URL("../../docs/security.md", import.meta.url);
const VITEST = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));

const child = spawn(process.execPath, [VITEST, "run", "test/security/resources.test.ts"], {
  env: { ...process.env, WSASM_FULL: "1", WSASM_FIGURES: "1", NO_COLOR: "1" },
  stdio: ["ignore", "pipe", "inherit"],
});
let output = "";
child.stdout.setEncoding("utf8").on("data", (text) => {
  process.stdout.write(text);
  output += text;
});
const [status] = await once(child, "close");
if (status !== 0) throw new Error(`The tests ended with ${status}`);

const rows = new Map();
const columns = new Set();
for (const [, line] of output.matchAll(/^FIGURES (.*)$/gm)) {
  const [where, bound, growth, , worst, cpu] = JSON.parse(line);
  const [, name, role, what] = /^(\w+) (\w+): (.*)$/.exec(where);
  const column = `${TITLES[name]}, ${role}`;
  columns.add(column);
  const row = rows.get(what) ?? { bound: `${bound} MiB`, cells: new Map() };
  row.cells.set(column, { memory: growth.toFixed(1), wait: String(Math.ceil(worst)), cpu: (cpu / 1000).toFixed(2) });
  rows.set(what, row);
}

const table = (title, key, withBound) =>
  markdown([
    [title, ...(withBound ? ["bound"] : []), ...columns],
    ...[...rows].map(([what, { bound, cells }]) => [
      what,
      ...(withBound ? [bound] : []),
      ...[...columns].map((column) => cells.get(column)?.[key] ?? ""),
    ]),
  ]);
const versions = Object.keys(TITLES)
  .filter((name) => runtime(name) !== null)
  .map(versionOf);
const text = [
  table("memory, MiB", "memory", true),
  table("another connection waited, ms", "wait", false),
  table("time of the processor, s", "cpu", false),
  `${versions.join(", ")}; Linux, ${cpus().length} processors.`,
].join("\n\n");
const page = readFileSync(PAGE, "utf8");
writeFileSync(
  PAGE,
  page.replace(/(<!-- tables -->\n)[^]*(<!-- end of tables -->)/, (_, begin, end) => `${begin}\n${text}\n\n${end}`),
);
