// Options of TLS, the same on every runtime. A runtime refuses what it cannot do.

/** PEM, as text or bytes; several of them in an array. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** A certificate, with those between it and the root behind it, and its private key. */
export interface TlsIdentity {
  readonly cert?: Pem | undefined;
  readonly key?: Pem | undefined;
  /** Of an encrypted key. */
  readonly passphrase?: string | undefined;
}

/** What servers and clients share. */
export interface TlsOptions extends TlsIdentity {
  /** Roots that the peer's certificate must lead to. Default: those of the runtime. */
  readonly ca?: Pem | undefined;
  /** Protocols to agree on (ALPN, RFC 7301). Default: `["http/1.1"]`. */
  readonly alpn?: readonly string[] | undefined;
  /** Default: that of the runtime, TLS 1.2. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** In the notation of OpenSSL. Default: those of the runtime. */
  readonly ciphers?: string | undefined;
}

/** The certificate for a name that a client asks for (SNI); nothing: the one of the options. */
export type SniChoice = TlsIdentity | null | undefined;

/** Options of TLS in `serve`. */
export interface ServerTlsOptions extends TlsOptions {
  /**
   * Whether clients must show a certificate that leads to `ca`. `"optional"`: they may show none, but not a bad one.
   * Default: false.
   */
  readonly requestCert?: boolean | "optional" | undefined;
  /** `false` lets every certificate of a client pass: check `ws.peerCertificate` yourself. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /**
   * Certificates by the name that the client asks for: an object, whose names may begin with `*.` for one label, or a
   * function, which may be asynchronous. A client without a name, or with another, gets `cert` and `key`.
   */
  readonly sni?:
    | Readonly<Record<string, TlsIdentity>>
    | ((servername: string) => SniChoice | Promise<SniChoice>)
    | undefined;
}

/** Options of TLS in `connect`. */
export interface ClientTlsOptions extends TlsOptions {
  /** `false` connects to servers with any certificate: for tests only. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** The name to ask for (SNI) and to look for in the certificate. Default: the host of the URI. */
  readonly servername?: string | undefined;
  /**
   * In place of the check of the host name: returns what is wrong with the certificate, which is that of the runtime. Throwing
   * that is the same. It cannot be async.
   */
  checkServerIdentity?(hostname: string, certificate: object): Error | undefined;
}
