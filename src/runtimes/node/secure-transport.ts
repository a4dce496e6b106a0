// A connection to a TLS server from its first moment: the time of its opening runs while its TLS handshake does.
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Address, PeerCertificate, Transport, TransportSink } from "../../connection/transport.ts";
import { networkError } from "./errors.ts";
import { NodeTransport } from "./transport.ts";

/** Nothing can be read or written before `secured`; the connection can only be dropped. */
export class SecureTransport implements Transport {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly #raw: Socket;
  #sink: TransportSink | undefined;
  #secured: NodeTransport | undefined;
  #isKept = true;
  #isPaused = false;
  #error: Error | undefined;

  constructor(raw: Socket) {
    this.#raw = raw;
    const { localAddress, remoteAddress } = new NodeTransport(raw);
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    raw.on("close", this.#onRawClose);
  }

  readonly #onRawClose = (): void => {
    this.#sink?.onClose(this.#error);
    this.#sink = undefined;
  };

  /** The TLS handshake is over. */
  secured(socket: TLSSocket): void {
    this.#raw.off("close", this.#onRawClose);
    const transport = new NodeTransport(socket);
    this.#secured = transport;
    if (!this.#isKept) transport.keepAlive(false);
    if (this.#sink === undefined) return;
    transport.attach(this.#sink);
    if (this.#isPaused) transport.pause();
    this.#sink = undefined;
  }

  /** The TLS handshake failed; the end of the socket follows. */
  failed(error: Error): void {
    this.#error = networkError("accept", error);
  }

  get peerCertificate(): PeerCertificate | null {
    return this.#secured?.peerCertificate ?? null;
  }

  attach(sink: TransportSink): void {
    if (this.#secured !== undefined) return this.#secured.attach(sink);
    this.#sink = sink;
    if (this.#raw.closed) queueMicrotask(this.#onRawClose);
  }

  write(chunks: readonly Uint8Array[]): void {
    // An answer to a client that has not asked yet, because the server closes: not for a wire without TLS.
    this.#secured?.write(chunks);
  }

  get bufferedAmount(): number {
    return this.#secured?.bufferedAmount ?? 0;
  }

  pause(): void {
    this.#isPaused = true;
    this.#secured?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#secured?.resume();
  }

  closeWrite(): void {
    if (this.#secured === undefined) this.abort();
    else this.#secured.closeWrite();
  }

  abort(): void {
    if (this.#secured === undefined) this.#raw.destroy();
    else this.#secured.abort();
  }

  endOfTurn(callback: () => void): void {
    if (this.#secured === undefined) process.nextTick(callback);
    else this.#secured.endOfTurn(callback);
  }

  endOfReading(callback: () => void): boolean {
    return this.#secured?.endOfReading(callback) === true;
  }

  keepAlive(keep: boolean): void {
    this.#isKept = keep;
    if (this.#secured !== undefined) this.#secured.keepAlive(keep);
    else if (keep) this.#raw.ref();
    else this.#raw.unref();
  }
}
