// The receiving half of a connection: what arrives, who reads it, and when the network has to wait.
import { handled, rejected } from "../async/deferred.ts";
import { portableTextCodec, toUtf8 } from "../bytes/text-codec.ts";
import type { ConnectionClosed } from "../errors/closed.ts";
import { ConnectionClosedError, ConnectionClosedOK } from "../errors/closed.ts";
import { Opcode } from "../frames/opcode.ts";
import type { Message, ProtocolEvent } from "../protocol/events.ts";
import { MessagePiece } from "../protocol/events.ts";
import { checkSignal } from "./check-signal.ts";
import type { ConnectionLink } from "./connection-link.ts";
import { MessageIterator, MessageQueue } from "./message-queue.ts";
import type { MessageStreamOptions } from "./message-stream.ts";
import { MessageStream } from "./message-stream.ts";

/** Options of `Connection.recv`. */
export interface RecvOptions {
  /** Makes the call reject with the reason of the signal. No message is lost. */
  readonly signal?: AbortSignal;
  /** `true`: a string, whatever arrived; `false`: bytes. Default: text as a string, binary as bytes. */
  readonly decode?: boolean;
}

/** Who hears of what is no message. */
export interface IncomingOwner {
  onPong(payload: Uint8Array): void;
}

/** Reads the messages of one connection. */
export class Incoming {
  readonly #link: ConnectionLink;
  readonly #owner: IncomingOwner;
  readonly #queue: MessageQueue;
  /** Messages received so far. */
  messages = 0;
  /** After a gap nothing may follow. */
  #isDropping = false;
  #end: ConnectionClosed | undefined;
  /** Events are being taken: others must not come in between. */
  #isTaking = false;

  constructor(link: ConnectionLink, owner: IncomingOwner) {
    this.#link = link;
    this.#owner = owner;
    this.#queue = new MessageQueue(link.settings.maxQueue);
    this.#queue.owner = this;
    link.protocol.receiver.room = this.#queue;
  }

  recv(options: RecvOptions | undefined): Promise<Message> {
    const signal = options?.signal;
    const decode = options?.decode;
    if (signal !== undefined) return this.#recvUntil(signal, decode);
    const message = this.#queue.shift();
    if (message !== undefined) return converted(message, decode);
    return handled(
      new Promise((resolve, reject) => {
        this.#queue.wait({ deliver: (received) => resolve(converted(received, decode)), fail: reject });
      }),
    );
  }

