// Threads that run handlers: a bounded number, started when they are needed, used again and again.
import { Deferred } from "../async/deferred.ts";
import type { Connection } from "../connection/connection.ts";
import type { Thread, Threads } from "../connection/threads.ts";
import { NetworkError } from "../errors/network.ts";
import { HostLink } from "./host-link.ts";
import type { Command, Job, JobConnection, ShutdownCommandOptions } from "./layout.ts";
import { ConnectionMemory, ThreadMemory } from "./layout.ts";
import { openedOf } from "./session.ts";
import { decodeError } from "./wire.ts";

export interface HandlerPoolOptions {
  readonly threads: Threads;
  /** The module that the threads run. */
  readonly url: URL;
  /** Most threads. */
  readonly size: number;
  /** The module of the handler. */
  readonly handlerModule: string;
  readonly isDecoding: boolean;
  /** A handler wants the server to shut down. */
  readonly onShutdown: (options: ShutdownCommandOptions) => void;
}

/** One thread: it does one job at a time. */
interface Slot {
  readonly thread: Thread;
  readonly link: HostLink;
  job: Deferred<void> | undefined;
}

/** See above. */
export class HandlerPool {
  readonly #options: HandlerPoolOptions;
  readonly #slots = new Set<Slot>();
  readonly #free: Slot[] = [];
  /** Who waits for a thread, the first one first. */
  readonly #queue = new Set<() => void>();
  /** Those who were woken and have not come to it yet. */
  #woken = 0;
  #lastId = 0;
  #jobs = 0;
  #isEnded = false;
  #whenIdle: Deferred<void> | undefined;

  constructor(options: HandlerPoolOptions) {
    this.#options = options;
  }

  /** Starts a thread and loads the module, to find out whether it can be loaded. */
  load(): Promise<void> {
    return this.#do(undefined);
  }

  /** Runs the handler on a connection, when a thread is free. Rejects with what the handler threw. */
  run(ws: Connection): Promise<void> {
    return this.#do(ws);
  }

  async #do(ws: Connection | undefined): Promise<void> {
    this.#jobs++;
    try {
      const slot = this.#next() ?? (await this.#wait(ws));
      if (slot !== undefined) await this.#perform(slot, ws);
    } finally {
      this.#jobs--;
      if (this.#jobs === 0) this.#whenIdle?.resolve();
    }
  }

  /** Resolves when nothing runs or waits. */
  idle(): Promise<void> {
    if (this.#jobs === 0) return Promise.resolve();
    this.#whenIdle ??= new Deferred();
    return this.#whenIdle.promise;
  }

  /** Ends all threads, whatever they do, and starts none any more. */
  end(): void {
    this.#isEnded = true;
    for (const slot of [...this.#slots]) {
      slot.thread.terminate();
      this.#lose(slot);
    }
    this.#wake();
  }

  /** Undefined if the connection is over before a thread is free. */
  async #wait(ws: Connection | undefined): Promise<Slot | undefined> {
    const over = new Promise<void>((resolve) => {
      void ws?.closed.then(() => resolve());
    });
    for (;;) {
      let wake!: () => void;
      const freed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      this.#queue.add(wake);
      await Promise.race([freed, over]);
      const isFirst = !this.#queue.delete(wake);
      if (isFirst) this.#woken--;
      const isWanted = ws?.state !== "closed" && !this.#isEnded;
      if (!isWanted) {
        if (isFirst) this.#wake();
        return undefined;
      }
      const slot = this.#free.pop() ?? this.#start();
      if (slot === undefined) continue;
      if (this.#free.length > 0 || this.#slots.size < this.#options.size) this.#wake();
      return slot;
    }
  }

  /** Nobody overtakes those who wait. */
  #next(): Slot | undefined {
    if (this.#queue.size > 0 || this.#woken > 0) return undefined;
    return this.#free.pop() ?? this.#start();
  }

  /** Wakes the first who waits; all of them at the end. */
  #wake(): void {
    for (const wake of this.#queue) {
      this.#queue.delete(wake);
      this.#woken++;
      wake();
      if (!this.#isEnded) return;
    }
  }

  async #perform(slot: Slot, ws: Connection | undefined): Promise<void> {
    const { handlerModule } = this.#options;
    slot.job = new Deferred();
    slot.thread.post({ handlerModule, connection: ws && this.#handOver(slot, ws) } satisfies Job);
    try {
      await slot.job.promise;
    } finally {
      slot.job = undefined;
      if (this.#slots.has(slot)) this.#free.push(slot);
      this.#wake();
    }
  }

  #handOver(slot: Slot, ws: Connection): JobConnection {
    this.#lastId++;
    const { buffer } = new ConnectionMemory();
    slot.link.add(this.#lastId, ws, buffer);
    return { id: this.#lastId, buffer, opened: openedOf(ws, this.#options.isDecoding) };
  }

  #start(): Slot | undefined {
    const { size, threads, url } = this.#options;
    if (this.#isEnded || this.#slots.size >= size) return undefined;
    const { buffer } = new ThreadMemory();
    const thread = threads.start(url, buffer);
    const link = new HostLink(buffer, (command) => {
      if (command.do === "done") this.#done(slot, command);
      else if (command.do === "shutdown") this.#options.onShutdown(command.options);
      return undefined;
    });
    const slot: Slot = { thread, link, job: undefined };
    this.#slots.add(slot);
    thread.onMessage((message) => link.take(message as Command | number));
    thread.onExit((fault) => this.#lose(slot, fault));
    return slot;
  }

  #done(slot: Slot, { error: told }: Extract<Command, { readonly do: "done" }>): void {
    if (told === undefined) return slot.job?.resolve();
    const error = decodeError(told);
    if (told.stack !== undefined) error.stack = told.stack;
    slot.job?.reject(error);
  }

  #lose(slot: Slot, fault?: unknown): void {
    this.#slots.delete(slot);
    const at = this.#free.indexOf(slot);
    if (at >= 0) this.#free.splice(at, 1);
    const options = fault === undefined ? undefined : { cause: fault };
    slot.job?.reject(new NetworkError("other", "Cannot go on: the thread of the handler has ended", options));
    this.#wake();
  }
}
