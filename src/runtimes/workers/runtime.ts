// The part of Workers: clients over TCP. There is nothing to listen with.
import { portableTextCodec, type TextCodec } from "../../bytes/text-codec.ts";
import type { DialOptions, Runtime } from "../../connection/runtime.ts";
import type { Transport } from "../../connection/transport.ts";
import { NetworkError } from "../../errors/network.ts";
import { WorkersTransport } from "./transport.ts";

async function dial(options: DialOptions, signal: AbortSignal): Promise<Transport> {
  const { host, port, tls, unix, socket: given, through } = options;
  if (unix !== undefined) throw new TypeError("Cannot use unix: Workers have no Unix sockets");
  if (given !== undefined) throw new TypeError("Cannot use transport: expected a transport");
  if (through !== undefined) throw new TypeError("Cannot use proxy: Workers cannot put TLS on top of a tunnel");
  if (tls !== undefined && Object.keys(tls.options).length > 0) {
    throw new TypeError("Cannot use tls: Workers have no options of TLS");
  }
  if (tls !== undefined && tls.host !== host) throw new TypeError("Cannot use host: Workers verify the name they dial");
  const secureTransport = tls === undefined ? "off" : "on";
  const hostname = host.includes(":") ? `[${host}]` : host;
  // Only now: the entry can be loaded, by tools, where there is no such module.
  const { connect } = await import("cloudflare:sockets");
  signal.throwIfAborted();
  const socket = connect({ hostname, port }, { secureTransport, allowHalfOpen: true });
  socket.closed.catch(() => {}); // told by whoever reads
  const abort = (): void => void socket.close().catch(() => {});
  signal.addEventListener("abort", abort);
  try {
    await socket.opened;
    signal.throwIfAborted();
    return new WorkersTransport(socket, { host, port });
  } catch (error) {
    abort();
    signal.throwIfAborted();
    const reason = tls === undefined ? "other" : "tls";
    throw new NetworkError(reason, `Cannot connect to ${host}:${port}: ${String(error)}`, { cause: error });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

export const workersRuntime: Runtime = {
  product: "Cloudflare-Workers",
  get codec(): TextCodec {
    return portableTextCodec();
  },
  allocate: (size) => new Uint8Array(size),
  allocateOutput: (size) => new Uint8Array(size),
  listen: () => Promise.reject(new NetworkError("unsupported", "Cannot listen: Workers are given requests")),
  dial,
};
