import { expect, test } from "vitest";
import type { QueueMarks, StreamReader } from "../../src/connection/message-queue.ts";
import { concurrent, MessageIterator, MessageQueue } from "../../src/connection/message-queue.ts";
import type { ConnectionClosed } from "../../src/errors/closed.ts";
import { connectionClosed } from "../../src/errors/closed.ts";
import { ConcurrencyError } from "../../src/errors/protocol.ts";
import type { Message } from "../../src/protocol/events.ts";
import { MessagePiece } from "../../src/protocol/events.ts";

const MARKS: QueueMarks = { high: 4, low: 1, bytes: 100 };

class Reader {
  readonly got: (Message | Error)[] = [];
  deliver(message: Message): void {
    this.got.push(message);
  }
  fail(error: Error): void {
    this.got.push(error);
  }
}

test("MessageQueue keeps messages in order, over many more than it forgets at once", () => {
  const queue = new MessageQueue({ high: Infinity, low: Infinity, bytes: Infinity });
  let next = 0;
  for (let i = 0; i < 2000; i++) {
    queue.push(String(i));
    if (i % 3 !== 0) expect(queue.shift()).toBe(String(next++));
    expect(queue.length).toBe(i + 1 - next);
  }
  while (queue.length > 0) expect(queue.shift()).toBe(String(next++));
  expect(next).toBe(2000);
  expect(queue.shift()).toBeUndefined();
});

test("MessageQueue.push() gives a message to the reader who waits, once", () => {
  const queue = new MessageQueue(MARKS);
  const reader = new Reader();
  queue.wait(reader);
  queue.push("one");
  queue.push("two");
  expect(reader.got).toEqual(["one"]);
  expect(queue.length).toBe(1);
});

test("MessageQueue.wait() refuses a second reader and keeps the first", () => {
  const queue = new MessageQueue(MARKS);
  const [first, second] = [new Reader(), new Reader()];
  queue.wait(first);
  queue.wait(second);
  expect(second.got).toEqual([new ConcurrencyError("cannot call recv while another call of recv is already running")]);
  queue.push("one");
  expect(first.got).toEqual(["one"]);
});

test("MessageQueue.leave() makes only its own reader leave", () => {
  const queue = new MessageQueue(MARKS);
  const [first, second] = [new Reader(), new Reader()];
  queue.wait(first);
  queue.leave(second);
  queue.leave(first);
  queue.push("one");
  expect(first.got).toEqual([]);
  expect(queue.shift()).toBe("one");
});

test("MessageQueue.close() tells the reader who waits, and those who come later", () => {
  const queue = new MessageQueue(MARKS);
  const [first, second] = [new Reader(), new Reader()];
  const error = new Error("closed");
  queue.wait(first);
  queue.close(error);
  queue.wait(second);
  expect([first.got, second.got]).toEqual([[error], [error]]);
});

test("MessageQueue.close() leaves what is queued to be read", () => {
  const queue = new MessageQueue(MARKS);
  queue.push("one");
  queue.close(new Error("closed"));
  expect(queue.shift()).toBe("one");
  expect(queue.shift()).toBeUndefined();
});

test.each([
  [0, false, true],
  [1, false, true],
  [2, false, false],
  [4, false, false],
  [5, true, false],
])("MessageQueue of %d messages at marks 4 and 1: overfull %s, low %s", (count, isOverfull, isLow) => {
  const queue = new MessageQueue(MARKS);
  for (let i = 0; i < count; i++) queue.push("");
  expect({ isOverfull: queue.isOverfull, isLow: queue.isLow }).toEqual({ isOverfull, isLow });
});

test("MessageQueue counts bytes of binary messages and units of strings", () => {
  const queue = new MessageQueue(MARKS);
  queue.push(new Uint8Array(60));
  expect(queue.isLow).toBe(true);
  queue.push("x".repeat(41));
  expect({ isOverfull: queue.isOverfull, isLow: queue.isLow }).toEqual({ isOverfull: true, isLow: false });
  queue.shift();
  expect({ isOverfull: queue.isOverfull, isLow: queue.isLow }).toEqual({ isOverfull: false, isLow: true });
});

