// One connection in its own thread: moves messages between it and the rings.
import { handled } from "../async/deferred.ts";
import { toUtf8 } from "../bytes/text-codec.ts";
import type { Connection } from "../connection/connection.ts";
import type { MessageStream } from "../connection/message-stream.ts";
import { TimeoutError } from "../errors/network.ts";
import { ServerConnection } from "../server/server-connection.ts";
import type { Command, ConnectionMemory, End, Opened, Status } from "./layout.ts";
import { ConnectionWord, KEPT_LATENCIES } from "./layout.ts";
import { FragmentSource } from "./fragment-source.ts";
import { RecordWriter } from "./record-writer.ts";
import type { RingRecord } from "./records.ts";
import { Flag, Kind } from "./records.ts";
import { encodeError } from "./wire.ts";

/** Bytes of messages that are copied anyway on their way to the socket. */
const SMALL = 4096;

/** How long the end of the process waits for what is still to be sent, and how often it looks. */
const FLUSH_TIME = 1000;
const FLUSH_POLL = 2;

/** Commands about an open connection. */
export type SessionCommand = Extract<
  Command,
  { readonly do: "ping" | "pong" | "close" | "abort" | "status" | "poll" | "end" }
>;

/** A connection of the blocking thread. */
export class Session {
  readonly #ws: Connection;
  readonly #memory: ConnectionMemory;
  readonly #tell: () => void;
  readonly #received: RecordWriter;
  #pings = 0;
  /** Resolves when all that is to be sent is on its way; `undefined` when it is. */
  #sending: Promise<void> | undefined;
  /** The message in fragments under way, and what becomes of it. */
  #source: FragmentSource | undefined;
  #sourceSent: Promise<void> | undefined;

  /** @param tell Wakes the blocking thread. */
  constructor(ws: Connection, memory: ConnectionMemory, tell: () => void) {
    this.#ws = ws;
    this.#memory = memory;
    this.#tell = tell;
    this.#received = new RecordWriter(memory.received, tell);
    void ws.closed.then(() => this.#over());
    void this.#receive();
  }

  /** Something is to be sent, or there is room for what was received. */
  wake(): void {
    this.#received.wake();
    Atomics.store(this.#memory.words, ConnectionWord.WOKEN, 0);
    void this.#sendAll();
  }

  /** Nothing can be sent any more. */
  #over(): void {
    Atomics.store(this.#memory.words, ConnectionWord.OVER, 1);
    this.#tell();
  }

  // Receiving

  async #receive(): Promise<void> {
    try {
      for (;;) await this.#receiveMessage();
    } catch {
      // The end of the connection, with all that is known about it:
      await this.#received.write(Kind.END, 0, toUtf8(JSON.stringify(await this.#end())));
    }
  }

  async #receiveMessage(): Promise<void> {
    const stream = this.#ws.recvStreaming({ decode: false }) as AsyncIterableIterator<Uint8Array> as MessageStream;
    do {
      const { value } = await stream.next();
      const flags = stream.isText ? Flag.TEXT : 0;
      await this.#received.write(Kind.PIECE, flags, toUtf8(value ?? ""), stream.isDone);
    } while (!stream.isDone);
  }

  // Sending

  #sendAll(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #send(): Promise<void> {
    for (let record = this.#memory.sent.read(); record !== undefined; record = this.#memory.sent.read()) {
      if (this.#memory.sent.takeWaiting()) this.#tell();
      if (this.#trySend(record)) continue;
      await this.#sendRecord(record)?.catch(() => {});
    }
  }

  /** A small message that needs no waiting, as most do, makes no promises. */
  #trySend({ kind, flags, payload }: RingRecord): boolean {
    if (kind !== Kind.MESSAGE || payload.length > SMALL) return false;
    try {
      return this.#ws.trySend(payload, optionsOf(flags));
    } catch {
      // The fault of an extension, as below.
      this.#over();
      return true;
    }
  }

