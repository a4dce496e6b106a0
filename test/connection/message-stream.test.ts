import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { ConcurrencyError, InvalidUtf8 } from "../../src/errors/protocol.ts";
import type { Message } from "../../src/protocol/events.ts";
import { MessagePiece } from "../../src/protocol/events.ts";
import { feedAtOnce, frameOf, outcomeOf } from "../support/frames.ts";
import { hex } from "../support/hex.ts";
import { turn } from "../support/memory-transport.ts";
import { masked, openPair, openRaw, unhandledDuring } from "../support/network.ts";
import type { PlainConnection, RawScene } from "../support/network.ts";

const SIDES = ["client", "server"] as const;
const DONE = { done: true, value: undefined };
const RECV_RUNNING = new ConcurrencyError("cannot call recvStreaming while recv is already running");
const STREAM_RUNNING = new ConcurrencyError(
  "cannot call recvStreaming while another call of recvStreaming is already running",
);
const RECV_WHILE_STREAM = new ConcurrencyError("cannot call recv while recvStreaming is already running");
const RECV_WHILE_RECV = new ConcurrencyError("cannot call recv while another call of recv is already running");

/** All pieces of the next message. */
async function piecesOf(ws: PlainConnection, options?: { decode?: boolean }): Promise<Message[]> {
  const pieces: Message[] = [];
  for await (const each of ws.recvStreaming(options)) pieces.push(each);
  return pieces;
}

function piece(value: Message): IteratorResult<Message> {
  return { done: false, value };
}

/** Takes one piece and leaves the message. */
async function leaveEarly(ws: PlainConnection): Promise<void> {
  const stream = ws.recvStreaming();
  await stream.next();
  await stream.return?.();
}

