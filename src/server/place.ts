// Where a server takes its connections from, and which options go together.
import { encodeLatin1 } from "../bytes/ascii.ts";
import { checkFunction, checkKind, checkObject, readLimit } from "../connection/options.ts";
import type { GuardedLogger } from "../connection/logger.ts";
import type { HttpServer, Listener, ListenOptions, Runtime, UpgradeTaker } from "../connection/runtime.ts";
import type { Transport } from "../connection/transport.ts";
import type { HttpLimits } from "../http/limits.ts";
import type { HandshakeRequest } from "../http/request.ts";
import { RequestReader } from "../http/request.ts";

/** Where a server takes its connections from. */
export interface PlaceOptions extends ListenOptions {
  /**
   * A server of `node:http` or `node:https`, of Express for example: its requests with `Upgrade` are taken, all others
   * stay with it. It is never closed, nor made to listen.
   */
  readonly server?: HttpServer | undefined;
  /**
   * Which requests with `Upgrade` are taken from `server`; others are left to its other listeners, and answered with 404
   * when there are none. What it throws is logged and means no. Default: all.
   */
  readonly match?: ((request: HandshakeRequest) => boolean) | undefined;
  /** `false` to listen nowhere: connections come from `server.handleUpgrade`. */
  readonly listen?: boolean | undefined;
}

/** Options that exclude each other: the first of each row with those behind it. */
const EXCLUSIVE: readonly (readonly [keyof PlaceOptions, readonly (keyof PlaceOptions)[]])[] = [
  ["listen", ["server", "listener", "unix", "host", "port", "tls", "backlog", "reusePort"]],
  ["server", ["listener", "unix", "host", "port", "tls", "backlog", "reusePort"]],
  ["listener", ["unix", "host", "port", "backlog", "reusePort"]],
  ["unix", ["host", "port", "reusePort"]],
];

/**
 * Checks that the options say one place.
 *
 * @throws {TypeError | RangeError}
 */
export function checkPlace(options: PlaceOptions): void {
  const { listen, server, match, port, host, backlog, listener, reusePort } = options;
  checkKind("listen", listen === undefined || typeof listen === "boolean", "a boolean");
  const isGiven = (name: keyof PlaceOptions): boolean =>
    name === "listen" ? listen === false : options[name] != null && options[name] !== false;
  for (const [name, others] of EXCLUSIVE) {
    const other = isGiven(name) ? others.find(isGiven) : undefined;
    if (other === undefined) continue;
    throw new TypeError(`Cannot use ${other} together with ${name === "listen" ? "listen: false" : name}`);
  }
  checkKind("reusePort", reusePort == null || typeof reusePort === "boolean", "a boolean");
  checkKind("host", host == null || typeof host === "string", "a string");
  checkObject("listener", listener);
  readLimit("backlog", backlog, null);
  if (match != null && server == null) throw new TypeError("Cannot use match without server");
  checkFunction("match", match);
  if (port == null || (Number.isInteger(port) && port >= 0 && port <= 0xffff)) return;
  throw new RangeError(`Cannot use port: ${port}, expected an integer from 0 to 65535`);
}

/** What taking connections needs to know beside the place. */
export interface PlaceContext {
  readonly runtime: Runtime;
  readonly log: GuardedLogger;
  readonly httpLimits: HttpLimits;
  readonly openTimeout: number | null;
  accept(transport: Transport): void;
}

/** Begins to take connections. */
export async function openPlace(options: PlaceOptions, context: PlaceContext): Promise<Listener> {
  const { runtime, openTimeout } = context;
  const { host, port, unix, listener, tls, reusePort, backlog, server } = options;
  if (options.listen === false) return NOWHERE;
  if (server == null) {
    const given = { host, port, unix, listener, tls, reusePort, backlog };
    const target = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null));
    return runtime.listen({ ...target, openTimeout }, (transport) => context.accept(transport));
  }
  if (runtime.attach === undefined) throw new TypeError(`Cannot use server: not supported on ${runtime.product}`);
  return runtime.attach(server, takerOf(options.match ?? null, context));
}

const NOWHERE: Listener = {
  addresses: [],
  close: () => Promise.resolve(),
  ref() {},
  unref() {},
};

function takerOf(match: PlaceOptions["match"] | null, context: PlaceContext): UpgradeTaker {
  return {
    isOurs: (head) => match == null || isMatch(match, head, context),
    take: (transport) => context.accept(transport),
  };
}

function isMatch(match: NonNullable<PlaceOptions["match"]>, head: string, context: PlaceContext): boolean {
  const request = requestOf(head, context.httpLimits);
  if (request === undefined) return false;
  try {
    const result: unknown = match(request);
    // A promise would be as good as true, whatever it comes to.
    if (typeof result === "boolean") return result;
    throw new TypeError("Cannot match request: expected a boolean from match");
  } catch (error) {
    context.log.error("! match failed", error);
    return false;
  }
}

/** Nothing for a request that node:http takes and we do not: no `match` can say that it is one of ours. */
function requestOf(head: string, limits: HttpLimits): HandshakeRequest | undefined {
  try {
    return new RequestReader(limits).push(encodeLatin1(head));
  } catch {
    return undefined;
  }
}
