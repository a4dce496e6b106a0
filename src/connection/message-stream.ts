// One message, read while it arrives.
import { handled, rejected } from "../async/deferred.ts";
import { Accumulator, NO_BYTES } from "../bytes/accumulator.ts";
import { completeLength } from "../bytes/code-points.ts";
import { join } from "../bytes/join.ts";
import { portableTextCodec, toUtf8 } from "../bytes/text-codec.ts";
import type { Message } from "../protocol/events.ts";
import { MessagePiece } from "../protocol/events.ts";
import { concurrent } from "./message-queue.ts";
import type { MessageQueue } from "./message-queue.ts";

/** Options of a {@link MessageStream}. */
export interface MessageStreamOptions {
  readonly signal?: AbortSignal;
  /** `true`: strings, `false`: bytes, whatever arrives. Default: as the connection has it. */
  readonly decode?: boolean;
}

/** What a stream needs of the connection. */
export interface MessageSource {
  readonly queue: MessageQueue;
  /** Whether text becomes strings where `decode` does not say. */
  readonly isDecoding: boolean;
  /** Makes the message under way, or the next one, arrive in pieces; returns what there is of it. */
  begin(): MessagePiece | undefined;
  /** Takes `begin` back, before any piece. */
  cancel(): void;
  /** A piece was taken: there may be room for more. */
  onTaken(): void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<Message, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The pieces of one message. It is the connection's reader from its first `next` until the last piece was taken, an error
 * was given out, or `return` was called, which drops the rest of the message.
 */
export class MessageStream implements AsyncIterableIterator<Message, undefined> {
  readonly #source: MessageSource;
  readonly #options: MessageStreamOptions;
  /** `"waiting"`: it is the reader, and its message has not begun. */
  #state: "new" | "waiting" | "reading" | "done" = "new";
  /** What arrived and was not taken: one buffer, for the peer may send byte by byte. Empty while somebody waits. */
  readonly #pending = new Accumulator();
  #isText = false;
  /** The end of the message has arrived. */
  #isComplete = false;
  /** The first bytes of a code point that the last piece cut. */
  #rest: Uint8Array<ArrayBuffer> = NO_BYTES;
  #error: Error | undefined;
  #waiting: Waiting | undefined;

  constructor(source: MessageSource, options: MessageStreamOptions) {
    this.#source = source;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Bytes that wait to be taken. */
  get size(): number {
    return this.#pending.length;
  }

  /** Whether the message is text, from its first piece on. */
  get isText(): boolean {
    return this.#isText;
  }

  /** Whether the last piece was taken. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const { signal } = this.#options;
    if (this.#state === "done") return Promise.resolve({ done: true, value: undefined });
    if (signal?.aborted === true) return rejected(signal.reason);
    if (this.#waiting !== undefined) return rejected(concurrent("recvStreaming"));
    if (this.#state === "new") {
      const error = this.#source.queue.claim(this);
      if (error !== undefined) return rejected(error);
      this.#state = "waiting";
    }
    const promise = new Promise<IteratorResult<Message, undefined>>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.begin();
    this.#deliver();
    if (this.#waiting === undefined || signal === undefined) return handled(promise);
    const abort = (): void => this.#abort(signal.reason);
    signal.addEventListener("abort", abort);
    return handled(promise.finally(() => signal.removeEventListener("abort", abort)));
  }

  /** Drops the rest of the message. The next read goes on with the next message. */
  return(): Promise<IteratorResult<Message, undefined>> {
    if (this.#state === "waiting") this.#giveUp();
    else if (this.#state === "reading") this.#source.queue.dropStream(this, this.#isComplete);
    this.#state = "done";
    this.#pending.take();
    this.#takeWaiting()?.resolve({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Takes what there is of its message, and makes the rest arrive in pieces. Does nothing once the message has begun. */
  begin(): void {
    const { queue } = this.#source;
    if (this.#state !== "waiting" || queue.isDropping) return;
    if (queue.length > 0) {
      const whole = queue.take() as Message;
      return this.push(new MessagePiece(typeof whole === "string", toUtf8(whole), true));
    }
    const piece = this.#source.begin();
    if (piece !== undefined) this.push(piece);
  }

  /** Takes a piece that arrived. */
  push({ isText, bytes, isLast }: MessagePiece): void {
    this.#state = "reading";
    this.#isText = isText;
    this.#isComplete = isLast;
    if (this.#waiting === undefined) this.#pending.append(bytes, 0, bytes.length, 0);
    else this.#give(bytes);
  }

  /** Nothing more will come. */
  fail(error: Error): void {
    this.#error = error;
    this.#deliver();
  }

  #abort(reason: unknown): void {
    const waiting = this.#takeWaiting();
    if (this.#state === "waiting") {
      this.#giveUp();
      this.#state = "new";
    }
    waiting?.reject(reason);
  }

  /** Nothing of the message was there: it stays whole for the next reader. */
  #giveUp(): void {
    const { queue } = this.#source;
    // What arrives in pieces then is still the message that another stream left.
    if (!queue.isDropping) this.#source.cancel();
    queue.unclaim(this);
  }

  #takeWaiting(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /** Gives what there is to the one who waits. */
  #deliver(): void {
    if (this.#waiting === undefined) return;
    if (this.#pending.length > 0 || this.#isComplete) this.#give(this.#pending.take());
    if (this.#error === undefined || this.#waiting === undefined) return;
    this.#source.queue.unclaim(this);
    this.#takeWaiting()?.reject(this.#error);
  }

  /** Gives bytes to the one who waits, unless they hold less than one code point. */
  #give(bytes: Uint8Array<ArrayBuffer>): void {
    try {
      const value = this.#valueOf(bytes);
      if (value !== undefined) this.#takeWaiting()?.resolve({ done: false, value });
    } catch (error) {
      // No string can hold so much. This may be called from the socket and must not throw there.
      this.#takeWaiting()?.reject(error);
    }
    if (this.#isComplete) {
      this.#state = "done";
      this.#source.queue.unclaim(this);
    } else {
      this.#source.onTaken();
    }
  }

  /** Undefined for less than one code point. */
  #valueOf(bytes: Uint8Array<ArrayBuffer>): Message | undefined {
    if (!(this.#options.decode ?? (this.#isText && this.#source.isDecoding))) return bytes;
    const joined = this.#rest.length === 0 ? bytes : join([this.#rest, bytes]);
    const end = this.#isComplete ? joined.length : completeLength(joined);
    this.#rest = joined.slice(end);
    if (end === 0 && !this.#isComplete) return undefined;
    return portableTextCodec().decodeUtf8(joined, 0, end);
  }
}
