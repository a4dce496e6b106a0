// Starts what is tested as a process of its own, on any runtime.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandOf, THIS_NODE } from "../runtimes/known.mjs";

const HERE = new URL("./subjects/", import.meta.url);

/** Command and arguments of a runtime, or `null` when it is not installed. */
export function runtime(name) {
  return commandOf(name === "node" ? THIS_NODE : name);
}

function start([command, ...own], program, rest) {
  const child = spawn(command, [...own, fileURLToPath(new URL(program, HERE)), ...rest], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors = [];
  child.stderr.setEncoding("utf8").on("data", (text) => errors.push(text));
  const exited = once(child, "exit").then(([code]) => code);
  return { child, exited, errors };
}

/** Starts a server; it prints its URL. */
export async function startServer(command, program, rest = []) {
  const { child, exited, errors } = start(command, program, rest);
  const lines = createInterface({ input: child.stdout });
  const url = await Promise.race([once(lines, "line").then(([line]) => line), exited]);
  if (typeof url !== "string") throw new Error(`Cannot start ${program}: ${errors.join("")}`);
  return {
    url,
    pid: child.pid,
    errors,
    hasExited: () => child.exitCode !== null,
    async stop() {
      child.kill();
      await exited;
    },
  };
}

/** Runs a client to its end; gives what it wrote to the standard error and its status. */
export async function runClient(command, program, url) {
  const { exited, errors } = start(command, program, [url]);
  return { status: await exited, errors: errors.join("") };
}
