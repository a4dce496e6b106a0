// From a destination to a transport that leads there: directly, or through a proxy.
import type { DialOptions, Runtime } from "../connection/runtime.ts";
import type { Transport } from "../connection/transport.ts";
import type { ProxyURI } from "./proxy-uri.ts";
import type { ProxySettings } from "./through-proxy.ts";

/** Names of variables, without `_proxy`. */
const SCHEMES: readonly string[] = ["ws", "wss", "socks", "https", "http", "all"];

/** What the way to a server depends on. */
export interface ReachSettings extends ProxySettings {
  readonly proxy: ProxyURI | "environment" | null;
}

/**
 * Connects to a server.
 *
 * @throws {NetworkError | ProxyError | InvalidProxy}
 * @throws The reason of `signal`.
 */
export async function reach(
  runtime: Runtime,
  target: DialOptions,
  settings: ReachSettings,
  signal: AbortSignal,
): Promise<Transport> {
  // Without a promise where there is no proxy to choose.
  const chosen = proxyFor(runtime, target, settings.proxy);
  const proxy = chosen instanceof Promise ? await chosen : chosen;
  if (proxy === null) return runtime.dial(target, signal);
  // Few connect through a proxy, and it takes much code.
  const { dialThrough } = await import("./through-proxy.ts");
  return dialThrough(runtime, target, proxy, settings, signal);
}

function proxyFor(
  runtime: Runtime,
  target: DialOptions,
  proxy: ReachSettings["proxy"],
): ProxyURI | null | Promise<ProxyURI | null> {
  if (target.unix !== undefined || target.socket !== undefined) return null;
  if (proxy !== "environment") return proxy;
  const environment = (name: string): string | undefined => runtime.environment?.(name);
  return namesProxy(environment) ? fromEnvironment(target, environment) : null;
}

type Environment = (name: string) => string | undefined;

async function fromEnvironment({ host, port, tls }: DialOptions, environment: Environment): Promise<ProxyURI | null> {
  const { chooseProxy } = await import("./proxy-choice.ts");
  return chooseProxy({ host, port, secure: tls !== undefined }, environment);
}

/** Whether the environment names any proxy. Which one, and for what, takes more code than most have a use for. */
function namesProxy(environment: Environment): boolean {
  const isSet = (name: string): boolean => (environment(name) ?? "") !== "";
  return SCHEMES.some((scheme) => isSet(`${scheme}_proxy`) || isSet(`${scheme}_proxy`.toUpperCase()));
}
