// The asynchronous API of a connection: the one implementation, on any transport.
import { Deferred, handled, rejected } from "../async/deferred.ts";
import { untilAborted } from "../async/until-aborted.ts";
import { randomBytes } from "../bytes/random.ts";
import { portableTextCodec } from "../bytes/text-codec.ts";
import type { CloseFrame } from "../errors/closed.ts";
import { ConnectionClosed } from "../errors/closed.ts";
import { InvalidState } from "../errors/protocol.ts";
import { Close } from "../frames/close.ts";
import { CloseCode } from "../frames/close-code.ts";
import { Frame } from "../frames/frame.ts";
import { Opcode } from "../frames/opcode.ts";
import type { Message, ProtocolEvent } from "../protocol/events.ts";
import { BORROW_FROM } from "../protocol/frame-writer.ts";
import { ConnectionInfo } from "./connection-info.ts";
import type { BytesLike } from "./data.ts";
import { toBytes } from "./data.ts";
import { Keepalive } from "./keepalive.ts";
import type { Link, LinkOwner } from "./link.ts";
import { MessageIterator, MessageQueue } from "./message-queue.ts";
import { Pings } from "./pings.ts";

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

/** Options of {@link Connection.recv}. */
export interface RecvOptions {
  /** Makes the call reject with the reason of the signal. No message is lost. */
  readonly signal?: AbortSignal;
  /** `true`: a string, whatever arrived; `false`: bytes. Default: text as a string, binary as bytes. */
  readonly decode?: boolean;
}

/** Options of {@link Connection.send}. */
export interface SendOptions {
  /** `true`: send as text, `false`: as binary. Default: strings as text, all else as binary. */
  readonly text?: boolean;
  /**
   * Makes the call reject with the reason of the signal. If it is aborted already, nothing is sent; aborted while the call
   * waits for room, the message still leaves.
   */
  readonly signal?: AbortSignal;
}

const PING_LENGTH = 4;

/**
 * A WebSocket connection.
 *
 * Messages are strings (text) and `Uint8Array`s (binary). The buffer of a `Uint8Array` may be shared with messages
 * that arrived beside it.
 *
 * @example
 * for await (const message of ws) await ws.send(message);
 */
export abstract class Connection extends ConnectionInfo implements AsyncIterable<Message>, AsyncDisposable {
  readonly #queue: MessageQueue;
  readonly #closed = new Deferred<CloseInfo>();
  #pings: Pings | undefined;
  #keepalive: Keepalive | undefined;
  #latency: number | null = null;
  #isDropping = false;
  #error: ConnectionClosed | undefined;

  /** @internal */
  constructor(link: Link) {
    super(link);
    this.#queue = new MessageQueue(link.settings.maxQueue);
    this.#queue.onTaken = () => this.#resumeIfLow();
    link.owner = this.#owner();
  }

  // Receiving

  /**
   * Receives the next message. Messages that arrived before the connection closed are still received.
   *
   * Cancelling through `signal` loses nothing.
   *
   * @throws {ConnectionClosed} When the connection is closed and everything was received.
   * @throws {ConcurrencyError} If another call is waiting.
   */
  recv(options: RecvOptions & { readonly decode: true }): Promise<string>;
  recv(options: RecvOptions & { readonly decode: false }): Promise<Uint8Array>;
  recv(options?: RecvOptions): Promise<Message>;
  recv(options?: RecvOptions): Promise<Message> {
    const signal = options?.signal;
    const decode = options?.decode;
    if (signal !== undefined) return this.#recvWithSignal(signal, decode);
    const message = this.#queue.shift();
    if (message !== undefined) return Promise.resolve(as(message, decode));
    return handled(
      new Promise((resolve, reject) => {
        this.#queue.wait({ deliver: (received) => settleAs(received, decode, resolve, reject), fail: reject });
      }),
    );
  }