  #recvUntil(signal: AbortSignal, decode: boolean | undefined): Promise<Message> {
    try {
      if (checkSignal(signal) && signal.aborted) return rejected(signal.reason);
    } catch (error) {
      return rejected(error);
    }
    const message = this.#queue.shift();
    if (message !== undefined) return converted(message, decode);
    const promise = new Promise<Message>((resolve, reject) => {
      const abort = (): void => {
        signal.removeEventListener("abort", abort);
        this.#queue.leave(reader);
        reject(signal.reason);
      };
      const reader = {
        deliver(received: Message): void {
          signal.removeEventListener("abort", abort);
          resolve(converted(received, decode));
        },
        fail(error: Error): void {
          signal.removeEventListener("abort", abort);
          reject(error);
        },
      };
      signal.addEventListener("abort", abort);
      this.#queue.wait(reader);
    });
    return handled(promise);
  }

  /** @throws {TypeError} For a signal that is none. */
  stream(options: MessageStreamOptions): MessageStream {
    checkSignal(options.signal);
    const { protocol, settings } = this.#link;
    const source = {
      queue: this.#queue,
      isDecoding: settings.protocol.delivery === "messages",
      begin: () => (this.#isDropping ? undefined : protocol.streamMessage()),
      cancel: () => protocol.stopStreaming(),
      onTaken: () => this.onTaken(),
    };
    return new MessageStream(source, options);
  }

  iterate(): MessageIterator {
    return new MessageIterator(this.#queue);
  }

  // From the link

  /** Whether more waits to be read than should. */
  get isOverfull(): boolean {
    return this.#queue.isOverfull || this.#link.protocol.receiver.hasEncoded;
  }

  receive(events: ProtocolEvent[]): void {
    const wasTaking = this.#isTaking;
    this.#isTaking = true;
    const messages = hasOthers(events) ? this.#takeOthers(events) : (events as Message[]);
    if (messages.length > 0) this.#keep(messages);
    this.#queue.beginStream();
    this.#isTaking = wasTaking;
    // A reader who waited has taken its message already.
    this.onTaken();
  }

  #keep(messages: Message[]): void {
    this.messages += messages.length;
    if (this.#link.protocol.state === "open") return this.#queue.pushAll(messages);
    for (const message of messages) if (this.#hasRoom()) this.#queue.push(message);
  }

  /** Closing ourselves, we read on to find the Close frame of the peer: what nobody has room for is dropped. */
  #hasRoom(): boolean {
    if (this.#link.protocol.state !== "open") this.#isDropping ||= this.#queue.isOverfull;
    return !this.#isDropping;
  }

  /** Acts on all that is no whole message, and returns the messages. */
  #takeOthers(events: ProtocolEvent[]): Message[] {
    const messages: Message[] = [];
    for (const event of events) {
      if (typeof event === "string" || event instanceof Uint8Array) messages.push(event);
      else if (event instanceof MessagePiece) this.#takePiece(event);
      else if ("opcode" in event && event.opcode === Opcode.PONG) this.#owner.onPong(event.payload);
    }
    return messages;
  }

  #takePiece(piece: MessagePiece): void {
    if (piece.isLast) this.messages++;
    if (this.#hasRoom()) this.#queue.pushPiece(piece);
  }

  /** Stops reading when nobody made room in the turn that delivered something. */
  pauseIfFull(): void {
    if (this.isOverfull && this.#link.protocol.state === "open" && !this.#link.isPaused) this.#link.pause();
  }

  /** Something was taken: decodes what waits, then lets more come. */
  onTaken(): void {
    if (this.#isTaking) return;
    const link = this.#link;
    const { receiver } = link.protocol;
    this.#isTaking = true;
    while (receiver.hasEncoded && this.#queue.isLow && link.decodeWaiting());
    this.#isTaking = false;
    if (receiver.hasEncoded) return;
    if (this.#end !== undefined && !this.#queue.isClosed) this.#queue.close(this.#finalEnd());
    else if (link.isPaused && this.#queue.isLow && !link.isLost) link.resume();
  }

  /** No more messages will come, but those that wait to be decoded. */
  close(error: ConnectionClosed): void {
    this.#end = error;
    this.onTaken();
  }

  /** A message that is found to be wrong only when the connection is closed was lost: for who reads, that is no regular end. */
  #finalEnd(): Error {
    const end = this.#end as ConnectionClosed;
    const cause = this.#link.protocol.receiver.fault;
    if (cause !== null && end instanceof ConnectionClosedOK) {
      this.#end = new ConnectionClosedError(end.received, end.sent, end.receivedThenSent, { cause });
    }
    return this.#end as ConnectionClosed;
  }

  /** Whether `error` is what who reads gets at the end. */
  isEnd(error: unknown): boolean {
    return error === this.#end;
  }
}

function hasOthers(events: readonly ProtocolEvent[]): boolean {
  for (const event of events) if (typeof event !== "string" && !(event instanceof Uint8Array)) return true;
  return false;
}

/** The message as its reader wants it. Rejects for bytes that no string can hold: they are the fault of that wish. */
function converted(message: Message, decode: boolean | undefined): Promise<Message> {
  if (decode === undefined || decode === (typeof message === "string")) return Promise.resolve(message);
  if (typeof message === "string") return Promise.resolve(toUtf8(message));
  try {
    return Promise.resolve(portableTextCodec().decodeUtf8(message, 0, message.length));
  } catch (error) {
    return rejected(error);
  }
}
