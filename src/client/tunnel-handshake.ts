// What opening a tunnel through a proxy is, without I/O.

/** What comes of bytes of the proxy. */
export interface TunnelStep {
  /** Bytes to send now. */
  readonly send?: Uint8Array;
  /** The tunnel is open, and these bytes came out of it already. */
  readonly rest?: Uint8Array;
}

/** The client's side of the protocol of a proxy. */
export interface TunnelHandshake {
  /** The first bytes to send. */
  readonly hello: Uint8Array;
  /**
   * Takes the next bytes, in pieces of any size.
   *
   * @throws {InvalidHandshake} If the proxy refuses, or does not speak its protocol. Nothing more may be received then.
   */
  receive(bytes: Uint8Array): TunnelStep;
  /** The error that the proxy left. */
  eof(): Error;
}