test("MessageQueue is not low with one message that is larger than its bytes", () => {
  const queue = new MessageQueue(MARKS);
  queue.push(new Uint8Array(101));
  expect({ isOverfull: queue.isOverfull, isLow: queue.isLow }).toEqual({ isOverfull: true, isLow: false });
});

test("MessageQueue calls onTaken after every message that was taken", () => {
  const queue = new MessageQueue(MARKS);
  const lengths: number[] = [];
  queue.owner = { onTaken: () => lengths.push(queue.length) };
  queue.push("one");
  queue.push("two");
  queue.shift();
  queue.shift();
  queue.shift();
  expect(lengths).toEqual([1, 0]);
});

test("MessageQueue.pushAll() appends to what waits, or is what waits", () => {
  const queue = new MessageQueue(MARKS);
  queue.pushAll(["one", "two"]);
  queue.pushAll(["three"]);
  queue.pushAll([]);
  expect(queue.length).toBe(3);
  expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual(["one", "two", "three", undefined]);
});

test("MessageQueue.pushAll() gives the first message to the reader who waits", () => {
  const queue = new MessageQueue(MARKS);
  const reader = new Reader();
  queue.wait(reader);
  queue.pushAll(["one", "two"]);
  expect(reader.got).toEqual(["one"]);
  expect(queue.shift()).toBe("two");
});

test("MessageQueue.pushAll() of one message keeps nothing if a reader waits", () => {
  const queue = new MessageQueue(MARKS);
  const reader = new Reader();
  queue.wait(reader);
  queue.pushAll([new Uint8Array(101)]);
  expect(reader.got).toHaveLength(1);
  expect({ length: queue.length, isOverfull: queue.isOverfull }).toEqual({ length: 0, isOverfull: false });
});

test("MessageQueue.pushAll() counts bytes", () => {
  const queue = new MessageQueue(MARKS);
  queue.pushAll([new Uint8Array(60), new Uint8Array(41)]);
  expect(queue.isOverfull).toBe(true);
  queue.shift();
  expect(queue.isLow).toBe(true);
});

test("MessageQueue.pushAll() after pushAll() was read in part keeps the order", () => {
  const queue = new MessageQueue(MARKS);
  queue.pushAll(["1", "2", "3"]);
  expect(queue.shift()).toBe("1");
  queue.pushAll(["4", "5"]);
  expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual(["2", "3", "4", "5"]);
});

function closedWith(code: number): ConnectionClosed {
  return connectionClosed({ code, reason: "" }, { code, reason: "" }, true);
}

