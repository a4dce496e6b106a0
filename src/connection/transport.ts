// What a runtime contributes to a connection: a byte pipe and its rules.

/** The `partSize` of transports where progress can be seen during a write. */
export const LONG_PART_SIZE = 0x100000;

/** Address of an end of a connection: TCP, or the path of a Unix socket (empty when it has none). */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** The certificate of a TLS peer: what the certificates of all runtimes have. On Node it is an `X509Certificate`. */
export interface PeerCertificate {
  readonly subject: string;
  /** Such as `DNS:example.com, IP Address:192.0.2.1`. */
  readonly subjectAltName?: string | undefined;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly validFrom: string;
  readonly validTo: string;
  /** SHA-256 of the certificate, in hexadecimal with colons. */
  readonly fingerprint256: string;
  /** The certificate itself (DER). */
  readonly raw: Uint8Array;
}

/**
 * Receives what happens on a {@link Transport}. None of its methods throws.
 *
 * After `onClose` nothing is called any more.
 */
export interface TransportSink {
  /** Bytes arrived. They are the sink's own, to change and to keep; if it sets `hasKept` to `false`, until this returns. */
  onData(chunk: Uint8Array): void;
  /** `false` right after `onData` if nothing of that chunk is kept: its memory may be used again. See `isLending`. */
  readonly hasKept?: boolean;
  /** `true` right after `onData` if the reply to that chunk, if there is one, is written at once: no others will join it. */
  readonly isLone?: boolean;
  /** The peer closed its sending side (FIN, close_notify). Writing may still work. */
  onEnd(): void;
  /** `bufferedAmount` is 0 again after it was above. Everything written has been handed to the kernel. */
  onDrain(): void;
  /** The pipe is gone, because of `error` or, without one, of `abort` or both sides having ended. */
  onClose(error?: Error): void;
}

/**
 * A connected byte pipe. Created without a sink and paused; `attach` gives it one and starts reading.
 */
export interface Transport {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  /** The transport reads into the same memory again when a sink has kept nothing: better copy than keep. Default: `false`. */
  readonly isLending?: boolean;
  /** The TLS certificate of the peer, or `null` without TLS or without a certificate. Known once the sink gets bytes. */
  readonly peerCertificate: PeerCertificate | null;

  /** Makes `sink` the receiver of everything from now on and starts reading. May be called again to hand over. */
  attach(sink: TransportSink): void;

  /**
   * Writes the chunks in order, in one system call where that is possible. Never throws; a failure arrives as `onClose`.
   *
   * The bytes are borrowed: they must not change until `bufferedAmount` was seen at 0, which is so at once
   * when the kernel took everything.
   */
  write(chunks: readonly Uint8Array[]): void;

  /**
   * Bytes of a large payload that are written as one part. More than 256 KiB, the default, only where `bufferedAmount` falls
   * while a write is under way: keepalive has to see that a slow peer makes progress.
   */
  readonly partSize?: number | undefined;

  /** Bytes accepted by `write` and not yet handed to the kernel. */
  readonly bufferedAmount: number;

  /** Stops reading: the peer will be stopped by TCP. Bytes already under way may still be delivered. */
  pause(): void;
  /** Starts reading again. */
  resume(): void;

  /** Closes the sending side after all that was written. Reading goes on. */
  closeWrite(): void;

  /** Drops the pipe at once, whatever is buffered. `onClose` follows, asynchronously. */
  abort(): void;

  /**
   * Calls back once at the end of the current turn of the event loop: after all promise reactions that are
   * already under way, before the next event. Call it from a promise reaction, or from where one could not run yet.
   */
  endOfTurn(callback: () => void): void;

  /**
   * Calls back once when all that was read at once has been delivered, if that takes several calls of `onData`: with TLS
   * each record has one, and a turn of its own. Returns `false`, and calls nothing, where each read is delivered whole.
   */
  endOfReading?(callback: () => void): boolean;

  /** Lets the process end although the pipe is open (`false`), or keeps it alive (`true`, the default). */
  keepAlive(keep: boolean): void;
}
