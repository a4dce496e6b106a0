// One message, read while it arrives.
import { handled, rejected } from "../async/deferred.ts";
import { portableTextCodec, toUtf8 } from "../bytes/text-codec.ts";
import type { Message } from "../protocol/events.ts";
import { MessagePiece } from "../protocol/events.ts";
import { concurrentStream } from "./message-queue.ts";
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

const LONGEST_CODE_POINT = 4;
const NO_BYTES = new Uint8Array(0);

/**
 * The pieces of one message. It is the connection's reader from its first `next` until the last piece was taken or
 * `return` was called, which drops the rest of the message.
 */
export class MessageStream implements AsyncIterableIterator<Message, undefined> {
  readonly #source: MessageSource;
  readonly #options: MessageStreamOptions;
  /** `"waiting"`: it is the reader, and its message has not begun. */
  #state: "new" | "waiting" | "reading" | "done" = "new";
  #pieces: MessagePiece[] = [];
  #size = 0;
  /** The first bytes of a code point that the last piece cut. */
  #rest: Uint8Array = NO_BYTES;
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
    return this.#size;
  }

  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const { signal } = this.#options;
    const { queue } = this.#source;
    if (signal?.aborted === true) return rejected(signal.reason);
    if (this.#state === "done") return Promise.resolve({ done: true, value: undefined });
    if (this.#waiting !== undefined) return rejected(concurrentStream());
    if (this.#state === "new") {
      const error = queue.claim(this);
      if (error !== undefined) return rejected(error);
      this.#state = "waiting";
      this.begin();
    }
    const promise = new Promise<IteratorResult<Message, undefined>>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.#deliver();
    if (this.#waiting === undefined || signal === undefined) return handled(promise);
    const abort = (): void => this.#abort(signal.reason);
    signal.addEventListener("abort", abort);
    return handled(promise.finally(() => signal.removeEventListener("abort", abort)));
  }

  /** Drops the rest of the message. The next read goes on with the next message. */
  return(): Promise<IteratorResult<Message, undefined>> {
    if (this.#state === "waiting") this.#giveUp();
    else if (this.#state === "reading") this.#source.queue.dropStream(this, this.#pieces.at(-1)?.isLast === true);
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Takes what there is of its message, and makes the rest arrive in pieces. Does nothing once the message has begun. */
  begin(): void {
    const { queue } = this.#source;
    if (this.#state !== "waiting" || queue.isDropping) return;
    const whole = queue.take();
    if (whole !== undefined) return this.push(new MessagePiece(typeof whole === "string", toUtf8(whole), true));
    const piece = this.#source.begin();
    if (piece !== undefined) this.push(piece);
  }

  /** Takes a piece that arrived. */
  push(piece: MessagePiece): void {
    this.#state = "reading";
    this.#pieces.push(piece);
    this.#size += piece.bytes.length;
    this.#deliver();
  }

  /** Nothing more will come. */
  fail(error: Error): void {
    this.#error = error;
    this.#deliver();
  }

  #abort(reason: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#state === "waiting") {
      this.#giveUp();
      this.#state = "new";
    }
    waiting?.reject(reason);
  }

  /** Nothing of the message was there: it stays whole for the next reader. */
  #giveUp(): void {
    this.#source.cancel();
    this.#source.queue.unclaim(this);
  }

  #end(): void {
    this.#state = "done";
    this.#pieces = [];
    this.#size = 0;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** Gives what there is to the one who waits. */
  #deliver(): void {
    if (this.#waiting === undefined) return;
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      this.#size -= piece.bytes.length;
      if (this.#give(piece)) return;
    }
    if (this.#error === undefined) return;
    this.#waiting.reject(this.#error);
    this.#waiting = undefined;
  }

  /** Gives a piece to the one who waits, unless it holds less than one code point. */
  #give(piece: MessagePiece): boolean {
    const { resolve, reject } = this.#waiting as Waiting;
    try {
      const value = this.#valueOf(piece);
      if (value === undefined) return false;
      this.#waiting = undefined;
      resolve({ done: false, value });
    } catch (error) {
      // No string can hold so much. This may be called from the socket and must not throw there.
      this.#waiting = undefined;
      reject(error);
    }
    if (piece.isLast) this.#finish();
    else this.#source.onTaken();
    return true;
  }

  #finish(): void {
    this.#state = "done";
    this.#source.queue.unclaim(this);
  }

  /** Undefined for a piece that holds less than one code point. */
  #valueOf({ isText, bytes, isLast }: MessagePiece): Message | undefined {
    if (!(this.#options.decode ?? (isText && this.#source.isDecoding))) return bytes;
    const joined = this.#rest.length === 0 ? bytes : concat(this.#rest, bytes);
    const end = isLast ? joined.length : completeLength(joined);
    this.#rest = joined.subarray(end);
    if (end === 0 && !isLast) return undefined;
    return portableTextCodec().decodeUtf8(joined, 0, end);
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/** Length up to the end of the last code point that is there whole. */
function completeLength(bytes: Uint8Array): number {
  const { length } = bytes;
  for (let back = 1; back < LONGEST_CODE_POINT && back <= length; back++) {
    const byte = bytes[length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    return back < sequenceLength(byte) ? length - back : length;
  }
  return length;
}

/** Bytes of the code point that begins with `lead`. */
function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
