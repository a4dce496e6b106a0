// Received messages between the network and the one reader, with its high and low marks.
import { handled, rejected } from "../async/deferred.ts";
import { ConnectionClosedOK } from "../errors/closed.ts";
import { ConcurrencyError } from "../errors/protocol.ts";
import type { Message, MessagePiece } from "../protocol/events.ts";

/** Marks of a {@link MessageQueue}: counts of messages, and a size in bytes. */
export interface QueueMarks {
  readonly high: number;
  readonly low: number;
  readonly bytes: number;
}

/** The one who waits for a message. */
export interface Reader {
  deliver(message: Message): void;
  fail(error: Error): void;
}

/** Who hears of room in a {@link MessageQueue}. */
export interface QueueOwner {
  /** A message was taken from the queue. */
  onTaken(): void;
}

/** Messages taken from the front are forgotten when there are so many, and as many as wait. */
const COMPACT_AFTER = 256;

/** Of all queues that are empty. */
const NONE: never[] = [];

/** Bytes of a message that is read while it arrives which may wait; who reads on takes them all. */
const STREAM_HIGH = 0x10000;

type Reading = "recv" | "recvStreaming";

/** The error of a second reader. */
export function concurrent(wanted: Reading, running: Reading = wanted): ConcurrencyError {
  const other = running === wanted ? `another call of ${running}` : running;
  return new ConcurrencyError(`cannot call ${wanted} while ${other} is already running`);
}

/** The one who reads a message while it arrives. */
export interface StreamReader {
  /** Bytes that it has not given out yet. */
  readonly size: number;
  /** Looks for its message again. */
  begin(): void;
  push(piece: MessagePiece): void;
  fail(error: Error): void;
}

// Strings count by their units: near enough to their memory, and free.
function sizeOf(message: Message): number {
  return message.length;
}

/** A queue with one reader, who gets what is queued before it learns that the connection is closed. */
export class MessageQueue {
  readonly #marks: QueueMarks;
  #messages: Message[] = NONE;
  #front = 0;
  #bytes = 0;
  #reader: Reader | undefined;
  #stream: StreamReader | undefined;
  /** The rest of a message whose stream was left is still arriving. */
  #isDropping = false;
  #end: Error | undefined;
  owner: QueueOwner | undefined;

  constructor(marks: QueueMarks) {
    this.#marks = marks;
  }

  /** Whether somebody waits for a message. */
  get isAwaited(): boolean {
    return this.#reader !== undefined;
  }

  /** Whether no more messages will come. */
  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** Messages that wait. */
  get length(): number {
    return this.#messages.length - this.#front;
  }

  /** Whether more waits than should. */
  get isOverfull(): boolean {
    return this.#isStreamFull || this.length > this.#marks.high || this.#bytes > this.#marks.bytes;
  }

