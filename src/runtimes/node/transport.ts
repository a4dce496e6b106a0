// A net.Socket as a Transport.
import type { Socket } from "node:net";
import type { Address, Transport, TransportSink } from "../../connection/transport.ts";
import { networkError } from "./errors.ts";

function addressOf(host: string | undefined, port: number | undefined): Address {
  return host === undefined || port === undefined ? { path: "" } : { host, port };
}

/**
 * Drives a connected socket that was made with `allowHalfOpen`, and that nobody reads yet.
 *
 * Chunks of `node:net` are fresh memory and never used again, so they can be given away.
 */
export class NodeTransport implements Transport {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly peerCertificate: unknown = null;
  readonly #socket: Socket;
  #sink: TransportSink | undefined;
  #isWaitingForDrain = false;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.localAddress = addressOf(socket.localAddress, socket.localPort);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort);
    socket.on("error", (error) => {
      this.#error = networkError("go on", error);
    });
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (!isFirst) return;
    const socket = this.#socket;
    socket.on("data", (chunk: Uint8Array) => this.#sink?.onData(chunk));
    socket.on("end", () => this.#sink?.onEnd());
    socket.on("close", () => {
      const last = this.#sink;
      this.#sink = undefined;
      last?.onClose(this.#error);
    });
    // A socket that was lost before anybody listened does not say so again.
    if (socket.destroyed) queueMicrotask(() => socket.emit("close"));
    else socket.resume();
  }

  write(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return;
    if (chunks.length === 1) {
      socket.write(chunks[0] as Uint8Array, this.#onWritten);
    } else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk, this.#onWritten);
      socket.uncork();
    }
    this.#isWaitingForDrain = socket.writableLength > 0;
  }

  /** Always the same function, which the stream then calls in batches. */
  readonly #onWritten = (error?: Error | null): void => {
    if (error != null || !this.#isWaitingForDrain || this.bufferedAmount > 0) return;
    this.#isWaitingForDrain = false;
    this.#sink?.onDrain();
  };

  get bufferedAmount(): number {
    // What a lost socket holds, and what is given to it, will never be written.
    return this.#socket.destroyed ? Infinity : this.#socket.writableLength;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  closeWrite(): void {
    if (!this.#socket.destroyed) this.#socket.end();
  }

  abort(): void {
    this.#socket.destroy();
  }

  endOfTurn(callback: () => void): void {
    // Run from a promise reaction, this comes after all reactions that are under way.
    process.nextTick(callback);
  }

  keepAlive(keep: boolean): void {
    if (keep) this.#socket.ref();
    else this.#socket.unref();
  }
}