test("MessageIterator.next() returns what is queued, then what comes, then the end", async () => {
  const queue = new MessageQueue(MARKS);
  const iterator = new MessageIterator(queue);
  queue.push("one");
  expect(await iterator.next()).toEqual({ done: false, value: "one" });
  const second = iterator.next();
  queue.push("two");
  expect(await second).toEqual({ done: false, value: "two" });
  const third = iterator.next();
  queue.close(closedWith(1000));
  expect(await third).toEqual({ done: true, value: undefined });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("MessageIterator.next() rejects when the connection closed with an error", async () => {
  const queue = new MessageQueue(MARKS);
  const iterator = new MessageIterator(queue);
  const next = iterator.next();
  const error = closedWith(1011);
  queue.close(error);
  await expect(next).rejects.toBe(error);
  await expect(iterator.next()).rejects.toBe(error);
});

test("MessageIterator.next() during next() is refused, and the first call gets its message", async () => {
  const queue = new MessageQueue(MARKS);
  const iterator = new MessageIterator(queue);
  const got: unknown[] = [];
  void iterator.next().then((result) => got.push(result));
  await expect(iterator.next()).rejects.toBeInstanceOf(ConcurrencyError);
  queue.push("one");
  await new Promise((resolve) => setImmediate(resolve));
  expect(got).toEqual([{ done: false, value: "one" }]);
});

class Stream implements StreamReader {
  size = 0;
  readonly got: (MessagePiece | Error | "begin")[] = [];
  begin(): void {
    this.got.push("begin");
  }
  push(piece: MessagePiece): void {
    this.got.push(piece);
  }
  fail(error: Error): void {
    this.got.push(error);
  }
}

const MIDDLE = new MessagePiece(true, Uint8Array.of(1), false);
const LAST = new MessagePiece(true, Uint8Array.of(2), true);

test("MessageQueue.claim() lets one stream in, and no reader beside it", () => {
  const queue = new MessageQueue(MARKS);
  const [stream, other, reader] = [new Stream(), new Stream(), new Reader()];
  expect(queue.claim(stream)).toBeUndefined();
  expect(queue.claim(other)).toEqual(concurrent("recvStreaming"));
  queue.push("one");
  queue.wait(reader);
  expect(reader.got).toEqual([new ConcurrencyError("cannot call recv while recvStreaming is already running")]);
  expect(queue.shift()).toBeUndefined();
  expect(queue.take()).toBe("one");
  queue.unclaim(other);
  expect(queue.claim(other)).toBeInstanceOf(ConcurrencyError);
  queue.unclaim(stream);
  expect(queue.claim(other)).toBeUndefined();
});

test("MessageQueue.claim() while a reader waits is refused in other words", () => {
  const queue = new MessageQueue(MARKS);
  queue.wait(new Reader());
  expect(queue.claim(new Stream())).toEqual(
    new ConcurrencyError("cannot call recvStreaming while recv is already running"),
  );
  expect(queue.isAwaited).toBe(true);
});

test("MessageQueue.claim() after the end works as long as messages wait", () => {
  const queue = new MessageQueue(MARKS);
  const error = new Error("closed");
  queue.push("one");
  queue.close(error);
  const stream = new Stream();
  expect(queue.claim(stream)).toBeUndefined();
  queue.take();
  queue.unclaim(stream);
  expect(queue.claim(stream)).toBe(error);
});

test("MessageQueue.pushPiece() and beginStream() reach the stream that reads, if any", () => {
  const queue = new MessageQueue(MARKS);
  queue.pushPiece(MIDDLE);
  queue.beginStream();
  const stream = new Stream();
  queue.claim(stream);
  queue.beginStream();
  queue.pushPiece(MIDDLE);
  queue.pushPiece(LAST);
  expect(stream.got).toEqual(["begin", MIDDLE, LAST]);
});

test("MessageQueue.dropStream() drops pieces up to the last one, and calls onTaken", () => {
  const queue = new MessageQueue(MARKS);
  let taken = 0;
  queue.owner = { onTaken: () => taken++ };
  const [stream, next] = [new Stream(), new Stream()];
  queue.claim(stream);
  queue.dropStream(stream, false);
  expect([queue.isDropping, taken]).toEqual([true, 1]);
  queue.claim(next);
  queue.pushPiece(MIDDLE);
  queue.pushPiece(LAST);
  expect(queue.isDropping).toBe(false);
  queue.pushPiece(MIDDLE);
  expect(next.got).toEqual([MIDDLE]);
  queue.dropStream(next, true);
  expect(queue.isDropping).toBe(false);
});

test("MessageQueue.unclaim() works without an owner", () => {
  const queue = new MessageQueue(MARKS);
  const stream = new Stream();
  queue.claim(stream);
  queue.unclaim(stream);
  expect(queue.claim(stream)).toBeUndefined();
});

test("MessageQueue.close() tells the stream, and ends dropping", () => {
  const queue = new MessageQueue(MARKS);
  const [left, stream] = [new Stream(), new Stream()];
  queue.claim(left);
  queue.dropStream(left, false);
  queue.claim(stream);
  const error = new Error("closed");
  queue.close(error);
  expect(stream.got).toEqual([error]);
  expect(queue.isDropping).toBe(false);
  queue.dropStream(stream, false);
  expect(queue.isDropping).toBe(false);
});

test.each([
  [0x10000, false],
  [0x10001, true],
])("MessageQueue with a stream of which %d bytes wait is overfull: %s", (size, expected) => {
  const queue = new MessageQueue(MARKS);
  const stream = new Stream();
  queue.claim(stream);
  stream.size = size;
  expect([queue.isOverfull, queue.isLow]).toEqual([expected, !expected]);
});

test("MessageIterator.next() during recvStreaming is refused in its words", async () => {
  const queue = new MessageQueue(MARKS);
  queue.claim(new Stream());
  queue.push("one");
  await expect(new MessageIterator(queue).next()).rejects.toEqual(
    new ConcurrencyError("cannot call recv while recvStreaming is already running"),
  );
});
