// A WebSocket of the runtime as a connection needs it: limits of what arrives, waiting for room, the deadline of closing.
import { Deferred } from "../async/deferred.ts";
import type { Timer, TimerWheel } from "../async/timers.ts";
import { portableTextCodec, toUtf8 } from "../bytes/text-codec.ts";
import type { CloseFrame } from "../errors/closed.ts";
import { NetworkError, TimeoutError } from "../errors/network.ts";
import { PayloadTooBig, QueueOverflow } from "../errors/protocol.ts";
import { CloseCode } from "../frames/close-code.ts";
import type { HandshakeRequest } from "../http/request.ts";
import type { ConnectionLink, LinkOwner } from "./connection-link.ts";
import { NativeProtocol } from "./native-protocol.ts";
import type { NativeSink, NativeSocket } from "./native-socket.ts";
import { beyondNative } from "./native-socket.ts";
import type { LinkSettings } from "./options.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import type { Address } from "./transport.ts";

const DONE: Promise<void> = Promise.resolve();
/** Awaited sends, of which one resolves in a later turn of the event loop. */
const SENDS_A_TURN = 1024;
/** Milliseconds between two looks at a socket that does not say when it has room: at first, and at most. */
const FIRST_LOOK = 1;
const LONGEST_LOOK = 64;

/** Drives a {@link NativeSocket}. It cannot be paused: what is too much for the queue closes the connection. */
export class NativeLink implements ConnectionLink, NativeSink {
  readonly protocol: NativeProtocol;
  readonly timers: TimerWheel;
  readonly settings: LinkSettings;
  /** The runtime knows, and does not tell. */
  readonly transport: ConnectionLink["transport"] = {
    get localAddress(): Address {
      throw beyondNative("tell the local address");
    },
    get remoteAddress(): Address {
      throw beyondNative("tell the remote address");
    },
    peerCertificate: null,
  };
  owner: LinkOwner | undefined;
  request: HandshakeRequest | null = null;
  readonly response = null;
  isLost = false;
  readonly #socket: NativeSocket;
  readonly #opened = new Deferred<void>();
  #sends = 0;
  /** Who waits for room. */
  #room: Deferred<void> | undefined;
  #lookTimer: Timer | undefined;
  #closeTimer: Timer | undefined;
  #cause: Error | undefined;

  constructor(socket: NativeSocket, settings: LinkSettings, timers: TimerWheel) {
    this.#socket = socket;
    this.settings = settings;
    this.timers = timers;
    this.protocol = new NativeProtocol(socket, (error) => {
      this.abort(new NetworkError("other", "the socket did not take a message", { cause: error }));
    });
  }

  /** Resolves when the connection is open; rejects when it is lost before. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  start(): void {
    this.#socket.attach(this);
  }

  // From the socket

  onOpen(subprotocol: string): void {
    if (this.protocol.state !== "connecting") return;
    this.protocol.state = "open";
    this.protocol.subprotocol = subprotocol === "" ? null : subprotocol;
    this.settings.log.debug?.("= connection is OPEN");
    this.#opened.resolve();
    this.owner?.onOpen();
  }

  onMessage(message: string | Uint8Array<ArrayBuffer>): void {
    const { protocol, owner } = this;
    if (protocol.isDiscarding || this.isLost) return;
    const { delivery, maxMessage } = this.settings.protocol;
    const size = typeof message === "string" ? portableTextCodec().byteLength(message) : message.length;
    if (maxMessage != null && size > maxMessage) return this.#fail(new PayloadTooBig(null, maxMessage));
    protocol.payloadReceived += size;
    owner?.onEvents([delivery === "bytes" ? toUtf8(message) : message]);
    if (owner?.isOverfull === true && protocol.state === "open") this.#fail(new QueueOverflow());
  }

  #fail(error: PayloadTooBig | QueueOverflow): void {
    this.protocol.parserError = error;
    this.settings.log.debug?.(`! ${error.message}`);
    this.protocol.fail(CloseCode.MESSAGE_TOO_BIG, error.message);
    this.flush();
  }

  onDrain(): void {
    if (this.#room === undefined || !this.hasRoom) return;
    this.timers.cancel(this.#lookTimer);
    this.#room.resolve();
    this.#room = undefined;
    this.owner?.onBuffered(this.backlog, false);
  }

  onClose(close: CloseFrame | null, cause?: Error): void {
    if (this.isLost) return;
    this.isLost = true;
    this.timers.cancel(this.#closeTimer);
    this.timers.cancel(this.#lookTimer);
    this.protocol.end(close, this.#cause ?? cause);
    this.settings.log.debug?.("= connection is CLOSED");
    const error = this.protocol.closeError();
    this.#opened.reject(this.#cause ?? cause ?? error);
    this.#room?.reject(error);
    this.#room = undefined;
    this.owner?.onLost(error);
  }

  // Writing

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  get hasRoom(): boolean {
    return this.#socket.bufferedAmount <= this.settings.writeLimit;
  }

  createPings(): never {
    throw beyondNative("send a ping");
  }

  queued(): Promise<void> {
    if (!this.hasRoom) return this.room();
    // A loop that awaits only this would keep everything else from going on.
    return ++this.#sends % SENDS_A_TURN > 0 ? DONE : new Promise((resolve) => this.timers.resumeLater(resolve));
  }

  sendPrepared(prepared: PreparedMessage): void {
    this.protocol.sendPrepared(prepared);
    void this.room();
  }

  room(): Promise<void> {
    if (this.hasRoom || this.isLost) return DONE;
    if (this.#room === undefined) {
      this.#room = new Deferred<void>();
      this.owner?.onBuffered(this.backlog, true);
      this.#lookAfter(FIRST_LOOK);
    }
    return this.#room.promise;
  }

  #lookAfter(delay: number): void {
    this.#lookTimer = this.timers.schedule(delay, () => {
      this.onDrain();
      if (this.#room !== undefined) this.#lookAfter(Math.min(delay * 2, LONGEST_LOOK));
    });
  }

  /** Nothing waits here. Starts the deadline of closing if that is due. */
  flush(): void {
    const { closeTimeout } = this.settings;
    if (this.protocol.state !== "closing" || closeTimeout === null || this.#closeTimer !== undefined) return;
    this.#closeTimer = this.timers.schedule(closeTimeout, () => {
      this.abort(new TimeoutError(`closing handshake not over after ${closeTimeout} ms`));
    });
  }

  // Flow control, which there is none of

  pause(): void {}

  resume(): void {}

  decodeWaiting(): boolean {
    return false;
  }

  abort(cause?: Error): void {
    if (this.isLost) return;
    this.#cause ??= cause ?? new NetworkError("other", "connection aborted");
    this.settings.log.debug?.(`x dropping the connection: ${this.#cause.message}`);
    this.protocol.drop();
    this.#socket.abort();
    queueMicrotask(() => this.onClose(null));
  }
}
