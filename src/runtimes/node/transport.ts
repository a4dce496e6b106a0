// A net.Socket, a TLSSocket or any other duplex stream as a Transport.
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Address, PeerCertificate, Transport, TransportSink } from "../../connection/transport.ts";
import { networkError } from "./errors.ts";
import { holdProcess, releaseProcess } from "./process-hold.ts";

/** What sockets have beyond a stream, and some of what passes for a socket has not. */
export interface SocketLike extends Duplex {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly connecting?: boolean;
  getPeerX509Certificate?(): PeerCertificate | undefined;
  ref?(): unknown;
  unref?(): unknown;
}

function addressOf(host: string | undefined, port: number | undefined, path: string = ""): Address {
  return host === undefined || port === undefined ? { path } : { host, port };
}

/** The paths of the two ends of a Unix socket, which the socket itself does not know. */
export interface SocketPaths {
  readonly local?: string;
  readonly remote?: string;
}

/**
 * Drives a connected socket that nobody reads yet, and with `allowHalfOpen`.
 *
 * Chunks of `node:net` and `node:tls` are fresh memory and never used again, so they can be given away. Those of other
 * streams may be what somebody else wrote: they are copied.
 */
export class NodeTransport implements Transport {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly peerCertificate: PeerCertificate | null;
  readonly #socket: SocketLike;
  #sink: TransportSink | undefined;
  #isWaitingForDrain = false;
  #isPaused = false;
  #isKept = true;
  #error: Error | undefined;

  constructor(socket: SocketLike, paths: SocketPaths = {}) {
    this.#socket = socket;
    this.localAddress = addressOf(socket.localAddress, socket.localPort, paths.local);
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort, paths.remote);
    this.peerCertificate = socket.getPeerX509Certificate?.() ?? null;
    socket.on("error", (error) => {
      this.#error ??= networkError("go on", error);
      // Bytes that are no TLS are an error of a TLSSocket which stays open then.
      socket.destroy();
    });
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (!isFirst) return;
    const socket = this.#socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    // A socket that was lost before anybody listened does not say so again.
    if (socket.destroyed) queueMicrotask(() => socket.emit("close"));
    else socket.resume();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#sink?.onData(this.#socket instanceof Socket ? chunk : new Uint8Array(chunk));
  };

  readonly #onEnd = (): void => this.#sink?.onEnd();

  readonly #onClose = (): void => {
    const last = this.#sink;
    this.#sink = undefined;
    this.#isPaused = false;
    this.#hold();
    last?.onClose(this.#error);
  };

  /** Gives up the socket, for TLS to be put on top of it. What it received since it was paused is still in it. */
  release(): SocketLike {
    const socket = this.#socket;
    socket.pause();
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    this.#sink = undefined;
    this.#isPaused = false;
    this.#hold();
    return socket;
  }

  write(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return;
    if (chunks.length === 1) {
      socket.write(chunks[0], this.#onWritten);
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
    this.#isPaused = !this.#socket.destroyed;
    this.#hold();
  }

  resume(): void {
    this.#socket.resume();
    this.#isPaused = false;
    this.#hold();
  }

  /** A socket that is not read is no reason to live for Node. */
  #hold(): void {
    if (this.#isPaused && this.#isKept) holdProcess(this);
    else releaseProcess(this);
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
    if (keep) this.#socket.ref?.();
    else this.#socket.unref?.();
    this.#isKept = keep;
    this.#hold();
  }
}
