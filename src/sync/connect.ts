// connect() of the blocking API.
import { Pacing } from "../client/backoff.ts";
import { backoff } from "../client/backoff.ts";
import type { ConnectOptions } from "../client/options.ts";
import { processException as byDefault } from "../client/process-exception.ts";
import { ConnectionClosed } from "../errors/closed.ts";
import { BlockingConnection } from "./blocking-connection.ts";
import type { HubOptions } from "./hub.ts";
import type { Hub } from "./hub.ts";
import { startHub } from "./hub.ts";
import type { Opened } from "./layout.ts";
import { ConnectionMemory } from "./layout.ts";
import type { OptionsModule, Told } from "./tellable.ts";
import { tellable } from "./tellable.ts";

/**
 * Options of the blocking `connect`: those of the asynchronous one that can be told to another thread. Functions and
 * objects with a life of their own go into `optionsModule`.
 */
export interface BlockingConnectOptions extends Omit<ConnectOptions, (typeof UNTELLABLE)[number]>, OptionsModule {}

/** Options of `connect.forever`. */
export interface ForeverOptions
  extends BlockingConnectOptions, Pick<ConnectOptions, "processException" | "reconnectDelays"> {}

const UNTELLABLE = [
  "signal",
  "transport",
  "logger",
  "extensions",
  "createConnection",
  "processException",
  "reconnectDelays",
] as const;

/** A connection that stayed open for so many milliseconds worked; the next failure is a first one. */
const PROVEN_AFTER = 5000;

/** The blocking `connect`. */
export interface BlockingConnect {
  /**
   * Connects to a WebSocket server and blocks until the connection is open.
   *
   * @throws What the asynchronous `connect` rejects with.
   * @throws {TypeError} For an option that cannot be told to the thread of the connection.
   * @throws {InvalidState} Where a thread must not block, as the main thread of a browser.
   *
   * @example
   * using ws = connect("ws://localhost:8765");
   * ws.send("Hello world!");
   * console.log(ws.recv());
   */
  (uri: string | URL, options?: BlockingConnectOptions): BlockingConnection;

  /**
   * Connects, and connects again when the body of the loop is over, for ever. Each connection is closed at the end of the
   * body. `ConnectionClosed` is caught in the body; errors of connecting go to `processException`, and the loop goes on
   * after a delay, or ends with the error.
   */
  forever(uri: string | URL, options?: ForeverOptions): Generator<BlockingConnection, void, undefined>;
}

/** Makes the `connect` of a runtime. The thread is started when it is first called. */
export function bindBlockingConnect(options: HubOptions): BlockingConnect {
  let hub: Hub | undefined;
  const open = (uri: string | URL, given: BlockingConnectOptions = {}): BlockingConnection => {
    const told = tellable(given, UNTELLABLE);
    if (hub === undefined) options.threads.onExit(() => hub?.flush());
    if (hub === undefined || hub.isDead) ({ hub } = startHub(options));
    return openOn(hub, uri, told);
  };
  return Object.assign(open, {
    forever: (uri: string | URL, given: ForeverOptions = {}) => reconnecting(open, uri, given),
  });
}

function openOn(hub: Hub, uri: string | URL, told: Told): BlockingConnection {
  const memory = new ConnectionMemory();
  const id = hub.add(memory);
  try {
    const opened = hub.call({ do: "connect", id, buffer: memory.buffer, uri: String(uri), ...told }) as Opened;
    return new BlockingConnection(hub, memory, id, opened);
  } catch (error) {
    hub.remove(id);
    throw error;
  }
}

function* reconnecting(
  open: (uri: string | URL, options: BlockingConnectOptions) => BlockingConnection,
  uri: string | URL,
  { processException = byDefault, reconnectDelays = backoff, ...options }: ForeverOptions,
): Generator<BlockingConnection, void, undefined> {
  const pacing = new Pacing(reconnectDelays);
  try {
    for (;;) {
      let ws: BlockingConnection;
      try {
        ws = open(uri, options);
      } catch (error) {
        const decision = processException(error);
        if (decision != null) throw decision;
        pause(pacing, error);
        continue;
      }
      const openedAt = performance.now();
      try {
        yield ws;
      } finally {
        ws.close();
      }
      // A server that accepts and drops at once would be asked without pause.
      if (ws.stats.messagesReceived > 0 || performance.now() - openedAt >= PROVEN_AFTER) pacing.reset();
      else pause(pacing, endOf(ws));
    }
  } finally {
    pacing.reset();
  }
}

function endOf(ws: BlockingConnection): unknown {
  try {
    ws.pong();
    return undefined;
  } catch (error) {
    return error instanceof ConnectionClosed ? error : undefined;
  }
}

/** Blocks until the next attempt. */
function pause(pacing: Pacing, error: unknown): void {
  const delay = pacing.next(error, Date.now());
  if (delay === undefined) throw error;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay);
}
