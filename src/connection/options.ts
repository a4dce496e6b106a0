// Options that clients and servers share: their defaults, units and limits, read once.
import type { HttpLimits } from "../http/limits.ts";
import { resolveHttpLimits } from "../http/limits.ts";
import type { ProtocolOptions } from "../protocol/options.ts";
import type { LoggerLike } from "./logger.ts";
import { defaultLogger, GuardedLogger } from "./logger.ts";

/** Longest delay that timers of all runtimes take. */
const MAX_DELAY = 2 ** 31 - 1;
const DEFAULT_LOG_SIZE = 75;
/** Below, there is no room for two ends and what is between them. */
const SMALLEST_LOG_SIZE = 12;
export const DEFAULT_MAX_MESSAGE = 0x100000;
/** What the queue of received messages holds beyond one message of the largest size. */
const QUEUE_SLACK = 0x100000;
/** What stands for the largest message where there is no limit. */
const UNLIMITED_MESSAGE = 16 * 0x100000;

/** Limits of what is received; `null` for none. */
export interface SizeLimits {
  /** Bytes of a message. Default: 1 MiB. */
  readonly message?: number | null;
  /** Bytes of one fragment. Default: `null`. */
  readonly fragment?: number | null;
  /** Fragments of a message. Default: `null`: a fragment costs its bytes and nothing more. */
  readonly fragments?: number | null;
}

/** Options of every connection. Durations are milliseconds, sizes are bytes, `null` switches off. */
export interface ConnectionOptions {
  /**
   * Time for the whole opening, from the first attempt or, on a server, from accepting TCP.
   *
   * @default 10_000
   */
  openTimeout?: number | null;
  /**
   * Interval between keepalive pings. `null` disables keepalive.
   *
   * @default 20_000
   */
  pingInterval?: number | null;
  /**
   * The connection fails with 1011 when a keepalive ping is unanswered and no byte came for this long, or when our own
   * bytes were stuck for this long. `null`: never.
   *
   * @default 20_000
   */
  pingTimeout?: number | null;
  /**
   * Time from the first Close frame, sent or received, to the end of TCP; then TCP is dropped. `null`: for ever.
   *
   * @default 10_000
   */
  closeTimeout?: number | null;
  /**
   * Most bytes of a message, over all its fragments and after decompression; or limits of a message, of one fragment, and
   * of the number of its fragments. A larger one fails the connection with 1009.
   *
   * @default { message: 1_048_576, fragment: null, fragments: null }
   */
  maxSize?: number | null | SizeLimits;
  /**
   * Most messages that wait to be read; above `high` the socket is not read until `low` are left (default: a quarter).
   * `null`: no limit, and no flow control.
   *
   * @default 16
   */
  maxQueue?: number | null | { readonly high: number; readonly low?: number };
  /**
   * `send` waits while more than this is buffered.
   *
   * @default 65_536
   */
  writeLimit?: number | null;
  /** Whether text arrives as strings; otherwise every message arrives as bytes. Default: true. */
  decode?: boolean;
  /** Whether text must be valid UTF-8; if it is not, the connection fails with 1007. Default: true. */
  validateUtf8?: boolean;
  /** Limits of the HTTP messages of the opening handshake. */
  httpLimits?: Partial<HttpLimits>;
  /**
   * Where to log; `console` logs all there is, every frame too. Texts of levels that it does not have are not made.
   *
   * @default Warnings and errors to the console.
   */
  logger?: LoggerLike;
  /**
   * Most characters of a payload in a line of the log, 12 at least; `null` for no limit.
   *
   * @default 75
   */
  maxLogSize?: number | null;
}

/** The same, checked and complete; `Infinity` stands for no limit. */
export interface LinkSettings {
  readonly openTimeout: number | null;
  readonly pingInterval: number | null;
  readonly pingTimeout: number | null;
  readonly closeTimeout: number | null;
  readonly maxQueue: { readonly high: number; readonly low: number; readonly bytes: number };
  readonly writeLimit: number;
  readonly logger: LoggerLike;
  /** The logger, for our own lines. */
  readonly log: GuardedLogger;
  readonly maxLogSize: number;
  readonly protocol: ProtocolOptions;
}

/** The same, with those for the opening handshake of our own protocol. */
export interface ConnectionSettings extends LinkSettings {
  readonly httpLimits: HttpLimits;
}

/** @throws {TypeError} */
export function checkOptions(options: unknown): void {
  checkKind("options", typeof options === "object" && options !== null && !Array.isArray(options), "an object");
}

/** @throws {TypeError} */
export function checkFunction(name: string, value: unknown): void {
  checkKind(name, value == null || typeof value === "function", "a function");
}

/** @throws {TypeError} For an option that is not what it should be. */
export function checkKind(name: string, isRight: boolean, expected: string): void {
  if (!isRight) throw new TypeError(`Cannot use ${name}: expected ${expected}`);
}

/** @throws {TypeError} */
export function checkObject(name: string, value: unknown): void {
  checkKind(name, value == null || typeof value === "object", "an object");
}

function hasMethod(value: unknown, method: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function";
}

/** @throws {TypeError} For anything but a list of objects with that method. */
export function checkExtensions(extensions: unknown, method: string): void {
  const isRight =
    extensions == null || (Array.isArray(extensions) && extensions.every((one) => hasMethod(one, method)));
  checkKind("extensions", isRight, `a list of objects with ${method}`);
}

/** @throws {TypeError} */
export function checkSubclass(
  name: string,
  value: unknown,
  base: { readonly prototype: object; readonly name: string },
): void {
  const isRight = typeof value === "function" && (value === base || value.prototype instanceof (base as never));
  checkKind(name, value == null || isRight, `a subclass of ${base.name}`);
}

