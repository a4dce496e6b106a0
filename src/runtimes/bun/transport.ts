// A socket of Bun.connect or Bun.listen as a Transport.
import { nextTick } from "node:process";
import { WriteQueue } from "../../bytes/write-queue.ts";
import type { Address, PeerCertificate, Transport, TransportSink } from "../../connection/transport.ts";
import { LONG_PART_SIZE } from "../../connection/transport.ts";
import { networkError } from "../node/errors.ts";
import { holdProcess, releaseProcess } from "../node/process-hold.ts";
import type { SocketEnds } from "../node/transport.ts";
import type { BunHandlers, BunSocket } from "./api.ts";

/** Unix sockets have no addresses, nor has a socket that is gone already. */
export function addressOf(host: string | undefined, port: number | undefined, path: string = ""): Address {
  return host === undefined || port === undefined ? { path } : { host, port };
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
  peerCertificate: PeerCertificate | null = null;
  readonly #socket: BunSocket;
  #sink: TransportSink | undefined;
  #isPaused = true;
  #isKept = true;
  /** The peer has ended its side. */
  #hasEnded = false;
  protected isGone: boolean = false;
  readonly #waiting = new WriteQueue();
  /** Our side ends when everything is written. */
  #isEnding = false;
  #hasEndedWriting = false;
  /** Why it is gone, if that is nobody's wish. */
  protected error: Error | undefined;

  constructor(socket: BunSocket, paths: SocketEnds = {}) {
    this.#socket = socket;
    this.localAddress = addressOf(socket.localAddress, socket.localPort, paths.local);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, paths.remote);
    socket.data = this;
    // Nagle's algorithm would hold a small write back until the peer's delayed ACK, 40 ms.
    socket.setNoDelay(true);
    socket.pause();
  }

  /** Gives up the socket, if it is there still, for TLS to be put on top of it. */
  release(): BunSocket | undefined {
    if (this.isGone) return undefined;
    this.resume();
    this.#end();
    this.#sink = undefined;
    return this.#socket;
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (this.isGone) queueMicrotask(() => this.#tellClosed());
    else if (isFirst) this.resume();
  }

  receive(chunk: Uint8Array): void {
    // Bun makes memory for each chunk, and does not use it again.
    this.#sink?.onData(chunk);
  }

  receiveEnd(): void {
    if (this.#hasEnded || this.isGone) return;
    this.#hasEnded = true;
    this.#sink?.onEnd();
    this.#closeWhenEnded();
  }

  fail(error: unknown): void {
    this.error ??= networkError("go on", error);
    this.abort();
  }

  closed(error: unknown): void {
    if (error !== undefined && error !== null) this.error ??= networkError("go on", error);
    if (this.isGone) return;
    this.#end();
    this.#tellClosed();
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.isGone || this.#isEnding) return;
    const isIdle = this.#waiting.size === 0;
    for (const chunk of chunks) this.#waiting.push(chunk);
    // Otherwise it goes on when there is room.
    if (isIdle) this.#writeWaiting();
  }

  /** Writes as much as the kernel takes. */
  #writeWaiting(): void {
    const waiting = this.#waiting;
    for (let bytes = waiting.next(); bytes !== undefined; bytes = waiting.next()) {
      // A negative number: it is gone, and its end is told soon.
      const length = Math.max(0, this.#socket.write(bytes, 0, bytes.length));
      if (length === bytes.length) waiting.written(length);
      else return waiting.written(length, bytes.subarray(length));
    }
  }

  drain(): void {
    // Bun also says so when nothing has waited.
    if (this.#waiting.size === 0 || this.isGone) return;
    this.#writeWaiting();
    if (this.#waiting.size > 0) return;
    const isEnding = this.#isEnding;
    // Also at the end: who lent the last bytes waits for it.
    this.#sink?.onDrain();
    if (isEnding && !this.isGone) this.#endWriting();
  }

  get partSize(): number {
    return LONG_PART_SIZE;
  }

  get bufferedAmount(): number {
    // What a lost socket holds, and what is given to it, will never be written.
    return this.isGone ? Infinity : this.#waiting.size;
  }

  pause(): void {
    if (this.isGone) return;
    this.#isPaused = true;
    this.#socket.pause();
    this.#hold();
  }

  resume(): void {
    if (this.isGone) return;
    this.#isPaused = false;
    this.#socket.resume();
    this.#hold();
  }

  /** A socket that is not read is no reason to live for Bun. */
  #hold(): void {
    if (this.#isPaused && this.#isKept && !this.isGone) holdProcess(this);
    else releaseProcess(this);
  }

  closeWrite(): void {
    if (this.isGone || this.#isEnding) return;
    this.#isEnding = true;
    if (this.#waiting.size === 0) this.#endWriting();
  }

  #endWriting(): void {
    this.#hasEndedWriting = true;
    this.#socket.shutdown();
    this.#closeWhenEnded();
  }

  #closeWhenEnded(): void {
    if (!this.#hasEnded || !this.#hasEndedWriting || this.isGone) return;
    this.#end();
    this.#socket.close();
    queueMicrotask(() => this.#tellClosed());
  }

  abort(): void {
    if (this.isGone) return;
    this.#end();
    this.drop(this.#socket);
    queueMicrotask(() => this.#tellClosed());
  }

  protected drop(socket: BunSocket): void {
    // Resets TCP: what `close` leaves unread would do that too.
    socket.terminate();
  }

  #end(): void {
    this.isGone = true;
    this.#waiting.clear();
    this.#hold();
  }

  #tellClosed(): void {
    const last = this.#sink;
    this.#sink = undefined;
    last?.onClose(this.error);
  }

  endOfTurn(callback: () => void): void {
    // Asked for in a callback of a socket, the next tick would come before the promise reactions; from one of them it comes
    // after all that are under way, and before the next socket.
    queueMicrotask(() => nextTick(callback));
  }

  keepAlive(keep: boolean): void {
    this.#isKept = keep;
    this.#hold();
    if (this.isGone) return;
    if (keep) this.#socket.ref();
    else this.#socket.unref();
  }
}
