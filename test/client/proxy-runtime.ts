// A runtime in memory with names, an environment, and TLS that is only told of.
import type { DialOptions, Runtime } from "../../src/connection/runtime.ts";
import type { Transport } from "../../src/connection/transport.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { MemoryRuntime } from "../support/network.ts";

/** Dials ports of its own; TLS adds nothing to them. */
export class ProxyRuntime extends MemoryRuntime {
  /** What TLS in a tunnel fails with. */
  tlsError: Error | undefined;
  variables: Readonly<Record<string, string>> = {};
  /** Addresses by name. */
  names: ReadonlyMap<string, readonly string[]> = new Map();

  resolve(host: string): Promise<readonly string[]> {
    const found = this.names.get(host);
    return found === undefined
      ? Promise.reject(new NetworkError("dns", `Cannot look up ${host}: name not found`))
      : Promise.resolve(found);
  }

  environment(name: string): string | undefined {
    return new Map(Object.entries(this.variables)).get(name);
  }

  override async dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
    const { through, tls } = options;
    if (tls !== undefined) this.calls.push(`tls ${tls.host} ${JSON.stringify(tls.options)}`);
    if (through === undefined) return super.dial(options, signal);
    if (this.tlsError !== undefined) throw this.tlsError;
    return through;
  }
}

/** The same network for whoever has neither names nor an environment. */
export function bare(runtime: ProxyRuntime): Runtime {
  const { product, codec, allocate, allocateOutput } = runtime;
  return {
    product,
    codec,
    allocate,
    allocateOutput,
    listen: (options, onTransport) => runtime.listen(options, onTransport),
    dial: (options, signal) => runtime.dial(options, signal),
  };
}
