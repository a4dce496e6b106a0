// A connection whose methods block the calling thread.
import { toUtf8 } from "../bytes/text-codec.ts";
import type { ConnectionStats } from "../connection/connection.ts";
import type { BytesLike, Fragment } from "../connection/data.ts";
import { asBytes, describeType } from "../connection/data.ts";
import type { Address } from "../connection/transport.ts";
import { ConnectionClosedOK } from "../errors/closed.ts";
import { ConcurrencyError } from "../errors/protocol.ts";
import { Close } from "../frames/close.ts";
import { CloseCode } from "../frames/close-code.ts";
import { HandshakeRequest } from "../http/request.ts";
import { HandshakeResponse } from "../http/response.ts";
import type { Message } from "../protocol/events.ts";
import type { State } from "../protocol/state.ts";
import type { Hub } from "./hub.ts";
import type { Command, ConnectionMemory, End, Opened, Status } from "./layout.ts";
import { ConnectionWord } from "./layout.ts";
import { PingHandle } from "./ping-handle.ts";
import type { BlockingRecvOptions, BlockingStreamOptions } from "./reader.ts";
import { Reader } from "./reader.ts";
import { CHUNK, Flag, Kind } from "./records.ts";
import { decodeError } from "./wire.ts";

/** Options of `BlockingConnection.send`. */
export interface BlockingSendOptions {
  /** `true`: send as text, `false`: as binary. Default: strings as text, all else as binary. */
  readonly text?: boolean;
  /** Whether the message is compressed, where compression was negotiated. Default: if it is long enough. */
  readonly compress?: boolean;
}

/** Three bytes are the most that a unit of a string takes. */
const STRING_CHUNK: number = Math.floor(CHUNK / 3);

/**
 * An open connection, of `connect` or of `serve`. A thread of ours has the socket, so that pings are answered while the
 * calling thread does something else.
 */
export class BlockingConnection implements Iterable<Message>, Disposable {
  readonly #hub: Hub;
  readonly #memory: ConnectionMemory;
  readonly #id: number;
  readonly #opened: Opened;
  readonly #reader: Reader;
  #request: HandshakeRequest | null | undefined;
  #response: HandshakeResponse | null | undefined;
  /** Whether the other thread has forgotten it. */
  #isReleased = false;
  /** `send` takes fragments from an iterable, which may call us. */
  #isFragmenting = false;
  #end: { readonly status: Status; readonly error: Error } | undefined;

