// Threads of node:worker_threads, which Deno and Bun have too.
import { writeSync } from "node:fs";
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { ThreadHost, Threads } from "../../connection/threads.ts";

const STANDARD_ERROR = 2;

export const nodeThreads: Threads = {
  start(url, memory) {
    // Options of the command line, such as loaders of tests, are for the program and not for us.
    const worker = new Worker(url, { workerData: memory, execArgv: [] });
    worker.unref();
    // Who blocks cannot hear it; who does not would be ended by it. That the thread is gone is seen in the memory.
    worker.on("error", () => {});
    return { post: (message) => worker.postMessage(message), terminate: () => void worker.terminate() };
  },
  onExit(callback) {
    process.on("exit", callback);
  },
};

/** The other end, in a thread that `nodeThreads` started. */
export function nodeThreadHost(): ThreadHost {
  if (parentPort === null) throw new TypeError("Cannot run as a program: this module is for a thread");
  const port = parentPort;
  return {
    memory: workerData as SharedArrayBuffer,
    onMessage: (callback) => void port.on("message", callback),
    onFault: (callback) => void process.on("exit", callback),
    writeError: (line) => void writeSync(STANDARD_ERROR, `${line}\n`),
  };
}
