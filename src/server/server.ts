// A running server: its connections, from accepting to the end, and how it closes.
import { Deferred, rejected } from "../async/deferred.ts";
import { sharedTimers } from "../async/timers.ts";
import { untilAborted } from "../async/until-aborted.ts";
import { Link } from "../connection/link.ts";
import type { Listener, Runtime, UpgradeRequest } from "../connection/runtime.ts";
import { internalsOf } from "../connection/runtime.ts";
import type { Address, Transport } from "../connection/transport.ts";
import { TimeoutError } from "../errors/network.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Close } from "../frames/close.ts";
import type { HandshakeResponse } from "../http/response.ts";
import { ServerProtocol } from "../protocol/server-protocol.ts";
import { handleConnection } from "./handle.ts";
import { ServerLog } from "./server-log.ts";
import { overloaded, shakeHands, shuttingDown } from "./opening.ts";
import type { ServerSettings } from "./options.ts";
import type { Server, ServerCloseOptions } from "./server-connection.ts";
import type { ServerConnection } from "./server-connection.ts";

/**
 * Handles one connection. When it returns, the connection is closed with 1000; when it throws, with 1011, and the
 * error is logged.
 */
export type Handler<Data = unknown> = (ws: ServerConnection<Data>) => void | Promise<void>;

type ConnectionClass = new (link: Link, server: Server) => ServerConnection;

/** Clients that are turned away have a second to go; beyond so many, the next ones get no answer. */
const MOST_REFUSED = 1000;

/** The server behind `serve`. */
export class RunningServer implements Server {
  readonly #runtime: Runtime;
  readonly #handler: Handler;
  readonly #settings: ServerSettings;
  readonly #log: ServerLog;
  readonly #open = new Set<ServerConnection>();
  readonly #opening = new Set<Link<ServerProtocol>>();
  /** Those that were turned away at the door, until they are gone. */
  readonly #refused = new Set<Link<ServerProtocol>>();
  readonly #finished = new Deferred<void>();
  #listener: Listener | undefined;
  #isListenerClosed = false;
  #isClosing = false;
  #isFinished = false;
  /** What open connections are closed with once the server is closing. */
  #farewell: Close | undefined;

  constructor(runtime: Runtime, handler: Handler, settings: ServerSettings) {
    this.#runtime = runtime;
    this.#handler = handler;
    this.#settings = settings;
    this.#log = new ServerLog(settings.connection);
  }

  listening(listener: Listener): void {
    this.#listener = listener;
    this.#log.listening(listener.addresses);
  }

  get addresses(): readonly Address[] {
    return this.#isClosing ? [] : (this.#listener?.addresses ?? []);
  }

