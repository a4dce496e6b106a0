// Two transports joined in memory: a network that can be slow, full, silent or broken, one direction at a time.
import { NetworkError } from "../../src/errors/network.ts";
import type { Clock } from "../../src/async/timers.ts";
import type { Address, Transport, TransportSink } from "../../src/connection/transport.ts";

const FIN = "fin";
const RST = "rst";

/** What travels: bytes, or the end of them. */
type Item = Uint8Array | typeof FIN;

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * One direction. Every write travels as one chunk, is copied, and is delivered in a turn of the event loop of its own;
 * in `manual` mode only by {@link deliver}.
 */
export class Pipe {
  /** Bytes that the network takes before `bufferedAmount` of the sender grows. */
  capacity: number = Infinity;
  /** Everything is lost from now on, silently. */
  isDropping: boolean = false;
  /** Milliseconds that a chunk travels; needs a clock. */
  delay: number = 0;
  isManual: boolean = false;
  readonly #clock: Clock | undefined;
  #isHeld = false;
  /** Written and not yet taken by the network: what the sender has buffered. */
  readonly #outbox: Item[] = [];
  #buffered = 0;
  /** On its way, or waiting for a reader that is paused. */
  readonly #items: Item[] = [];
  #size = 0;
  #isScheduled = false;
  #delayed = 0;
  source!: MemoryTransport;
  target!: MemoryTransport;

  constructor(clock: Clock | undefined) {
    this.#clock = clock;
  }

  /** Bytes that the sender has buffered. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Bytes under way or unread. */
  get size(): number {
    return this.#size;
  }

  /** Whether something is about to move without anybody's help. */
  get isBusy(): boolean {
    return this.#isScheduled;
  }

  /** Holds everything back until {@link release}. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.schedule();
  }

  /** Delivers the next chunk or end now, in this stack. Returns whether there was one. */
  deliver(): boolean {
    const item = this.#items[0];
    if (item === undefined || this.#isHeld || !this.target.isReading) return false;
    this.#items.shift();
    if (item === FIN) {
      this.target.receiveEnd();
    } else {
      this.#size -= item.length;
      // Room first: what arrives may make the other side write.
      this.pump();
      this.target.receive(item);
    }
    this.schedule();
    return true;
  }

  send(item: Item): void {
    this.#outbox.push(item);
    if (item !== FIN) this.#buffered += item.length;
    this.pump();
  }

  /** Forgets all that was not delivered. */
  clear(): void {
    this.#outbox.length = 0;
    this.#items.length = 0;
    this.#buffered = 0;
    this.#size = 0;
  }

  /** Moves what fits from the sender to the network. */
  pump(): void {
    const before = this.#buffered;
    for (let item = this.#outbox[0]; item !== undefined; item = this.#outbox[0]) {
      const room = this.capacity - this.#size;
      if (item !== FIN && item.length > room) {
        if (room > 0) {
          this.#outbox[0] = item.subarray(room);
          this.#travel(item.subarray(0, room));
        }
        break;
      }
      this.#outbox.shift();
      this.#travel(item);
    }
    if (before > 0 && this.#buffered === 0) this.source.drainedSoon();
  }

  #travel(item: Item): void {
    if (item !== FIN) {
      this.#buffered -= item.length;
      // A peer that does not exist any more takes everything; lost bytes need no room either.
      if (this.isDropping) return;
      this.#size += item.length;
    } else {
      this.source.sentEnd();
      if (this.isDropping) return;
    }
    if (this.delay === 0 && this.#delayed === 0) return this.#arrive(item);
    this.#delayed++;
    (this.#clock as Clock).setTimeout(() => {
      this.#delayed--;
      this.#arrive(item);
    }, this.delay);
  }

  #arrive(item: Item): void {
    this.#items.push(item);
    this.schedule();
  }

  schedule(): void {
    if (this.isManual || this.#isScheduled || this.#items.length === 0) return;
    if (this.#isHeld || !this.target.isReading) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.isManual) this.deliver();
    });
  }
}

/** One end of a pair; see {@link memoryPair}. */
export class MemoryTransport implements Transport {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly peerCertificate: null = null;
  /** Whether it asks those who receive to keep no chunk. Who says so in return finds other bytes there. */
  isLending: boolean = true;
  partSize: number | undefined;
  /** The bytes of every call of `write`. */
  readonly writes: Uint8Array[] = [];
  /** What was called, for tests that count: `pause`, `resume`, `closeWrite`, `abort`. */
  readonly calls: string[] = [];
  isClosed: boolean = false;
  readonly #outgoing: Pipe;
  readonly #incoming: Pipe;
  #sink: TransportSink | undefined;
  #isPaused = true;
  #isEndSent = false;
  #isEndWritten = false;
  #isEndReceived = false;
  #error: Error | undefined;
  #pendingCalls = 0;

