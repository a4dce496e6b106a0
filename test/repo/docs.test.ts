// The code in the documentation compiles, and what is a program runs. snippets.ts says how blocks are marked.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bin, ROOT } from "../../build/project.mjs";
import { listens, run, type Running, start } from "./programs.ts";
import { SNIPPETS, type Snippet } from "./snippets.ts";

/** Inside of the project, so that `import "wsasm"` is the package itself. */
const FOLDER = join(ROOT, ".tmp", `docs-${process.pid}`);
const JS = join(FOLDER, "js");

/** As users have it; `await using` is lowered, because Node 20 does not know it. */
const COMPILER_OPTIONS = {
  target: "es2022",
  lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"],
  types: ["node"],
  module: "nodenext",
  moduleDetection: "force",
  strict: true,
  noEmitOnError: false,
  rootDir: ".",
  outDir: "js",
};

const groups = new Map<string, Snippet[]>();
for (const snippet of SNIPPETS) {
  if (snippet.run !== null) groups.set(snippet.run, [...(groups.get(snippet.run) ?? []), snippet]);
}

const portsOf = (snippet: Snippet): number[] =>
  [...snippet.block.matchAll(/\bport: (\d+)/g)].map(([, port]) => Number(port)).filter((port) => port > 0);

async function until(condition: () => Promise<boolean>, running: readonly Running[]): Promise<void> {
  while (!(await condition())) {
    const ended = running.find(({ child }) => child.exitCode !== null);
    if (ended !== undefined) throw new Error(`ended too early: ${ended.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts each when the ports of those before it listen, and waits for the last. */
async function startTogether(snippets: readonly Snippet[], running: Running[]): Promise<void> {
  for (const snippet of snippets) {
    const ports = portsOf(snippet);
    for (const port of ports) {
      if (await listens(port)) throw new Error(`Cannot run ${snippet.place}: port ${port} is used by another program`);
    }
    running.push(start(process.execPath, [join(JS, `${snippet.name}.js`)], ROOT));
    if (snippet === snippets.at(-1)) break;
    for (const port of ports) await until(() => listens(port), running);
  }
}

async function runTogether(snippets: readonly Snippet[]): Promise<void> {
  const running: Running[] = [];
  try {
    await startTogether(snippets, running);
    const status = await running.at(-1)?.exited(30_000);
    expect({ status, output: running.map((program) => program.output()) }).toEqual({
      status: 0,
      output: snippets.map(({ prints }) => prints.map((line) => `${line}\n`).join("")),
    });
  } finally {
    for (const program of running) await program.kill();
  }
}

describe("the documentation", { tags: ["external"] }, () => {
  let compiled = { status: null as number | null, output: "not compiled" };

  beforeAll(() => {
    mkdirSync(FOLDER, { recursive: true });
    for (const { name, code } of SNIPPETS) writeFileSync(join(FOLDER, `${name}.ts`), code);
    writeFileSync(
      join(FOLDER, "tsconfig.json"),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ["*.ts"] }),
    );
    compiled = run(process.execPath, [bin("typescript", "tsc"), "-p", FOLDER], ROOT);
  });
  afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

  test("type-checks", () => {
    expect(compiled).toEqual({ status: 0, output: "" });
  });

  test("opens with a server and its client, which are run", () => {
    const [server, client] = SNIPPETS;
    expect(server?.block).toMatch(/^import \{ serve \} from "wsasm";$/m);
    expect(server?.block).toContain("port: 8765");
    expect(client?.block).toContain('connect("ws://localhost:8765")');
    expect(server?.run).not.toBeNull();
    expect(server?.run).toBe(client?.run);
    expect(client?.prints).toEqual(["Hello world!"]);
  });

  test.each([...groups])("the programs %s run", async (_name, snippets) => {
    await runTogether(snippets);
  });
});
