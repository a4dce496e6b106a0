// A socket of Bun with TLS as a Transport, from its first moment: the time of an opening runs while its TLS handshake does.
import type { TransportSink } from "../../connection/transport.ts";
import { networkError } from "../node/errors.ts";
import type { SocketEnds } from "../node/transport.ts";
import type { BunHandlers, BunSocket } from "./api.ts";
import { BunTransport, HANDLERS } from "./transport.ts";

/** Nothing can be read or written before TLS stands; the connection can only be dropped. */
export class BunTlsTransport extends BunTransport {
  #isSecured: boolean;
  #isHalted = false;
  #isAttached = false;
  /** What came before anybody listened: pausing does not hold back what is decrypted already. */
  #early: (() => void)[] = [];

  constructor(socket: BunSocket, paths: SocketEnds, isSecured: boolean) {
    super(socket, paths);
    this.#isSecured = isSecured;
    if (isSecured) this.peerCertificate = socket.getPeerX509Certificate?.() ?? null;
  }

  /** The TLS handshake of a client is over; if it has failed, the end of the socket follows. */
  handshaken(isSecured: boolean, error: Error | null): void {
    // What was dropped has failed, too.
    if (this.isGone) return;
    this.#isSecured = isSecured;
    if (!isSecured) this.error ??= networkError("accept", error);
    else if (this.#isHalted) super.pause();
  }

  override attach(sink: TransportSink): void {
    super.attach(sink);
    if (this.#isAttached) return;
    this.#isAttached = true;
    queueMicrotask(() => {
      for (const deliver of this.#early.splice(0)) deliver();
    });
  }

  override receive(chunk: Uint8Array): void {
    if (this.#isAttached) super.receive(chunk);
    else this.#early.push(() => super.receive(chunk));
  }

  override receiveEnd(): void {
    if (this.#isAttached) super.receiveEnd();
    else this.#early.push(() => super.receiveEnd());
  }

  override write(chunks: readonly Uint8Array[]): void {
    // An answer to a client that has not asked yet, because the server closes: not for a wire without TLS.
    if (this.#isSecured) super.write(chunks);
  }

  override pause(): void {
    this.#isHalted = true;
    if (this.#isSecured) super.pause();
  }

  override resume(): void {
    this.#isHalted = false;
    super.resume();
  }

  protected override drop(socket: BunSocket): void {
    // Nothing is lost by the end of a handshake, and TCP need not be reset for it.
    if (this.#isSecured) super.drop(socket);
    else socket.close();
  }

  override closeWrite(): void {
    if (this.#isSecured) super.closeWrite();
    else this.abort();
  }
}

/** What all sockets with TLS share. */
export const TLS_HANDLERS: BunHandlers = {
  ...HANDLERS,
  handshake({ data }, isSecured, error) {
    if (data instanceof BunTlsTransport) data.handshaken(isSecured, error);
  },
};
