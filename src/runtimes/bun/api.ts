// What is used of the namespace Bun: so much of its types that users need none of them.
import type { Pem, TlsIdentity } from "../../connection/tls.ts";
import type { PeerCertificate } from "../../connection/transport.ts";

export interface BunSocket {
  data: unknown;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Returns how many bytes the kernel took; a negative number when the socket is gone. Nothing is kept for later. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  pause(): void;
  resume(): void;
  /** Ends the sending side. (With `true`, it ends the receiving side.) */
  shutdown(): void;
  close(): void;
  /** Closes with a reset. */
  terminate(): void;
  setNoDelay(noDelay: boolean): void;
  /**
   * Starts TLS as a client, and returns this socket and the one above it, which takes its place. This one still gets what
   * its handlers take, encrypted.
   */
  upgradeTLS(options: BunSocketOptions): [below: BunSocket, above: BunSocket];
  /** Gives it other handlers, of which it wants some. */
  reload(options: { readonly socket: BunHandlers }): void;
  /** With TLS only. */
  getPeerX509Certificate?(): PeerCertificate | undefined;
  ref(): void;
  unref(): void;
}

/** What happens to a socket. Bun reports what handlers throw to `error`. */
export interface BunHandlers {
  open?(socket: BunSocket): void;
  /** TLS stands, or not because of `error`. For a server that asks for no certificate, `error` may be that there is none. */
  handshake?(socket: BunSocket, isSecured: boolean, error: Error | null): void;
  data?(socket: BunSocket, chunk: Uint8Array): void;
  /** There is room again. */
  drain?(socket: BunSocket): void;
  /** The peer has ended its side. */
  end?(socket: BunSocket): void;
  close?(socket: BunSocket, error?: unknown): void;
  error?(socket: BunSocket, error: unknown): void;
  connectError?(socket: BunSocket, error: unknown): void;
}

/** Where to listen or to connect to. */
export type BunPlace = { readonly hostname: string; readonly port: number } | { readonly unix: string };

/** `undefined` as a key of its own is as good as none. */
export interface BunTls extends TlsIdentity {
  readonly ca?: Pem | undefined;
  readonly ALPNProtocols?: ArrayBuffer | undefined;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

export interface BunSocketOptions {
  readonly allowHalfOpen: true;
  readonly tls?: BunTls | undefined;
  readonly socket: BunHandlers;
}

export interface BunListener {
  /** Of TCP only, as is the port. */
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  /** Without `true`, open connections stay. The file of a Unix socket is removed. */
  stop(isHard?: boolean): void;
  ref(): void;
  unref(): void;
}

export interface BunNamespace {
  readonly version: string;
  listen(options: BunPlace & BunSocketOptions & { readonly backlog?: number | undefined }): BunListener;
  connect(options: BunPlace & BunSocketOptions): Promise<BunSocket>;
}

/** Looked up late: importing the library has no effect, and fails nowhere. */
export function bun(): BunNamespace {
  return (globalThis as unknown as { readonly Bun: BunNamespace }).Bun;
}
