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
import { ServerProtocol } from "../protocol/server-protocol.ts";
import { handleConnection } from "./handle.ts";
import { shakeHands, unavailable } from "./opening.ts";
import type { ServerSettings } from "./options.ts";
import type { Server, ServerCloseOptions } from "./server-connection.ts";
import { ServerConnection } from "./server-connection.ts";

/**
 * Handles one connection. When it returns, the connection is closed with 1000; when it throws, with 1011, and the
 * error is logged.
 */
export type Handler = (ws: ServerConnection) => void | Promise<void>;

/** The server behind `serve`. */
export class RunningServer implements Server {
  readonly #runtime: Runtime;
  readonly #handler: Handler;
  readonly #settings: ServerSettings;
  readonly #open = new Set<ServerConnection>();
  readonly #opening = new Set<Link<ServerProtocol>>();
  readonly #finished = new Deferred<void>();
  #listener: Listener | undefined;
  #isListenerClosed = false;
  #isClosing = false;
  /** What open connections are closed with once the server is closing. */
  #farewell: Close | undefined;

  constructor(runtime: Runtime, handler: Handler, settings: ServerSettings) {
    this.#runtime = runtime;
    this.#handler = handler;
    this.#settings = settings;
  }

  listening(listener: Listener): void {
    this.#listener = listener;
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
      void this.#closeListener();
      for (const link of this.#opening) if (link.request === null) refuse(link);
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
    if (this.#isListenerClosed && this.#open.size === 0 && this.#opening.size === 0) this.#finished.resolve();
  }

  /** Hooks end the opening by themselves, within `openTimeout` if there is one: they may have none. */
  #limitHooks(): void {
    const { closeTimeout } = this.#settings.connection;
    if (closeTimeout === null || this.#opening.size === 0) return;
    const timer = sharedTimers().schedule(closeTimeout, () => {
      for (const link of this.#opening) refuse(link);
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
    const { connection: settings, handshake } = this.#settings;
    const protocol = new ServerProtocol(
      { ...handshake, ...settings.protocol, httpLimits: settings.httpLimits },
      internalsOf(this.#runtime),
    );
    const link = new Link(transport, protocol, settings, sharedTimers());
    const connection = new ServerConnection(link, this);
    this.#opening.add(link);
    void this.#run(link, connection);
    link.start();
    if (this.#isClosing) refuse(link);
  }

  async #run(link: Link<ServerProtocol>, connection: ServerConnection): Promise<void> {
    // What gets here is the fault of a logger or an option: it must not end the process, nor leave the client hanging.
    this.#openAndHandle(link, connection).catch(() => link.abort());
    // Not behind the opening or the handler: both run code of the user, which may never end.
    await connection.closed;
    this.#opening.delete(link);
    this.#open.delete(connection);
    this.#finishIfDone();
  }

  async #openAndHandle(link: Link<ServerProtocol>, connection: ServerConnection): Promise<void> {
    const isOpen = await withDeadline(link, this.#settings.connection.openTimeout, () =>
      shakeHands(link, connection, { settings: this.#settings, isClosing: () => this.#isClosing }),
    );
    if (!isOpen) return;
    this.#opening.delete(link);
    this.#open.add(connection);
    // The server was closed between the response and here.
    if (this.#farewell !== undefined) void connection.close(this.#farewell.code, this.#farewell.reason);
    else await handleConnection(connection, this.#handler);
  }
}

/** Tells a client that the server closes, unless it was answered. What a hook says later is not heard. */
function refuse(link: Link<ServerProtocol>): void {
  const { protocol } = link;
  if (protocol.state !== "connecting" || protocol.closeExpected()) return;
  protocol.sendResponse(unavailable());
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