  /** Whether there is room for another message beside so many more messages and bytes. */
  hasRoomBeside(messages: number, bytes: number): boolean {
    if (this.#stream !== undefined && this.#stream.size + bytes > STREAM_HIGH) return false;
    // Where nothing is to be read, nobody will make room for the rest of a message.
    if (this.#stream === undefined && this.length + messages === 0) return true;
    return this.length + messages <= this.#marks.high && this.#bytes + bytes <= this.#marks.bytes;
  }

  /** Whether so little waits that more may come. */
  get isLow(): boolean {
    return !this.#isStreamFull && this.length <= this.#marks.low && this.#bytes <= this.#marks.bytes;
  }

  get #isStreamFull(): boolean {
    return this.#stream !== undefined && this.#stream.size > STREAM_HIGH;
  }

  /** Gives a message to the reader who waits, or keeps it. */
  push(message: Message): void {
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.deliver(message);
      return;
    }
    if (this.#messages.length === 0) this.#messages = [message];
    else this.#messages.push(message);
    this.#bytes += sizeOf(message);
  }

  /** The same for many messages. The array is the queue's from now on. */
  pushAll(messages: Message[]): void {
    if (this.#front < this.#messages.length) {
      for (const message of messages) this.push(message);
      return;
    }
    const reader = this.#reader;
    this.#front = reader === undefined ? 0 : 1;
    if (messages.length > this.#front) {
      this.#messages = messages;
      for (let i = this.#front; i < messages.length; i++) this.#bytes += sizeOf(messages[i] as Message);
    } else {
      this.#front = 0;
    }
    this.#reader = undefined;
    reader?.deliver(messages[0] as Message);
  }

  /** Takes the first message, if there is one and no stream reads. */
  shift(): Message | undefined {
    const message = this.#stream === undefined ? this.take() : undefined;
    if (message !== undefined) this.owner?.onTaken();
    return message;
  }

  /** Takes the first message for the one who reads, and tells nobody: what hears of room may bring more, or the end. */
  take(): Message | undefined {
    const message = this.#messages[this.#front];
    if (message === undefined) return undefined;
    this.#bytes -= sizeOf(message);
    this.#front++;
    if (this.#front === this.#messages.length) {
      this.#messages = NONE;
      this.#front = 0;
    } else if (this.#front >= COMPACT_AFTER && this.#front * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#front);
      this.#front = 0;
    }
    return message;
  }

  get #reading(): Reading | undefined {
    return this.#stream === undefined ? this.#reader && "recv" : "recvStreaming";
  }

  /** Makes `reader` the one who waits; the queue is empty. */
  wait(reader: Reader): void {
    if (this.#reading !== undefined) {
      reader.fail(concurrent("recv", this.#reading));
    } else if (this.#end !== undefined) {
      reader.fail(this.#end);
    } else {
      this.#reader = reader;
    }
  }

  /** Makes `reader` wait no longer. Nothing is lost: it was not given anything. */
  leave(reader: Reader): void {
    if (this.#reader === reader) this.#reader = undefined;
  }

  // Streams

  /** Whether the rest of a message is being dropped. */
  get isDropping(): boolean {
    return this.#isDropping;
  }

  /** Makes `stream` the one who reads, or returns why it cannot be. */
  claim(stream: StreamReader): Error | undefined {
    if (this.#reading !== undefined) return concurrent("recvStreaming", this.#reading);
    if (this.#end !== undefined && this.length === 0) return this.#end;
    this.#stream = stream;
    return undefined;
  }

  /** `stream` reads no longer. */
  unclaim(stream: StreamReader): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.owner?.onTaken();
  }

  /** `stream` reads no longer, in the middle of its message: unless `isComplete`, what is still to come is dropped. */
  dropStream(stream: StreamReader, isComplete: boolean): void {
    this.#isDropping = !isComplete && this.#end === undefined;
    this.unclaim(stream);
  }

  /** Takes a piece of the message that is read while it arrives. */
  pushPiece(piece: MessagePiece): void {
    if (!this.#isDropping) this.#stream?.push(piece);
    else if (piece.isLast) this.#isDropping = false;
  }

  /** All that arrived is in the queue: a stream whose message has not begun looks for it. */
  beginStream(): void {
    this.#stream?.begin();
  }

  /** No more messages will come: who waits, and who comes when all is read, gets `error`. */
  close(error: Error): void {
    this.#end = error;
    this.#isDropping = false;
    this.#stream?.fail(error);
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.fail(error);
  }
}

type Result = IteratorResult<Message, undefined>;

/** Iterates over a queue. One promise and one result a message: the loop over messages is the hottest of an application. */
export class MessageIterator implements AsyncIterator<Message, undefined>, Reader {
  readonly #queue: MessageQueue;
  /** All that is kept of the promise's functions: they live as long as an idle connection waits. */
  #resolve!: (result: Result | Promise<Result>) => void;
  #promise: Promise<unknown> | undefined;

  constructor(queue: MessageQueue) {
    this.#queue = queue;
  }

  next(): Promise<Result> {
    const message = this.#queue.shift();
    if (message !== undefined) return Promise.resolve({ done: false, value: message });
    if (this.#queue.isAwaited) return rejected(concurrent("recv"));
    const promise = new Promise<Result>((resolve) => {
      this.#resolve = resolve;
    });
    this.#promise = promise;
    this.#queue.wait(this);
    return promise;
  }

  deliver(message: Message): void {
    this.#resolve({ done: false, value: message });
  }

  fail(error: Error): void {
    if (error instanceof ConnectionClosedOK) return this.#resolve({ done: true, value: undefined });
    // Only now: marking every promise as handled would cost the loop.
    void handled(this.#promise as Promise<unknown>);
    this.#resolve(rejected(error));
  }
}
