// A connection over a WebSocket of the runtime: the same interface, and errors for what cannot be done.
import { describe, expect, test } from "vitest";
import { broadcast } from "../../src/connection/broadcast.ts";
import { subscribe } from "../../src/connection/diagnostics.ts";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import { PayloadTooBig, QueueOverflow } from "../../src/errors/protocol.ts";
import { openNative } from "../support/fake-socket.ts";
import { outcomeOf } from "../support/frames.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

describe("receiving", () => {
  test("messages arrive by recv, by the iteration, and whole by recvStreaming", async () => {
    const { socket, ws } = openNative();
    socket.sink.onMessage("one");
    const waiting = ws.recv();
    expect(await waiting).toBe("one");
    const later = ws.recv();
    socket.sink.onMessage(bytes(1, 2));
    expect(await later).toEqual(bytes(1, 2));
    const pieces: unknown[] = [];
    const reading = (async () => {
      for await (const piece of ws.recvStreaming()) pieces.push(piece);
    })();
    socket.sink.onMessage("drei");
    await reading;
    expect(pieces).toEqual(["drei"]);
    socket.sink.onMessage("last");
    socket.sink.onClose({ code: 1000, reason: "" });
    const rest: unknown[] = [];
    for await (const message of ws) rest.push(message);
    expect(rest).toEqual(["last"]);
    expect(ws.stats).toEqual({ messagesReceived: 4, messagesSent: 0, bytesReceived: 13, bytesSent: 0 });
  });

  test("leaving recvStreaming before its message begins loses nothing", async () => {
    const { socket, ws } = openNative();
    const stream = ws.recvStreaming();
    void stream.next();
    await stream.return?.();
    socket.sink.onMessage("kept");
    expect(await ws.recv()).toBe("kept");
  });

  test("decode: false makes text arrive as bytes", async () => {
    const { socket, ws } = openNative({ decode: false });
    socket.sink.onMessage("é");
    expect(await ws.recv()).toEqual(bytes(0xc3, 0xa9));
  });

  test.each([
    [false, 1009],
    [true, 4009],
  ])("a queue over its limit closes (restricted: %s) with %i; what is queued is still received", async (is, code) => {
    const { socket, ws } = openNative({ maxQueue: 2 }, is);
    for (const text of ["1", "2", "3", "dropped"]) socket.sink.onMessage(text);
    expect(socket.closes).toEqual([[code, "more messages wait than maxQueue lets"]]);
    socket.sink.onClose({ code, reason: "" });
    expect([await ws.recv(), await ws.recv(), await ws.recv()]).toEqual(["1", "2", "3"]);
    const { error, sent } = await ws.closed;
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toBeInstanceOf(QueueOverflow);
    expect(sent).toEqual({ code, reason: "more messages wait than maxQueue lets" });
  });

  test("maxQueue null has no limit, and a reader that waits keeps the queue empty", async () => {
    const { socket, ws } = openNative({ maxQueue: null });
    for (let i = 0; i < 5000; i++) socket.sink.onMessage("x");
    expect(ws.state).toBe("open");
  });

  test.each([
    ["bytes", new Uint8Array(5), 5],
    ["text, counted as UTF-8", "éé€", 7],
  ])("a message over maxSize closes with 1009: %s", async (_name, message, size) => {
    const fits = openNative({ maxSize: size });
    fits.socket.sink.onMessage(message);
    expect(fits.ws.state).toBe("open");
    const { socket, ws } = openNative({ maxSize: size - 1 });
    socket.sink.onMessage(message);
    expect(socket.closes).toEqual([[1009, `message exceeds limit of ${size - 1} bytes`]]);
    socket.sink.onMessage("late");
    socket.sink.onClose(null);
    expect((await ws.closed).error.cause).toBeInstanceOf(PayloadTooBig);
    expect(ws.stats.messagesReceived).toBe(0);
  });

  test("a queue over its limit after a close of ours is no fault", async () => {
    const { socket, ws } = openNative({ maxQueue: 1 });
    void ws.close();
    for (const text of ["1", "2", "3"]) socket.sink.onMessage(text);
    socket.sink.onClose({ code: 1000, reason: "" });
    expect((await ws.closed).error.cause).toBeUndefined();
  });

  test("maxSize null has no limit", () => {
    const { socket, ws } = openNative({ maxSize: null });
    socket.sink.onMessage(new Uint8Array(0x100001));
    expect(ws.state).toBe("open");
  });
});

