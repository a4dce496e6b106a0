// What the thread of the connections has for one blocking thread: answers to its questions, and its connections.
import { toUtf8 } from "../bytes/text-codec.ts";
import type { Connection } from "../connection/connection.ts";
import type { Command, Reply } from "./layout.ts";
import { ConnectionMemory, ThreadMemory, ThreadWord } from "./layout.ts";
import { Kind } from "./records.ts";
import { RecordWriter } from "./record-writer.ts";
import type { SessionCommand } from "./session.ts";
import { Session } from "./session.ts";
import { encodeError } from "./wire.ts";

/** Commands that are not about an open connection. */
export type OtherCommand = Exclude<Command, SessionCommand | { readonly do: "forget" | "live" | "flush" }>;

/** One blocking thread, seen from the thread of the connections. */
export class HostLink {
  readonly #memory: ThreadMemory;
  readonly #answer: (command: OtherCommand) => Promise<unknown> | undefined;
  readonly #replies: RecordWriter;
  readonly #sessions = new Map<number, Session>();

  /** @param answer What is not about an open connection; a rejection is an answer too, `undefined` is none. */
  constructor(memory: SharedArrayBuffer, answer: (command: OtherCommand) => Promise<unknown> | undefined) {
    this.#memory = new ThreadMemory(memory);
    this.#answer = answer;
    this.#replies = new RecordWriter(this.#memory.replies, () => this.tell());
  }

  /** Wakes the blocking thread. */
  tell(): void {
    Atomics.add(this.#memory.words, ThreadWord.EVENT, 1);
    Atomics.notify(this.#memory.words, ThreadWord.EVENT);
  }

  /** Sets one of the flags, and wakes the blocking thread. */
  mark(word: number): void {
    Atomics.store(this.#memory.words, word, 1);
    this.tell();
  }

  /** Opens a connection to the blocking thread. */
  add(id: number, ws: Connection, buffer: SharedArrayBuffer): void {
    this.#sessions.set(id, new Session(ws, new ConnectionMemory(buffer), () => this.tell()));
  }

  /** Takes a message of the blocking thread. */
  take(message: Command | number): void {
    if (message === 0) this.#replies.wake();
    else if (typeof message === "number") this.#sessions.get(message)?.wake();
    else if (message.do === "live") {
      Atomics.add(this.#memory.words, ThreadWord.ALIVE, 1);
      this.tell();
    } else if (message.do === "forget") this.#sessions.delete(message.id);
    else void this.#reply(message);
  }

  async #reply(command: SessionCommand | OtherCommand | { readonly do: "flush" }): Promise<void> {
    let reply: Reply;
    try {
      const value = this.#valueOf(command);
      if (value === undefined) return;
      reply = { value: (await value) ?? null };
    } catch (error) {
      reply = { error: encodeError(error) };
    }
    await this.#replies.write(Kind.REPLY, 0, toUtf8(JSON.stringify(reply)));
  }

  #valueOf(command: SessionCommand | OtherCommand | { readonly do: "flush" }): Promise<unknown> | undefined {
    if (command.do === "flush") return Promise.all([...this.#sessions.values()].map((session) => session.flush()));
    return "id" in command && command.do !== "connect" ? this.#ask(command) : this.#answer(command);
  }

  async #ask(command: SessionCommand): Promise<unknown> {
    return this.#sessions.get(command.id)?.answer(command);
  }
}
