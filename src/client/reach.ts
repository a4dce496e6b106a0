// From a destination to a transport that leads there: directly, or through a proxy.
import type { DialOptions, Runtime } from "../connection/runtime.ts";
import type { Transport } from "../connection/transport.ts";
import { chooseProxy } from "./proxy-choice.ts";
import type { ProxyURI } from "./proxy-uri.ts";
import type { ProxySettings } from "./through-proxy.ts";

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
  const proxy = proxyFor(runtime, target, settings.proxy);
  if (proxy === null) return runtime.dial(target, signal);
  // Few connect through a proxy, and it takes much code.
  const { dialThrough } = await import("./through-proxy.ts");
  return dialThrough(runtime, target, proxy, settings, signal);
}

function proxyFor(runtime: Runtime, target: DialOptions, proxy: ReachSettings["proxy"]): ProxyURI | null {
  if (target.unix !== undefined || target.socket !== undefined) return null;
  if (proxy !== "environment") return proxy;
  const { host, port, tls } = target;
  return chooseProxy({ host, port, secure: tls !== undefined }, (name) => runtime.environment?.(name));
}
