// Received messages between the network and the one reader, with its high and low marks.
import { rejected } from "../async/deferred.ts";
import { ConnectionClosedOK } from "../errors/closed.ts";
import { ConcurrencyError } from "../errors/protocol.ts";
import type { Message } from "../protocol/events.ts";

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

/** Messages taken from the front are forgotten when there are so many, and as many as wait. */
const COMPACT_AFTER = 256;

function concurrentRead(): ConcurrencyError {
  return new ConcurrencyError("cannot call recv while another call of recv is already running");
}

// Strings count by their units: near enough to their memory, and free.
function sizeOf(message: Message): number {
  return message.length;
}

/** A queue with one reader, who gets what is queued before it learns that the connection is closed. */
export class MessageQueue {
  readonly #marks: QueueMarks;
  #messages: Message[] = [];
  #front = 0;
  #bytes = 0;
  #reader: Reader | undefined;
  #end: Error | undefined;
  /** Called after a message was taken from the queue. */
  onTaken: (() => void) | undefined;

  constructor(marks: QueueMarks) {
    this.#marks = marks;
  }

  /** Whether somebody waits for a message. */
  get isAwaited(): boolean {
    return this.#reader !== undefined;
  }

  /** Messages that wait. */
  get length(): number {
    return this.#messages.length - this.#front;
  }

  /** Whether more waits than should. */
  get isOverfull(): boolean {
    return this.length > this.#marks.high || this.#bytes > this.#marks.bytes;
  }

  /** Whether so little waits that more may come. */
  get isLow(): boolean {
    return this.length <= this.#marks.low && this.#bytes <= this.#marks.bytes;
  }

  /** Gives a message to the reader who waits, or keeps it. */
  push(message: Message): void {
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.deliver(message);
      return;
    }
    this.#messages.push(message);
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
    if (reader === undefined) return;
    this.#reader = undefined;
    reader.deliver(messages[0] as Message);
  }

  /** Takes the first message, if there is one. */
  shift(): Message | undefined {
    const message = this.#messages[this.#front];
    if (message === undefined) return undefined;
    this.#bytes -= sizeOf(message);
    this.#front++;
    if (this.#front === this.#messages.length) {
      this.#messages = [];
      this.#front = 0;
    } else if (this.#front >= COMPACT_AFTER && this.#front * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#front);
      this.#front = 0;
    }
    this.onTaken?.();
    return message;
  }

  /** Makes `reader` the one who waits; the queue is empty. */
  wait(reader: Reader): void {
    if (this.#reader !== undefined) {
      reader.fail(concurrentRead());
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

  /** No more messages will come: who waits, and who comes when all is read, gets `error`. */
  close(error: Error): void {
    this.#end = error;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.fail(error);
  }
}

/** Iterates over a queue. One promise and one result a message: the loop over messages is the hottest of an application. */
export class MessageIterator implements AsyncIterator<Message, undefined>, Reader {
  readonly #queue: MessageQueue;
  #resolve!: (result: IteratorResult<Message, undefined>) => void;
  #reject!: (error: Error) => void;
  readonly #wait = (
    resolve: (result: IteratorResult<Message, undefined>) => void,
    reject: (error: Error) => void,
  ): void => {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#queue.wait(this);
  };

  constructor(queue: MessageQueue) {
    this.#queue = queue;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const message = this.#queue.shift();
    if (message !== undefined) return Promise.resolve({ done: false, value: message });
    if (this.#queue.isAwaited) return rejected(concurrentRead());
    return new Promise(this.#wait);
  }

  deliver(message: Message): void {
    this.#resolve({ done: false, value: message });
  }

  fail(error: Error): void {
    if (error instanceof ConnectionClosedOK) this.#resolve({ done: true, value: undefined });
    else this.#reject(error);
  }
}
