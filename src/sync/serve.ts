// serve() of the blocking API.
import type { Address } from "../connection/transport.ts";
import type { ServeOptions } from "../server/options.ts";
import type { HubOptions } from "./hub.ts";
import { startHub } from "./hub.ts";
import { BlockingServer } from "./server.ts";
import type { OptionsModule } from "./tellable.ts";
import { moduleUrl, tellable } from "./tellable.ts";

const DEFAULT_THREADS = 16;

const UNTELLABLE = [
  "signal",
  "logger",
  "extensions",
  "listener",
  "processRequest",
  "processResponse",
  "selectSubprotocol",
  "createConnection",
] as const;

/** Options of the blocking `serve`: those of the asynchronous one, of which functions go into `optionsModule`. */
export interface BlockingServeOptions extends Omit<ServeOptions, (typeof UNTELLABLE)[number]>, OptionsModule {
  /**
   * Most threads that run handlers, each with one connection at a time. They are started when they are needed. Open
   * connections beyond wait for one, the first one first; pings are answered meanwhile.
   *
   * @default 16
   */
  readonly threads?: number | undefined;
}

/** The blocking `serve`. */
export type BlockingServe = (handlerModule: URL | string, options?: BlockingServeOptions) => BlockingServer;

/** Makes the `serve` of a runtime. Every server has a thread of its own for its connections, beside those of its handlers. */
export function bindBlockingServe(hubOptions: HubOptions): BlockingServe {
  return (handlerModule, { threads = DEFAULT_THREADS, ...given } = {}) => {
    const module = moduleUrl("handlerModule", handlerModule);
    if (!Number.isSafeInteger(threads) || threads < 1) {
      throw new RangeError(`Cannot use threads: ${threads}, expected an integer of at least 1`);
    }
    const told = tellable(given, UNTELLABLE);
    const { hub, thread } = startHub(hubOptions);
    try {
      const addresses = hub.call({ do: "serve", handlerModule: module, threads, ...told }) as Address[];
      thread.ref();
      return new BlockingServer(hub, thread, addresses);
    } catch (error) {
      thread.terminate();
      throw error;
    }
  };
}
