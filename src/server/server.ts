// A running server: its connections, from accepting to the end, and how it closes.
import { Deferred, rejected } from "../async/deferred.ts";
import type { Timer } from "../async/timers.ts";
import { sharedTimers } from "../async/timers.ts";
import { untilAborted } from "../async/until-aborted.ts";
import { checkSignal } from "../connection/check-signal.ts";
import type { Link } from "../connection/link.ts";
import { checkOptions } from "../connection/options.ts";
import type { Listener, Runtime, UpgradeRequest } from "../connection/runtime.ts";
import { internalsOf } from "../connection/runtime.ts";
import type { Address, Transport } from "../connection/transport.ts";
import { TimeoutError } from "../errors/network.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Close } from "../frames/close.ts";
import type { HandshakeResponse } from "../http/response.ts";
import type { ProtocolInternals } from "../protocol/options.ts";
import type { ServerProtocolOptions } from "../protocol/server-protocol.ts";
import { ServerProtocol } from "../protocol/server-protocol.ts";
import { handleConnection } from "./handle.ts";
import type { OpeningContext } from "./opening.ts";
import { overloaded, shakeHands, shuttingDown } from "./opening.ts";
import { Guest, Roster } from "./roster.ts";
import { ServerLog } from "./server-log.ts";
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
  /** What all protocols get. */
  readonly #protocolOptions: ServerProtocolOptions;
  readonly #internals: ProtocolInternals;
  readonly #open = new Roster<Guest>();
  readonly #opening = new Roster<Guest>();
  /** Those that were turned away at the door, until they are gone. */
  readonly #refused = new Roster<Guest>();
  readonly #finished = new Deferred<void>();
  #listener: Listener | undefined;
  #isListenerClosed = false;
  #isClosing = false;
  #isFinished = false;
  /** What open connections are closed with once the server is closing. */
  #farewell: Close | undefined;
  readonly #context: OpeningContext;

  constructor(runtime: Runtime, handler: Handler, settings: ServerSettings) {
    this.#runtime = runtime;
    this.#handler = handler;
    this.#settings = settings;
    this.#log = new ServerLog(settings.connection);
    const { handshake, connection } = settings;
    this.#protocolOptions = { ...handshake, ...connection.protocol, httpLimits: connection.httpLimits };
    this.#internals = internalsOf(runtime);
    this.#context = {
      settings,
      log: this.#log,
      refusal: () => this.#refusal(this.#open.size >= settings.maxConnections, "connections"),
      opened: (guest) => {
        this.#opening.delete(guest);
        this.#open.add(guest);
      },
    };
  }

  listening(listener: Listener): void {
    this.#listener = listener;
    this.#log.listening(listener.addresses);
  }

  get addresses(): readonly Address[] {
    return this.#isClosing ? [] : (this.#listener?.addresses ?? []);
  }

  get connections(): Set<ServerConnection> {
    const open = new Set<ServerConnection>();
    for (const { connection } of this.#open.all()) if (connection.state === "open") open.add(connection);
    return open;
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  close(options: ServerCloseOptions = {}): Promise<void> {
    try {
      checkOptions(options);
      return this.#close(options);
    } catch (error) {
      return rejected(error);
    }
  }

  #close({
    closeConnections = true,
    code = CloseCode.GOING_AWAY,
    reason = "",
    signal,
  }: ServerCloseOptions): Promise<void> {
    checkSignal(signal);
    new Close(code, reason).serialize();
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#log.closing();
      void this.#closeListener();
      for (const guest of this.#opening.all()) if (guest.request === null) refuse(guest, shuttingDown());
      this.#limitHooks();
      if (closeConnections) {
        this.#farewell = new Close(code, reason);
        for (const { connection } of this.#open.all()) void connection.close(code, reason);
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
      for (const guest of this.#opening.all()) refuse(guest, shuttingDown());
    });
    void this.finished.then(() => sharedTimers().cancel(timer));
  }

  handleUpgrade(request: UpgradeRequest, socket: object, head: Uint8Array, data?: unknown): void {
    const runtime = this.#runtime;
    if (runtime.takeOver === undefined) {
      throw new TypeError(`Cannot handle upgrade: not supported on ${runtime.product}`);
    }
    this.accept(runtime.takeOver(request, socket, head), data);
  }

  accept(transport: Transport, data?: unknown): void {
    const { connection: settings, maxHandshakes, createConnection } = this.#settings;
    const refusal = this.#refusal(this.#opening.size >= maxHandshakes, "opening handshakes");
    if (refusal !== null && this.#refused.size >= MOST_REFUSED) return transport.abort();
    const protocol = new ServerProtocol(this.#protocolOptions, this.#internals);
    const guest = new Guest(transport, protocol, settings, sharedTimers(), this.#forget);
    const connection = this.#made(() => new (createConnection as ConnectionClass)(guest, this));
    if (connection === undefined) {
      transport.abort();
      // So that it hears of its end, which what was made of it so far may wait for.
      return guest.start();
    }
    guest.connection = connection;
    if (data !== undefined) connection.data = data;
    (refusal === null ? this.#opening : this.#refused).add(guest);
    void this.#receive(guest);
    guest.start();
    if (refusal === null) return;
    refuse(guest, refusal);
    this.#log.rejected(guest, refusal);
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

  readonly #forget = (guest: Guest): void => {
    if (!this.#opening.delete(guest)) this.#refused.delete(guest);
    if (this.#open.delete(guest)) this.#log.ended(guest);
    this.#finishIfDone();
  };

  /** From the opening handshake to the start of the handler. */
  async #receive(guest: Guest): Promise<void> {
    const timer = startDeadline(guest, this.#settings.connection.openTimeout);
    let isOpen = false;
    try {
      isOpen = await shakeHands(guest, this.#context);
    } catch {
      // The fault of an option: it must not end the process, nor leave the client hanging.
      guest.abort();
    } finally {
      guest.timers.cancel(timer);
    }
    // Closed with all others, if the server was closed between the response and here.
    if (isOpen && this.#farewell === undefined) void handleConnection(guest.connection, this.#handler);
  }
}

/** Tells a client that the server closes, unless it was answered. What a hook says later is not heard. */
function refuse(guest: Guest, response: HandshakeResponse): void {
  const { protocol } = guest;
  if (protocol.state !== "connecting" || protocol.closeExpected()) return;
  protocol.sendResponse(response);
  guest.answered();
}

/** The deadline of an opening: TCP is dropped without an answer. */
function startDeadline(link: Link, openTimeout: number | null): Timer | undefined {
  if (openTimeout === null) return undefined;
  return link.timers.schedule(openTimeout, () => {
    link.abort(new TimeoutError(`opening handshake not over after ${openTimeout} ms`));
  });
}
