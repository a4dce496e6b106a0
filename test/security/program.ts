// A program that a test starts and speaks with: lines to its standard input, JSON in lines from its standard output.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export class Program {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterableIterator<string>;
  readonly #errors: string[] = [];

  /** Starts a file of `victims/` by a command; `options` are its one argument. */
  constructor([command = "", ...own]: readonly string[], name: string, options: unknown) {
    const file = fileURLToPath(new URL(`victims/${name}.mjs`, import.meta.url));
    this.#child = spawn(command, [...own, file, JSON.stringify(options)]);
    this.#answers = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#errors.push(text));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`The program ended: ${this.#errors.join("")}`);
    return JSON.parse(value);
  }

  /** Ends it; throws when it had ended by itself, or wrote to the standard error. */
  async stop(): Promise<void> {
    const { exitCode } = this.#child;
    const exited = exitCode === null ? once(this.#child, "exit") : null;
    this.#child.kill();
    await exited;
    const said = this.#errors.join("");
    if (exitCode !== null || said !== "") throw new Error(`The program ended with ${exitCode}, or complained: ${said}`);
  }
}
