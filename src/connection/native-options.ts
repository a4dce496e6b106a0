// Options of connections over a WebSocket of the runtime: those that it can honour; all others are refused.
import type { ConnectionOptions, LinkSettings } from "./options.ts";
import { checkOptions, DEFAULT_MAX_MESSAGE, queueBytes, readLimit, readLinkOptions } from "./options.ts";
import { beyondNative } from "./native-socket.ts";

/** Nobody can be made to wait, so a burst must find room: more than where there is flow control. */
const MAX_QUEUE = 1024;
const QUEUE_SLACK = 16 * 0x100000;

type Shared = Pick<ConnectionOptions, "closeTimeout" | "writeLimit" | "decode" | "logger" | "maxLogSize">;

/** Options of every connection over a WebSocket of the runtime. Any other option is a TypeError, not ignored. */
export interface NativeConnectionOptions extends Shared {
  /**
   * Most bytes of a message. The runtime has it in memory before its size can be seen. A larger one closes the connection
   * with 1009, in browsers with 4009.
   *
   * @default 1_048_576
   */
  maxSize?: number | null;
  /**
   * Most messages that wait to be read. There is no flow control: one more closes the connection with 1009, in browsers with
   * 4009; so do waiting messages of 16 MiB more than the largest may have. `null`: no limit.
   *
   * @default 1024
   */
  maxQueue?: number | null;
}

const SHARED: readonly string[] = [
  "closeTimeout",
  "writeLimit",
  "decode",
  "logger",
  "maxLogSize",
  "maxSize",
  "maxQueue",
];
/** What `null` switches off is off anyway. */
const OFF: readonly string[] = ["pingInterval", "pingTimeout"];

/**
 * Reads the options. `more` are the names of those that the caller reads itself.
 *
 * @throws {RangeError} For a number out of range.
 * @throws {TypeError} For a value of the wrong kind, and for any option that the runtime cannot honour.
 */
export function readNativeOptions(
  options: NativeConnectionOptions & Pick<ConnectionOptions, "openTimeout">,
  more: readonly string[],
): LinkSettings {
  checkOptions(options);
  for (const [name, value] of Object.entries(options)) {
    const isKnown = SHARED.includes(name) || more.includes(name) || (OFF.includes(name) && value === null);
    if (!isKnown && value !== undefined) throw beyondNative(`use ${name}`);
  }
  const { maxQueue, maxSize } = options;
  // Limits of fragments, and marks between which reading stops.
  for (const limit of [maxSize, maxQueue])
    if (typeof limit === "object" && limit !== null) throw beyondNative("use such limits");
  const message = readLimit("maxSize", maxSize, DEFAULT_MAX_MESSAGE);
  const high = readLimit("maxQueue", maxQueue, MAX_QUEUE) ?? Infinity;
  const bytes = high === Infinity ? Infinity : queueBytes(message) + QUEUE_SLACK;
  const sizes = { message, fragment: null, fragments: null };
  // There is nothing to go on with when less waits.
  return readLinkOptions({ ...options, pingInterval: null }, sizes, { high, low: high, bytes });
}