describe.each(SIDES)("%s", (side) => {
  describe("recvStreaming", () => {
    test.each([
      ["text", frameOf(0x81, "Spam"), undefined, ["Spam"]],
      ["text, decode false", frameOf(0x81, "é"), false, [Uint8Array.of(0xc3, 0xa9)]],
      ["text, decode true", frameOf(0x81, "é"), true, ["é"]],
      ["binary", frameOf(0x82, "Spam"), undefined, [Uint8Array.of(0x53, 0x70, 0x61, 0x6d)]],
      ["binary, decode true", frameOf(0x82, "é"), true, ["é"]],
      ["binary, decode false", frameOf(0x82, "é"), false, [Uint8Array.of(0xc3, 0xa9)]],
      ["empty text", frameOf(0x81), undefined, [""]],
      ["empty binary", frameOf(0x82), undefined, [new Uint8Array(0)]],
      ["a byte order mark", frameOf(0x81, "\ufeffA"), undefined, ["\ufeffA"]],
    ] as const)("reads a whole message, before it and after it arrived: %s", async (_what, bytes, decode, expected) => {
      const options = decode === undefined ? {} : { decode };
      const scene = await openRaw(side);
      const pending = piecesOf(scene.ws, options);
      await scene.feed(bytes);
      expect(await pending).toEqual(expected);
      await scene.feed(bytes);
      expect(await piecesOf(scene.ws, options)).toEqual(expected);
      expect(scene.ws.stats.messagesReceived).toBe(2);
    });

    test("gives out pieces as they arrive, and the message behind it whole", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`01 01 41`);
      expect(await first).toEqual(piece("A"));
      const second = stream.next();
      expect(await outcomeOf(second)).toBe("pending");
      await scene.feed(hex`89 00`);
      await scene.feed(hex`00 01 42`);
      expect(await second).toEqual(piece("B"));
      await feedAtOnce(scene, hex`80 01 43`, hex`82 01 01`);
      expect(await stream.next()).toEqual(piece("C"));
      expect(await stream.next()).toEqual(DONE);
      expect(await stream.next()).toEqual(DONE);
      expect(await scene.ws.recv()).toEqual(Uint8Array.of(1));
      expect(scene.sent()).toBe("8a 00");
    });

    test("joins what arrives while nobody takes it", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`01 01 41`);
      expect(await first).toEqual(piece("A"));
      for (const frame of [hex`00 01 42`, hex`00 00`, hex`00 01 43`, hex`80 00`]) await scene.feed(frame);
      expect(await stream.next()).toEqual(piece("BC"));
      expect(await stream.next()).toEqual(DONE);
    });

    test("begins in the middle of a message that is arriving", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`01 02 41 42`);
      const stream = scene.ws.recvStreaming();
      expect(await stream.next()).toEqual(piece("AB"));
      await scene.feed(hex`80 00`);
      expect(await stream.next()).toEqual(piece(""));
      expect(await stream.next()).toEqual(DONE);
    });

    test("iterating over the iterator goes on with it", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      expect(stream[Symbol.asyncIterator]()).toBe(stream);
    });

    test("decode: false on the connection gives bytes, and the stream can still decode", async () => {
      const scene = await openRaw(side, { decode: false });
      await feedAtOnce(scene, frameOf(0x81, "é"), frameOf(0x81, "é"));
      expect(await piecesOf(scene.ws)).toEqual([Uint8Array.of(0xc3, 0xa9)]);
      expect(await piecesOf(scene.ws, { decode: true })).toEqual(["é"]);
      const pending = piecesOf(scene.ws);
      await scene.feed(hex`01 01 c3`);
      await scene.feed(hex`80 01 a9`);
      expect(await pending).toEqual([Uint8Array.of(0xc3), Uint8Array.of(0xa9)]);
    });

    test.each(["a", "é", "€", "😀", "a😀", "é€😀a", "\ufeff€"])(
      "58: no piece ends inside a code point of %j, wherever fragments are cut",
      async (text) => {
        const bytes = new TextEncoder().encode(text);
        for (let cut = 0; cut <= bytes.length; cut++) {
          for (let end = cut; end <= bytes.length; end++) {
            const scene = await openRaw(side);
            const decoded = piecesOf(scene.ws);
            await scene.feed(frameOf(0x01, bytes.subarray(0, cut)));
            await scene.feed(frameOf(0x00, bytes.subarray(cut, end)));
            await scene.feed(frameOf(0x80, bytes.subarray(end)));
            const pieces = await decoded;
            expect(pieces.join("")).toBe(text);
            for (const each of pieces) expect((each as string).isWellFormed()).toBe(true);
            expect(pieces.slice(0, -1)).not.toContain("");
          }
        }
      },
    );

    test("58: decode false gives the raw pieces", async () => {
      const scene = await openRaw(side);
      const raw = piecesOf(scene.ws, { decode: false });
      await scene.feed(hex`01 01 c3`);
      await scene.feed(hex`80 01 a9`);
      expect(await raw).toEqual([Uint8Array.of(0xc3), Uint8Array.of(0xa9)]);
    });

    test("59: invalid UTF-8 in the middle of a streamed message fails the connection with 1007", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(frameOf(0x01, "A"));
      expect(await first).toEqual(piece("A"));
      await scene.feed(hex`00 01 ff`);
      expect(scene.sent()).toMatch(/^88 .. 03 ef/);
      scene.peer.end();
      await scene.settle();
      const error = await scene.ws.closed.then((info) => info.error);
      expect(error.cause).toBeInstanceOf(InvalidUtf8);
      await expect(stream.next()).rejects.toBe(error);
    });

    test("validateUtf8: false decodes in pieces as it does whole: with U+FFFD", async () => {
      for (const bad of [hex`f0`, hex`80 80 80 80`, hex`e2 82`, hex`c3 28`, hex`ff fe f8 41`, hex`f0 9f 98 41`]) {
        const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bad);
        for (let cut = 0; cut <= bad.length; cut++) {
          const scene = await openRaw(side, { validateUtf8: false });
          const pieces = piecesOf(scene.ws);
          await scene.feed(frameOf(0x01, bad.subarray(0, cut)));
          await scene.feed(frameOf(0x80, bad.subarray(cut)));
          expect((await pieces).join("")).toBe(whole);
        }
      }
    });
  });

  describe("one reader", () => {
    /** Ways to read: what they are called in an error, and a call. */
    const READERS = {
      recv: (ws: PlainConnection) => ws.recv(),
      "recv with a signal": (ws: PlainConnection) => ws.recv({ signal: new AbortController().signal }),
      iterator: (ws: PlainConnection) => ws[Symbol.asyncIterator]().next(),
      recvStreaming: (ws: PlainConnection) => ws.recvStreaming().next(),
    };
    type Name = keyof typeof READERS;
    const NAMES = Object.keys(READERS) as Name[];

    test.each(NAMES.flatMap((first) => NAMES.map((second) => [second, first] as const)))(
      "55: %s during %s is refused, in its words, and the first goes on",
      async (second, first) => {
        const scene = await openRaw(side);
        const running = READERS[first](scene.ws);
        const isStream = second === "recvStreaming";
        const expected =
          first === "recvStreaming"
            ? isStream
              ? STREAM_RUNNING
              : RECV_WHILE_STREAM
            : isStream
              ? RECV_RUNNING
              : RECV_WHILE_RECV;
        for (let i = 0; i < 2; i++) await expect(READERS[second](scene.ws)).rejects.toEqual(expected);
        await scene.feed(frameOf(0x81, "Spam"));
        const got = await running;
        expect(typeof got === "string" ? got : (got as IteratorResult<Message>).value).toBe("Spam");
        const next = READERS[second](scene.ws);
        await scene.feed(frameOf(0x81, "eggs"));
        expect(JSON.stringify(await next)).toContain("eggs");
      },
    );

    test("55: next() of a stream during its next() is refused, and the first goes on", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await expect(stream.next()).rejects.toEqual(STREAM_RUNNING);
      await scene.feed(frameOf(0x81, "Spam"));
      expect(await first).toEqual(piece("Spam"));
    });

    test("a message that is half read stays the only one, although whole messages wait", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`01 01 41`);
      await first;
      await feedAtOnce(scene, hex`80 01 42`, hex`81 01 43`);
      for (const name of ["recv", "recv with a signal", "iterator"] as const) {
        await expect(READERS[name](scene.ws)).rejects.toEqual(RECV_WHILE_STREAM);
      }
      await expect(scene.ws.recvStreaming().next()).rejects.toEqual(STREAM_RUNNING);
      expect(await stream.next()).toEqual(piece("B"));
      expect(await scene.ws.recv()).toBe("C");
    });
  });

  describe("cancelling", () => {
    test("a signal that is aborted before next() takes nothing, and after the last piece it says nothing", async () => {
      const scene = await openRaw(side);
      await scene.feed(frameOf(0x81, "Spam"));
      await expect(scene.ws.recvStreaming({ signal: AbortSignal.abort("no") }).next()).rejects.toBe("no");
      const controller = new AbortController();
      const stream = scene.ws.recvStreaming({ signal: controller.signal });
      expect(await stream.next()).toEqual(piece("Spam"));
      controller.abort();
      expect(await stream.next()).toEqual(DONE);
    });

    test.each([
      ["before any frame", []],
      ["after a first fragment without a byte", [hex`01 00`]],
    ] as const)("57: aborting %s loses nothing", async (_what, before) => {
      const scene = await openRaw(side);
      for (const frame of before) await scene.feed(frame);
      const controller = new AbortController();
      const stream = scene.ws.recvStreaming({ signal: controller.signal });
      const first = stream.next();
      expect(await outcomeOf(first)).toBe("pending");
      controller.abort("enough");
      await expect(first).rejects.toBe("enough");
      await expect(stream.next()).rejects.toBe("enough");
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      const whole = scene.ws.recv();
      if (before.length === 0) await scene.feed(hex`01 00`);
      await scene.feed(hex`00 01 41`);
      expect(await outcomeOf(whole)).toBe("pending");
      await scene.feed(hex`80 01 42`);
      expect(await whole).toBe("AB");
    });

    test("57: aborted after the first piece, it holds the message until return() drops it", async () => {
      const scene = await openRaw(side);
      const controller = new AbortController();
      const stream = scene.ws.recvStreaming({ signal: controller.signal });
      const first = stream.next();
      await scene.feed(hex`01 01 41`);
      await first;
      const second = stream.next();
      controller.abort("enough");
      await expect(second).rejects.toBe("enough");
      await expect(scene.ws.recv()).rejects.toEqual(RECV_WHILE_STREAM);
      await expect(stream.next()).rejects.toBe("enough");
      expect(await stream.return?.()).toEqual(DONE);
      const next = scene.ws.recv();
      await feedAtOnce(scene, hex`80 01 42`, hex`81 01 43`);
      expect(await next).toBe("C");
    });

    test("a signal that nobody aborts is let go of after every piece", async () => {
      const scene = await openRaw(side);
      const { signal } = new AbortController();
      const stream = scene.ws.recvStreaming({ signal });
      for (const frame of [hex`01 01 41`, hex`00 01 42`, hex`80 01 43`]) {
        const next = stream.next();
        expect(getEventListeners(signal, "abort")).toHaveLength(1);
        await scene.feed(frame);
        await next;
        expect(getEventListeners(signal, "abort")).toEqual([]);
      }
    });
  });

  describe("leaving early", () => {
    test.each([
      ["the rest alone", [[hex`80 01 42`]], []],
      ["the rest, and a whole message in the same chunk", [[hex`80 01 42`, hex`81 01 43`]], ["C"]],
      ["the rest, and a fragmented message in the same chunk", [[hex`80 01 42`, hex`01 01 43`, hex`80 01 44`]], ["CD"]],
      ["the rest, and half a message in the same chunk", [[hex`80 01 42`, hex`01 01 43`], [hex`80 01 44`]], ["CD"]],
      [
        "more and more of it, with pings, and everything behind",
        [
          [hex`00 01 42`],
          [hex`89 00`, hex`00 00`],
          [hex`80 00`, hex`81 01 43`, hex`01 01 44`],
          [hex`00 01 45`, hex`80 00`],
        ],
        ["C", "DE"],
      ],
    ] as const)("drops %s", async (_what, chunks, expected) => {
      for (const isAwaited of [false, true]) {
        const scene = await openRaw(side);
        const left = leaveEarly(scene.ws);
        await scene.feed(hex`01 01 41`);
        await left;
        const got: unknown[] = [];
        const read = async (): Promise<void> => {
          for await (const message of scene.ws) got.push(message);
        };
        if (isAwaited) void read();
        for (const chunk of chunks) await feedAtOnce(scene, ...chunk);
        if (!isAwaited) void read();
        await turn();
        expect(got).toEqual(expected);
      }
    });

    test("a whole message, of which nothing is to come, is gone at once", async () => {
      const scene = await openRaw(side);
      await feedAtOnce(scene, hex`81 01 41`, hex`81 01 42`);
      await leaveEarly(scene.ws);
      expect(await scene.ws.recv()).toBe("B");
    });

    test("a message whose end waits unread is gone at once", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`01 01 41`);
      await first;
      await feedAtOnce(scene, hex`80 01 42`, hex`01 01 43`);
      await stream.return?.();
      expect(await stream.next()).toEqual(DONE);
      await scene.feed(hex`80 01 44`);
      expect(await scene.ws.recv()).toBe("CD");
    });

    test("return() before next(), and before anything arrived, loses nothing", async () => {
      const scene = await openRaw(side);
      await scene.ws.recvStreaming().return?.();
      const stream = scene.ws.recvStreaming();
      const waiting = stream.next();
      expect(await stream.return?.()).toEqual(DONE);
      expect(await waiting).toEqual(DONE);
      expect(await stream.next()).toEqual(DONE);
      await scene.feed(hex`01 01 41`);
      await scene.feed(hex`80 01 42`);
      expect(await scene.ws.recv()).toBe("AB");
    });

    test("the next stream reads the next message, whether it waits for it or not", async () => {
      for (const isWaiting of [false, true]) {
        const scene = await openRaw(side);
        const left = leaveEarly(scene.ws);
        await scene.feed(hex`01 01 41`);
        await left;
        const early = isWaiting ? piecesOf(scene.ws) : undefined;
        await scene.feed(hex`00 01 42`);
        await feedAtOnce(scene, hex`80 01 42`, hex`01 01 43`);
        const pieces = early ?? piecesOf(scene.ws);
        await scene.feed(hex`80 01 44`);
        expect(await pieces).toEqual(["C", "D"]);
      }
    });

    test("a stream that is given up while the message before is dropped changes nothing", async () => {
      const scene = await openRaw(side);
      const left = leaveEarly(scene.ws);
      await scene.feed(hex`01 01 41`);
      await left;
      const controller = new AbortController();
      const given = scene.ws.recvStreaming({ signal: controller.signal }).next();
      controller.abort("no");
      await expect(given).rejects.toBe("no");
      const stream = scene.ws.recvStreaming();
      void stream.next();
      await stream.return?.();
      await feedAtOnce(scene, hex`00 01 42`, hex`80 01 43`, hex`81 01 44`);
      expect(await scene.ws.recv()).toBe("D");
      const pieces = piecesOf(scene.ws);
      await scene.feed(hex`01 01 45`);
      await scene.feed(hex`80 01 46`);
      expect(await pieces).toEqual(["E", "F"]);
    });
  });

  describe("the end of the connection", () => {
    test("in the middle of a message: what arrived, the error, and the error for every other reader", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`01 01 41`);
      await first;
      await scene.feed(hex`00 01 42`);
      scene.peer.transport.abort();
      await scene.settle();
      expect(await stream.next()).toEqual(piece("B"));
      await expect(scene.ws.recv()).rejects.toEqual(RECV_WHILE_STREAM);
      const { error } = await scene.ws.closed;
      expect(error).toBeInstanceOf(ConnectionClosedError);
      await expect(stream.next()).rejects.toBe(error);
      await expect(stream.next()).rejects.toBe(error);
      await expect(scene.ws.recv()).rejects.toBe(error);
      await expect(scene.ws.recvStreaming().next()).rejects.toBe(error);
      expect(await stream.return?.()).toEqual(DONE);
      expect(await stream.next()).toEqual(DONE);
    });

    test.each([
      ["for a message", []],
      ["for more of it", [hex`01 01 41`]],
      ["for the rest of a code point", [hex`01 02 41 c3`]],
    ] as const)("while a stream waits %s", async (_what, frames) => {
      const scene = await openRaw(side);
      let count = 0;
      const read = async (): Promise<void> => {
        for await (const each of scene.ws.recvStreaming()) count += each.length;
      };
      const end = read().catch((reason: unknown) => reason);
      for (const frame of frames) await scene.feed(frame);
      scene.peer.transport.abort();
      await scene.settle();
      const { error } = await scene.ws.closed;
      expect(await end).toBe(error);
      expect(count).toBe(frames.length);
      await expect(scene.ws.recv()).rejects.toBe(error);
    });

    test("60: messages before the end are streamed first", async () => {
      const scene = await openRaw(side);
      await feedAtOnce(scene, hex`81 01 41`, hex`82 01 01`, hex`88 02 03 e8`);
      scene.peer.end();
      await scene.settle();
      expect(await piecesOf(scene.ws)).toEqual(["A"]);
      expect(await piecesOf(scene.ws)).toEqual([Uint8Array.of(1)]);
      await expect(piecesOf(scene.ws)).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test("a message whose end arrived is read to its end", async () => {
      const scene = await openRaw(side);
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`01 01 41`);
      await first;
      await feedAtOnce(scene, hex`80 01 42`, hex`88 02 03 e8`);
      scene.peer.end();
      await scene.settle();
      expect(await stream.next()).toEqual(piece("B"));
      expect(await stream.next()).toEqual(DONE);
      await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test("a stream that was left in the middle is no harm", async () => {
      const scene = await openRaw(side);
      const left = leaveEarly(scene.ws);
      await scene.feed(hex`01 01 41`);
      await left;
      scene.peer.transport.abort();
      await scene.settle();
      await expect(scene.ws.recvStreaming().next()).rejects.toBeInstanceOf(ConnectionClosedError);
    });

    test("while we close, what a stream has no room for is dropped, and the Close of the peer is found", async () => {
      const scene = await openRaw(side, { maxSize: null });
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`02 01 41`);
      await first;
      const closed = scene.ws.close();
      const more = frameOf(0x00, new Uint8Array(50_000));
      for (let i = 0; i < 100; i++) await scene.feed(more);
      await feedAtOnce(scene, hex`80 00`, hex`81 01 42`, hex`88 02 03 e8`);
      scene.peer.end();
      await closed;
      const { value } = await stream.next();
      expect(value?.length).toBe(100_000);
      await expect(stream.next()).rejects.toBeInstanceOf(ConnectionClosedOK);
      await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test("while we close and drop, a new stream gets the end, not the middle of a message", async () => {
      const scene = await openRaw(side, { maxQueue: 0 });
      await scene.feed(hex`81 01 41`);
      const closed = scene.ws.close();
      await scene.settle();
      await feedAtOnce(scene, hex`81 01 42`, hex`01 01 43`);
      expect(await scene.ws.recv()).toBe("A");
      const stream = scene.ws.recvStreaming().next();
      await feedAtOnce(scene, hex`80 01 44`, hex`88 02 03 e8`);
      scene.peer.end();
      await closed;
      await expect(stream).rejects.toBeInstanceOf(ConnectionClosedOK);
    });
  });

  describe("flow control", () => {
    /** A message whose first byte was read. */
    async function begun(): Promise<{ readonly scene: RawScene; readonly stream: AsyncIterableIterator<Message> }> {
      const scene = await openRaw(side, { maxSize: null });
      const stream = scene.ws.recvStreaming();
      const first = stream.next();
      await scene.feed(hex`02 01 41`);
      await first;
      scene.transport.calls.length = 0;
      return { scene, stream };
    }

    test("reading pauses while more than 64 KiB of a streamed message wait", async () => {
      const { scene, stream } = await begun();
      await scene.feed(frameOf(0x00, new Uint8Array(0x10000)));
      expect(scene.link.isPaused).toBe(false);
      await scene.feed(frameOf(0x00, new Uint8Array(1)));
      expect(scene.link.isPaused).toBe(true);
      await scene.feed(frameOf(0x80, new Uint8Array(10)));
      expect((await stream.next()).value).toHaveLength(0x10001);
      expect(scene.link.isPaused).toBe(false);
      await scene.settle();
      expect((await stream.next()).value).toHaveLength(10);
      expect(scene.transport.calls).toEqual(["pause", "resume"]);
    });

    test("what still arrives after that does not resume it", async () => {
      const { scene, stream } = await begun();
      await scene.feed(frameOf(0x00, new Uint8Array(0x10001)));
      const late = frameOf(0x00, new Uint8Array(10));
      for (let i = 0; i < 2; i++) scene.link.onData(side === "server" ? masked(late) : late.slice());
      await scene.settle();
      expect([scene.transport.calls, scene.link.isPaused]).toEqual([["pause"], true]);
      expect((await stream.next()).value).toHaveLength(0x10001 + 20);
      expect(scene.transport.calls).toEqual(["pause", "resume"]);
    });

    test.each(["return", "break"])("leaving by %s resumes reading", async (how) => {
      const { scene, stream } = await begun();
      await scene.feed(frameOf(0x00, new Uint8Array(0x10001)));
      expect(scene.link.isPaused).toBe(true);
      if (how === "return") await stream.return?.();
      else {
        for await (const each of stream) {
          expect(each).toHaveLength(0x10001);
          break;
        }
      }
      expect(scene.link.isPaused).toBe(false);
      await feedAtOnce(scene, hex`80 00`, hex`81 01 42`);
      expect(await scene.ws.recv()).toBe("B");
    });

    test(
      "a message of 64 MB goes through a slow reader in bounded memory, and the sender stalls",
      { timeout: 60_000 },
      async () => {
        const SIZE = 64_000_000;
        const scene = await openPair({ client: { maxSize: null }, server: { maxSize: null } });
        const [reader, sender] =
          side === "client" ? [scene.clientWs, scene.serverWs] : [scene.serverWs, scene.clientWs];
        const outbound = side === "client" ? scene.toClient : scene.toServer;
        outbound.capacity = 0x10000;
        const sent = sender.send(new Uint8Array(SIZE));
        const stream = reader.recvStreaming({ decode: false });
        let total = 0;
        let largest = 0;
        for (let i = 0; ; i++) {
          const { done, value } = await stream.next();
          if (done === true) break;
          total += value.length;
          largest = Math.max(largest, value.length);
          if (i % 20 !== 0) continue;
          // Nothing moves while the reader sleeps.
          await scene.settle();
          const waiting = sender.bufferedAmount;
          await scene.settle();
          expect(sender.bufferedAmount).toBe(waiting);
          if (total < SIZE - 1_000_000) expect(waiting).toBeGreaterThan(SIZE - total - 400_000);
        }
        expect(total).toBe(SIZE);
        expect(largest).toBeLessThan(300_000);
        await sent;
        expect(reader.stats).toEqual({ messagesReceived: 1, messagesSent: 0, bytesReceived: SIZE, bytesSent: 0 });
      },
    );

    test("a peer that sends byte by byte costs its bytes", async () => {
      const { scene, stream } = await begun();
      for (let i = 0; i < 3000; i++) scene.peer.send(side === "server" ? masked(hex`00 01 42`) : hex`00 01 42`);
      await scene.settle();
      expect((await stream.next()).value).toEqual(new Uint8Array(3000).fill(0x42));
    });
  });

  test("a piece that no string can hold rejects, and the message after it is read", async () => {
    const scene = await openRaw(side, { maxSize: null });
    const stream = scene.ws.recvStreaming({ decode: true });
    const first = stream.next();
    scene.link.owner?.onEvents([new MessagePiece(false, new Uint8Array(0x1fffffe8 + 1), false)]);
    expect(await outcomeOf(first)).toMatchObject({ threw: expect.any(Error) });
    const second = stream.next();
    scene.link.owner?.onEvents([new MessagePiece(false, Uint8Array.of(0x41), true), "B"]);
    expect(await second).toEqual(piece("A"));
    expect(await scene.ws.recv()).toBe("B");
  });

  test("nobody needs to look at what a stream ends with", async () => {
    const found = await unhandledDuring(async () => {
      for (const frames of [[], [hex`01 01 41`]]) {
        const scene: RawScene = await openRaw(side);
        const controller = new AbortController();
        const stream = scene.ws.recvStreaming({ signal: controller.signal });
        void stream.next();
        void stream.next();
        for (const frame of frames) await scene.feed(frame);
        void stream.next();
        controller.abort();
        void stream.next();
        scene.peer.transport.abort();
        await scene.settle();
        void scene.ws.recvStreaming().next();
      }
    });
    expect(found).toEqual([]);
  });
});
