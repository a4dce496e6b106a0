// Where processes run: the generator on core 0 and the servers on core 1, where the system can do that.
import { execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, cpus } from "node:os";

const GENERATOR_CORE = "0";
const SERVER_CORE = "1";

function canPin() {
  if (process.platform !== "linux" || availableParallelism() < 2) return false;
  try {
    execFileSync("taskset", ["-c", `${GENERATOR_CORE},${SERVER_CORE}`, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export const isPinned = canPin();

/** Pins this process, all threads of it. */
export function pinGenerator() {
  if (isPinned) execFileSync("taskset", ["-a", "-c", "-p", GENERATOR_CORE, String(process.pid)], { stdio: "ignore" });
}

/** Starts a module in a process of its own, with a channel for messages. */
function start(file, args, env) {
  const settings = { env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit", "ipc"] };
  if (!isPinned) return fork(file, args, settings);
  return spawn("taskset", ["-c", SERVER_CORE, process.execPath, ...process.execArgv, file, ...args], settings);
}

/** A server under test: a process that lives through the whole benchmark. */
export class ServerProcess {
  port = 0;
  #child;
  /** Rejects when the process ends. */
  #ended;
  #hasEnded = false;

  static async start(file, args = [], env = {}) {
    const server = new ServerProcess(start(file, args, env));
    server.port = (await server.#answer()).port;
    return server;
  }

  constructor(child) {
    this.#child = child;
    this.#ended = once(child, "exit").then(([code]) => {
      this.#hasEnded = true;
      throw new Error(`a server ended with ${code}`);
    });
    this.#ended.catch(() => {});
  }

  /** CPU time of all its threads so far, in microseconds. */
  async cpu() {
    this.#child.send("cpu");
    return (await this.#answer()).cpu;
  }

  #answer() {
    const answer = new Promise((resolve) => {
      this.#child.once("message", resolve);
    });
    return Promise.race([answer, this.#ended]);
  }

  async stop() {
    if (this.#hasEnded) return;
    this.#child.disconnect();
    await this.#ended.catch(() => {});
  }
}

/** One line about the machine. */
export function describeMachine() {
  const [first] = cpus();
  const pinned = isPinned ? "server on core 1, generator on core 0" : "not pinned";
  return `${availableParallelism()} cores of ${first?.model ?? "?"}, ${process.platform} ${process.arch}, Node ${process.versions.node}, ${pinned}`;
}
