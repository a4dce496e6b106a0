// Options of a protocol, and what connections bring to it.
import type { Allocate } from "../bytes/accumulator.ts";
import type { TextCodec } from "../bytes/text-codec.ts";
import { CONFIG_MASKED, CONFIG_VALIDATE_UTF8 } from "../kernels/constants.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { SlabPool } from "./slab.ts";
import type { Side } from "./state.ts";

const DEFAULT_MAX_MESSAGE = 0x100000;

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

/** The same for what parses and reads. */
export interface ParserSettings {
  readonly config: number;
  readonly maxMessage: number;
  readonly maxFragment: number;
  readonly maxFragments: number;
  readonly delivery: Delivery;
}

/** The settings of the receiving half with these options. */
export function parserSettings(side: Side, options: ProtocolOptions): ParserSettings {
  const role = side === "server" ? CONFIG_MASKED : 0;
  const validation = options.validateUtf8 === false ? 0 : CONFIG_VALIDATE_UTF8;
  const { maxMessage = DEFAULT_MAX_MESSAGE, maxFragment, maxFragments, delivery = "frames" } = options;
  return {
    config: role | validation,
    maxMessage: maxMessage ?? Infinity,
    maxFragment: maxFragment ?? Infinity,
    maxFragments: maxFragments ?? Infinity,
    delivery,
  };
}
