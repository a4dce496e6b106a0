// Threads of node:worker_threads, which Deno and Bun have too.
import { writeSync } from "node:fs";
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { ThreadHost, Threads } from "../../connection/threads.ts";

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

export const nodeThreads: Threads = {
  start(url, memory) {
    // Options of the command line, such as loaders of tests, are for the program and not for us.
    const worker = new Worker(url, { workerData: memory, execArgv: [] });
    worker.unref();
    let fault: unknown;
    // Who blocks cannot hear it; who does not would be ended by it. That the thread is gone is seen in the memory.
    worker.on("error", (error) => {
      fault = error;
    });
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      post: (message) => worker.postMessage(message),
      terminate: () => void worker.terminate(),
      ref: () => worker.ref(),
      unref: () => worker.unref(),
      onMessage: (callback) => void worker.on("message", callback),
      onExit: (callback) => void worker.on("exit", () => callback(fault)),
    };
  },
  onExit(callback) {
    // Bun ends threads before "exit".
    process.on("beforeExit", callback);
    process.on("exit", callback);
  },
};

/** The other end, in a thread that `nodeThreads` started. */
export function nodeThreadHost(): ThreadHost {
  if (parentPort === null) throw new TypeError("Cannot run as a program: this module is for a thread");
  const port = parentPort;
  writeByItself(process.stdout, STANDARD_OUTPUT);
  writeByItself(process.stderr, STANDARD_ERROR);
  return {
    memory: workerData as SharedArrayBuffer,
    post: (message) => port.postMessage(message),
    onMessage: (callback) => void port.on("message", callback),
    onExit: (callback) => void process.on("exit", callback),
    writeError: (line) => writeAll(STANDARD_ERROR, `${line}\n`),
    close: () => process.exit(),
  };
}

/** Streams of threads go through the main thread on Node, and would wait while that one blocks. */
function writeByItself(stream: NodeJS.WriteStream, file: number): void {
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    writeAll(file, chunk);
    const callback = rest.find((one) => typeof one === "function");
    if (callback !== undefined) queueMicrotask(() => (callback as () => void)());
    return true;
  };
}

/** Writes to a file that may be a pipe which is full. */
function writeAll(file: number, chunk: string | Uint8Array): void {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(file, bytes, at);
    } catch (error) {
      // A reader that has gone wants nothing more.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
