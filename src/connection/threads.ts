// What a runtime brings for the blocking API: threads, and the end of the process.

/** A thread of ours, seen from the one that started it. */
export interface Thread {
  /** Sends a message that can be cloned. Arrives although this thread blocks right after. */
  post(message: unknown): void;
  /** Ends it. */
  terminate(): void;
}

/** The other end: what a thread sees of the one that started it. */
export interface ThreadHost {
  /** The memory that `start` was given. */
  readonly memory: SharedArrayBuffer;
  /** Calls back with every message. */
  onMessage(callback: (message: unknown) => void): void;
  /** Calls back, as the last thing, when this thread ends because of a fault. */
  onFault(callback: () => void): void;
  /** Writes a line to the standard error stream, although the thread that has it is blocked. */
  writeError(line: string): void;
}

/** The threads of a runtime. */
export interface Threads {
  /** Starts a thread, which does not keep the process alive. */
  start(url: URL, memory: SharedArrayBuffer): Thread;
  /** Calls back, synchronously, when this thread is about to end by itself. */
  onExit(callback: () => void): void;
}
