// Options of a protocol, and what connections bring to it.
import type { Allocate } from "../bytes/accumulator.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { SlabPool } from "./slab.ts";

/** How data is delivered: as frames, or as whole messages with text as strings or bytes. */
export type Delivery = "frames" | "messages" | "bytes";

/** Options of a protocol; all have defaults. */
export interface ProtocolOptions {
  /** Most bytes of a message, over all its fragments; `null` for no limit. Default: 1 MiB. */
  readonly maxMessage?: number | null;
  /** Most bytes of one fragment; `null` (default) for no limit but that of the message. */
  readonly maxFragment?: number | null;
  /** Most fragments of a message; `null` (default) for no limit: a fragment costs its bytes and nothing more. */
  readonly maxFragments?: number | null;
  /** Whether text must be valid UTF-8 (RFC 6455 8.1). Default: true. */
  readonly validateUtf8?: boolean;
  /**
   * What data arrives as: `"frames"` (default); `"messages"`, whole, text as strings and binary as bytes; `"bytes"`,
   * whole messages that are all bytes.
   */
  readonly delivery?: Delivery;
}

/** What connections bring to a protocol beside its options; the defaults run everywhere. */
export interface ProtocolInternals {
  readonly kernels?: Kernels;
  readonly codec?: TextCodec;
  readonly allocate?: Allocate;
  readonly slabs?: SlabPool;
  readonly maskingKey?: () => number;
}
