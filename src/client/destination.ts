// Where a client connects to, and which options go together.
import type { DialOptions } from "../connection/runtime.ts";
import type { ClientTlsOptions } from "../connection/tls.ts";
import type { Transport } from "../connection/transport.ts";
import type { WebSocketURI } from "../http/uri.ts";

/** A stream of bytes in both directions, such as a `Socket` of `node:net` or a `Duplex` of `node:stream`. */
export interface DuplexLike {
  write(chunk: Uint8Array): unknown;
  end(): unknown;
  destroy(): unknown;
}

/** Where a client connects to, where that is not what the URI says. */
export interface DestinationOptions {
  /** Options of TLS for a `wss:` URI. */
  readonly tls?: ClientTlsOptions | undefined;
  /** Path of a Unix socket. */
  readonly unix?: string | undefined;
  /** Host for TCP. The Host header, and the name in the certificate, are still those of the URI. */
  readonly host?: string | undefined;
  /** Port for TCP. */
  readonly port?: number | undefined;
  /**
   * A connection that is there already. It is handed over: it is closed with the WebSocket, also if the opening fails, but not if
   * the URI or another option is wrong. A `wss:` URI puts TLS on a stream that has none; a {@link Transport} is taken as it is.
   */
  readonly transport?: Transport | DuplexLike | undefined;
}

/** Options that exclude each other: the first of each row with those behind it. */
const EXCLUSIVE: readonly (readonly [keyof DestinationOptions, readonly (keyof DestinationOptions)[]])[] = [
  ["transport", ["unix", "host", "port"]],
  ["unix", ["host", "port"]],
];

/** Whether something is a transport of ours, and not a stream of the runtime. */
export function isTransport(value: object): value is Transport {
  return "attach" in value && "closeWrite" in value && "endOfTurn" in value;
}

/**
 * What to dial, or the transport that is there.
 *
 * @throws {TypeError | RangeError} For options that cannot be used, alone or together.
 */
export function destinationOf(uri: WebSocketURI, options: DestinationOptions): DialOptions | Transport {
  checkTogether(uri, options);
  const { transport } = options;
  const unix = options.unix ?? uri.unix ?? undefined;
  const tls = uri.secure ? { host: uri.host, options: options.tls ?? {} } : undefined;
  if (transport != null && typeof transport !== "object")
    throw new TypeError("Cannot use transport: expected an object");
  if (transport != null && isTransport(transport)) {
    if (options.tls == null) return transport;
    throw new TypeError("Cannot use tls together with transport: TLS is the business of a transport");
  }
  return {
    host: options.host ?? uri.host,
    port: options.port ?? uri.port,
    ...(unix === undefined ? {} : { unix }),
    ...(tls === undefined ? {} : { tls }),
    ...(transport == null ? {} : { socket: transport }),
  };
}

function checkTogether(uri: WebSocketURI, options: DestinationOptions): void {
  const { tls, host, port } = options;
  for (const [name, others] of EXCLUSIVE) {
    const other = options[name] == null ? undefined : others.find((one) => options[one] != null);
    if (other !== undefined) throw new TypeError(`Cannot use ${other} together with ${name}`);
  }
  const place = (["transport", "unix", "host", "port"] as const).find((name) => options[name] != null);
  if (uri.unix !== null && place !== undefined) {
    throw new TypeError(`Cannot use ${place} together with a URI of a Unix socket`);
  }
  if (tls != null && !uri.secure) throw new TypeError("Cannot use tls: the scheme of the URI is not wss");
  if (host != null && (typeof host !== "string" || host === "")) {
    throw new TypeError("Cannot use host: expected a name or an address");
  }
  if (port == null || (Number.isInteger(port) && port >= 1 && port <= 0xffff)) return;
  throw new RangeError(`Cannot use port: ${port}, expected an integer from 1 to 65535`);
}
