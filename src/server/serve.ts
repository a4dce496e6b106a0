// serve(): from a handler and options to a listening server.
import { handled } from "../async/deferred.ts";
import { isTraceMissing, loadTrace } from "../connection/load-trace.ts";
import type { Runtime } from "../connection/runtime.ts";
import type { Transport } from "../connection/transport.ts";
import { isCompressionLoaded, loadCompression } from "../kernels/load-compression.ts";
import type { ClassServeOptions, ServeOptions } from "./options.ts";
import { readServeOptions } from "./options.ts";
import { openPlace } from "./place.ts";
import type { Server, ServerConnection } from "./server-connection.ts";
import type { Handler } from "./server.ts";
import { RunningServer } from "./server.ts";

/** The type of `serve`. */
export interface Serve {
  /** The same with a class of your own: `createConnection` is what handler and hooks get. */
  <C extends ServerConnection>(
    handler: (ws: C) => void | Promise<void>,
    options: ClassServeOptions<C>,
  ): Promise<Server<C["data"], C>>;
  /**
   * Starts a WebSocket server.
   *
   * @typeParam Data Type of `data` of connections.
   * @param handler Called with every open connection; returning closes it with 1000, throwing with 1011.
   * @throws {NetworkError} If it cannot listen; the reason is `"address-in-use"` where that is so.
   * @throws {TypeError | RangeError} For options that cannot be used.
   *
   * @example
   * await using server = await serve(async (ws) => {
   *   for await (const message of ws) await ws.send(message);
   * }, { host: "localhost", port: 8765 });
   * await server.finished;
   */
  <Data = unknown>(handler: Handler<Data>, options?: ServeOptions<Data>): Promise<Server<Data>>;
}

/** Makes the `serve` of a runtime. */
export function bindServe(runtime: Runtime): Serve {
  const serve = (handler: Handler, options: ServeOptions = {}): Promise<Server> =>
    handled(start(runtime, handler, options));
  return serve; // what type `data` has is the user's affair
}

async function start(runtime: Runtime, handler: Handler, options: ServeOptions): Promise<Server> {
  if (typeof handler !== "function") throw new TypeError("Cannot serve: expected a function as handler");
  const settings = readServeOptions(options, runtime.product);
  const { signal } = options;
  const server = new RunningServer(runtime, handler, settings);
  if (options.compression !== null && !isCompressionLoaded()) await loadCompression();
  if (isTraceMissing(settings.connection)) await loadTrace();
  signal?.throwIfAborted();
  const { log, httpLimits, openTimeout } = settings.connection;
  const accept = (transport: Transport): void => server.accept(transport);
  server.listening(await openPlace(options, { runtime, log, httpLimits, openTimeout, accept }));
  if (signal == null) return server;
  if (signal.aborted) {
    await server.close();
    throw signal.reason;
  }
  closeOnAbort(server, signal);
  return server;
}

function closeOnAbort(server: Server, signal: AbortSignal): void {
  const close = (): void => void server.close();
  signal.addEventListener("abort", close);
  void server.finished.then(() => signal.removeEventListener("abort", close));
}
