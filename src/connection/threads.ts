// What a runtime brings for the blocking API: threads, and the end of the process.

/** What leads to another thread. */
export interface ThreadPort {
  /** Sends a message that can be cloned. Arrives although this thread blocks right after. */
  post(message: unknown): void;
}

/** A thread of ours, seen from the one that started it. */
export interface Thread extends ThreadPort {
  /** Ends it. */
  terminate(): void;
  /** From now on it keeps the process alive. */
  ref(): void;
  /** From now on it does not. */
  unref(): void;
  /** Calls back with every message, while this thread does not block. */
  onMessage(callback: (message: unknown) => void): void;
  /** Calls back when it has ended, with the error that has ended it, if one did; while this thread does not block. */
  onExit(callback: (fault?: unknown) => void): void;
}

/** The other end: what a thread sees of the one that started it. */
export interface ThreadHost extends ThreadPort {
  /** The memory that `start` was given. */
  readonly memory: SharedArrayBuffer;
  /** Calls back with every message. */
  onMessage(callback: (message: unknown) => void): void;
  /** Calls back, as the last thing, when this thread ends. */
  onExit(callback: () => void): void;
  /** Writes a line to the standard error stream, although the thread that has it is blocked. */
  writeError(line: string): void;
  /** Ends this thread. */
  close(): void;
}

/** The threads of a runtime. */
export interface Threads {
  /** Starts a thread, which does not keep the process alive. */
  start(url: URL, memory: SharedArrayBuffer): Thread;
  /** Calls back, synchronously, when this thread is about to end by itself. */
  onExit(callback: () => void): void;
}
