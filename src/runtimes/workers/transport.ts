// A socket of `cloudflare:sockets` as a Transport.
import type { Address, Transport, TransportSink } from "../../connection/transport.ts";
import { NetworkError } from "../../errors/network.ts";

/** What is used of a socket. */
export interface StreamSocket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
}

const READ_BUFFER = 0x10000;
/** Chunks below are copied, and their buffer is read into again. */
const KEEP_FROM = READ_BUFFER / 2;
/** Most bytes read while the end of a turn waits. workerd runs no timer as long as there is something to read. */
const LONGEST_TURN = 4 * READ_BUFFER;

/** Drives an open socket with `allowHalfOpen`. */
export class WorkersTransport implements Transport {
  readonly localAddress: Address = { path: "" };
  readonly remoteAddress: Address;
  /** The runtime verifies it and does not show it. */
  readonly peerCertificate = null;
  readonly #socket: StreamSocket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #sink: TransportSink | undefined;
  /** While it is paused: who reads waits for the promise. */
  #pause: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  /** Until the end of a turn that somebody waits for; and what was read since. */
  #turn: Promise<void> | undefined;
  #readInTurn = 0;
  #pending = 0;
  #isWriteClosed = false;
  #isReadClosed = false;
  #isClosed = false;

  constructor(socket: StreamSocket, remoteAddress: Address) {
    this.#socket = socket;
    this.#writer = socket.writable.getWriter();
    this.#writer.closed.catch(() => {}); // told by whoever writes or reads
    this.remoteAddress = remoteAddress;
  }

  get bufferedAmount(): number {
    return this.#pending;
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (isFirst) this.#read().catch((error: unknown) => this.#fail(error));
  }

  async #read(): Promise<void> {
    const reader = this.#socket.readable.getReader({ mode: "byob" });
    let buffer = new ArrayBuffer(READ_BUFFER);
    for (;;) {
      if (this.#readInTurn >= LONGEST_TURN) await this.#turn;
      await this.#pause?.over;
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (this.#isClosed) return;
      if (done) break;
      const isKept = value.length >= KEEP_FROM;
      this.#sink?.onData(isKept ? value : value.slice());
      if (this.#turn !== undefined) this.#readInTurn += value.length;
      buffer = isKept ? new ArrayBuffer(READ_BUFFER) : value.buffer;
    }
    this.#isReadClosed = true;
    this.#sink?.onEnd();
    this.#closeIfOver();
  }

  write(chunks: readonly Uint8Array[]): void {
    if (this.#isClosed || this.#isWriteClosed) return;
    for (const chunk of chunks) {
      this.#pending += chunk.length;
      this.#writer.write(chunk).then(
        () => this.#written(chunk.length),
        (error: unknown) => this.#fail(error),
      );
    }
  }

  #written(length: number): void {
    this.#pending -= length;
    if (this.#pending === 0 && !this.#isClosed) this.#sink?.onDrain();
  }

  pause(): void {
    if (this.#pause !== undefined) return;
    let end = (): void => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#pause = { over, end };
  }

  resume(): void {
    this.#pause?.end();
    this.#pause = undefined;
  }

  closeWrite(): void {
    if (this.#isWriteClosed || this.#isClosed) return;
    this.#isWriteClosed = true;
    this.#writer.close().then(
      () => this.#closeIfOver(),
      (error: unknown) => this.#fail(error),
    );
  }

  #closeIfOver(): void {
    if (this.#isReadClosed && this.#isWriteClosed) this.#end();
  }

  abort(): void {
    queueMicrotask(() => this.#end());
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#end(new NetworkError("other", `Cannot go on: ${message}`, { cause: error }));
  }

  #end(cause?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.resume();
    this.#socket.close().catch(() => {}); // it is closed
    this.#sink?.onClose(cause);
  }

  /** What the runtime has no better name for: the next event of its own. */
  endOfTurn(callback: () => void): void {
    setTimeout(callback, 0);
    const turn = new Promise<void>((resolve) => {
      setTimeout(() => {
        if (this.#turn === turn) this.#turn = undefined;
        this.#readInTurn = 0;
        resolve();
      }, 0);
    });
    this.#turn = turn;
  }

  /** A Worker lives as long as its requests do. */
  keepAlive(): void {}
}
