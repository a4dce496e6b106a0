// A tunnel through a proxy: the handshake with the proxy on a transport, and what is left of the transport behind it.
import type { Address, Transport, TransportSink } from "../connection/transport.ts";
import { NetworkError } from "../errors/network.ts";
import { InvalidProxyMessage } from "../errors/proxy.ts";
import type { TunnelHandshake } from "./tunnel-handshake.ts";

/**
 * Speaks with a proxy until the tunnel is open.
 *
 * @throws {ProxyError} If the proxy refuses, or does not speak its protocol.
 * @throws {NetworkError} If the connection is lost.
 * @throws The reason of `signal`. Whatever it throws, the transport is gone then.
 */
export function openTunnel(transport: Transport, handshake: TunnelHandshake, signal: AbortSignal): Promise<Tunnel> {
  return new Promise((resolve, reject) => {
    const end = (error: unknown): void => {
      signal.removeEventListener("abort", abort);
      transport.abort();
      reject(error);
    };
    const abort = (): void => end(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    const tunnel = new Tunnel(transport);
    transport.attach({
      onData(chunk) {
        try {
          const { send, rest } = handshake.receive(chunk);
          if (send !== undefined) transport.write([send]);
          if (rest === undefined) return;
          signal.removeEventListener("abort", abort);
          tunnel.hold(rest);
          resolve(tunnel);
        } catch (error) {
          end(error);
        }
      },
      onEnd: () => end(handshake.eof()),
      onDrain() {},
      onClose: (error) => end(error ?? handshake.eof()),
    });
    transport.write([handshake.hello]);
  });
}

/** A transport that was read from: it holds back what came out of the tunnel until somebody listens. */
export class Tunnel implements Transport {
  readonly #transport: Transport;
  #sink: TransportSink | undefined;
  #isHandedOver = false;
  #chunks: Uint8Array[] = [];
  #hasEnded = false;
  #close: { readonly error: Error | undefined } | undefined;
  #isAborted = false;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Takes over from the handshake, which received `rest` with the last bytes of the proxy. */
  hold(rest: Uint8Array): void {
    if (rest.length > 0) this.#chunks.push(rest);
    // A peer that talks without end is stopped by TCP.
    this.#transport.pause();
    this.#transport.attach({
      onData: (chunk) => this.#chunks.push(chunk),
      onEnd: () => {
        this.#hasEnded = true;
      },
      onDrain() {},
      onClose: (error) => {
        this.#close = { error };
      },
    });
  }

  /**
   * The transport itself, for TLS to be started on it.
   *
   * @throws {InvalidProxyMessage} If something came out of the tunnel: TLS begins with the client (RFC 8446 2).
   * @throws {NetworkError} If the other end is gone.
   */
  release(): Transport {
    if (this.#chunks.length === 0 && !this.#hasEnded && this.#close === undefined) return this.#transport;
    this.abort();
    if (this.#chunks.length > 0) {
      throw new InvalidProxyMessage("did not receive a valid reply from proxy: it sent more than that");
    }
    throw this.#close?.error ?? new NetworkError("eof", "Cannot start TLS: connection closed by proxy");
  }

  attach(sink: TransportSink): void {
    const isFirst = this.#sink === undefined;
    this.#sink = sink;
    if (this.#isHandedOver) this.#transport.attach(sink);
    // Not before `attach` has returned, as from a socket.
    else if (isFirst) queueMicrotask(() => this.#handOver());
  }

  #handOver(): void {
    this.#isHandedOver = true;
    const sink = this.#sink as TransportSink;
    this.#transport.attach(sink);
    this.#transport.resume();
    for (const chunk of this.#chunks) if (!this.#isAborted) sink.onData(chunk);
    this.#chunks = [];
    if (this.#hasEnded && !this.#isAborted) sink.onEnd();
    if (this.#close !== undefined) sink.onClose(this.#close.error);
  }

  get localAddress(): Address {
    return this.#transport.localAddress;
  }

  /** That of the proxy: where the tunnel ends is not known. */
  get remoteAddress(): Address {
    return this.#transport.remoteAddress;
  }

  get isLending(): boolean {
    return this.#transport.isLending === true;
  }

  get partSize(): number | undefined {
    return this.#transport.partSize;
  }

  get peerCertificate(): null {
    return null;
  }

  write(chunks: readonly Uint8Array[]): void {
    this.#transport.write(chunks);
  }

  get bufferedAmount(): number {
    return this.#transport.bufferedAmount;
  }

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  closeWrite(): void {
    this.#transport.closeWrite();
  }

  abort(): void {
    this.#isAborted = true;
    this.#transport.abort();
  }

  endOfTurn(callback: () => void): void {
    this.#transport.endOfTurn(callback);
  }

  keepAlive(keep: boolean): void {
    this.#transport.keepAlive(keep);
  }
}
