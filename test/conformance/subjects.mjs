// Starts what is tested as a process of its own, on any runtime.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandOf, THIS_NODE } from "../runtimes/known.mjs";

const HERE = new URL("./subjects/", import.meta.url);

/** Command and arguments of a runtime, or `null` when it is not installed. */
export function runtime(name) {
  return commandOf(name === "node" ? THIS_NODE : name);
}

/** Runtimes as a report names them. */
export const TITLES = { node: "Node", deno: "Deno", bun: "Bun" };

/** Name and version of a runtime that is installed. */
export function versionOf(name) {
  const said = execFileSync(runtime(name)[0], ["--version"], { encoding: "utf8" });
  return `${TITLES[name]} ${/\d+\.\d+\.\d+/.exec(said)[0]}`;
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
    /** Ends it; throws when it had ended by itself, or wrote to the standard error: no peer may bring that about. */
    async stop() {
      const fault = child.exitCode === null ? "" : `ended with ${child.exitCode}`;
      child.kill();
      await exited;
      const said = errors.join("");
      if (fault !== "" || said !== "") throw new Error(`${program} ${fault || "complained"}: ${said}`);
    },
  };
}

/** Runs a client to its end; throws when it fails, or wrote to the standard error: no peer may bring that about. */
export async function runClient(command, program, url) {
  const { exited, errors } = start(command, program, [url]);
  const status = await exited;
  if (status !== 0 || errors.length > 0) throw new Error(`${program} ended with ${status}: ${errors.join("")}`);
}
