// The asynchronous API of a connection: the one implementation, on any transport.
import type { WriteBatch } from "./write-batch.ts";
import { Deferred, handled, rejected } from "../async/deferred.ts";
import { untilAborted } from "../async/until-aborted.ts";
import { toUtf8 } from "../bytes/text-codec.ts";
import type { CloseFrame, ConnectionClosed } from "../errors/closed.ts";
import { InvalidState } from "../errors/protocol.ts";
import { checkClose } from "../frames/close.ts";
import { CloseCode } from "../frames/close-code.ts";
import type { Message } from "../protocol/events.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import { checkSignal } from "./check-signal.ts";
import type { ConnectionLink, KeepaliveActions } from "./connection-link.ts";
import { ConnectionInfo } from "./connection-info.ts";
import { diagnostics } from "./diagnostics.ts";
import type { BytesLike } from "./data.ts";
import { toBytes } from "./data.ts";
import type { RecvOptions } from "./incoming.ts";
import { Incoming } from "./incoming.ts";
import type { Hidden } from "./connection-owner.ts";
import { ConnectionOwner } from "./connection-owner.ts";
import type { Sendable, SendOptions } from "./outgoing.ts";
import { Outgoing } from "./outgoing.ts";
import type { Pings } from "./pings.ts";
import { readableOf, writableOf } from "./web-streams.ts";

/** How a connection ended. */
export interface CloseInfo {
  /** The close code of the peer; 1005 if its Close frame had none, 1006 if there was no Close frame. */
  readonly code: number;
  readonly reason: string;
  /** Both Close frames, `null` where there was none. */
  readonly received: CloseFrame | null;
  readonly sent: CloseFrame | null;
  /** The error that `recv` and `send` end with from now on. */
  readonly error: ConnectionClosed;
}

