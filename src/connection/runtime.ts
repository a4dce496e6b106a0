// What a runtime brings beside its transports: the two ways to get one, and a fast codec.
import type { Allocate } from "../bytes/accumulator.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import type { ProtocolInternals } from "../protocol/options.ts";
import { SlabPool } from "../protocol/slab.ts";
import type { Address, Transport } from "./transport.ts";

/** Where to listen. */
export interface ListenOptions {
  /** A name or an address; a name is bound on all its addresses, with one port. Default: all addresses of the machine. */
  readonly host?: string | undefined;
  /** 0 (default) for any free port. */
  readonly port?: number | undefined;
  /** Length of the queue of connections that wait to be accepted, where the runtime lets choose. */
  readonly backlog?: number | undefined;
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
}

/** A runtime's part. All its rejections are `NetworkError`s. */
export interface Runtime {
  /** Product of the runtime, such as `Node.js/20.20.2`. */
  readonly product: string;
  readonly codec: TextCodec;
  /** Makes memory that need not be zero: it is overwritten to its last byte. */
  readonly allocate: Allocate;
  /** Makes memory for outgoing bytes, of the kind that its sockets write fastest. */
  readonly allocateOutput: (size: number) => Uint8Array;
  /** Listens, and calls back with every accepted connection, with TCP_NODELAY set. */
  listen(options: ListenOptions, onTransport: (transport: Transport) => void): Promise<Listener>;
  /** Connects, with TCP_NODELAY set. Aborting rejects and leaves nothing open. */
  dial(options: DialOptions, signal: AbortSignal): Promise<Transport>;
}

const slabs = new WeakMap<Runtime, SlabPool>();

/** What protocols on this runtime get from it. Their slabs are shared by all of the thread. */
export function internalsOf(runtime: Runtime): ProtocolInternals {
  let pool = slabs.get(runtime);
  if (pool === undefined) {
    pool = new SlabPool(runtime.allocateOutput);
    slabs.set(runtime, pool);
  }
  return { codec: runtime.codec, allocate: runtime.allocate, slabs: pool };
}
