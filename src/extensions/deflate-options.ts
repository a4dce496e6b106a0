// Options of permessage-deflate: their defaults, units and limits, read once.
import type { AgreedParameters, DeflateParameters } from "./deflate-parameters.ts";
import { MAX_WINDOW_BITS, MIN_WINDOW_BITS } from "./deflate-parameters.ts";

/** Options of both sides. A window of n bits is 2^n bytes. */
export interface PerMessageDeflateOptions {
  /**
   * Whether the server compresses every message on its own: neither side then keeps a window for its messages.
   *
   * @default false
   */
  readonly serverNoContextTakeover?: boolean | undefined;
  /**
   * The same for the messages of the client.
   *
   * @default false
   */
  readonly clientNoContextTakeover?: boolean | undefined;
  /**
   * Largest window for the messages of the server, from 8 to 15 bits.
   *
   * @default null (15, or less if the other side asks for it)
   */
  readonly serverMaxWindowBits?: number | null | undefined;
  /**
   * How hard to look for repetitions, from 0 (not at all) to 9 (slowest).
   *
   * @default 3
   */
  readonly level?: number | undefined;
  /**
   * Size of the tables for that, from 1 to 9.
   *
   * @default 8
   */
  readonly memLevel?: number | undefined;
  /**
   * Messages of less bytes are sent uncompressed, unless they are sent in fragments. 0: all are compressed.
   *
   * @default 64 with context takeover, 256 without
   */
  readonly threshold?: number | undefined;
}

/** Options of {@link ClientDeflateFactory}. */
export interface ClientPerMessageDeflateOptions extends PerMessageDeflateOptions {
  /**
   * Largest window for the messages of the client, from 8 to 15 bits; `true`: what the server asks for; `null`: 15,
   * whatever it may want.
   *
   * @default true
   */
  readonly clientMaxWindowBits?: number | true | null | undefined;
}

/** Options of {@link ServerDeflateFactory}. */
export interface ServerPerMessageDeflateOptions extends PerMessageDeflateOptions {
  /**
   * Largest window for the messages of the client, from 8 to 15 bits. A client that cannot limit its window is asked to
   * compress every message on its own instead.
   *
   * @default null (15, or less if the client offers it)
   */
  readonly clientMaxWindowBits?: number | null | undefined;
  /**
   * Whether to decline offers of clients that cannot limit their window.
   *
   * @default false
   */
  readonly requireClientMaxWindowBits?: boolean | undefined;
}

/** How to compress, whatever is negotiated. `null` for the default threshold. */
export interface CompressorSettings {
  readonly level: number;
  readonly memLevel: number;
  readonly threshold: number | null;
}

/** What a server wants. */
export interface ServerParameters extends AgreedParameters {
  readonly requireClientMaxWindowBits: boolean;
}

const OPTIONS: readonly string[] = [
  "serverNoContextTakeover",
  "clientNoContextTakeover",
  "serverMaxWindowBits",
  "clientMaxWindowBits",
  "level",
  "memLevel",
  "threshold",
];
const DEFAULT_LEVEL = 3;
const DEFAULT_MEM_LEVEL = 8;

/**
 * Reads what a client offers.
 *
 * @throws {TypeError | RangeError} For an option that there is not, or a value that it cannot have.
 */
export function readClientParameters(options: ClientPerMessageDeflateOptions): DeflateParameters {
  refuseUnknown(options, OPTIONS);
  const { clientMaxWindowBits = true } = options;
  return {
    ...readSharedParameters(options),
    clientMaxWindowBits:
      clientMaxWindowBits === true ? true : readWindowBits("clientMaxWindowBits", clientMaxWindowBits),
  };
}

/**
 * Reads what a server wants.
 *
 * @throws {TypeError | RangeError} For an option that there is not, or a value that it cannot have.
 */
export function readServerParameters(options: ServerPerMessageDeflateOptions): ServerParameters {
  refuseUnknown(options, [...OPTIONS, "requireClientMaxWindowBits"]);
  const clientMaxWindowBits = readWindowBits("clientMaxWindowBits", options.clientMaxWindowBits);
  const requireClientMaxWindowBits = readFlag("requireClientMaxWindowBits", options.requireClientMaxWindowBits);
  if (requireClientMaxWindowBits && clientMaxWindowBits === null)
    throw new TypeError("Cannot use requireClientMaxWindowBits: clientMaxWindowBits is not set");
  return { ...readSharedParameters(options), clientMaxWindowBits, requireClientMaxWindowBits };
}

function readSharedParameters(options: PerMessageDeflateOptions): Omit<DeflateParameters, "clientMaxWindowBits"> {
  return {
    serverNoContextTakeover: readFlag("serverNoContextTakeover", options.serverNoContextTakeover),
    clientNoContextTakeover: readFlag("clientNoContextTakeover", options.clientNoContextTakeover),
    serverMaxWindowBits: readWindowBits("serverMaxWindowBits", options.serverMaxWindowBits),
  };
}

/**
 * Reads how to compress.
 *
 * @throws {TypeError | RangeError} For a value that an option cannot have.
 */
export function readCompressorSettings(options: PerMessageDeflateOptions): CompressorSettings {
  const { level = DEFAULT_LEVEL, memLevel = DEFAULT_MEM_LEVEL, threshold } = options;
  return {
    level: readInteger("level", level, 0, 9),
    memLevel: readInteger("memLevel", memLevel, 1, 9),
    threshold: threshold === undefined ? null : readInteger("threshold", threshold, 0, Number.MAX_SAFE_INTEGER),
  };
}

// A window whose name is spelt wrong would be the largest one, and 32 KiB a connection.
function refuseUnknown(options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(name))
      throw new TypeError(`Cannot use ${name}: expected one of ${known.join(", ")}`);
  }
}

function readFlag(name: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== "boolean") throw new TypeError(`Cannot use ${name}: expected a boolean`);
  return value ?? false;
}

function readWindowBits(name: string, value: number | null | undefined): number | null {
  return value == null ? null : readInteger(name, value, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
}

function readInteger(name: string, value: number, least: number, most: number): number {
  if (typeof value !== "number") throw new TypeError(`Cannot use ${name}: expected a number`);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`Cannot use ${name}: ${value}, expected an integer from ${least} to ${most}`);
  return value;
}