/** Errors are written to it, so one that cannot take them would hide them. */
function checkLogger(logger: unknown): void {
  checkKind("logger", hasMethod(logger, "warn") && hasMethod(logger, "error"), "an object with warn and error");
}

/**
 * Reads the options.
 *
 * @throws {RangeError} For a number out of range.
 * @throws {TypeError} For a value of the wrong kind.
 */
export function readConnectionOptions(options: ConnectionOptions): ConnectionSettings {
  checkObject("httpLimits", options.httpLimits);
  const sizes = readMaxSize(options.maxSize);
  const queue = readMaxQueue(options.maxQueue, queueBytes(sizes.message));
  const httpLimits = resolveHttpLimits(options.httpLimits);
  // No spread: V8 gives each object that is made so a hidden class of its own, and every message reads these.
  return Object.assign(readLinkOptions(options, sizes, queue), { httpLimits });
}

/** Most bytes that wait to be read, where a message has at most so many. */
export function queueBytes(message: number | null): number {
  return (message ?? UNLIMITED_MESSAGE) + QUEUE_SLACK;
}

/**
 * Reads those that are not for the opening handshake. `maxSize` and `maxQueue` come as they were read: pages need not have what is
 * for limits that no WebSocket of a runtime can honour.
 */
export function readLinkOptions(
  options: Omit<ConnectionOptions, "maxSize" | "maxQueue">,
  { message, fragment, fragments }: Required<SizeLimits>,
  maxQueue: LinkSettings["maxQueue"],
): LinkSettings {
  const { logger = defaultLogger } = options;
  checkLogger(logger);
  const decode = readBoolean("decode", options.decode, true);
  return {
    openTimeout: readDuration("openTimeout", options.openTimeout, 10_000),
    pingInterval: readDuration("pingInterval", options.pingInterval, 20_000),
    pingTimeout: readDuration("pingTimeout", options.pingTimeout, 20_000),
    closeTimeout: readDuration("closeTimeout", options.closeTimeout, 10_000),
    maxQueue,
    writeLimit: readLimit("writeLimit", options.writeLimit, 0x10000) ?? Infinity,
    logger,
    log: new GuardedLogger(logger),
    maxLogSize: readMaxLogSize(options.maxLogSize),
    protocol: {
      maxMessage: message,
      maxFragment: fragment,
      maxFragments: fragments,
      validateUtf8: readBoolean("validateUtf8", options.validateUtf8, true),
      delivery: decode ? "messages" : "bytes",
    },
  };
}

function readDuration(name: string, value: number | null | undefined, byDefault: number): number | null {
  if (value === undefined) return byDefault;
  if (value === null) return null;
  if (typeof value !== "number") throw new TypeError(`Cannot use ${name}: expected a number or null`);
  if (!(value > 0 && value <= MAX_DELAY)) {
    throw new RangeError(`Cannot use ${name}: ${value}, expected more than 0 and at most ${MAX_DELAY} ms`);
  }
  return value;
}

/**
 * Reads a count or a size.
 *
 * @throws {TypeError | RangeError} For anything but an integer of at least 0, or `null`.
 */
export function readLimit(name: string, value: number | null | undefined, byDefault: number | null): number | null {
  if (value === undefined) return byDefault;
  if (value === null) return null;
  if (typeof value !== "number") throw new TypeError(`Cannot use ${name}: expected a number or null`);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot use ${name}: ${value}, expected an integer of at least 0`);
  }
  return value;
}

function readMaxLogSize(value: number | null | undefined): number {
  const size = readLimit("maxLogSize", value, DEFAULT_LOG_SIZE) ?? Infinity;
  if (size >= SMALLEST_LOG_SIZE) return size;
  throw new RangeError(`Cannot use maxLogSize: ${size}, expected at least ${SMALLEST_LOG_SIZE}`);
}

function readMaxSize(value: ConnectionOptions["maxSize"]): Required<SizeLimits> {
  if (typeof value !== "object" || value === null) {
    return { message: readLimit("maxSize", value, DEFAULT_MAX_MESSAGE), fragment: null, fragments: null };
  }
  checkKind("maxSize", !Array.isArray(value), "a number, limits or null");
  const fragments = readLimit("maxSize.fragments", value.fragments, null);
  if (fragments === 0) throw new RangeError("Cannot use maxSize.fragments: 0, expected an integer of at least 1");
  return {
    message: readLimit("maxSize.message", value.message, DEFAULT_MAX_MESSAGE),
    fragment: readLimit("maxSize.fragment", value.fragment, null),
    fragments,
  };
}

function readMaxQueue(value: ConnectionOptions["maxQueue"], bytes: number): LinkSettings["maxQueue"] {
  if (value === null) return { high: Infinity, low: Infinity, bytes };
  if (typeof value !== "object") {
    const high = readLimit("maxQueue", value, 16) as number;
    return { high, low: Math.floor(high / 4), bytes };
  }
  const high = readLimit("maxQueue.high", value.high, null);
  if (high === null) throw new TypeError("Cannot use maxQueue: expected high");
  const low = readLimit("maxQueue.low", value.low, Math.floor(high / 4)) as number;
  if (low > high) throw new RangeError(`Cannot use maxQueue: low ${low} is above high ${high}`);
  return { high, low, bytes };
}

function readBoolean(name: string, value: boolean | undefined, byDefault: boolean): boolean {
  if (value === undefined) return byDefault;
  if (typeof value !== "boolean") throw new TypeError(`Cannot use ${name}: expected a boolean`);
  return value;
}
