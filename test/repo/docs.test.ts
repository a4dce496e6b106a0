// The code in the documentation compiles in an empty project that has the packed package, and what is a program runs: that of the
// README on every runtime. snippets.ts says how blocks are marked.
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bin, ROOT } from "../../build/project.mjs";
import { commandOf, NAMES, THIS_NODE, titleOf } from "../runtimes/known.mjs";
import { installPacked, listens, run, type Running, RUNTIMES, start, temporaryFolder } from "./programs.ts";
import { SNIPPETS, type Snippet } from "./snippets.ts";

const PROJECT = temporaryFolder();

/** Types of versions of Node; what was compiled with the first is run. */
const TYPES = [
  ["20", join(RUNTIMES, "node_modules/types-node20")],
  ["22", join(RUNTIMES, "node_modules/types-node22")],
  ["26", join(ROOT, "node_modules/@types/node")],
].map(([version = "", path = ""]) => ({ version, path, isThere: existsSync(path) }));

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
};

/** Where the programs are that run. */
const compiledTo = join(PROJECT.path, `node-${TYPES.find(({ isThere }) => isThere)?.version}`);

/** Compiles all blocks for a version of Node, to a folder of that name. */
function compile(version: string, path: string): { status: number | null; output: string } {
  const types = join(PROJECT.path, `types-${version}`);
  mkdirSync(types);
  symlinkSync(path, join(types, "node"));
  const compilerOptions = { ...COMPILER_OPTIONS, typeRoots: [types], outDir: `node-${version}` };
  const config = join(PROJECT.path, `tsconfig.${version}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return run(process.execPath, [bin("typescript", "tsc"), "-p", config], PROJECT.path);
}

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
async function startTogether(
  [program = "", ...args]: readonly string[],
  snippets: readonly Snippet[],
  running: Running[],
): Promise<void> {
  for (const snippet of snippets) {
    const ports = portsOf(snippet);
    for (const port of ports) {
      if (await listens(port)) throw new Error(`Cannot run ${snippet.place}: port ${port} is used by another program`);
    }
    const file = join(compiledTo, `${snippet.name}.js`);
    running.push(start(program, [...args, file], PROJECT.path));
    if (snippet === snippets.at(-1)) break;
    for (const port of ports) await until(() => listens(port), running);
  }
}

async function runTogether(command: readonly string[], snippets: readonly Snippet[]): Promise<void> {
  const running: Running[] = [];
  try {
    await startTogether(command, snippets, running);
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
  const present = TYPES.filter(({ isThere }) => isThere);
  const compiled = new Map<string, { status: number | null; output: string }>();

  beforeAll(() => {
    installPacked(PROJECT.path);
    for (const { name, code } of SNIPPETS) writeFileSync(join(PROJECT.path, `${name}.ts`), code);
    for (const { version, path } of present) compiled.set(version, compile(version, path));
  }, 120_000);
  afterAll(() => PROJECT[Symbol.dispose]());

  for (const { version, isThere } of TYPES) {
    if (!isThere) console.warn(`SKIPPED with the types of Node ${version}: not installed in test/runtimes`);

    test.skipIf(!isThere)(`type-checks with the types of Node ${version}`, () => {
      expect(compiled.get(version)).toEqual({ status: 0, output: "" });
    });
  }

  test("opens with a server and its client, which are run", () => {
    const [server, client] = SNIPPETS;
    expect(server?.block).toMatch(/^import \{ serve \} from "wsasm";$/m);
    expect(server?.block).toContain("port: 8765");
    expect(client?.block).toContain('connect("ws://localhost:8765")');
    expect(server?.run).not.toBeNull();
    expect(server?.run).toBe(client?.run);
    expect(client?.prints).toEqual(["Hello world!"]);
  });

  for (const name of NAMES) {
    const command = commandOf(name);
    const isHere = name === THIS_NODE;
    const known = [...groups].filter(([, snippets]) => isHere || snippets[0]?.place.startsWith("README.md") === true);

    describe.skipIf(command === null)(`on ${titleOf(name)}`, () => {
      test.each(known)("the programs %s run", async (_name, snippets) => {
        await runTogether(command ?? [], snippets);
      });
    });
  }
});
