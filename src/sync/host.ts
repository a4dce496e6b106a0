// The thread of the connections: opens them, and answers what the blocking thread asks.
import { toUtf8 } from "../bytes/text-codec.ts";
import type { Connect } from "../client/connect.ts";
import type { ConnectOptions } from "../client/options.ts";
import type { ThreadHost } from "../connection/threads.ts";
import type { Command, Reply } from "./layout.ts";
import { ConnectionMemory, ThreadMemory, ThreadWord } from "./layout.ts";
import { Kind } from "./records.ts";
import { RecordWriter } from "./record-writer.ts";
import { openedOf, Session } from "./session.ts";
import { encodeError } from "./wire.ts";

/** Serves the commands of the blocking thread until this one ends. */
export function hostConnections(host: ThreadHost, connect: Connect): void {
  const connections = new Connections(host, connect);
  host.onFault(() => connections.die());
  host.onMessage((message) => connections.take(message as Command | number));
}

class Connections {
  readonly #host: ThreadHost;
  readonly #connect: Connect;
  readonly #memory: ThreadMemory;
  readonly #replies: RecordWriter;
  readonly #sessions = new Map<number, Session>();

  constructor(host: ThreadHost, connect: Connect) {
    this.#host = host;
    this.#connect = connect;
    this.#memory = new ThreadMemory(host.memory);
    this.#replies = new RecordWriter(this.#memory.replies, () => this.#tell());
  }

  /** Wakes the blocking thread. */
  #tell(): void {
    Atomics.add(this.#memory.words, ThreadWord.EVENT, 1);
    Atomics.notify(this.#memory.words, ThreadWord.EVENT);
  }

  die(): void {
    Atomics.store(this.#memory.words, ThreadWord.DEAD, 1);
    this.#tell();
  }

  take(message: Command | number): void {
    if (message === 0) this.#replies.wake();
    else if (typeof message === "number") this.#sessions.get(message)?.wake();
    else if (message.do === "live") {
      Atomics.add(this.#memory.words, ThreadWord.ALIVE, 1);
      this.#tell();
    } else if (message.do === "forget") this.#sessions.delete(message.id);
    else void this.#answer(message);
  }

  async #answer(command: Exclude<Command, { readonly do: "live" }>): Promise<void> {
    let reply: Reply;
    try {
      const session = this.#sessions.get(command.id);
      if (command.do === "connect") reply = { value: await this.#open(command) };
      else reply = { value: (await session?.answer(command)) ?? null };
    } catch (error) {
      reply = { error: encodeError(error) };
    }
    await this.#replies.write(Kind.REPLY, 0, toUtf8(JSON.stringify(reply)));
  }

  async #open({ id, buffer, uri, options }: Extract<Command, { readonly do: "connect" }>): Promise<unknown> {
    const log = (message: string, ...details: unknown[]): void =>
      this.#host.writeError([message, ...details].map(String).join(" "));
    const ws = await this.#connect(uri, { ...(options as ConnectOptions), logger: { warn: log, error: log } });
    this.#sessions.set(id, new Session(ws, new ConnectionMemory(buffer), () => this.#tell()));
    return openedOf(ws);
  }
}