  constructor(outgoing: Pipe, incoming: Pipe, local: Address, remote: Address) {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.localAddress = local;
    this.remoteAddress = remote;
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (!isFirst) return;
    if (this.isClosed) this.#later(() => this.#sink?.onClose(this.#error));
    this.#isPaused = false;
    this.#incoming.schedule();
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.isClosed || this.#isEndWritten) return;
    const bytes = concat(chunks);
    this.writes.push(bytes);
    this.#outgoing.send(bytes);
  }

  get bufferedAmount(): number {
    return this.#outgoing.buffered;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.calls.push("pause");
    this.#isPaused = true;
  }

  resume(): void {
    this.calls.push("resume");
    this.#isPaused = false;
    this.#incoming.schedule();
  }

  closeWrite(): void {
    this.calls.push("closeWrite");
    if (this.isClosed || this.#isEndWritten) return;
    this.#isEndWritten = true;
    this.#outgoing.send(FIN);
  }

  abort(): void {
    this.calls.push("abort");
    if (this.isClosed) return;
    const { target, isDropping } = this.#outgoing;
    this.#close(undefined);
    if (!isDropping) target.receiveReset();
  }

  /** Fails as a socket does whose peer has vanished: `onClose` comes with `error`, and the peer learns nothing. */
  break(error: Error): void {
    this.#close(error);
  }

  endOfTurn(callback: () => void): void {
    process.nextTick(callback);
  }

  keepAlive(keep: boolean): void {
    this.calls.push(`keepAlive ${keep}`);
  }

  // From the pipes

  get isReading(): boolean {
    return this.#sink !== undefined && !this.#isPaused && !this.isClosed;
  }

  /** Whether a call of the sink is under way. */
  get isBusy(): boolean {
    return this.#pendingCalls > 0;
  }

  receive(bytes: Uint8Array): void {
    const sink = this.#sink;
    sink?.onData(bytes);
    if (this.isLending && sink?.hasKept === false) bytes.fill(0xdd);
  }

  receiveEnd(): void {
    this.#isEndReceived = true;
    this.#sink?.onEnd();
    this.#closeIfEnded();
  }

  receiveReset(): void {
    if (this.isClosed) return;
    this.#close(new NetworkError("reset", "Cannot go on: connection reset by peer", { cause: RST }));
  }

  /** Our end has left. */
  sentEnd(): void {
    this.#isEndSent = true;
    this.#closeIfEnded();
  }

  drainedSoon(): void {
    this.#later(() => {
      if (!this.isClosed && this.bufferedAmount === 0) this.#sink?.onDrain();
    });
  }

  #closeIfEnded(): void {
    if (this.#isEndSent && this.#isEndReceived && !this.isClosed) this.#closed(undefined);
  }

  /** The end in violence: what is under way is lost. */
  #close(error: Error | undefined): void {
    if (this.isClosed) return;
    this.#outgoing.clear();
    this.#closed(error);
  }

  #closed(error: Error | undefined): void {
    this.isClosed = true;
    this.#error = error;
    this.#incoming.clear();
    this.#later(() => this.#sink?.onClose(error));
  }

  #later(call: () => void): void {
    this.#pendingCalls++;
    setImmediate(() => {
      this.#pendingCalls--;
      call();
    });
  }
}

/** A pair of transports and the two directions between them. */
export interface MemoryPair {
  readonly client: MemoryTransport;
  readonly server: MemoryTransport;
  readonly toServer: Pipe;
  readonly toClient: Pipe;
  /** Lets everything that can move move. */
  readonly settle: () => Promise<void>;
}

export interface MemoryPairOptions {
  /** For pipes with a delay. */
  readonly clock?: Clock;
  readonly clientAddress?: Address;
  readonly serverAddress?: Address;
}

/** Turns of the event loop without any movement after which nothing will move. */
const QUIET_TURNS = 3;

/** Waits for one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function memoryPair(options: MemoryPairOptions = {}): MemoryPair {
  const { clientAddress = { host: "192.0.2.1", port: 40_000 }, serverAddress = { host: "192.0.2.2", port: 80 } } =
    options;
  const toServer = new Pipe(options.clock);
  const toClient = new Pipe(options.clock);
  const client = new MemoryTransport(toServer, toClient, clientAddress, serverAddress);
  const server = new MemoryTransport(toClient, toServer, serverAddress, clientAddress);
  toServer.source = client;
  toServer.target = server;
  toClient.source = server;
  toClient.target = client;
  async function settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      if (toServer.isBusy || toClient.isBusy || client.isBusy || server.isBusy) quiet = -1;
      await turn();
    }
  }
  return { client, server, toServer, toClient, settle };
}
