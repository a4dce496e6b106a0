// The other thread, played by a test in this one: it answers in the moment in which it is asked, as nobody could wait.
import type { Thread, ThreadHost, Threads } from "../../src/connection/threads.ts";
import { toUtf8 } from "../../src/bytes/text-codec.ts";
import type { Command, Reply } from "../../src/sync/layout.ts";
import { ThreadMemory, ThreadWord } from "../../src/sync/layout.ts";
import { CHUNK, Flag, Kind } from "../../src/sync/records.ts";

/** A thread that is none. */
export class ScriptedThread implements Thread {
  readonly memory: ThreadMemory;
  readonly posted: (Command | number)[] = [];
  readonly #answer: (command: Command, thread: ScriptedThread) => Reply | undefined;
  isTerminated: boolean = false;
  isRef: boolean = false;
  /** Plays a message from the thread. */
  fromInside: (message: Command) => void = () => {};
  /** Plays its end. */
  exitNow: () => void = () => {};

  constructor(memory: SharedArrayBuffer, answer: (command: Command, thread: ScriptedThread) => Reply | undefined) {
    this.memory = new ThreadMemory(memory);
    this.#answer = answer;
  }

  post(message: unknown): void {
    const command = message as Command | number;
    this.posted.push(command);
    if (typeof command === "number") return;
    const reply = this.#answer(command, this);
    if (reply !== undefined) this.reply(reply);
  }

  /** Writes a reply, in as many records as it takes. */
  reply(reply: Reply): void {
    const bytes = toUtf8(JSON.stringify(reply));
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const flags = at + CHUNK >= bytes.length ? Flag.LAST : 0;
      this.memory.replies.write(Kind.REPLY, flags, bytes.subarray(at, at + CHUNK));
    }
  }

  onMessage(callback: (message: unknown) => void): void {
    this.fromInside = callback;
  }

  onExit(callback: () => void): void {
    this.exitNow = callback;
  }

  die(): undefined {
    Atomics.store(this.memory.words, ThreadWord.DEAD, 1);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  ref(): void {
    this.isRef = true;
  }

  unref(): void {
    this.isRef = false;
  }
}

/** Threads of that kind, the last one at hand. */
export class ScriptedThreads implements Threads {
  readonly #answer: (command: Command, thread: ScriptedThread) => Reply | undefined;
  readonly started: ScriptedThread[] = [];
  readonly exits: (() => void)[] = [];

  constructor(answer: (command: Command, thread: ScriptedThread) => Reply | undefined) {
    this.#answer = answer;
  }

  start(_url: URL, memory: SharedArrayBuffer): Thread {
    const thread = new ScriptedThread(memory, this.#answer);
    this.started.push(thread);
    return thread;
  }

  onExit(callback: () => void): void {
    this.exits.push(callback);
  }
}

/** The inside of a thread, for code that runs in one: what it posts and is sent goes through the test. */
export class FakeHost implements ThreadHost {
  readonly memory: SharedArrayBuffer = new ThreadMemory().buffer;
  readonly posted: unknown[] = [];
  readonly errors: string[] = [];
  send: (message: unknown) => void = () => {};
  exit: () => void = () => {};
  isClosed: boolean = false;
  onPost: (message: unknown) => void = () => {};

  post(message: unknown): void {
    this.posted.push(message);
    this.onPost(message);
  }

  onMessage(callback: (message: unknown) => void): void {
    this.send = callback;
  }

  onExit(callback: () => void): void {
    this.exit = callback;
  }

  writeError(line: string): void {
    this.errors.push(line);
  }

  close(): void {
    this.isClosed = true;
  }
}
