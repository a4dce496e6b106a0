// Received messages between the network and the one reader, with its high and low marks.
import { ConcurrencyError } from "../errors/protocol.ts";
import type { Message } from "../protocol/events.ts";

/** Marks of a {@link MessageQueue}: counts of messages, and a size in bytes. */
export interface QueueMarks {
  readonly high: number;
  readonly low: number;
  readonly bytes: number;
}

/** The one who waits for a message. */
interface Reader {
  deliver(message: Message): void;
  fail(error: Error): void;
}

/** Messages taken from the front are forgotten in strides of this many. */
const COMPACT_AFTER = 256;

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

  /** Takes the first message, if there is one. */
  shift(): Message | undefined {
    const message = this.#messages[this.#front];
    if (message === undefined) return undefined;
    this.#bytes -= sizeOf(message);
    this.#front++;
    if (this.#front === this.#messages.length) {
      this.#messages = [];
      this.#front = 0;
    } else if (this.#front === COMPACT_AFTER) {
      this.#messages = this.#messages.slice(COMPACT_AFTER);
      this.#front = 0;
    }
    this.onTaken?.();
    return message;
  }

  /** Makes `reader` the one who waits; the queue is empty. */
  wait(reader: Reader): void {
    if (this.#reader !== undefined) {
      reader.fail(new ConcurrencyError("cannot call recv while another call of recv is already running"));
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
