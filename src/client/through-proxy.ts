// To a server through a proxy: the dial to it, the handshake with it, and TLS behind.
import { untilAborted } from "../async/until-aborted.ts";
import type { DialOptions, Runtime } from "../connection/runtime.ts";
import type { Transport } from "../connection/transport.ts";
import { NetworkError } from "../errors/network.ts";
import { ProxyError } from "../errors/proxy.ts";
import { parseAddress } from "../http/ip-address.ts";
import type { HttpLimits } from "../http/limits.ts";
import { HttpConnect } from "./http-connect.ts";
import type { ConnectOptions } from "./options.ts";
import type { ProxyURI } from "./proxy-uri.ts";
import { Socks4, Socks5 } from "./socks.ts";
import type { TunnelHandshake } from "./tunnel-handshake.ts";
import { openTunnel } from "./tunnel.ts";

const V4_LENGTH = 4;

/** What talking with a proxy depends on. */
export interface ProxySettings {
  readonly proxyTls: ConnectOptions["proxyTls"];
  readonly userAgentHeader: string | null;
  readonly httpLimits: HttpLimits;
}

/**
 * Connects to a server through `proxy`.
 *
 * @throws {NetworkError | ProxyError}
 * @throws The reason of `signal`.
 */
export async function dialThrough(
  runtime: Runtime,
  target: DialOptions,
  proxy: ProxyURI,
  settings: ProxySettings,
  signal: AbortSignal,
): Promise<Transport> {
  const handshake = await handshakeFor(runtime, target, proxy, settings, signal);
  const transport = await naming(runtime.dial(proxyTarget(target, proxy, settings), signal));
  const tunnel = await naming(openTunnel(transport, handshake, signal));
  if (target.tls === undefined) return tunnel;
  try {
    return await runtime.dial({ ...target, through: tunnel.release() }, signal);
  } catch (error) {
    tunnel.abort();
    throw error;
  }
}

/** Says that it is the proxy which cannot be reached, or was lost: users may not know of one that the environment names. */
async function naming<T>(proxy: Promise<T>): Promise<T> {
  try {
    return await proxy;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const { reason, message, cause, certificateFault } = error;
    throw new NetworkError(reason, `Proxy failed: ${message}`, {
      cause,
      certificateFault: certificateFault ?? undefined,
    });
  }
}

function proxyTarget(wayTo: DialOptions, { scheme, host, port }: ProxyURI, { proxyTls }: ProxySettings): DialOptions {
  const way = { host, port, wayTo };
  return scheme === "https" ? { ...way, tls: { host, options: proxyTls ?? {} } } : way;
}

async function handshakeFor(
  runtime: Runtime,
  { host, port, tls }: DialOptions,
  { scheme, username, password }: ProxyURI,
  { userAgentHeader, httpLimits }: ProxySettings,
  signal: AbortSignal,
): Promise<TunnelHandshake> {
  const request = { host, port, username, password };
  if (scheme === "socks4a") return new Socks4(request);
  if (scheme === "socks5h") return new Socks5(request);
  if (scheme === "socks4") return new Socks4({ ...request, host: await lookUp(runtime, host, true, signal) });
  if (scheme === "socks5") return new Socks5({ ...request, host: await lookUp(runtime, host, false, signal) });
  return new HttpConnect({ ...request, secure: tls !== undefined, userAgentHeader }, httpLimits);
}

/** The first address of a host that SOCKS has. */
async function lookUp(runtime: Runtime, host: string, onlyV4: boolean, signal: AbortSignal): Promise<string> {
  if (parseAddress(host) !== undefined) return host;
  if (runtime.resolve === undefined) {
    throw new ProxyError("Cannot ask proxy: this runtime looks up no names; use socks5h or socks4a");
  }
  const addresses = await untilAborted(runtime.resolve(host), signal);
  const found = addresses.find((address) => !onlyV4 || parseAddress(address)?.length === V4_LENGTH);
  if (found === undefined) throw new ProxyError(`Cannot ask proxy: ${host} has no address that SOCKS4 can carry`);
  return found;
}
