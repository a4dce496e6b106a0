// The blocking side of the thread that all blocking connections of this thread share.
import { portableTextCodec } from "../bytes/text-codec.ts";
import type { Thread, ThreadPort, Threads } from "../connection/threads.ts";
import { NetworkError } from "../errors/network.ts";
import { InvalidState } from "../errors/protocol.ts";
import type { Command, ConnectionMemory, Reply } from "./layout.ts";
import { ThreadMemory, ThreadWord } from "./layout.ts";
import type { RingRecord } from "./records.ts";
import { Flag } from "./records.ts";
import { decodeError } from "./wire.ts";

/** How long a silent thread is waited for before it is asked whether it is alive, and how often it is asked. */
const SILENCE = 2000;
const MOST_QUESTIONS = 5;
/** Where the thread of the connections comes from. */
export interface HubOptions {
  readonly threads: Threads;
  /** The module that the thread runs. */
  readonly url: URL;
  /** Milliseconds of silence after which the thread is asked whether it is alive. */
  readonly silence?: number;
}

/** One thread, and how to ask it and wait for it. */
export class Hub {
  readonly #memory: ThreadMemory;
  readonly #port: ThreadPort & { terminate?(): void };
  readonly #silence: number;
  readonly #open = new Map<number, ConnectionMemory>();
  #lastId = 0;
  #isDead = false;
  #asked = 0;
  #answers = 0;
  /** Nothing was told to the thread since it was flushed. */
  #isFlushed = false;

  constructor(port: ThreadPort & { terminate?(): void }, memory: ThreadMemory, silence: number = SILENCE) {
    this.#port = port;
    this.#memory = memory;
    this.#silence = silence;
  }

  /** Whether the server that the thread has is gone. */
  get isFinished(): boolean {
    return Atomics.load(this.#memory.words, ThreadWord.FINISHED) === 1;
  }

  /** Whether the thread has ended. */
  get isDead(): boolean {
    return this.#isDead || Atomics.load(this.#memory.words, ThreadWord.DEAD) === 1;
  }

  /** Gives a connection its number. */
  add(memory: ConnectionMemory): number {
    this.#lastId++;
    this.adopt(this.#lastId, memory);
    return this.#lastId;
  }

  /** Adds a connection that has its number. */
  adopt(id: number, memory: ConnectionMemory): void {
    this.#open.set(id, memory);
  }

  /** A connection is over. */
  remove(id: number): void {
    this.#open.delete(id);
  }

  post(message: Command | number): void {
    this.#isFlushed = false;
    this.#port.post(message);
  }

  /**
   * Asks and blocks until there is an answer.
   *
   * @throws What the thread threw, or {@link NetworkError} if it is dead.
   */
  call(command: Command): unknown {
    this.checkAlive();
    this.post(command);
    const parts: Uint8Array[] = [];
    for (let flags = 0; (flags & Flag.LAST) === 0;) {
      const record = this.#nextReply();
      parts.push(record.payload);
      flags = record.flags;
    }
    const reply = JSON.parse(decodeAll(parts)) as Reply;
    if ("error" in reply) throw decodeError(reply.error);
    return reply.value;
  }

  #nextReply(): RingRecord {
    const { replies } = this.#memory;
    for (;;) {
      const record = replies.read();
      if (record === undefined) {
        this.wait(() => !replies.isEmpty);
        continue;
      }
      if (replies.takeWaiting()) this.post(0);
      return record;
    }
  }

  /**
   * Blocks until `isReady` or until `deadline`, in the time of `performance.now()`. Returns whether it is ready.
   *
   * @throws {NetworkError} If the thread is dead.
   */
  wait(isReady: () => boolean, deadline: number = Infinity): boolean {
    const { words } = this.#memory;
    this.#asked = 0;
    for (;;) {
      const event = Atomics.load(words, ThreadWord.EVENT);
      if (isReady()) return true;
      this.checkAlive();
      const left = deadline - performance.now();
      if (!(left > 0)) return false;
      const result = Atomics.wait(words, ThreadWord.EVENT, event, Math.min(left, this.#silence));
      if (result === "timed-out" && left > this.#silence) this.#askAlive();
    }
  }

  /** Its end cannot be told to a thread that blocks: a thread that answers nothing is dead. */
  #askAlive(): void {
    const answers = Atomics.load(this.#memory.words, ThreadWord.ALIVE);
    if (answers !== this.#answers) this.#asked = 0;
    this.#answers = answers;
    if (this.#asked === MOST_QUESTIONS) {
      this.#isDead = true;
      this.#port.terminate?.();
      throw this.#died();
    }
    this.#asked++;
    this.post({ do: "live" });
  }

  #died(): NetworkError {
    this.#open.clear();
    return new NetworkError("other", "Cannot go on: the thread of the connections has ended");
  }

  /** The process ends: what was given to `send` leaves, if the peers take it soon. */
  flush(): void {
    // That is told twice, and a peer that takes nothing is waited for once.
    if (this.#open.size === 0 || this.#isFlushed || this.isDead) return;
    try {
      this.call({ do: "flush" });
    } catch {
      // A dead thread sends nothing; there is nobody to tell.
    }
    this.#isFlushed = true;
  }

  /** @throws {NetworkError} If the thread is dead. */
  checkAlive(): void {
    if (this.isDead) throw this.#died();
  }
}

/**
 * Starts a thread.
 *
 * @throws {InvalidState} Where a thread must not block: on the main thread of a browser.
 */
export function startHub({ threads, url, silence }: HubOptions): { readonly hub: Hub; readonly thread: Thread } {
  checkBlocking();
  const memory = new ThreadMemory();
  const thread = threads.start(url, memory.buffer);
  return { hub: new Hub(thread, memory, silence), thread };
}

function checkBlocking(): void {
  try {
    // The value differs, so that this returns at once, where it may be called at all.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
  } catch (cause) {
    const error = new InvalidState("Cannot block: this thread must not, use the asynchronous API");
    throw Object.assign(error, { cause });
  }
}

function decodeAll(parts: readonly Uint8Array[]): string {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return portableTextCodec().decodeUtf8(bytes, 0, length);
}
