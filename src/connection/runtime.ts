// What a runtime brings beside its transports: the ways to get one, and a fast codec.
import type { Allocate } from "../bytes/accumulator.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import type { OutsideChannel } from "../async/topic.ts";
import type { ProtocolInternals } from "../protocol/options.ts";
import { SlabPool } from "../protocol/slab.ts";
import { bridgeDiagnostics } from "./diagnostics.ts";
import type { ClientTlsOptions, ServerTlsOptions } from "./tls.ts";
import type { Address, Transport } from "./transport.ts";

/** A listener that is open already: a server of `node:net` or `node:tls`, or the number of a file descriptor. */
export type OpenListener = { readonly listening: boolean; address(): unknown } | { readonly fd: number };

/** Where to listen. */
export interface ListenOptions {
  /** A name or an address; a name is bound on all its addresses, with one port. Default: all addresses of the machine. */
  readonly host?: string | undefined;
  /** 0 (default) for any free port. */
  readonly port?: number | undefined;
  /**
   * Path of a Unix socket, in place of `host` and `port`. A socket file that nobody listens on any more is replaced; it is
   * removed when the server closes.
   */
  readonly unix?: string | undefined;
  /**
   * A listener that is open already, in place of `host` and `port`. It is handed over: `close()` closes it. If `serve`
   * rejects it stays open.
   */
  readonly listener?: OpenListener | undefined;
  /** Serves `wss:` with these certificates. Default: no TLS. */
  readonly tls?: ServerTlsOptions | undefined;
  /**
   * Whether several processes may listen on one port, and the system spreads the clients over them. Where that does not
   * work `serve` rejects with a NetworkError, reason `"unsupported"`. Default: false.
   */
  readonly reusePort?: boolean | undefined;
  /** Length of the queue of connections that wait to be accepted, where the runtime lets choose. */
  readonly backlog?: number | undefined;
}

/** The same for a runtime. */
export interface ListenTarget extends ListenOptions {
  /** Time for the opening of a connection, TLS included, where only the runtime can watch over it. `null`: no limit. */
  readonly openTimeout?: number | null | undefined;
}

/** An open listener. */
export interface Listener {
  readonly addresses: readonly Address[];
  /** Stops accepting. Resolves when the addresses are free again. */
  close(): Promise<void>;
  ref(): void;
  unref(): void;
}

/** Where to connect to. */
export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Path of a Unix socket, in place of host and port. */
  readonly unix?: string | undefined;
  /** A connected socket of the runtime, in place of host and port. */
  readonly socket?: object | undefined;
  /** A transport of this runtime that leads there already, such as a tunnel: TLS is put on top of it, and it is used up. */
  readonly through?: Transport | undefined;
  /** The transport is the way to a proxy for this target, and will become its `through` if that has TLS. */
  readonly wayTo?: DialOptions | undefined;
  /** TLS on top, with the name that the server must prove. */
  readonly tls?: { readonly host: string; readonly options: ClientTlsOptions } | undefined;
}

/** A server of HTTP that is there already: of `node:http` or `node:https`. */
export interface HttpServer {
  readonly listening: boolean;
  address(): unknown;
}

/** A request with `Upgrade`, as the `upgrade` event of `node:http` gives it. */
export interface UpgradeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
}

/** Who decides about requests with `Upgrade`, and takes them. */
export interface UpgradeTaker {
  /** Whether the request is for this taker. `head` is its text up to the empty line, a character for each byte. Never throws. */
  isOurs(head: string): boolean;
  /** Takes its connection, with the request as the first bytes to read. */
  take(transport: Transport): void;
}

/** A runtime's part. All its rejections are `NetworkError`s, or a `TypeError` or `RangeError` for options. */
export interface Runtime {
  /** Product of the runtime, such as `Node.js/20.20.2`. */
  readonly product: string;
  readonly codec: TextCodec;
  /** Makes memory that need not be zero: it is overwritten to its last byte. */
  readonly allocate: Allocate;
  /** Makes memory for outgoing bytes, of the kind that its sockets write fastest. */
  readonly allocateOutput: (size: number) => Uint8Array;
  /** Listens, and calls back with every accepted connection, with TCP_NODELAY set. */
  listen(target: ListenTarget, onTransport: (transport: Transport) => void): Promise<Listener>;
  /** The channel of the runtime's own diagnostics with a name, where it has such. */
  readonly outsideChannel?: (name: string) => OutsideChannel;
  /** Connects, with TCP_NODELAY set. Aborting rejects and leaves nothing open. */
  dial(options: DialOptions, signal: AbortSignal): Promise<Transport>;
  /** The addresses of a name, the preferred one first; absent where names cannot be looked up. */
  resolve?(host: string): Promise<readonly string[]>;
  /** The value of an environment variable, if it may be read without asking anybody; absent where there are none. */
  environment?(name: string): string | undefined;
  /**
   * Waits for upgrades on a server of HTTP; absent where there is none. Closing only stops that.
   *
   * @throws {TypeError} For anything that is no server of HTTP.
   */
  attach?(server: object, taker: UpgradeTaker): Listener;
  /**
   * Makes a transport of what an `upgrade` event gives, with the request as the first bytes to read.
   *
   * @throws {TypeError} For anything else.
   */
  takeOver?(request: UpgradeRequest, socket: object, head: Uint8Array): Transport;
}

const slabs = new WeakMap<Runtime, SlabPool>();

/** What protocols on this runtime get from it. Their slabs are shared by all of the thread. */
export function internalsOf(runtime: Runtime): ProtocolInternals {
  let pool = slabs.get(runtime);
  if (pool === undefined) {
    pool = new SlabPool(runtime.allocateOutput);
    slabs.set(runtime, pool);
    if (runtime.outsideChannel !== undefined) bridgeDiagnostics(runtime.outsideChannel);
  }
  return { codec: runtime.codec, allocate: runtime.allocate, slabs: pool };
}