  #recvWithSignal(signal: AbortSignal, decode: boolean | undefined): Promise<Message> {
    if (signal.aborted) return rejected(signal.reason);
    const message = this.#queue.shift();
    if (message !== undefined) return Promise.resolve(as(message, decode));
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        signal.removeEventListener("abort", abort);
        this.#queue.leave(reader);
        reject(signal.reason);
      };
      const reader = {
        deliver(received: Message): void {
          signal.removeEventListener("abort", abort);
          settleAs(received, decode, resolve, reject);
        },
        fail(error: Error): void {
          signal.removeEventListener("abort", abort);
          reject(error);
        },
      };
      signal.addEventListener("abort", abort);
      this.#queue.wait(reader);
    });
  }

  /**
   * Iterates over messages. The iteration ends when the connection is closed with 1000, 1001 or no code, and throws
   * {@link ConnectionClosedError} otherwise. Leaving the loop neither closes the connection nor loses a message.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return new MessageIterator(this.#queue);
  }

  // Sending

  /**
   * Sends a message: a string as text, bytes as binary.
   *
   * Resolves when no more than `writeLimit` is buffered; for 32 KiB of bytes or more, when they were handed to the
   * system. The bytes must not be changed before that. Messages of concurrent calls leave in the order of the calls.
   *
   * @throws {ConnectionClosed} If the connection is not open any more.
   * @throws {TypeError} For anything that is neither a string nor bytes.
   */
  send(message: string | BytesLike, options?: SendOptions): Promise<void> {
    const { protocol } = this.link;
    const signal = options?.signal;
    try {
      if (signal?.aborted === true) return rejected(signal.reason);
      let payload = typeof message === "string" ? message : toBytes(message);
      if (protocol.state !== "open") return untilAborted(this.#rejectClosed(), signal);
      // Who aborts may go on to change the bytes, although they are still to be written.
      if (signal !== undefined && typeof payload !== "string") payload = new Uint8Array(payload);
      if (options?.text ?? typeof payload === "string") protocol.sendText(payload);
      else protocol.sendBinary(typeof payload === "string" ? encode(payload) : payload);
      const ready = this.link.queued(payload.length >= BORROW_FROM && typeof payload !== "string");
      return untilAborted(ready, signal);
    } catch (error) {
      return rejected(error);
    }
  }

  /** Closed, or about to be: the error can be told once it is known. */
  #rejectClosed(): Promise<never> {
    if (this.#error !== undefined) return rejected(this.#error);
    if (this.link.protocol.state === "connecting") {
      return rejected(new InvalidState("Cannot send: the opening handshake is not over"));
    }
    return handled(
      this.#closed.promise.then(({ error }) => {
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
      if (options?.signal?.aborted === true) return rejected(options.signal.reason);
      const payload = data === undefined ? randomBytes(PING_LENGTH) : bytesOf(data);
      if (!this.link.protocol.canSendControl) return this.#rejectClosed();
      this.#pings ??= new Pings();
      this.#pings.check(payload);
      this.link.protocol.sendPing(payload);
      const answered = this.#pings.add(payload, this.link.timers.clock.now());
      void this.link.queued(false);
      return untilAborted(answered, options?.signal);
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
   * closing connection it only waits. It never rejects for anything that the peer does.
   *
   * @throws {RangeError} For a code that must not be sent, or a reason of more than 123 bytes.
   */
  close(code: number = CloseCode.NORMAL_CLOSURE, reason: string = ""): Promise<void> {
    const { protocol } = this.link;
    try {
      new Close(code, reason).serialize();
    } catch (error) {
      return rejected(error);
    }
    protocol.settle();
    if (protocol.state === "open") protocol.sendClose(code, reason);
    else if (protocol.state === "connecting") this.link.abort();
    this.link.flush();
    return this.#closed.promise.then(() => {});
  }

  /** Drops TCP at once, without a closing handshake. */
  abort(): void {
    this.link.abort();
  }

  /** How the connection ended, once it has. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#closed.promise;
  }

  /** Closes with 1000. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Latency in milliseconds as the last answered ping saw it, keepalive's included; `null` before the first one. */
  get latency(): number | null {
    return this.#latency;
  }

  /** @internal Whether `error` says that this connection, and not some other, is closed. */
  isOwnEnd(error: unknown): boolean {
    return error instanceof ConnectionClosed && error === this.#error;
  }

  // From the link

  #owner(): LinkOwner {
    const queue = this.#queue;
    return {
      onEvents: (events) => this.#receive(events),
      get isOverfull() {
        return queue.isOverfull;
      },
      onTurnEnd: () => {
        if (queue.isOverfull && this.state === "open" && !this.link.isPaused) this.link.pause();
      },
      onOpen: () => this.#open(),
      onLost: (error) => this.#lose(error),
    };
  }

  #receive(events: ProtocolEvent[]): void {
    if (this.state !== "open") return this.#receiveLate(events);
    const messages = hasControls(events) ? this.#takeControls(events) : (events as Message[]);
    if (messages.length > 0) this.#queue.pushAll(messages);
  }

  /** Acts on control frames and returns the messages between them. */
  #takeControls(events: ProtocolEvent[]): Message[] {
    const messages: Message[] = [];
    for (const event of events) {
      if (typeof event === "string" || event instanceof Uint8Array) messages.push(event);
      else if (event instanceof Frame && event.opcode === Opcode.PONG) this.#acknowledge(event.payload);
    }
    return messages;
  }

  /** Closing ourselves, we read on to find the Close frame of the peer: what nobody has room for is dropped. */
  #receiveLate(events: ProtocolEvent[]): void {
    for (const message of this.#takeControls(events)) {
      // After a gap nothing may follow.
      this.#isDropping ||= this.#queue.isOverfull;
      if (!this.#isDropping) this.#queue.push(message);
    }
  }

  #acknowledge(payload: Uint8Array): void {
    const latency = this.#pings?.acknowledge(payload, this.link.timers.clock.now());
    if (latency !== undefined) this.#latency = latency;
  }

  #resumeIfLow(): void {
    if (this.link.isPaused && this.#queue.isLow && !this.link.isLost) this.link.resume();
  }

  #open(): void {
    const { pingInterval } = this.link.settings;
    if (pingInterval === null) return;
    this.#keepalive = new Keepalive(
      { link: this.link, ping: () => this.ping(), fail: (error) => this.#fail(error) },
      pingInterval,
    );
    this.#keepalive.start();
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
    this.#queue.close(error);
    this.#closed.resolve({
      code: protocol.closeReceived?.code ?? CloseCode.ABNORMAL_CLOSURE,
      reason: protocol.closeReceived?.reason ?? "",
      received: protocol.closeReceived,
      sent: protocol.closeSent,
      error,
    });
  }
}

function hasControls(events: readonly ProtocolEvent[]): boolean {
  for (const event of events) if (event instanceof Frame) return true;
  return false;
}

function encode(text: string): Uint8Array {
  const codec = portableTextCodec();
  const bytes = new Uint8Array(codec.byteLength(text));
  codec.encodeInto(text, bytes, 0);
  return bytes;
}

function bytesOf(data: string | BytesLike): Uint8Array {
  return typeof data === "string" ? encode(data) : toBytes(data);
}

function as(message: Message, decode: boolean | undefined): Message {
  if (decode === undefined || decode === (typeof message === "string")) return message;
  if (typeof message === "string") return encode(message);
  return portableTextCodec().decodeUtf8(message, 0, message.length);
}

/** Called from the socket: bytes that no string can hold are the fault of the reader's wish, and may not throw there. */
function settleAs(
  message: Message,
  decode: boolean | undefined,
  resolve: (message: Message) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(as(message, decode));
  } catch (error) {
    reject(error);
  }
}
