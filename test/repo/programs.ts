// Starting other programs from tests: npm, compilers, Node and the runtimes of test/runtimes.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, ROOT } from "../../build/project.mjs";
import { commandOf } from "../runtimes/known.mjs";

export const RUNTIMES = join(ROOT, "test/runtimes");

export interface Result {
  readonly status: number | null;
  readonly output: string;
}

const LIMIT = 120_000;

export function run(command: string, args: readonly string[], cwd: string): Result {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: LIMIT,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, output: `${stdout}${stderr}${error?.message ?? ""}` };
}

/** Path of a program of test/runtimes, or `undefined` when it is not installed: then it is told so. */
export function runtime(name: "deno" | "bun"): string | undefined {
  return commandOf(name)?.[0];
}

/** The compiler of test/runtimes, older than that of the project; told when it is absent. */
export function olderCompiler(): string | undefined {
  if (existsSync(join(RUNTIMES, "node_modules/typescript"))) return bin("typescript", "tsc", RUNTIMES);
  console.warn("SKIPPED with an older TypeScript: not installed in test/runtimes");
  return undefined;
}

/** An empty folder outside of the project, gone when disposed of. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "wsasm-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Packs the package as it would be published and installs it, without any network, in a new project in `folder`. */
export function installPacked(folder: string): void {
  const packed = run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], ROOT);
  const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  if (packed.status !== 0 || tarball === undefined) throw new Error(`Cannot pack: ${packed.output}`);
  const steps = [
    ["init", "-y", "--init-type=module"],
    ["install", "--offline", "--no-audit", "--no-fund", `./${tarball}`],
  ];
  for (const args of steps) {
    const { status, output } = run("npm", args, folder);
    if (status !== 0) throw new Error(`Cannot npm ${args.join(" ")}: ${output}`);
  }
}

/** A program that runs beside the test. */
export interface Running {
  readonly child: ChildProcess;
  /** What it printed until now. */
  output(): string;
  /** Its exit status; rejects after `milliseconds`. */
  exited(milliseconds: number): Promise<number | null>;
  /** Ends it and waits until it is gone. */
  kill(): Promise<void>;
}

export function start(command: string, args: readonly string[], cwd: string): Running {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const exit = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
    child.on("error", (error) => {
      output += error.message;
      resolve(null);
    });
  });
  return {
    child,
    output: () => output,
    async exited(milliseconds) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`still running after ${milliseconds} ms: ${output}`)), milliseconds);
      });
      return Promise.race([exit, late]).finally(() => clearTimeout(timer));
    },
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** Whether something listens on `port` of localhost. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "localhost", port });
    socket.on("connect", () => socket.destroy());
    socket.on("error", () => resolve(false));
    socket.on("close", (hadError) => resolve(!hadError));
  });
}
