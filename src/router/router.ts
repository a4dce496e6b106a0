// Routing: which handler a request gets, by its path.
import { checkFunction, checkOptions } from "../connection/options.ts";
import { isHost } from "../http/fields.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { HookResult } from "../server/options.ts";
import type { ServerConnection } from "../server/server-connection.ts";
import { checkRedirect, locationOf } from "./location.ts";
import type { PathParams, RouteParams } from "./path-params.ts";
import type { Matcher, PathPattern, Place } from "./pattern.ts";
import { compilePattern } from "./pattern.ts";

/** Handles the connections of a route; as a handler of `serve`, with what was found in the path and the query. */
export type RouteHandler<Params = RouteParams, C = ServerConnection> = (
  ws: C,
  params: Params,
  query: URLSearchParams,
) => void | Promise<void>;

/** Sends clients to another place, a path or a URL, with 302. The query is not kept, unless a function adds it. */
export interface Redirect<Params = RouteParams> {
  readonly redirect: string | ((params: Params, query: URLSearchParams) => string);
}

/** What a route leads to. */
export type RouteTarget<Params = RouteParams, C = ServerConnection> = RouteHandler<Params, C> | Redirect<Params>;

/** Routes by their patterns; the first that matches counts. */
export type RouteMap<Pattern extends string, C = ServerConnection> = {
  readonly [P in Pattern]: RouteTarget<PathParams<P>, C>;
};

/** Routes as pairs, where a pattern can also be a `URLPattern`. */
export type RouteList<C = ServerConnection> = Iterable<
  readonly [pattern: string | PathPattern, target: RouteTarget<RouteParams, C>]
>;

/** Options of {@link route}. */
export interface RouterOptions<C = ServerConnection> {
  /** Host, and port if it is not the usual one, in redirects to a path. Default: such a redirect names no host. */
  readonly serverName?: string | undefined;
  /**
   * Whether redirects to a path name `wss` (`true`) or `ws` (`false`), for clients that do not resolve a path
   * themselves. Default: neither, unless there is a `serverName`: then `ws`.
   */
  readonly secure?: boolean | undefined;
  /** Answers requests that no pattern matches; without a response of it, they get 404. */
  readonly notFound?: ((ws: C, request: HandshakeRequest) => HookResult | Promise<HookResult>) | undefined;
}

type Rules<C> = RouteList<C> | Readonly<Record<string, RouteTarget<never, C>>>;

interface Route<C> {
  readonly match: Matcher;
  readonly target: RouteTarget<RouteParams, C>;
}

interface Found<C> {
  readonly target: RouteTarget<RouteParams, C>;
  readonly params: RouteParams;
}

/**
 * Routes requests to handlers: give both `handler` and `processRequest` to `serve`. See {@link route}.
 *
 * @throws {TypeError} For patterns, targets and options that cannot be used.
 */
export class Router<C extends ServerConnection = ServerConnection> {
  readonly #routes: readonly Route<C>[];
  readonly #options: RouterOptions<C>;
  /** What is to run for connections whose handshake goes on. */
  readonly #chosen = new WeakMap<C, () => void | Promise<void>>();