/** Counts of one connection since it was opened. */
export interface ConnectionStats {
  /** Whole messages received, read or not, and sent. */
  readonly messagesReceived: number;
  readonly messagesSent: number;
  /** Payload of messages in bytes, finished or not, before compression on the way out and after it on the way in. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/**
 * A WebSocket connection.
 *
 * Messages are strings (text) and `Uint8Array`s (binary). The buffer of a `Uint8Array` may be shared with messages
 * that arrived beside it.
 *
 * @typeParam Data Type of `data`.
 *
 * @example
 * for await (const message of ws) await ws.send(message);
 */
export abstract class Connection<Data = unknown>
  extends ConnectionInfo
  implements AsyncIterable<Message>, AsyncDisposable
{
  /** Whatever you want to keep with the connection; `undefined` at first. */
  data: Data = undefined as Data;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  /** For those who asked. */
  #closed: Deferred<CloseInfo> | undefined;
  #closeInfo: CloseInfo | undefined;
  #pings: Pings | undefined;
  #keepalive: { stop(): void } | undefined;
  #latency: number | null = null;
  #error: ConnectionClosed | undefined;
  #lifetime: AbortController | undefined;
  #readable: ReadableStream<Message> | undefined;
  #writable: WritableStream<string | BytesLike> | undefined;

  /** @internal */
  constructor(link: ConnectionLink) {
    super(link);
    const owner = new ConnectionOwner(this, Connection.#hidden);
    this.#incoming = new Incoming(link, owner);
    this.#outgoing = new Outgoing(link, owner);
    link.owner = owner;
  }

  // Receiving

  /**
   * Receives the next message. Messages that arrived before the connection closed are still received.
   *
   * Cancelling through `signal` loses nothing.
   *
   * @throws {ConnectionClosed} When the connection is closed and everything was received.
   * @throws {ConcurrencyError} If another call is waiting, or a message is being read by `recvStreaming`.
   */
  recv(options: RecvOptions & { readonly decode: true }): Promise<string>;
  recv(options: RecvOptions & { readonly decode: false }): Promise<Uint8Array<ArrayBuffer>>;
  recv(options?: RecvOptions): Promise<Message>;
  recv(options?: RecvOptions): Promise<Message> {
    return this.#incoming.recv(options);
  }

  /**
   * Receives the next message in pieces as they arrive: strings that end at code points, or bytes; at least one. Where
   * the pieces end says nothing, for fragments of a message have no meaning (RFC 6455 5.4).
   *
   * Until its last piece was taken, the message is the only one that can be read. Leaving the loop drops the rest of it.
   * Aborting `signal` before any byte of it arrived loses nothing; later, the message stays half read until `return()` of
   * the iterator is called.
   *
   * @throws {ConnectionClosed} From the iterator, when the connection is closed before the message is complete.
   * @throws {ConcurrencyError} From the iterator, if somebody else reads.
   * @throws {TypeError} At once, for a signal that is none.
   *
   * @example
   * for await (const piece of ws.recvStreaming({ decode: false })) await file.write(piece);
   */
  recvStreaming(options: RecvOptions & { readonly decode: true }): AsyncIterableIterator<string, undefined>;
  recvStreaming(
    options: RecvOptions & { readonly decode: false },
  ): AsyncIterableIterator<Uint8Array<ArrayBuffer>, undefined>;
  recvStreaming(options?: RecvOptions): AsyncIterableIterator<Message, undefined>;
  recvStreaming(options: RecvOptions = {}): AsyncIterableIterator<Message, undefined> {
    return this.#incoming.stream(options);
  }

  /**
   * Iterates over messages. The iteration ends when the connection is closed with 1000, 1001 or no code, and throws
   * {@link ConnectionClosedError} otherwise. Leaving the loop neither closes the connection nor loses a message.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.#incoming.iterate();
  }

  /**
   * Messages as a stream: one read, one `recv`. It ends as the iteration does. Cancelling it closes the connection.
   */
  get readable(): ReadableStream<Message> {
    this.#readable ??= readableOf(this);
    return this.#readable;
  }

  // Sending

  /**
   * Sends a message: a string as text; bytes and a Blob as binary; an iterable, async iterable or `ReadableStream` of
   * strings or of bytes as a message in fragments, one an item. An empty iterable sends nothing.
   *
   * Resolves when no more than `writeLimit` is buffered; for 32 KiB of bytes or more, when they were handed to the
   * system. The bytes must not be changed before that. Messages of concurrent calls leave in the order of the calls,
   * behind a fragmented one that is under way.
   *
   * @throws {ConnectionClosed} If the connection is not open any more.
   * @throws {TypeError} For anything else. A later item that is of another kind than the first one, an error of the
   * iterable and an abort in the middle of its message also fail the connection with 1011.
   */
  send(message: Sendable, options?: SendOptions): Promise<void> {
    return this.#outgoing.send(message, options);
  }

  /**
   * Sends a message if that needs no waiting. Returns `false`, and has sent nothing, if more than `writeLimit` is
   * buffered, a fragmented message is under way, or the connection is not open.
   *
   * @throws {TypeError} For anything that is neither a string nor bytes.
   */
  trySend(message: string | BytesLike, options?: Omit<SendOptions, "signal">): boolean {
    return this.#outgoing.trySend(message, options);
  }

  /** @internal For `broadcast`: all bytes that wait. */
  get backlog(): number {
    return this.link.backlog + this.#outgoing.waitingLength;
  }

  /** @internal For `broadcast`. */
  sendPrepared(prepared: PreparedMessage, batch: WriteBatch | undefined): boolean {
    return this.#outgoing.sendPrepared(prepared, batch);
  }

  /** A stream into `send`. Closing it closes the connection with 1000, aborting it with 1011. */
  get writable(): WritableStream<string | BytesLike> {
    this.#writable ??= writableOf(this, (callback) => void this.link.timers.schedule(0, callback));
    return this.#writable;
  }

  /** Payload bytes that are sent but not yet handed to the system. Headers count where a frame is only partly written. */
  get bufferedAmount(): number {
    return this.link.bufferedAmount;
  }

  /** Closed, or about to be: the error can be told once it is known. */
  #rejectClosed(): Promise<never> {
    if (this.#error !== undefined) return rejected(this.#error);
    if (this.link.protocol.state === "connecting") {
      return rejected(new InvalidState("Cannot send: the opening handshake is not over"));
    }
    return handled(
      this.closed.then(({ error }) => {
        throw error;
      }),
    );
  }

  /**
   * Sends a Ping (RFC 6455 5.5.2) with up to 125 bytes; by default four random ones.
   *
   * @returns The latency in milliseconds, when it is answered, or a later one is.
   * @throws {ConnectionClosed} When the connection ends before.
   * @throws {ConcurrencyError} If a ping with the same data is not answered yet.
   * @throws {RangeError} For more than 125 bytes.
   * @throws The reason of `signal`, when it is aborted before.
   */
  ping(data?: string | BytesLike, options?: { readonly signal?: AbortSignal }): Promise<number> {
    try {
      const signal = options?.signal;
      if (checkSignal(signal) && signal.aborted) return rejected(signal.reason);
      const given = data === undefined ? undefined : bytesOf(data);
      if (!this.link.protocol.canSendControl) return this.#rejectClosed();
      this.#pings ??= this.link.createPings();
      const payload = given ?? this.#pings.newPayload();
      this.#pings.check(payload);
      this.link.protocol.sendPing(payload);
      const answered = this.#pings.add(payload, this.link.timers.clock.now());
      void this.link.queued(false);
      return untilAborted(answered, signal);
    } catch (error) {
      return rejected(error);
    }
  }

  /**
   * Sends an unsolicited Pong (RFC 6455 5.5.3) with up to 125 bytes, by default none.
   *
   * @throws {ConnectionClosed} If the connection is closed.
   * @throws {RangeError} For more than 125 bytes.
   */
  pong(data: string | BytesLike = ""): Promise<void> {
    try {
      const payload = bytesOf(data);
      if (!this.link.protocol.canSendControl) return this.#rejectClosed();
      this.link.protocol.sendPong(payload);
      return this.link.queued(false);
    } catch (error) {
      return rejected(error);
    }
  }

  // Closing

  /**
   * Closes the connection (RFC 6455 7.1.2) and resolves when TCP is gone, at most `closeTimeout` later. On a closed or
   * closing connection it only waits. It never rejects for anything that the peer does. In the middle of a fragmented
   * message of ours the code is 1011, whatever was asked for.
   *
   * @throws {RangeError} For a code that must not be sent, or a reason of more than 123 bytes.
   */
  close(code: number = CloseCode.NORMAL_CLOSURE, reason: string = ""): Promise<void> {
    const { protocol } = this.link;
    try {
      checkClose({ code, reason });
    } catch (error) {
      return rejected(error);
    }
    protocol.settle();
    if (protocol.state === "open") this.#outgoing.finish();
    if (protocol.state === "open" && protocol.isFragmenting) {
      // A Close in the middle of a message would say that all is well (RFC 6455 5.4).
      protocol.fail(CloseCode.INTERNAL_ERROR, "close during fragmented message");
    } else if (protocol.state === "open") protocol.sendClose(code, reason);
    else if (protocol.state === "connecting") this.link.abort();
    this.link.flush();
    return this.closed.then(() => {});
  }

  /** Drops TCP at once, without a closing handshake. */
  abort(): void {
    this.link.abort();
  }

  /** How the connection ended, once it has. Never rejects. */
  get closed(): Promise<CloseInfo> {
    if (this.#closed === undefined) {
      this.#closed = new Deferred();
      if (this.#closeInfo !== undefined) this.#closed.resolve(this.#closeInfo);
    }
    return this.#closed.promise;
  }

  /** Aborted when the connection is closed, with the {@link ConnectionClosed} error as its reason. */
  get signal(): AbortSignal {
    this.#lifetime ??= new AbortController();
    if (this.#error !== undefined) this.#lifetime.abort(this.#error);
    return this.#lifetime.signal;
  }

  /** Closes with 1000. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Latency in milliseconds as the last answered ping saw it, keepalive's included; `null` before the first one. */
  get latency(): number | null {
    return this.#latency;
  }

  /** What went through the connection so far: a snapshot. */
  get stats(): ConnectionStats {
    const { payloadReceived, payloadSent, messagesSent } = this.link.protocol;
    return {
      messagesReceived: this.#incoming.messages,
      messagesSent,
      bytesReceived: payloadReceived,
      bytesSent: payloadSent,
    };
  }

  /** @internal Whether `error` says that this connection, and not some other, is closed. */
  isOwnEnd(error: unknown): boolean {
    return error !== undefined && (error === this.#error || this.#incoming.isEnd(error));
  }

  // From the link

  static readonly #hidden: Hidden<Connection> = {
    incoming: (connection) => connection.#incoming,
    acknowledge: (connection, payload) => connection.#acknowledge(payload),
    open: (connection, actions) => connection.#open(actions),
    fail: (connection, error) => connection.#fail(error),
    lose: (connection, error) => connection.#lose(error),
    rejectClosed: (connection) => connection.#rejectClosed(),
  };

  #acknowledge(payload: Uint8Array): void {
    const latency = this.#pings?.acknowledge(payload, this.link.timers.clock.now());
    if (latency === undefined) return;
    this.#latency = latency;
    if (diagnostics.latency.isWatched) diagnostics.latency.publish({ connection: this, latency });
  }

  #open(actions: KeepaliveActions): void {
    if (diagnostics.open.isWatched) diagnostics.open.publish({ connection: this });
    this.#keepalive = this.link.startKeepalive?.(actions);
  }

  #fail(error: Error): void {
    const { protocol } = this.link;
    protocol.parserError ??= error;
    protocol.fail(CloseCode.INTERNAL_ERROR, "keepalive ping timeout");
    this.link.flush();
  }

  #lose(error: ConnectionClosed): void {
    const { protocol } = this.link;
    this.#error = error;
    this.#keepalive?.stop();
    this.#pings?.rejectAll(error);
    this.#incoming.close(error);
    this.#outgoing.end(error);
    this.#lifetime?.abort(error);
    const code = protocol.closeCode ?? CloseCode.ABNORMAL_CLOSURE;
    const reason = protocol.closeReceived?.reason ?? "";
    this.#closeInfo = { code, reason, received: protocol.closeReceived, sent: protocol.closeSent, error };
    this.#closed?.resolve(this.#closeInfo);
    this.#tellEnd(error, code, reason);
  }

  #tellEnd(error: ConnectionClosed, code: number, reason: string): void {
    const { parserError } = this.link.protocol;
    if (parserError !== null && diagnostics.error.isWatched) {
      diagnostics.error.publish({ connection: this, during: "connection", error: parserError });
    }
    if (diagnostics.close.isWatched) diagnostics.close.publish({ connection: this, code, reason, error });
  }
}

function bytesOf(data: string | BytesLike): Uint8Array {
  return typeof data === "string" ? toUtf8(data) : toBytes(data);
}
