// Where processes run: the generator on core 0 and what is measured on core 1, where the system can do that.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, cpus } from "node:os";

const GENERATOR_CORE = "0";
const MEASURED_CORE = "1";

function canPin() {
  if (process.platform !== "linux" || availableParallelism() < 2) return false;
  try {
    execFileSync("taskset", ["-c", `${GENERATOR_CORE},${MEASURED_CORE}`, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isPinned = canPin();

/** Pins this process, all threads of it. */
export function pinGenerator() {
  if (isPinned) execFileSync("taskset", ["-a", "-c", "-p", GENERATOR_CORE, String(process.pid)], { stdio: "ignore" });
}

/**
 * A process under test. It answers questions one at a time. It lives through all rounds of one scenario and no longer:
 * what glibc's malloc learnt from another scenario can halve or double the speed of large messages.
 */
export class Subject {
  /** What it said when it was ready. */
  greeting;
  #child;
  /** Rejects when the process ends. */
  #ended;
  #hasEnded = false;

  /** Starts a module in a process of its own, with this Node or with the command of another runtime. */
  static async start({ file, args = [], env = {}, execArgv = [], runtime }) {
    const starter = runtime ?? [process.execPath, ...process.execArgv];
    const command = [...starter, ...execArgv, file, ...args];
    const [program, ...rest] = isPinned ? ["taskset", "-c", MEASURED_CORE, ...command] : command;
    const child = spawn(program, rest, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const subject = new Subject(child);
    subject.greeting = await subject.#answer();
    return subject;
  }

  constructor(child) {
    this.#child = child;
    this.#ended = once(child, "exit").then(([code]) => {
      this.#hasEnded = true;
      throw new Error(`a process under test ended with ${code}`);
    });
    this.#ended.catch(() => {});
  }

  ask(question) {
    this.#child.send(question);
    return this.#answer();
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

/** Starts the named contenders, hands them to `use`, and ends them again, whatever happens. */
export async function withSubjects(contenders, names, use) {
  const subjects = new Map();
  try {
    for (const name of names) subjects.set(name, await Subject.start(contenders[name]));
    await use(subjects);
  } finally {
    for (const subject of subjects.values()) await subject.stop();
  }
}

/** One line about the machine. */
export function describeMachine() {
  const pinned = isPinned ? "measured on core 1, generator on core 0" : "not pinned";
  const model = cpus()[0]?.model ?? "?";
  return `${cpus().length} cores of ${model}, ${process.platform} ${process.arch}, Node ${process.versions.node}, ${pinned}`;
}