  constructor(rules: Rules<C>, options: RouterOptions<C> = {}) {
    checkOptions(options);
    checkFunction("notFound", options.notFound);
    const { serverName } = options;
    if (serverName !== undefined && !(typeof serverName === "string" && isHost(serverName))) {
      throw new TypeError(`Cannot use serverName: ${String(serverName)} is no host`);
    }
    this.#options = options;
    this.#routes = entriesOf(rules).map((rule) => {
      if (!Array.isArray(rule)) throw new TypeError("Cannot route: expected pairs of a pattern and a target");
      const [pattern, target] = rule;
      checkTarget(target);
      return { match: compilePattern(pattern), target };
    });
  }

  /** The handler for `serve`. */
  readonly handler = (ws: C): void | Promise<void> => {
    const run = this.#chosen.get(ws);
    if (run === undefined) throw new TypeError("Cannot route: serve() needs the processRequest of the router too");
    return run();
  };

  /**
   * The hook for `serve`: goes on with the handshake where a handler waits, and answers everything else: 302 for
   * redirects, 404 where nothing matches, 400 where a parameter is not percent-encoded UTF-8.
   */
  readonly processRequest = (ws: C, request: HandshakeRequest): HookResult | Promise<HookResult> => {
    const [path, query] = splitQuery(request.pathAndQuery);
    const host = hostOf(request);
    const found = this.#find({ path, hostname: host?.replace(/:\d*$/, "") ?? null });
    if (found === null) return ws.respond(400, "Malformed path.\n");
    if (found === undefined) return this.#notFound(ws, request);
    const { target, params } = found;
    const parameters = new URLSearchParams(query);
    if (typeof target === "function") {
      this.#chosen.set(ws, () => target(ws, params, parameters));
      return undefined;
    }
    const to = typeof target.redirect === "string" ? target.redirect : target.redirect(params, parameters);
    const { serverName, secure } = this.#options;
    return ws.respond(302, "Moved to another place.\n", { Location: locationOf(to, host, { serverName, secure }) });
  };

  #find(place: Place): Found<C> | undefined | null {
    for (const { match, target } of this.#routes) {
      const params = match(place);
      if (params === null) return null;
      if (params !== undefined) return { target, params };
    }
    return undefined;
  }

  async #notFound(ws: C, request: HandshakeRequest): Promise<HookResult> {
    return (await this.#options.notFound?.(ws, request)) ?? ws.respond(404, "Not found.\n");
  }
}

/**
 * Makes a {@link Router} of patterns and handlers. Patterns are those of path-to-regexp 9: `:name` is one segment of a
 * path or a part of it, `*name` one or more segments, `{...}` may be absent; case and a slash at the end matter.
 * Parameters are percent-decoded: do not trust them.
 *
 * @typeParam C Class of connections: what the handlers say that they take.
 * @throws {TypeError} For patterns, targets and options that cannot be used.
 *
 * @example
 * const router = route({
 *   "/chat/:room": (ws, { room }) => chat(ws, room),
 *   "/old": { redirect: "/chat/lobby" },
 * });
 * await serve(router.handler, { port: 8765, processRequest: router.processRequest });
 */
export function route<const Pattern extends string, C extends ServerConnection = ServerConnection>(
  rules: RouteMap<Pattern, C>,
  options?: RouterOptions<C>,
): Router<C>;
export function route<C extends ServerConnection = ServerConnection>(
  rules: RouteList<C>,
  options?: RouterOptions<C>,
): Router<C>;
export function route<C extends ServerConnection>(rules: Rules<C>, options?: RouterOptions<C>): Router<C> {
  return new Router(rules, options);
}

type Rule<C> = readonly [pattern: string | PathPattern, target: RouteTarget<RouteParams, C>];

function entriesOf<C>(rules: Rules<C>): Rule<C>[] {
  if (typeof rules !== "object" || rules === null) {
    throw new TypeError("Cannot route: expected an object or a list of rules");
  }
  // The parameters of each are those of its own pattern, which only the caller's types know.
  return Symbol.iterator in rules ? [...rules] : (Object.entries(rules) as unknown as Rule<C>[]);
}

function checkTarget(target: RouteTarget<RouteParams, never>): void {
  if (typeof target === "function") return;
  const to: unknown = target?.redirect;
  if (typeof to === "string") checkRedirect(to);
  else if (typeof to !== "function") throw new TypeError("Cannot route: expected a function or a redirect as target");
}

function splitQuery(pathAndQuery: string): [path: string, query: string] {
  const mark = pathAndQuery.indexOf("?");
  return mark === -1 ? [pathAndQuery, ""] : [pathAndQuery.slice(0, mark), pathAndQuery.slice(mark + 1)];
}

/** The host that the request is for; `null` if it has none or several, which the opening handshake refuses later. */
function hostOf(request: HandshakeRequest): string | null {
  if (request.headers.getAll("Host").length > 1) return null;
  const { host } = request;
  return host !== null && isHost(host) ? host : null;
}