describe("sending", () => {
  test("text, bytes, Blobs, and text from bytes", async () => {
    const { socket, ws } = openNative();
    await ws.send("text");
    await ws.send(bytes(1, 2));
    await ws.send(new Blob([bytes(3)]));
    await ws.send(bytes(0x68, 0x69), { text: true });
    await ws.send("é", { text: false });
    expect(ws.trySend("tried")).toBe(true);
    expect(socket.sent).toEqual(["text", bytes(1, 2), bytes(3), "hi", bytes(0xc3, 0xa9), "tried"]);
    expect(ws.stats).toMatchObject({ messagesSent: 6, bytesSent: 16 });
  });

  test("a large Blob is one message", async () => {
    const { socket, ws } = openNative();
    await ws.send(new Blob([new Uint8Array(0x20000)]));
    expect(socket.sent.map((message) => message.length)).toEqual([0x20000]);
  });

  test("shared memory is copied", async () => {
    const { socket, ws } = openNative();
    await ws.send(new Uint8Array(new SharedArrayBuffer(2)));
    expect((socket.sent[0] as Uint8Array).buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("broadcast reaches it", () => {
    const { socket, ws } = openNative();
    broadcast([ws], "all");
    broadcast([ws], bytes(1));
    expect(socket.sent).toEqual(["all", bytes(1)]);
  });

  test("send waits while more than writeLimit is buffered, and looks again and again", async () => {
    const { socket, ws, clock } = openNative({ writeLimit: 10 });
    const told: boolean[] = [];
    const unsubscribe = subscribe("buffered", ({ isOverLimit }) => told.push(isOverLimit));
    socket.bufferedAmount = 11;
    let isDone = false;
    const sending = ws.send("a").then(() => (isDone = true));
    const second = ws.send("b");
    expect(ws.trySend("c")).toBe(false);
    clock.advance(500);
    await settle();
    expect([isDone, ws.bufferedAmount, clock.pending]).toEqual([false, 11, 1]);
    socket.bufferedAmount = 10;
    clock.advance(64);
    await Promise.all([sending, second]);
    expect([told, clock.pending]).toEqual([[true, false], 0]);
    unsubscribe();
  });

  test("a socket that tells when it has room is not waited for", async () => {
    const { socket, ws, clock } = openNative({ writeLimit: 10 });
    socket.sink.onDrain();
    socket.bufferedAmount = 11;
    const sending = ws.send("a");
    socket.bufferedAmount = 0;
    socket.sink.onDrain();
    await sending;
    expect(clock.pending).toBe(0);
  });

  test("who waits for room hears of the end", async () => {
    const { socket, ws, clock } = openNative({ writeLimit: 10 });
    socket.bufferedAmount = 11;
    const sending = ws.send("a");
    socket.sink.onClose(null);
    await expect(sending).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(clock.pending).toBe(0);
  });

  test("a socket that does not take a message ends the connection", async () => {
    const { socket, ws } = openNative();
    socket.fault = new Error("no");
    await ws.send("lost");
    const { error } = await ws.closed;
    expect(error.cause).toBeInstanceOf(NetworkError);
    expect((error.cause as Error).cause).toBe(socket.fault);
    expect(socket.aborts).toBe(1);
  });
});

describe("what cannot be done is an error at the call", () => {
  test.each<[string, (ws: ReturnType<typeof openNative>["ws"]) => unknown]>([
    ["send a ping", (ws) => ws.ping()],
    ["send a pong", (ws) => ws.pong()],
    ["send a message in fragments", (ws) => ws.send(["a", "b"])],
    ["send a message in fragments", (ws) => ws.send([])],
    ["send a message in fragments", (ws) => ws.send(new ReadableStream<string>())],
    ["choose the compression of a message", (ws) => ws.send("a", { compress: true })],
    ["tell the local address", async (ws) => ws.localAddress],
    ["tell the remote address", async (ws) => ws.remoteAddress],
  ])("%s", async (what, call) => {
    const { socket, ws } = openNative();
    await expect(call(ws)).rejects.toEqual(
      new TypeError(`Cannot ${what}: the WebSocket of the runtime does not offer it`),
    );
    expect([ws.state, socket.sent]).toEqual(["open", []]);
    await ws.send("still");
    expect([ws.extensions, ws.response, ws.peerCertificate, ws.latency]).toEqual([[], null, null, null]);
  });

  test("a source that cannot be sent is not read, and told so", async () => {
    const { ws } = openNative();
    const calls: string[] = [];
    const source = {
      next(): IteratorResult<string> {
        calls.push("next");
        return { done: false, value: "a" };
      },
      return(): IteratorResult<string> {
        calls.push("return");
        return { done: true, value: undefined };
      },
    };
    await expect(ws.send({ [Symbol.iterator]: () => source })).rejects.toThrow("in fragments");
    expect(calls).toEqual(["return"]);
  });
});

describe("closing", () => {
  test.each([
    [1000, 1000, false],
    [1001, 1001, false],
    [1000, 1000, true],
    [1001, 4001, true],
    [1014, 4014, true],
    [3000, 3000, true],
    [4999, 4999, true],
  ])("close(%i) sends %i (restricted: %s)", async (code, sent, isRestricted) => {
    const { socket, ws } = openNative({}, isRestricted);
    const closing = ws.close(code, "bye");
    expect([socket.closes, ws.state]).toEqual([[[sent, "bye"]], "closing"]);
    socket.sink.onClose({ code: sent, reason: "bye" });
    await closing;
    const info = await ws.closed;
    expect(info).toMatchObject({ code: sent, received: { code: sent }, sent: { code: sent, reason: "bye" } });
    expect(info.error.receivedThenSent).toBe(false);
    expect([ws.state, ws.closeCode, ws.closeReason]).toEqual(["closed", sent, "bye"]);
  });

  test("refuses what must not be sent", async () => {
    await expect(openNative().ws.close(1005)).rejects.toBeInstanceOf(RangeError);
    await expect(openNative().ws.close(1000, "x".repeat(124))).rejects.toBeInstanceOf(RangeError);
  });

  test("the peer closes: the runtime has answered", async () => {
    const { socket, ws } = openNative();
    const reading = ws.recv();
    expect([ws.closeCode, ws.closeReason]).toEqual([null, null]);
    socket.sink.onClose({ code: 1001, reason: "away" });
    await expect(reading).rejects.toBeInstanceOf(ConnectionClosedOK);
    const { received, sent, error } = await ws.closed;
    expect([received, sent, error.receivedThenSent]).toEqual([
      { code: 1001, reason: "away" },
      { code: 1001, reason: "away" },
      true,
    ]);
    expect(ws.signal.reason).toBe(error);
    await expect(ws.send("late")).rejects.toBe(error);
    await expect(ws.ping()).rejects.toBe(error);
    socket.sink.onClose(null);
    socket.sink.onMessage("late");
    ws.abort();
    expect([await ws.closed, ws.state]).toMatchObject([{ code: 1001 }, "closed"]);
  });

  test("an end without a Close frame is 1006 with its cause", async () => {
    const { socket, ws } = openNative();
    socket.sink.onClose(null);
    expect(await ws.closed).toMatchObject({
      code: 1006,
      received: null,
      sent: null,
      error: { cause: { reason: "eof" } },
    });
    expect([ws.closeCode, ws.closeReason]).toEqual([1006, ""]);
  });

  test.each([
    [1000, ConnectionClosedOK, "sent 1000 (OK); no close frame received"],
    [4000, ConnectionClosedError, "sent 4000 (private use); no close frame received"],
  ])("where the runtime tells no answer, %i that was sent decides", async (code, Closed, message) => {
    const { socket, ws } = openNative();
    socket.isOneSided = true;
    void ws.close(code);
    socket.sink.onClose(null);
    const closed = await ws.closed;
    expect(closed).toMatchObject({ code, received: null, sent: { code }, error: { message } });
    expect(closed.error).toBeInstanceOf(Closed);
    expect("cause" in closed.error).toBe(false);
    const full = openNative({ maxQueue: 1 });
    full.socket.isOneSided = true;
    for (const text of ["a", "b", "c"]) full.socket.sink.onMessage(text);
    full.socket.sink.onClose(null);
    expect(await full.ws.closed).toMatchObject({
      code: 1009,
      sent: { code: 1009 },
      error: { cause: { name: "QueueOverflow" } },
    });
    const lost = openNative();
    lost.socket.isOneSided = true;
    lost.socket.sink.onClose(null);
    expect((await lost.ws.closed).error.cause).toMatchObject({ reason: "eof" });
  });

  test("a loop of sends lets others go on", async () => {
    const { ws, clock } = openNative();
    for (let i = 1; i < 1024; i++) await ws.send("a");
    const last = ws.send("a");
    expect(await outcomeOf(last)).toBe("pending");
    clock.advance(0);
    await last;
  });

  test("messages that arrive while closing are received", async () => {
    const { socket, ws } = openNative();
    const closing = ws.close();
    socket.sink.onMessage("before the Close frame");
    socket.sink.onClose({ code: 1000, reason: "" });
    await closing;
    expect(await ws.recv()).toBe("before the Close frame");
  });

  test("closeTimeout drops a connection whose peer does not answer, once", async () => {
    const { socket, ws, clock } = openNative({ closeTimeout: 100 });
    void ws.close();
    const closing = ws.close();
    clock.advance(100);
    await closing;
    expect(socket.aborts).toBe(1);
    expect((await ws.closed).error.cause).toBeInstanceOf(TimeoutError);
    expect(clock.pending).toBe(0);
  });

  test("closeTimeout null waits for ever", () => {
    const { ws, clock } = openNative({ closeTimeout: null });
    void ws.close();
    expect(clock.pending).toBe(0);
  });

  test("abort ends at once, without a Close frame", async () => {
    const { socket, ws } = openNative();
    ws.abort();
    expect(ws.state).toBe("closing");
    expect(await ws.closed).toMatchObject({ code: 1006, sent: null, error: { cause: { reason: "other" } } });
    expect(socket.closes).toEqual([]);
  });

  test("close while it is opening drops it; an `open` that comes late is not heard", async () => {
    const { socket, link, ws } = openNative({}, false, false);
    await expect(ws.send("early")).rejects.toMatchObject({ code: "INVALID_STATE" });
    const closing = ws.close();
    socket.sink.onOpen("");
    await closing;
    expect([socket.aborts, ws.state]).toEqual([1, "closed"]);
    await expect(link.opened).rejects.toBeInstanceOf(NetworkError);
  });
});

test("the debug level of the log tells state and faults", async () => {
  const lines: string[] = [];
  const logger = { debug: (line: string) => lines.push(line), warn() {}, error() {} };
  const { socket, ws } = openNative({ logger, maxSize: 1 });
  socket.sink.onMessage("ab");
  ws.abort();
  await ws.closed;
  expect(lines).toEqual([
    "= connection is OPEN",
    "! message exceeds limit of 1 bytes",
    "x dropping the connection: connection aborted",
    "= connection is CLOSED",
  ]);
});