  /** @internal */
  constructor(hub: Hub, memory: ConnectionMemory, id: number, opened: Opened) {
    this.#hub = hub;
    this.#memory = memory;
    this.#id = id;
    this.#opened = opened;
    this.#reader = new Reader(hub, memory.received, id, opened.isDecoding, (end) => {
      this.#release();
      return this.#over(end);
    });
  }

  // Receiving

  /**
   * Blocks until there is a message. Messages that arrived before the connection closed are still received.
   *
   * With a `timeout` in milliseconds it waits no longer than that, and not at all for 0; nothing is lost then.
   *
   * @throws {TimeoutError} After `timeout`.
   * @throws {ConnectionClosed} When the connection is closed and everything was received.
   * @throws {ConcurrencyError} If a message is being read by `recvStreaming`.
   * @throws {RangeError} For a timeout that is negative.
   * @throws {NetworkError} If the thread of the connection has ended.
   */
  recv(options: BlockingRecvOptions & { readonly decode: true }): string;
  recv(options: BlockingRecvOptions & { readonly decode: false }): Uint8Array<ArrayBuffer>;
  recv(options?: BlockingRecvOptions): Message;
  recv(options: BlockingRecvOptions = {}): Message {
    return this.#reader.recv(options);
  }

  /**
   * Receives the next message in pieces as they arrive: strings that end at code points, or bytes; at least one. Leaving
   * the loop drops the rest of the message.
   *
   * @throws {ConnectionClosed} From the iterator, when the connection is closed before the message is complete.
   * @throws {ConcurrencyError} From the iterator, if another one has not come to its end.
   *
   * @example
   * for (const piece of ws.recvStreaming({ decode: false })) writeSync(file, piece);
   */
  recvStreaming(options: BlockingStreamOptions & { readonly decode: true }): IterableIterator<string, undefined>;
  recvStreaming(
    options: BlockingStreamOptions & { readonly decode: false },
  ): IterableIterator<Uint8Array<ArrayBuffer>, undefined>;
  recvStreaming(options?: BlockingStreamOptions): IterableIterator<Message, undefined>;
  recvStreaming(options: BlockingStreamOptions = {}): IterableIterator<Message, undefined> {
    return this.#reader.stream(options);
  }

  /**
   * Iterates over messages. The iteration ends when the connection is closed with 1000, 1001 or no code, and throws
   * {@link ConnectionClosedError} otherwise. Leaving the loop neither closes the connection nor loses a message.
   */
  *[Symbol.iterator](): IterableIterator<Message, undefined> {
    for (;;) {
      let message: Message;
      try {
        message = this.recv();
      } catch (error) {
        if (error instanceof ConnectionClosedOK) return undefined;
        throw error;
      }
      yield message;
    }
  }

  // Sending

  /**
   * Sends a message: a string as text, bytes as binary, an iterable of strings or of bytes as a message in fragments. An
   * empty iterable sends nothing. A message of more than 64 KiB leaves in fragments too.
   *
   * Returns when the thread of the connection has the message or, of a long one, the end of it; blocks while 256 KiB
   * wait there. When the process ends by itself they still leave, if that takes no longer than a second.
   *
   * @throws {ConnectionClosed} If the connection is not open any more.
   * @throws {ConcurrencyError} From the source of fragments of a message that is being sent.
   * @throws {TypeError} For anything else. A later item of another kind than the first one and an error of the iterable
   * also fail the connection with 1011.
   */
  send(message: string | BytesLike | Iterable<Fragment>, options: BlockingSendOptions = {}): void {
    // Nothing may come between fragments (RFC 6455 5.4), and what waits for their end would wait in front of them.
    if (this.#isFragmenting) throw new ConcurrencyError("cannot call send while send takes fragments from an iterable");
    const payload = typeof message === "string" ? message : asBytes(message);
    if (payload === undefined) return this.#sendFragments(message as Iterable<Fragment>, options);
    const flags = flagsOf(payload, options);
    const isShort = typeof payload === "string" ? payload.length <= STRING_CHUNK : payload.length <= CHUNK;
    if (isShort) return this.#write(Kind.MESSAGE, flags, toUtf8(payload));
    let first: number = Flag.FIRST;
    for (const chunk of chunksOf(payload)) {
      this.#write(Kind.FRAGMENT, flags | first, chunk);
      first = 0;
    }
    this.#write(Kind.FRAGMENT, flags | Flag.LAST, new Uint8Array(0));
  }

  #sendFragments(fragments: Iterable<Fragment>, options: BlockingSendOptions): void {
    const source: unknown = fragments;
    if (typeof source !== "object" || source === null || !(Symbol.iterator in source)) {
      throw new TypeError(`Cannot send ${describeType(source)}: expected a string, bytes, or an iterable of them`);
    }
    let flags: number | undefined;
    this.#isFragmenting = true;
    try {
      let kind: string | undefined;
      for (const item of fragments) {
        const payload = typeof item === "string" ? item : asBytes(item);
        kind ??= typeof payload;
        if (payload === undefined || typeof payload !== kind) {
          throw new TypeError(`Cannot send ${describeType(item)} as a fragment: expected strings or bytes, not both`);
        }
        for (const chunk of chunksOf(payload)) {
          const first: number = flags === undefined ? Flag.FIRST : 0;
          flags ??= flagsOf(payload, options);
          this.#write(Kind.FRAGMENT, flags | first, chunk);
        }
      }
    } catch (error) {
      if (flags !== undefined) this.#write(Kind.ABORT, 0, new Uint8Array(0), false);
      throw error;
    } finally {
      this.#isFragmenting = false;
    }
    if (flags !== undefined) this.#write(Kind.FRAGMENT, flags | Flag.LAST, new Uint8Array(0));
  }

  #write(kind: number, flags: number, payload: Uint8Array, mustBeOpen = true): void {
    const { sent, words } = this.#memory;
    if (mustBeOpen) this.#checkOpen();
    if (!sent.hasRoom(payload.length)) {
      sent.announceWaiting();
      this.#hub.wait(() => sent.hasRoom(payload.length) || Atomics.load(words, ConnectionWord.OVER) === 1);
      if (mustBeOpen) this.#checkOpen();
      if (!sent.hasRoom(payload.length)) return;
    }
    sent.write(kind, flags, payload);
    if (Atomics.exchange(words, ConnectionWord.WOKEN, 1) === 0) this.#hub.post(this.#id);
  }

  #checkOpen(): void {
    this.#hub.checkAlive();
    if (Atomics.load(this.#memory.words, ConnectionWord.OVER) === 1) throw this.#endError();
  }

  /** What the connection ended with; waits until it is known. */
  #endError(): Error {
    if (this.#end === undefined) this.#over(this.#hub.call({ do: "end", id: this.#id }) as End);
    return (this.#end as unknown as { readonly error: Error }).error;
  }

  #over({ error, ...status }: End): Error {
    if (this.#end !== undefined) return this.#end.error;
    this.#end = { status, error: decodeError(error) };
    return this.#end.error;
  }

  /** @internal Whether `error` is what this connection ended with. */
  isOwnEnd(error: unknown): boolean {
    return error === this.#end?.error;
  }

  /** The other thread keeps nothing of this connection any more. */
  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#hub.post({ do: "forget", id: this.#id });
    this.#hub.remove(this.#id);
  }

  #ask(command: Command): unknown {
    if (this.#end !== undefined) throw this.#end.error;
    return this.#hub.call(command);
  }

  /**
   * Sends a Ping (RFC 6455 5.5.2) with up to 125 bytes; by default four random ones. It does not wait for the Pong: the
   * handle that it returns does.
   *
   * @throws {ConnectionClosed} If the connection is closed.
   * @throws {ConcurrencyError} If a ping with the same data is not answered yet.
   * @throws {RangeError} For more than 125 bytes.
   *
   * @example
   * const latency = ws.ping().wait(5000);
   */
  ping(data?: string | BytesLike): PingHandle {
    const number = this.#ask({ do: "ping", id: this.#id, data: bytesOf(data) }) as number;
    return new PingHandle(this.#hub, this.#memory, number, () => this.#endError());
  }

  /**
   * Sends an unsolicited Pong (RFC 6455 5.5.3) with up to 125 bytes, by default none.
   *
   * @throws {ConnectionClosed} If the connection is closed.
   * @throws {RangeError} For more than 125 bytes.
   */
  pong(data?: string | BytesLike): void {
    this.#ask({ do: "pong", id: this.#id, data: bytesOf(data) });
  }

  // Closing

  /**
   * Closes the connection (RFC 6455 7.1.2) and returns when TCP is gone: what was sent before has `closeTimeout` to leave,
   * and the closing handshake `closeTimeout` to end. It never throws for anything that the peer does. Up to 256 KiB of
   * messages that arrived before can still be received.
   *
   * @throws {RangeError} For a code that must not be sent, or a reason of more than 123 bytes.
   */
  close(code: number = CloseCode.NORMAL_CLOSURE, reason: string = ""): void {
    new Close(code, reason).serialize();
    this.#finish({ do: "close", id: this.#id, code, reason });
  }

  /** Drops TCP at once, without a closing handshake. */
  abort(): void {
    this.#finish({ do: "abort", id: this.#id });
  }

  #finish(command: Command): void {
    if (this.#isReleased) return;
    const end = this.#hub.call(command) as End;
    Atomics.store(this.#memory.words, ConnectionWord.OVER, 1);
    this.#reader.finish(this.#over(end));
    this.#release();
  }

  /** Closes with 1000. */
  [Symbol.dispose](): void {
    this.close();
  }

  // Facts

  #status(): Status {
    return this.#end?.status ?? (this.#hub.call({ do: "status", id: this.#id }) as Status);
  }

  /** `"open"`, `"closing"` or `"closed"`. To know whether a call works, make it. */
  get state(): State {
    return this.#status().state;
  }

  /** The close code of the peer, 1006 without one; `null` until the connection is closed. */
  get closeCode(): number | null {
    return this.#status().closeCode;
  }

  /** The close reason of the peer; `null` until the connection is closed. */
  get closeReason(): string | null {
    return this.#status().closeReason;
  }

  /** Latency in milliseconds as the last answered ping saw it, keepalive's included; `null` before the first one. */
  get latency(): number | null {
    return this.#status().latency;
  }

  /** Bytes of messages that the other thread has taken and the system has not. */
  get bufferedAmount(): number {
    return this.#status().bufferedAmount;
  }

  /** What went through the connection so far: a snapshot. */
  get stats(): ConnectionStats {
    return this.#status().stats;
  }

  /** A random identifier of this connection (UUID v4), for logs. */
  get id(): string {
    return this.#opened.wsId;
  }

  /** The negotiated subprotocol, or `null`. */
  get subprotocol(): string | null {
    return this.#opened.subprotocol;
  }

  /** The names of the negotiated extensions. */
  get extensions(): readonly string[] {
    return this.#opened.extensions;
  }

  /** On a server, the user whom Basic Authentication let in; else `null`. */
  get username(): string | null {
    return this.#opened.username;
  }

  get localAddress(): Address {
    return this.#opened.localAddress;
  }

  get remoteAddress(): Address {
    return this.#opened.remoteAddress;
  }

  /** The request of the opening handshake. */
  get request(): HandshakeRequest | null {
    const { request } = this.#opened;
    this.#request ??= request && new HandshakeRequest(request.path, request.headers);
    return this.#request;
  }

  /** The response of the opening handshake. */
  get response(): HandshakeResponse | null {
    const { response } = this.#opened;
    this.#response ??= response && new HandshakeResponse(response.statusCode, response.reasonPhrase, response.headers);
    return this.#response;
  }
}

function flagsOf(payload: string | Uint8Array, { text, compress }: BlockingSendOptions): number {
  const kind = (text ?? typeof payload === "string") ? Flag.TEXT : 0;
  if (compress === undefined) return kind;
  return kind | (compress ? Flag.COMPRESS : Flag.NO_COMPRESS);
}

/** At least one, each small enough for a record. */
function* chunksOf(payload: string | Uint8Array): Generator<Uint8Array, void, undefined> {
  const most = typeof payload === "string" ? STRING_CHUNK : CHUNK;
  for (let start = 0, end = 0; start === 0 || start < payload.length; start = end) {
    end = Math.min(payload.length, start + most);
    if (typeof payload === "string" && end < payload.length && isHighSurrogate(payload.charCodeAt(end - 1))) end--;
    yield typeof payload === "string" ? toUtf8(payload.slice(start, end)) : payload.subarray(start, end);
    if (end === 0) return;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** @throws {TypeError} For anything that is neither a string nor bytes. */
function bytesOf(data: string | BytesLike | undefined): Uint8Array | undefined {
  if (data === undefined) return undefined;
  const bytes = typeof data === "string" ? toUtf8(data) : asBytes(data);
  if (bytes === undefined) throw new TypeError(`Cannot send ${describeType(data)}: expected a string or bytes`);
  return bytes;
}
