// A server whose handlers block, and the thread that made it.
import type { Thread } from "../connection/threads.ts";
import type { Address } from "../connection/transport.ts";
import { Close } from "../frames/close.ts";
import { CloseCode } from "../frames/close-code.ts";
import { deadlineOf } from "./deadline.ts";
import type { Hub } from "./hub.ts";

/** Options of `BlockingServer.shutdown`. */
export interface ShutdownOptions {
  /** Whether to close the connections too; else it waits until they are closed. Default: true. */
  readonly closeConnections?: boolean;
  /** The close code for them. Default: 1001. */
  readonly code?: number;
  /** The close reason for them. Default: none. */
  readonly reason?: string;
  /** After so many milliseconds the threads of handlers that have not returned are ended. Default: no limit. */
  readonly timeout?: number;
}

/**
 * Returns the options.
 *
 * @throws {RangeError} For a code or a reason that cannot be sent, and for a timeout that is negative.
 */
export function checkShutdown(options: ShutdownOptions): ShutdownOptions {
  new Close(options.code ?? CloseCode.GOING_AWAY, options.reason ?? "").serialize();
  deadlineOf(options.timeout);
  return options;
}

/** A running server; see `serve`. */
export class BlockingServer implements Disposable {
  readonly #hub: Hub;
  readonly #thread: Thread;
  /** Where it listens. */
  readonly addresses: readonly Address[];

  /** @internal */
  constructor(hub: Hub, thread: Thread, addresses: readonly Address[]) {
    this.#hub = hub;
    this.#thread = thread;
    this.addresses = addresses;
  }

  /** How many connections are open, those that wait for a thread included. */
  get connectionCount(): number {
    return this.#hub.isFinished ? 0 : (this.#hub.call({ do: "count" }) as number);
  }

  /** Whether it was shut down, and everything is over. */
  get isFinished(): boolean {
    return this.#hub.isFinished;
  }

  /**
   * Blocks until the server was shut down, by a handler for example.
   *
   * @throws {NetworkError} If the thread of the connections has ended.
   */
  serveForever(): void {
    this.#hub.wait(() => this.#hub.isFinished);
  }

  /**
   * Shuts down: no more connections are accepted, opening handshakes get 503, the open ones are closed. Blocks until the
   * handlers have returned. Later calls only wait.
   *
   * @throws {RangeError} For a code or a reason that cannot be sent, and for a timeout that is negative.
   * @throws {NetworkError} If the thread of the connections has ended.
   */
  shutdown(options: ShutdownOptions = {}): void {
    const checked = checkShutdown(options);
    if (!this.#hub.isFinished) this.#hub.post({ do: "shutdown", options: checked });
    this.serveForever();
  }

  /** Lets the process end although the server runs. By default it keeps the process alive. */
  unref(): void {
    this.#thread.unref();
  }

  /** Shuts down. */
  [Symbol.dispose](): void {
    this.shutdown();
  }
}
