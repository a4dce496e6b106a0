// What is known about a connection, from its first moment to after its end.
import type { Extension } from "../extensions/extension.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { State } from "../protocol/state.ts";
import type { ConnectionLink } from "./connection-link.ts";
import type { LoggerLike } from "./logger.ts";
import type { Address, PeerCertificate } from "./transport.ts";

/** The facts about a connection. */
export abstract class ConnectionInfo {
  /** @internal */
  readonly link: ConnectionLink;
  #id: string | undefined;

  /** @internal */
  constructor(link: ConnectionLink) {
    this.link = link;
    link.protocol.sender.owner = this;
  }

  /** A random identifier of this connection (UUID v4), for logs. */
  get id(): string {
    this.#id ??= crypto.randomUUID();
    return this.#id;
  }

  /** The one of the options. */
  get logger(): LoggerLike {
    return this.link.settings.logger;
  }

  /** `"connecting"`, `"open"`, `"closing"` or `"closed"`. To know whether a call works, make it. */
  get state(): State {
    return this.link.protocol.state;
  }

  /** The negotiated subprotocol, or `null`. */
  get subprotocol(): string | null {
    return this.link.protocol.subprotocol;
  }

  /** The negotiated extensions. */
  get extensions(): readonly Extension[] {
    return this.link.protocol.extensions;
  }

  /** The request of the opening handshake, `null` before it. */
  get request(): HandshakeRequest | null {
    return this.link.request;
  }

  /** The response of the opening handshake, `null` before it. */
  get response(): HandshakeResponse | null {
    return this.link.response;
  }

  /** Of our end. On a Unix socket its path, empty at the end of the client. */
  get localAddress(): Address {
    return this.link.transport.localAddress;
  }

  /** Of the other end: of the proxy, where there is one. On a Unix socket its path, empty at the end of the client. */
  get remoteAddress(): Address {
    return this.link.transport.remoteAddress;
  }

  /**
   * The TLS certificate of the peer; `null` without TLS, and for a client without one. On a server it was verified unless
   * `tls.rejectUnauthorized` is `false`. On Node it is an `X509Certificate`.
   */
  get peerCertificate(): PeerCertificate | null {
    return this.link.transport.peerCertificate;
  }

  /** The close code of the peer, 1006 without one; `null` until the connection is closed. */
  get closeCode(): number | null {
    return this.link.protocol.closeCode;
  }

  /** The close reason of the peer; `null` until the connection is closed. */
  get closeReason(): string | null {
    return this.link.protocol.closeReason;
  }
}
