// A socket of Bun.connect or Bun.listen as a Transport.
import type { Address, Transport, TransportSink } from "../../connection/transport.ts";
import { networkError } from "../node/errors.ts";
import { holdProcess, releaseProcess } from "../node/process-hold.ts";
import type { SocketPaths } from "../node/transport.ts";
import type { BunHandlers, BunSocket } from "./api.ts";

/** Chunks up to so many bytes are joined: a copy costs less than another system call. */
const JOIN_UP_TO = 0x10000;

/** With so much in one chunk (Bun reads up to 512 KiB) more is probably waiting. */
const LARGE = 0x40000;

function addressOf(host: string | undefined, port: number | undefined, path: string | undefined): Address {
  return path !== undefined || host === undefined || port === undefined ? { path: path ?? "" } : { host, port };
}

/** The transport of a socket, from its first event on. */
function of(socket: BunSocket): BunTransport | undefined {
  return socket.data instanceof BunTransport ? socket.data : undefined;
}

/** What all sockets of transports share. */
export const HANDLERS: BunHandlers = {
  data: (socket, chunk) => of(socket)?.receive(chunk),
  drain: (socket) => of(socket)?.drain(),
  end: (socket) => of(socket)?.receiveEnd(),
  error: (socket, error) => of(socket)?.fail(error),
  close: (socket, error) => of(socket)?.closed(error),
};

/** Drives a connected socket that nobody has read. */
export class BunTransport implements Transport {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly peerCertificate = null;
  readonly #socket: BunSocket;
  #sink: TransportSink | undefined;
  #isPaused = true;
  #isResting = false;
  #isKept = true;
  /** The peer has ended its side. */
  #hasEnded = false;
  #isGone = false;
  readonly #waiting: Uint8Array[] = [];
  /** Our side ends when everything is written. */
  #isEnding = false;
  #hasEndedWriting = false;
  #buffered = 0;
  #error: Error | undefined;

  constructor(socket: BunSocket, { local, remote }: SocketPaths = {}) {
    this.#socket = socket;
    const isUnix = local !== undefined || remote !== undefined;
    this.localAddress = addressOf(socket.localAddress, socket.localPort, isUnix ? (local ?? "") : undefined);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, isUnix ? (remote ?? "") : undefined);
    socket.data = this;
    // Nagle's algorithm would hold a small write back until the peer's delayed ACK, 40 ms.
    socket.setNoDelay(true);
    socket.pause();
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (this.#isGone) queueMicrotask(this.#tellClosed);
    else if (isFirst) this.resume();
  }

  receive(chunk: Uint8Array): void {
    if (chunk.length >= LARGE && !this.#isResting) this.#rest();
    // Bun makes memory for each chunk, and does not use it again.
    this.#sink?.onData(chunk);
  }

  /** Bun reads on, 5 MB and more, before a turn ends and whoever has enough can say so. */
  #rest(): void {
    this.#isResting = true;
    this.#socket.pause();
    setImmediate(() => {
      this.#isResting = false;
      if (!this.#isPaused && !this.#isGone) this.#socket.resume();
    });
  }

  receiveEnd(): void {
    if (this.#hasEnded || this.#isGone) return;
    this.#hasEnded = true;
    this.#sink?.onEnd();
    this.#closeWhenEnded();
  }

  fail(error: unknown): void {
    this.#error ??= networkError("go on", error);
    this.abort();
  }

  closed(error: unknown): void {
    if (error !== undefined && error !== null) this.#error ??= networkError("go on", error);
    if (this.#isGone) return;
    this.#end();
    this.#tellClosed();
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#isGone || this.#isEnding) return;
    const [first] = chunks;
    if (this.#buffered === 0 && chunks.length === 1 && first !== undefined) {
      const written = this.#writeNow(first, 0);
      if (written < first.length) this.#keep(first.subarray(written));
      return;
    }
    for (const chunk of chunks) this.#keep(chunk);
    if (this.#buffered > 0) this.#writeWaiting();
  }

  #keep(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.#buffered += chunk.length;
  }

  #writeNow(bytes: Uint8Array, offset: number): number {
    // A negative number: it is gone, and its end is told soon.
    return Math.max(0, this.#socket.write(bytes, offset, bytes.length - offset));
  }

  /** Writes as much as the kernel takes. */
  #writeWaiting(): void {
    while (this.#buffered > 0) {
      const bytes = this.#next();
      const written = this.#writeNow(bytes, 0);
      this.#buffered -= written;
      if (written === bytes.length) continue;
      this.#waiting.unshift(bytes.subarray(written));
      return;
    }
  }

  /** What to write next: as many of the chunks that wait as are worth joining. */
  #next(): Uint8Array {
    const waiting = this.#waiting;
    let [size, count] = [0, 0];
    for (const { length } of waiting) {
      if (count > 0 && size + length > JOIN_UP_TO) break;
      size += length;
      count++;
    }
    const [first = new Uint8Array(0)] = waiting;
    if (count <= 1) {
      waiting.shift();
      return first;
    }
    const joined = new Uint8Array(size);
    let at = 0;
    for (const chunk of waiting.splice(0, count)) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }

  drain(): void {
    // Bun also says so when nothing has waited.
    if (this.#buffered === 0 || this.#isGone) return;
    this.#writeWaiting();
    if (this.#buffered > 0) return;
    if (this.#isEnding) this.#endWriting();
    else this.#sink?.onDrain();
  }

  get bufferedAmount(): number {
    // What a lost socket holds, and what is given to it, will never be written.
    return this.#isGone ? Infinity : this.#buffered;
  }

  pause(): void {
    if (this.#isGone) return;
    this.#isPaused = true;
    this.#socket.pause();
    this.#hold();
  }

  resume(): void {
    if (this.#isGone) return;
    this.#isPaused = false;
    if (!this.#isResting) this.#socket.resume();
    this.#hold();
  }

  /** A socket that is not read is no reason to live for Bun. */
  #hold(): void {
    if (this.#isPaused && this.#isKept && !this.#isGone) holdProcess(this);
    else releaseProcess(this);
  }

  closeWrite(): void {
    if (this.#isGone || this.#isEnding) return;
    this.#isEnding = true;
    if (this.#buffered === 0) this.#endWriting();
  }

  #endWriting(): void {
    this.#hasEndedWriting = true;
    this.#socket.shutdown();
    this.#closeWhenEnded();
  }

  #closeWhenEnded(): void {
    if (!this.#hasEnded || !this.#hasEndedWriting || this.#isGone) return;
    this.#end();
    this.#socket.close();
    queueMicrotask(this.#tellClosed);
  }

  abort(): void {
    if (this.#isGone) return;
    this.#end();
    // Resets TCP: what `close` leaves unread would do that too.
    this.#socket.terminate();
    queueMicrotask(this.#tellClosed);
  }

  #end(): void {
    this.#isGone = true;
    this.#waiting.length = 0;
    this.#hold();
  }

  readonly #tellClosed = (): void => {
    const last = this.#sink;
    this.#sink = undefined;
    last?.onClose(this.#error);
  };

  endOfTurn(callback: () => void): void {
    // In the callbacks of Bun's sockets, nextTick would come between promise reactions.
    setImmediate(callback);
  }

  keepAlive(keep: boolean): void {
    this.#isKept = keep;
    this.#hold();
    if (this.#isGone) return;
    if (keep) this.#socket.ref();
    else this.#socket.unref();
  }
}