  get connections(): Set<ServerConnection> {
    return new Set([...this.#open].filter((connection) => connection.state === "open"));
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  close(options: ServerCloseOptions = {}): Promise<void> {
    const { closeConnections = true, code = CloseCode.GOING_AWAY, reason = "", signal } = options;
    try {
      new Close(code, reason).serialize();
    } catch (error) {
      return rejected(error);
    }
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#log.closing();
      void this.#closeListener();
      for (const link of this.#opening) if (link.request === null) refuse(link, shuttingDown());
      this.#limitHooks();
      if (closeConnections) {
        this.#farewell = new Close(code, reason);
        for (const connection of this.#open) void connection.close(code, reason);
      }
    }
    return untilAborted(this.finished, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  ref(): void {
    this.#listener?.ref();
  }

  unref(): void {
    this.#listener?.unref();
  }

  async #closeListener(): Promise<void> {
    await this.#listener?.close();
    this.#isListenerClosed = true;
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    const left = this.#open.size + this.#opening.size + this.#refused.size;
    if (!this.#isListenerClosed || left > 0 || this.#isFinished) return;
    this.#isFinished = true;
    this.#log.closed();
    this.#finished.resolve();
  }

  /** Hooks end the opening by themselves, within `openTimeout` if there is one: they may have none. */
  #limitHooks(): void {
    const { closeTimeout } = this.#settings.connection;
    if (closeTimeout === null || this.#opening.size === 0) return;
    const timer = sharedTimers().schedule(closeTimeout, () => {
      for (const link of this.#opening) refuse(link, shuttingDown());
    });
    void this.finished.then(() => sharedTimers().cancel(timer));
  }

  handleUpgrade(request: UpgradeRequest, socket: object, head: Uint8Array): void {
    const runtime = this.#runtime;
    if (runtime.takeOver === undefined) {
      throw new TypeError(`Cannot handle upgrade: not supported on ${runtime.product}`);
    }
    this.accept(runtime.takeOver(request, socket, head));
  }

  accept(transport: Transport): void {
    const { connection: settings, handshake, maxHandshakes, createConnection } = this.#settings;
    const refusal = this.#refusal(this.#opening.size >= maxHandshakes, "opening handshakes");
    if (refusal !== null && this.#refused.size >= MOST_REFUSED) return transport.abort();
    const protocol = new ServerProtocol(
      { ...handshake, ...settings.protocol, httpLimits: settings.httpLimits },
      internalsOf(this.#runtime),
    );
    const link = new Link(transport, protocol, settings, sharedTimers());
    const connection = this.#made(() => new (createConnection as ConnectionClass)(link, this));
    if (connection === undefined) return transport.abort();
    (refusal === null ? this.#opening : this.#refused).add(link);
    link.afterLost = () => this.#forget(link, connection);
    this.#shakeHands(link, connection).then(
      (isOpen) => void (isOpen && handleConnection(connection, this.#handler)),
      // The fault of an option: it must not end the process, nor leave the client hanging.
      () => link.abort(),
    );
    link.start();
    if (refusal === null) return;
    refuse(link, refusal);
    this.#log.rejected(link, refusal);
  }

  /** Undefined if a class of the user throws. */
  #made(make: () => ServerConnection): ServerConnection | undefined {
    try {
      return make();
    } catch (error) {
      this.#settings.connection.log.error("! createConnection failed", error);
      return undefined;
    }
  }

  #refusal(isFull: boolean, what: Parameters<typeof overloaded>[0]): HandshakeResponse | null {
    if (this.#isClosing) return shuttingDown();
    return isFull ? overloaded(what) : null;
  }

  #forget(link: Link<ServerProtocol>, connection: ServerConnection): void {
    this.#opening.delete(link);
    this.#refused.delete(link);
    if (this.#open.delete(connection)) this.#log.ended(link);
    this.#finishIfDone();
  }

  /** Returns whether the connection is open, and shall be handled. */
  async #shakeHands(link: Link<ServerProtocol>, connection: ServerConnection): Promise<boolean> {
    const { maxConnections, connection: settings } = this.#settings;
    const isOpen = await withDeadline(link, settings.openTimeout, () =>
      shakeHands(link, connection, {
        settings: this.#settings,
        log: this.#log,
        refusal: () => this.#refusal(this.#open.size >= maxConnections, "connections"),
        opened: () => {
          this.#opening.delete(link);
          this.#open.add(connection);
        },
      }),
    );
    // Closed with all others, if the server was closed between the response and here.
    return isOpen && this.#farewell === undefined;
  }
}

/** Tells a client that the server closes, unless it was answered. What a hook says later is not heard. */
function refuse(link: Link<ServerProtocol>, response: HandshakeResponse): void {
  const { protocol } = link;
  if (protocol.state !== "connecting" || protocol.closeExpected()) return;
  protocol.sendResponse(response);
  link.answered();
}

/** The deadline of an opening: TCP is dropped without an answer. */
async function withDeadline<T>(link: Link, openTimeout: number | null, opening: () => Promise<T>): Promise<T> {
  if (openTimeout === null) return opening();
  const timer = link.timers.schedule(openTimeout, () => {
    link.abort(new TimeoutError(`opening handshake not over after ${openTimeout} ms`));
  });
  try {
    return await opening();
  } finally {
    link.timers.cancel(timer);
  }
}