  /** Resolves when the next record may be taken: behind the last of a message, when all of that is on its way. */
  #sendRecord({ kind, flags, payload }: RingRecord): Promise<void> | undefined {
    const options = optionsOf(flags);
    if (kind === Kind.MESSAGE) return this.#watched(this.#ws.send(payload, options));
    if (kind === Kind.ABORT) {
      this.#source?.fail();
      return undefined;
    }
    if ((flags & Flag.FIRST) !== 0) {
      this.#source = new FragmentSource();
      this.#sourceSent = this.#watched(this.#ws.send(this.#source, options));
    }
    const isLast = (flags & Flag.LAST) !== 0;
    const pushed = this.#source?.push(payload, isLast);
    return isLast ? this.#sourceSent : pushed;
  }

  /** The blocking thread is to know that there is no use in sending more. */
  #watched(sent: Promise<void>): Promise<void> {
    sent.catch(() => this.#over());
    return sent;
  }

  // Commands

  answer(command: SessionCommand): unknown {
    switch (command.do) {
      case "ping":
        return this.#ping(command.data);
      case "pong":
        return this.#ws.pong(command.data);
      case "close":
        return this.#close(command.code, command.reason);
      case "abort":
        this.#ws.abort();
        return this.#stopped();
      case "end":
        return this.#end();
      case "poll":
        // A turn of the event loop, in which what has arrived is read.
        return new Promise((resolve) => setTimeout(() => resolve(null), 0));
      case "status":
      default:
        return statusOf(this.#ws);
    }
  }

  /** Its number, unless it fails at once. */
  async #ping(data: Uint8Array | undefined): Promise<number> {
    this.#pings++;
    const number = this.#pings;
    let fault: { readonly error: unknown } | undefined;
    const answered = this.#ws.ping(data).then((latency) => this.#answered(number, latency));
    answered.catch((error: unknown) => (fault = { error }));
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    if (fault !== undefined) throw fault.error;
    return number;
  }

  #answered(number: number, latency: number): void {
    const { words, latencies } = this.#memory;
    latencies[number % KEPT_LATENCIES] = latency;
    if (number > Atomics.load(words, ConnectionWord.ANSWERED)) Atomics.store(words, ConnectionWord.ANSWERED, number);
    this.#tell();
  }

  /** Everything that was to be sent before goes before, while there is time. */
  async #close(code: number, reason: string): Promise<End> {
    const { timers, settings } = this.#ws.link;
    const { closeTimeout } = settings;
    const expire = (): void => {
      this.#ws.link.abort(new TimeoutError(`messages not sent after ${closeTimeout} ms of closing`));
    };
    const timer = closeTimeout === null ? undefined : timers.schedule(closeTimeout, expire);
    await this.#sendAll().finally(() => timers.cancel(timer));
    await handled(this.#ws.close(code, reason));
    return this.#stopped();
  }

  /** What is in the ring by now is all that can be received. */
  async #stopped(): Promise<End> {
    const end = await this.#end();
    this.#received.stop();
    return end;
  }

  /** Resolves when everything was given to the system, or after a second. */
  async flush(): Promise<void> {
    this.wake();
    const deadline = performance.now() + FLUSH_TIME;
    while (this.#sending !== undefined || this.#ws.bufferedAmount > 0) {
      if (performance.now() > deadline || this.#ws.state === "closed") return;
      await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL));
    }
  }

  async #end(): Promise<End> {
    const { error } = await this.#ws.closed;
    return { ...statusOf(this.#ws), error: encodeError(error) };
  }
}

function optionsOf(flags: number): { text: boolean; compress?: boolean } {
  const text = (flags & Flag.TEXT) !== 0;
  if ((flags & (Flag.COMPRESS | Flag.NO_COMPRESS)) === 0) return { text };
  return { text, compress: (flags & Flag.COMPRESS) !== 0 };
}

function statusOf({ state, closeCode, closeReason, latency, bufferedAmount, stats }: Connection): Status {
  return { state, closeCode, closeReason, latency, bufferedAmount, stats };
}

/** What is known of an open connection. */
export function openedOf(ws: Connection, isDecoding: boolean): Opened {
  const { request, response } = ws;
  return {
    wsId: ws.id,
    subprotocol: ws.subprotocol,
    request: request && { path: request.path, headers: [...request.headers] },
    response: response && {
      statusCode: response.statusCode,
      reasonPhrase: response.reasonPhrase,
      headers: [...response.headers],
    },
    localAddress: ws.localAddress,
    remoteAddress: ws.remoteAddress,
    extensions: ws.extensions.map(({ name }) => name),
    username: ws instanceof ServerConnection ? ws.username : null,
    isDecoding,
  };
}
