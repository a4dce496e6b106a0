// A server in the thread of the connections, whose handlers run in threads of a pool.
import { Deferred } from "../async/deferred.ts";
import type { Address } from "../connection/transport.ts";
import type { Serve } from "../server/serve.ts";
import type { ServeOptions } from "../server/options.ts";
import type { Server, ServerConnection } from "../server/server-connection.ts";
import type { Threads } from "../connection/threads.ts";
import type { Command, ShutdownCommandOptions } from "./layout.ts";
import { HandlerPool } from "./handler-pool.ts";

/** What it needs of its thread. */
export interface HostedServerOptions {
  readonly serve: Serve;
  readonly threads: Threads;
  readonly url: URL;
}

/** See `serve` of the blocking API. */
export class HostedServer {
  readonly #server: Server;
  readonly #pool: HandlerPool;
  readonly #finished: Deferred<void> = new Deferred();
  #isClosing = false;

  private constructor(server: Server, pool: HandlerPool) {
    this.#server = server;
    this.#pool = pool;
    void server.finished.then(() => this.shutdown({}));
  }

  /** Rejects if the module of the handler cannot be loaded, too. */
  static async start(
    { serve, threads, url }: HostedServerOptions,
    { handlerModule, threads: size }: Extract<Command, { readonly do: "serve" }>,
    options: ServeOptions,
  ): Promise<HostedServer> {
    let hosted: HostedServer | undefined;
    const onShutdown = (wanted: ShutdownCommandOptions): void => void hosted?.shutdown(wanted);
    const isDecoding = options.decode ?? true;
    const pool = new HandlerPool({ threads, url, size, handlerModule, isDecoding, onShutdown });
    try {
      await pool.load();
      const server = await serve((ws: ServerConnection) => pool.run(ws), options);
      hosted = new HostedServer(server, pool);
      return hosted;
    } catch (error) {
      pool.end();
      throw error;
    }
  }

  get addresses(): readonly Address[] {
    return this.#server.addresses;
  }

  get connectionCount(): number {
    return this.#server.connections.size;
  }

  /** Resolves when the listener, the connections and the handlers are gone. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Further calls only wait. */
  shutdown({ timeout, ...options }: ShutdownCommandOptions): Promise<void> {
    if (!this.#isClosing) void this.#shutdown(timeout, options);
    this.#isClosing = true;
    return this.finished;
  }

  async #shutdown(timeout: number | undefined, options: Omit<ShutdownCommandOptions, "timeout">): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (timeout !== undefined) timer = setTimeout(() => this.#pool.end(), timeout);
    await this.#server.close({
      ...(options.closeConnections !== undefined && { closeConnections: options.closeConnections }),
      ...(options.code !== undefined && { code: options.code }),
      ...(options.reason !== undefined && { reason: options.reason }),
    });
    await this.#pool.idle();
    clearTimeout(timer);
    this.#pool.end();
    this.#finished.resolve();
  }
}
