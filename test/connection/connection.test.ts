import { getEventListeners } from "node:events";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import type { CloseInfo, Connection } from "../../src/connection/connection.ts";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import {
  ConcurrencyError,
  InvalidState,
  InvalidUtf8,
  PayloadTooBig,
  ProtocolError,
} from "../../src/errors/protocol.ts";
import type { Protocol } from "../../src/protocol/protocol.ts";
import { hex, toHex } from "../support/hex.ts";
import { turn } from "../support/memory-transport.ts";
import type { RawScene } from "../support/network.ts";
import { latin1, masked, openPair, openRaw, RecordingLogger, unhandledDuring, unopened } from "../support/network.ts";

const SIDES = ["client", "server"] as const;
const SPAM = hex`81 04 53 70 61 6d`;
const BYTES = hex`82 02 01 02`;
const CLOSE_OK = hex`88 02 03 e8`;
const CLOSE_1011 = hex`88 06 03 f3 6f 6f 70 73`;

function text(value: string): Uint8Array {
  return Uint8Array.from([0x81, value.length, ...latin1(value)]);
}

/** Bytes of several frames as one chunk. */
function together(...frames: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(frames.flatMap((frame) => [...frame]));
}

/** Feeds frames as one chunk. */
async function feedAtOnce(scene: RawScene, ...frames: readonly Uint8Array[]): Promise<void> {
  const isServer = (scene.ws.link.protocol as Protocol).side === "server";
  scene.peer.send(together(...(isServer ? frames.map(masked) : frames)));
  await scene.settle();
}

/** A message that has begun, and of which nothing comes. */
async function* never(): AsyncGenerator<string> {
  yield "A";
  await new Promise(() => {});
}

/** The peer closes TCP, and so everything is over. */
async function endTcp(scene: RawScene): Promise<CloseInfo> {
  scene.peer.end();
  await scene.settle();
  return scene.ws.closed;
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Whether a promise is settled, after everything that is under way. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await turn();
  return settled;
}

describe.each(SIDES)("%s", (side) => {
  describe("recv", () => {
    test.each([
      ["text", SPAM, undefined, "Spam"],
      ["text", SPAM, true, "Spam"],
      ["text", SPAM, false, hex`53 70 61 6d`],
      ["binary", BYTES, undefined, hex`01 02`],
      ["binary", BYTES, true, "\u0001\u0002"],
      ["binary", BYTES, false, hex`01 02`],
      ["empty text", hex`81 00`, undefined, ""],
      ["empty text", hex`81 00`, false, hex``],
      ["empty binary", hex`82 00`, undefined, hex``],
      ["empty binary", hex`82 00`, true, ""],
    ])("recv() of %s (%#) with decode %s", async (_what, frame, decode, expected) => {
      const scene = await openRaw(side);
      const options = decode === undefined ? {} : { decode };
      await scene.feed(frame);
      expect(await scene.ws.recv(options)).toStrictEqual(expected);
      const waiting = scene.ws.recv(options);
      await scene.feed(frame);
      expect(await waiting).toStrictEqual(expected);
      const { signal } = new AbortController();
      await scene.feed(frame);
      expect(await scene.ws.recv({ ...options, signal })).toStrictEqual(expected);
      const signalled = scene.ws.recv({ ...options, signal });
      await scene.feed(frame);
      expect(await signalled).toStrictEqual(expected);
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    test("recv() joins fragments, whatever lies between them", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`01 02 53 70`, hex`89 01 21`);
      await scene.feed(hex`8a 00`, hex`00 01 61`);
      await scene.feed(hex`80 01 6d`);
      expect(await scene.ws.recv()).toBe("Spam");
      expect(scene.sent()).toBe("8a 01 21");
    });

    test("recv() with decode false gives text back exactly, a byte order mark and astral letters too", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`81 07 ef bb bf f0 9f 98 80`);
      await scene.feed(hex`81 07 ef bb bf f0 9f 98 80`);
      expect(await scene.ws.recv()).toBe("\ufeff\u{1f600}");
      expect(toHex(await scene.ws.recv({ decode: false }))).toBe("ef bb bf f0 9f 98 80");
    });

    test("decode: false on the connection gives bytes, and recv can still decode", async () => {
      const scene = await openRaw(side, { decode: false });
      await scene.feed(SPAM, SPAM, BYTES);
      expect(await scene.ws.recv()).toStrictEqual(hex`53 70 61 6d`);
      expect(await scene.ws.recv({ decode: true })).toBe("Spam");
      expect(await scene.ws.recv()).toStrictEqual(hex`01 02`);
    });

    test.each([true, false])(
      "invalid UTF-8 fails with 1007 at once, in an unfinished frame too (decode %s)",
      async (decode) => {
        const scene = await openRaw(side, { decode });
        await scene.feed(hex`01 01 ff`);
        expect(scene.sent()).toMatch(/^88 .. 03 ef/);
        const { sent, error } = await endTcp(scene);
        expect(sent?.code).toBe(1007);
        expect(error.cause).toBeInstanceOf(InvalidUtf8);
      },
    );

    test("validateUtf8: false lets invalid UTF-8 through", async () => {
      const scene = await openRaw(side, { decode: false, validateUtf8: false });
      await scene.feed(hex`81 01 ff`);
      expect(await scene.ws.recv()).toStrictEqual(hex`ff`);
    });

    test("recv() during recv() is refused, and the first goes on", async () => {
      const { ws, feed } = await openRaw(side);
      const first = ws.recv();
      const refused = new ConcurrencyError("cannot call recv while another call of recv is already running");
      await expect(ws.recv()).rejects.toEqual(refused);
      const { signal } = new AbortController();
      await expect(ws.recv({ signal })).rejects.toEqual(refused);
      expect(getEventListeners(signal, "abort")).toEqual([]);
      await expect(ws[Symbol.asyncIterator]().next()).rejects.toEqual(refused);
      await feed(SPAM);
      expect(await first).toBe("Spam");
    });

    test("next() of an iterator during next() is refused, and the first goes on", async () => {
      const { ws, feed } = await openRaw(side);
      const iterator = ws[Symbol.asyncIterator]();
      const first = iterator.next();
      await expect(iterator.next()).rejects.toBeInstanceOf(ConcurrencyError);
      await expect(ws.recv()).rejects.toBeInstanceOf(ConcurrencyError);
      await feed(SPAM);
      expect(await first).toEqual({ done: false, value: "Spam" });
    });

    test("recv() that is aborted loses nothing", async () => {
      const { ws, feed } = await openRaw(side);
      const controller = new AbortController();
      const aborted = ws.recv({ signal: controller.signal });
      controller.abort(new Error("enough"));
      await expect(aborted).rejects.toEqual(new Error("enough"));
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      await feed(hex`01 02 53 70`);
      const again = new AbortController();
      const inTheMiddle = ws.recv({ signal: again.signal });
      await feed(hex`00 01 61`);
      again.abort();
      await expect(inTheMiddle).rejects.toMatchObject({ name: "AbortError" });
      await feed(hex`80 01 6d`);
      expect(await ws.recv()).toBe("Spam");
    });

    test("recv() with a signal that is aborted takes nothing", async () => {
      const { ws, feed } = await openRaw(side);
      await feed(SPAM);
      await expect(ws.recv({ signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
      expect(await ws.recv()).toBe("Spam");
    });

    test("recv() with a signal rejects when the connection closes", async () => {
      const scene = await openRaw(side);
      const { signal } = new AbortController();
      const waiting = scene.ws.recv({ signal });
      waiting.catch(() => {});
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await expect(waiting).rejects.toBeInstanceOf(ConnectionClosedOK);
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    test("60: messages before the end are read first, each call after them gets the same error", async () => {
      const scene = await openRaw(side);
      await feedAtOnce(scene, SPAM, BYTES, CLOSE_1011);
      await endTcp(scene);
      expect(await scene.ws.recv()).toBe("Spam");
      expect(await scene.ws.recv()).toStrictEqual(hex`01 02`);
      const error = await reasonOf(scene.ws.recv());
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error).toMatchObject({ received: { code: 1011, reason: "oops" }, sent: { code: 1011 } });
      expect(await reasonOf(scene.ws.recv())).toBe(error);
      expect((await scene.ws.closed).error).toBe(error);
    });
  });

  describe("iteration", () => {
    test("62: ends after the messages when the peer closes", async () => {
      for (const close of [CLOSE_OK, hex`88 02 03 e9`, hex`88 00`]) {
        const scene = await openRaw(side);
        await feedAtOnce(scene, SPAM, SPAM, close);
        scene.peer.end();
        const got: unknown[] = [];
        for await (const message of scene.ws) got.push(message);
        expect(got).toEqual(["Spam", "Spam"]);
      }
    });

    test("62: ends when it waits as the peer closes", async () => {
      const scene = await openRaw(side);
      const next = scene.ws[Symbol.asyncIterator]().next();
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      expect(await next).toEqual({ done: true, value: undefined });
    });

    test.each([
      ["the peer closes with 1011", CLOSE_1011],
      ["the connection is lost", undefined],
    ])("throws after the messages when %s", async (_what, close) => {
      const scene = await openRaw(side);
      await scene.feed(SPAM);
      if (close !== undefined) await scene.feed(close);
      scene.peer.end();
      const got: unknown[] = [];
      const loop = (async () => {
        for await (const message of scene.ws) got.push(message);
      })();
      await expect(loop).rejects.toBeInstanceOf(ConnectionClosedError);
      expect(got).toEqual(["Spam"]);
    });

    test("can be left and begun again", async () => {
      const scene = await openRaw(side);
      await scene.feed(text("1"), text("2"), text("3"));
      for await (const message of scene.ws) {
        expect(message).toBe("1");
        break;
      }
      expect(await scene.ws.recv()).toBe("2");
      for await (const message of scene.ws) {
        expect(message).toBe("3");
        break;
      }
      expect(scene.ws.state).toBe("open");
    });
  });

  describe("send", () => {
    test.each([
      ["a string", "Spam", {}, "81 04 53 70 61 6d"],
      ["a string as binary", "Spam", { text: false }, "82 04 53 70 61 6d"],
      ["a string as text", "Spam", { text: true }, "81 04 53 70 61 6d"],
      ["bytes", hex`53 70`, {}, "82 02 53 70"],
      ["bytes as text", hex`53 70`, { text: true }, "81 02 53 70"],
      ["bytes as binary", hex`53 70`, { text: false }, "82 02 53 70"],
      ["an ArrayBuffer", hex`01 02`.buffer, {}, "82 02 01 02"],
      ["a DataView", new DataView(hex`00 01 02 03`.buffer, 1, 2), {}, "82 02 01 02"],
      ["an empty string", "", {}, "81 00"],
      ["no bytes", hex``, {}, "82 00"],
      ["letters outside ASCII", "é\u{1f600}", {}, "81 06 c3 a9 f0 9f 98 80"],
    ])("send() of %s", async (_what, message, options, expected) => {
      const scene = await openRaw(side);
      await scene.ws.send(message, options);
      await scene.settle();
      expect(scene.sent()).toBe(expected);
    });

    test.each([
      ["null", null],
      ["undefined", undefined],
      ["a number", 1],
      ["an object", { length: 1 }],
    ])("send() refuses %s, and the connection goes on", async (_what, message) => {
      const scene = await openRaw(side);
      await expect(scene.ws.send(message as never)).rejects.toBeInstanceOf(TypeError);
      await scene.ws.send("ok");
      await scene.settle();
      expect(scene.sent()).toBe("81 02 6f 6b");
    });

    test("send() with a signal that is aborted sends nothing", async () => {
      const scene = await openRaw(side);
      await expect(scene.ws.send("no", { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
      await scene.ws.send("ok", { signal: new AbortController().signal });
      await scene.settle();
      expect(scene.sent()).toBe("81 02 6f 6b");
    });

    test("send()s of one turn leave in order and in one write", async () => {
      const scene = await openRaw(side);
      const sends = Array.from({ length: 100 }, (_, i) => scene.ws.send(i % 2 === 0 ? String(i) : Uint8Array.of(i)));
      expect(scene.transport.writes).toHaveLength(0);
      await Promise.all(sends);
      await scene.settle();
      expect(scene.transport.writes).toHaveLength(1);
      const expected = sends.map((_, i) => (i % 2 === 0 ? text(String(i)) : Uint8Array.of(0x82, 1, i)));
      expect(scene.sent()).toBe(toHex(together(...expected)));
    });

    test("send() leaves in order whatever the sizes", async () => {
      const { clientWs, serverWs } = await openPair({ server: { maxQueue: null }, client: { maxQueue: null } });
      const [from, to] = side === "client" ? [clientWs, serverWs] : [serverWs, clientWs];
      const sizes = [0, 1, 125, 126, 40_000, 3, 65_535, 65_536, 16_384, 200_000, 5, 16_383];
      void Promise.all(
        sizes.map((size, i) => from.send(i % 3 === 0 ? "x".repeat(size) : new Uint8Array(size).fill(i))),
      );
      for (const [i, size] of sizes.entries()) {
        const message = await to.recv();
        expect(message).toHaveLength(size);
        expect(message).toStrictEqual(i % 3 === 0 ? "x".repeat(size) : new Uint8Array(size).fill(i));
      }
    });

    test("send() never changes the bytes of the application", async () => {
      const scene = await openRaw(side);
      for (const size of [10, 1000, 100_000]) {
        const bytes = new Uint8Array(size).fill(7);
        await scene.ws.send(bytes);
        expect(bytes.every((byte) => byte === 7)).toBe(true);
      }
    });

    test("send() resolves at once below writeLimit, though nothing was read", async () => {
      const scene = await openRaw(side, { writeLimit: 1000 });
      scene.outbound.capacity = 0;
      await scene.ws.send(new Uint8Array(900));
      expect(await isSettled(scene.ws.send("x"))).toBe(true);
      expect(scene.transport.bufferedAmount).toBeGreaterThan(900);
    });

    test("65: send() waits above writeLimit until the peer has read", async () => {
      const scene = await openRaw(side, { writeLimit: 1000 });
      scene.outbound.capacity = 100;
      scene.outbound.hold();
      const sends = Array.from({ length: 10 }, () => scene.ws.send(new Uint8Array(500)));
      await scene.settle();
      expect(await isSettled(sends[9] as Promise<void>)).toBe(false);
      // What waits here is not given to the transport: at most one batch is.
      scene.outbound.release();
      await Promise.all(sends);
      await scene.settle();
      expect(scene.peer.take()).toHaveLength(10 * (500 + (side === "client" ? 8 : 4)));
    });

    test("send() of many bytes resolves when they were written, not before", async () => {
      const scene = await openRaw(side);
      const size = 100_000;
      scene.outbound.capacity = 1000;
      scene.outbound.hold();
      const big = scene.ws.send(new Uint8Array(size));
      await scene.settle();
      expect(await isSettled(big)).toBe(false);
      scene.outbound.release();
      await big;
      expect(scene.transport.bufferedAmount).toBe(0);
    });

    test("send() of many bytes to a peer that reads resolves in the same turn", async () => {
      const scene = await openRaw(side);
      await scene.ws.send(new Uint8Array(100_000));
      expect(scene.transport.bufferedAmount).toBe(0);
      expect(scene.transport.writes.length).toBeGreaterThan(0);
    });

    test("bytes are borrowed until send() has resolved, pings that overtake them or not", async () => {
      const scene = await openRaw(side, { writeLimit: 10, maxQueue: null });
      scene.outbound.capacity = 0;
      void scene.ws.send(new Uint8Array(70_000));
      const bytes = new Uint8Array(40_000).fill(1);
      void scene.ws.send(new Uint8Array(70_000));
      const big = scene.ws.send(bytes).then(() => bytes.fill(2));
      for (let i = 0; i < 500; i++) void scene.ws.ping(Uint8Array.of(i, i >> 8, ...new Uint8Array(120)));
      await scene.settle();
      // The network takes just a little more than the first message, with a delay in which promises can go on.
      for (let i = 0; i < 40; i++) {
        scene.outbound.capacity += 10_000;
        scene.outbound.pump();
        await scene.settle();
      }
      await big;
      await scene.settle();
      const { chunks } = scene.peer;
      const received = chunks.reduce((sum, chunk) => sum + chunk.filter((byte) => byte === 2).length, 0);
      if (side === "server") expect(received).toBeLessThan(500 + 40);
    });

    test("send() with a signal rejects while it waits for room, and keeps the order of messages", async () => {
      const scene = await openRaw(side, { writeLimit: 10 });
      scene.outbound.capacity = 0;
      const controller = new AbortController();
      const waiting = scene.ws.send("first message", { signal: controller.signal });
      await scene.settle();
      controller.abort("enough");
      await expect(waiting).rejects.toBe("enough");
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      void scene.ws.send("2");
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await scene.settle();
      expect(scene.sent()).toBe(toHex(together(text("first message"), text("2"))));
    });

    test("send() rejects when the connection is lost while it waits", async () => {
      const scene = await openRaw(side, { writeLimit: 10 });
      scene.outbound.capacity = 0;
      const error = new NetworkError("reset", "lost");
      const found = await unhandledDuring(async () => {
        const waiting = scene.ws.send(new Uint8Array(1000));
        void scene.ws.send(new Uint8Array(100_000));
        await scene.settle();
        scene.transport.break(error);
        await scene.settle();
        const reason = await reasonOf(waiting);
        expect(reason).toBeInstanceOf(ConnectionClosedError);
        expect((reason as Error).cause).toBe(error);
      });
      expect(found).toEqual([]);
    });

    test.each([
      ["with 1000", CLOSE_OK, ConnectionClosedOK],
      ["with 1011", CLOSE_1011, ConnectionClosedError],
    ])("send() after the peer closed %s", async (_what, close, type) => {
      const scene = await openRaw(side);
      await scene.feed(close);
      const early = scene.ws.send("too late");
      expect(await isSettled(early)).toBe(false);
      await endTcp(scene);
      await expect(early).rejects.toBeInstanceOf(type);
      await expect(scene.ws.send("too late")).rejects.toBeInstanceOf(type);
      await expect(scene.ws.pong()).rejects.toBeInstanceOf(type);
      await expect(scene.ws.ping()).rejects.toBeInstanceOf(type);
    });

    test("send(), ping() and pong() before the opening handshake are InvalidState", async () => {
      const { ws } = unopened(side);
      expect(ws.state).toBe("connecting");
      for (const call of [ws.send("x"), ws.ping(), ws.pong()]) {
        await expect(call).rejects.toEqual(new InvalidState("Cannot send: the opening handshake is not over"));
      }
    });
  });

  describe("turns", () => {
    /** Echoes for ever. */
    function echo(scene: RawScene): void {
      void (async () => {
        for await (const message of scene.ws) void scene.ws.send(message);
      })().catch(() => {});
    }

    test("replies to several messages of a chunk leave in one write", async () => {
      const scene = await openRaw(side);
      echo(scene);
      await feedAtOnce(scene, text("1"), text("2"), text("3"));
      expect(scene.transport.writes).toHaveLength(1);
      expect(scene.sent()).toBe("81 01 31 81 01 32 81 01 33");
    });

    test("the reply to a lone message is written at once, before the turn ends", async () => {
      const scene = await openRaw(side);
      let writesWhenSent = -1;
      void (async () => {
        for await (const message of scene.ws) {
          void scene.ws.send(message);
          writesWhenSent = scene.transport.writes.length;
        }
      })();
      await scene.feed(SPAM);
      expect(writesWhenSent).toBe(1);
      expect(scene.sent()).toBe(toHex(SPAM));
    });

    test("a pong and the replies of the same chunk leave together", async () => {
      const scene = await openRaw(side);
      echo(scene);
      await feedAtOnce(scene, text("1"), hex`89 01 21`, text("2"));
      expect(scene.transport.writes).toHaveLength(1);
      expect(scene.sent()).toBe("8a 01 21 81 01 31 81 01 32");
    });

    test.each([
      ["a fault", hex`83 00`, /^88 .. 03 ea/],
      ["a Close frame", CLOSE_OK, /^88 02 03 e8$/],
    ])(
      "replies to messages in front of %s leave before our Close, and nothing after it",
      async (_what, last, close) => {
        const scene = await openRaw(side);
        echo(scene);
        await feedAtOnce(scene, text("1"), text("2"), last, text("3"));
        const sent = scene.sent();
        expect(sent.slice(0, 18)).toBe("81 01 31 81 01 32 ");
        expect(sent.slice(18)).toMatch(close);
        const late = scene.ws.send("late");
        await scene.settle();
        expect(scene.sent()).toBe("");
        await endTcp(scene);
        await expect(late).rejects.toBeInstanceOf(last === CLOSE_OK ? ConnectionClosedOK : ConnectionClosedError);
      },
    );

    test("after a failure no ping, pong or message follows the Close", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`83 00`);
      expect(scene.sent()).toMatch(/^88/);
      const calls = [scene.ws.send("x"), scene.ws.ping(), scene.ws.pong("x")];
      await scene.settle();
      expect(scene.sent()).toBe("");
      scene.ws.abort();
      await scene.settle();
      for (const call of calls) await expect(call).rejects.toBeInstanceOf(ConnectionClosedError);
    });

    test("data and pings behind a Close frame are ignored", async () => {
      const scene = await openRaw(side);
      await feedAtOnce(scene, CLOSE_OK, SPAM, hex`89 00`);
      await scene.feed(SPAM, hex`89 00`);
      expect(scene.sent()).toBe("88 02 03 e8");
      await endTcp(scene);
      await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test("ping and pong can be sent after our own Close", async () => {
      const scene = await openRaw(side);
      void scene.ws.close();
      const answered = scene.ws.ping("!");
      await scene.ws.pong("?");
      await scene.settle();
      expect(scene.sent()).toBe("88 02 03 e8 89 01 21 8a 01 3f");
      await scene.feed(hex`8a 01 21`);
      expect(await answered).toBe(0);
    });
  });

  describe("flow control", () => {
    test("74: reading pauses above high, and resumes at low", async () => {
      const scene = await openRaw(side, { maxQueue: { high: 3, low: 1 } });
      for (const name of ["1", "2", "3"]) await scene.feed(text(name));
      expect(scene.transport.isPaused).toBe(false);
      await scene.feed(text("4"));
      expect(scene.transport.isPaused).toBe(true);
      await scene.feed(text("5"));
      expect(scene.inbound.size).toBeGreaterThan(0);
      expect(await scene.ws.recv()).toBe("1");
      expect(await scene.ws.recv()).toBe("2");
      expect(scene.transport.isPaused).toBe(true);
      expect(await scene.ws.recv()).toBe("3");
      expect(scene.transport.isPaused).toBe(false);
      await scene.settle();
      expect(scene.inbound.size).toBe(0);
      expect(await scene.ws.recv()).toBe("4");
      expect(await scene.ws.recv()).toBe("5");
    });

    test("73: high 1, low 0: two messages pause reading, a third stays in the network, two reads resume it", async () => {
      const scene = await openRaw(side, { maxQueue: { high: 1, low: 0 } });
      await scene.feed(text("1"));
      await scene.feed(text("2"));
      await scene.feed(text("3"));
      expect(scene.inbound.size).toBeGreaterThan(0);
      await scene.ws.recv();
      expect(scene.transport.isPaused).toBe(true);
      await scene.ws.recv();
      expect(scene.transport.isPaused).toBe(false);
      expect(await scene.ws.recv()).toBe("3");
    });

    test("74: high 0 works", async () => {
      const scene = await openRaw(side, { maxQueue: 0 });
      for (let i = 0; i < 9; i++) await scene.feed(text(String(i)));
      for (let i = 0; i < 9; i++) expect(await scene.ws.recv()).toBe(String(i));
    });

    test("74: maxQueue null never pauses", async () => {
      const scene = await openRaw(side, { maxQueue: null });
      for (let i = 0; i < 200; i++) scene.peer.send(side === "server" ? masked(SPAM) : SPAM);
      await scene.settle();
      expect(scene.transport.calls).not.toContain("pause");
    });

    test("a burst that is read in the same turn does not pause", async () => {
      const scene = await openRaw(side, { maxQueue: 2 });
      const got: unknown[] = [];
      void (async () => {
        for await (const message of scene.ws) got.push(message);
      })();
      await feedAtOnce(scene, ...Array.from({ length: 100 }, () => SPAM));
      expect(got).toHaveLength(100);
      expect(scene.transport.calls).not.toContain("pause");
    });

    test("the queue holds maxSize and a mebibyte of payload, few messages or not", async () => {
      const scene = await openRaw(side, { maxSize: 0x80000 });
      const frame = new Uint8Array(10 + 0x80000);
      frame.set(hex`82 7f 00 00 00 00 00 08 00 00`);
      for (let i = 0; i < 3; i++) await scene.feed(frame);
      expect(scene.transport.isPaused).toBe(false);
      await scene.feed(frame);
      expect(scene.transport.isPaused).toBe(true);
      await scene.ws.recv();
      expect(scene.transport.isPaused).toBe(false);
    });

    test("control frames that were received are acted on although nobody reads", async () => {
      const scene = await openRaw(side, { maxQueue: 0 });
      await feedAtOnce(scene, SPAM, hex`89 01 21`);
      expect(scene.transport.isPaused).toBe(true);
      expect(scene.sent()).toBe("8a 01 21");
    });

    test("75: close() while reading is paused releases the reader and drops what has no room", async () => {
      const scene = await openRaw(side, { maxQueue: { high: 1, low: 0 } });
      await scene.feed(text("1"));
      await scene.feed(text("2"));
      await scene.feed(text("3"));
      await scene.feed(text("4"));
      const closing = scene.ws.close();
      expect(scene.transport.isPaused).toBe(false);
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await closing;
      expect(await scene.ws.recv()).toBe("1");
      expect(await scene.ws.recv()).toBe("2");
      await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test("recv() on a connection that was lost while it was paused gives what was queued", async () => {
      const scene = await openRaw(side, { maxQueue: { high: 1, low: 1 } });
      await scene.feed(text("1"));
      await scene.feed(text("2"));
      expect(scene.transport.isPaused).toBe(true);
      scene.ws.abort();
      await scene.settle();
      expect(await scene.ws.recv()).toBe("1");
      expect(await scene.ws.recv()).toBe("2");
      await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
    });
  });

  describe("limits", () => {
    test.each([
      ["a message", { maxSize: 3 }, [SPAM], "frame with 4 bytes exceeds limit of 3 bytes"],
      ["a fragment", { maxSize: { fragment: 3 } }, [SPAM], "frame with 4 bytes exceeds limit of 3 bytes"],
      [
        "a second fragment",
        { maxSize: 3 },
        [hex`01 02 53 70`, hex`80 02 61 6d`],
        "frame with 2 bytes after reading 2 bytes exceeds limit of 3 bytes",
      ],
    ])("%s over its limit fails with 1009", async (_what, options, frames, message) => {
      const scene = await openRaw(side, options);
      await scene.feed(...frames);
      expect(scene.sent()).toMatch(/^88 .. 03 f1/);
      const { sent, error } = await endTcp(scene);
      expect(sent).toEqual({ code: 1009, reason: message });
      expect(error.cause).toBeInstanceOf(PayloadTooBig);
    });

    test("maxSize null has no limit", async () => {
      const { clientWs, serverWs } = await openPair({ client: { maxSize: null }, server: { maxSize: null } });
      const [from, to] = side === "client" ? [clientWs, serverWs] : [serverWs, clientWs];
      void from.send(new Uint8Array(3_000_000));
      expect(await to.recv()).toHaveLength(3_000_000);
    });
  });

  describe("ping and pong", () => {
    test.each([
      ["a string", "é", "89 02 c3 a9"],
      ["bytes", hex`01 02`, "89 02 01 02"],
      ["an empty string", "", "89 00"],
    ])("ping() with %s resolves to the latency", async (_what, data, expected) => {
      const scene = await openRaw(side);
      const answered = scene.ws.ping(data);
      await scene.settle();
      const ping = scene.sent();
      expect(ping).toBe(expected);
      await scene.advance(12);
      await scene.feed(hex`8a ${ping.slice(2)}`);
      expect(await answered).toBe(12);
      expect(scene.ws.latency).toBe(12);
    });

    test("70: ping() without data sends four random bytes", async () => {
      const scene = await openRaw(side);
      void scene.ws.ping();
      await scene.settle();
      const first = scene.sent();
      void scene.ws.ping();
      await scene.settle();
      expect(first).toMatch(/^89 04( ..){4}$/);
      expect(scene.sent()).not.toBe(first);
    });

    test("70: ping() with data that is pending is refused, sends nothing, and works again after the pong", async () => {
      const scene = await openRaw(side);
      void scene.ws.ping("!");
      await expect(scene.ws.ping("!")).rejects.toBeInstanceOf(ConcurrencyError);
      await scene.settle();
      expect(scene.sent()).toBe("89 01 21");
      await scene.feed(hex`8a 01 21`);
      const again = scene.ws.ping("!");
      await scene.feed(hex`8a 01 21`);
      expect(await again).toBe(0);
    });

    test("ping() with a signal: aborted before, it sends nothing; while it waits, it rejects and the next one works", async () => {
      const scene = await openRaw(side);
      await expect(scene.ws.ping("!", { signal: AbortSignal.abort("no") })).rejects.toBe("no");
      const controller = new AbortController();
      const waiting = scene.ws.ping("?", { signal: controller.signal });
      await scene.settle();
      expect(scene.sent()).toBe("89 01 3f");
      const later = scene.ws.ping("1");
      controller.abort("enough");
      await expect(waiting).rejects.toBe("enough");
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      // A pong acknowledges earlier pings, given up or not.
      await scene.feed(hex`8a 01 31`);
      expect(await later).toBe(0);
      const { signal } = new AbortController();
      const again = scene.ws.ping("?", { signal });
      await scene.feed(hex`8a 01 3f`);
      expect(await again).toBe(0);
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    test("102: ping() of 125 bytes works; 126 bytes are a RangeError, again too", async () => {
      const scene = await openRaw(side);
      void scene.ws.ping(new Uint8Array(125));
      await expect(scene.ws.ping(new Uint8Array(126))).rejects.toBeInstanceOf(RangeError);
      await expect(scene.ws.ping(new Uint8Array(126))).rejects.toBeInstanceOf(RangeError);
      await expect(scene.ws.pong(new Uint8Array(126))).rejects.toBeInstanceOf(RangeError);
      await scene.settle();
      expect(scene.sent()).toMatch(/^89 7d( 00){125}$/);
    });

    test("ping() and pong() of the wrong type are a TypeError", async () => {
      const scene = await openRaw(side);
      await expect(scene.ws.ping(1 as never)).rejects.toBeInstanceOf(TypeError);
      await expect(scene.ws.pong(null as never)).rejects.toBeInstanceOf(TypeError);
      expect(scene.ws.state).toBe("open");
    });

    test("70: a pong acknowledges earlier pings; one that matches nothing is ignored", async () => {
      const scene = await openRaw(side);
      const pings = ["1", "2", "3"].map((data) => scene.ws.ping(data));
      await scene.feed(hex`8a 01 39`, hex`8a 00`);
      expect(await isSettled(pings[0] as Promise<number>)).toBe(false);
      await scene.feed(hex`8a 01 32`);
      expect(await Promise.all(pings.slice(0, 2))).toEqual([0, 0]);
      expect(await isSettled(pings[2] as Promise<number>)).toBe(false);
    });

    test("an unsolicited pong before any ping is ignored", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`8a 01 39`, SPAM);
      expect(await scene.ws.recv()).toBe("Spam");
      expect(scene.ws.latency).toBeNull();
    });

    test("a pong between messages of one chunk is acted on", async () => {
      const scene = await openRaw(side);
      const answered = scene.ws.ping("!");
      await feedAtOnce(scene, text("1"), hex`8a 01 21`, text("2"));
      expect(await answered).toBe(0);
      expect([await scene.ws.recv(), await scene.ws.recv()]).toEqual(["1", "2"]);
    });

    test("70: a later pong acknowledges earlier pings, some of which were cancelled", async () => {
      const scene = await openRaw(side);
      const controller = new AbortController();
      const cancelled = scene.ws.ping("a", { signal: controller.signal });
      const pings = [scene.ws.ping("b"), scene.ws.ping("c")];
      controller.abort("enough");
      await expect(cancelled).rejects.toBe("enough");
      await scene.advance(5);
      await scene.feed(hex`8a 01 63`);
      expect(await Promise.all(pings)).toEqual([5, 5]);
      const again = scene.ws.ping("a");
      await scene.feed(hex`8a 01 61`);
      expect(await again).toBe(0);
    });

    test("70: a pending ping rejects when the connection ends", async () => {
      const scene = await openRaw(side);
      const pending = scene.ws.ping();
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await expect(pending).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test.each([
      ["nothing", undefined, "8a 00"],
      ["a string", "!", "8a 01 21"],
      ["bytes", hex`01`, "8a 01 01"],
    ])("pong() sends %s", async (_what, data, expected) => {
      const scene = await openRaw(side);
      await scene.ws.pong(data);
      await scene.settle();
      expect(scene.sent()).toBe(expected);
    });

    test("pings are answered one for one", async () => {
      const scene = await openRaw(side);
      await feedAtOnce(scene, hex`89 01 31`, hex`89 00`, hex`89 01 32`);
      expect(scene.sent()).toBe("8a 01 31 8a 00 8a 01 32");
    });

    test("while the peer does not read, pings and pongs overtake data, and only the last ping is answered", async () => {
      const scene = await openRaw(side, { writeLimit: 100 });
      scene.outbound.capacity = 0;
      void scene.ws.send(new Uint8Array(200));
      await scene.settle();
      void scene.ws.send("late");
      void scene.ws.ping("?");
      await scene.feed(hex`89 01 31`, hex`89 01 32`);
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await scene.settle();
      expect(scene.sent()).toBe(`82 7e 00 c8${" 00".repeat(200)} 89 01 3f 8a 01 32 81 04 6c 61 74 65`);
    });
  });

  describe("close", () => {
    test("close() sends 1000, waits for the Close of the peer and the end of TCP", async () => {
      const scene = await openRaw(side);
      const closing = scene.ws.close();
      await scene.settle();
      expect(scene.sent()).toBe("88 02 03 e8");
      expect(scene.ws.state).toBe("closing");
      expect(scene.ws.closeCode).toBeNull();
      await scene.feed(CLOSE_OK);
      expect(await isSettled(closing)).toBe(false);
      expect(scene.peer.hasEnded).toBe(side === "server");
      scene.peer.end();
      await closing;
      expect(scene.ws.state).toBe("closed");
      const info = await scene.ws.closed;
      expect(info).toMatchObject({
        code: 1000,
        reason: "",
        received: { code: 1000, reason: "" },
        sent: { code: 1000, reason: "" },
      });
      expect(info.error).toBeInstanceOf(ConnectionClosedOK);
      expect(info.error.cause).toBeUndefined();
      expect(info.error.receivedThenSent).toBe(false);
      expect([scene.ws.closeCode, scene.ws.closeReason]).toEqual([1000, ""]);
      await scene.settle();
      expect(scene.peer.isClosed).toBe(true);
      expect(scene.peer.error).toBeUndefined();
    });

    test("close() sends the code and the reason", async () => {
      const scene = await openRaw(side);
      void scene.ws.close(4999, "bÿe");
      await scene.settle();
      expect(scene.sent()).toBe("88 06 13 87 62 c3 bf 65");
    });

    test("the end of the peer's choice is told with its code and reason", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`88 05 0f a0 62 79 65`);
      expect(scene.sent()).toBe("88 05 0f a0 62 79 65");
      const info = await endTcp(scene);
      expect(info).toMatchObject({ code: 4000, reason: "bye", received: { code: 4000, reason: "bye" } });
      expect(info.error).toBeInstanceOf(ConnectionClosedError);
      expect(info.error.message).toBe("received 4000 (private use) bye; then sent 4000 (private use) bye");
      expect([scene.ws.closeCode, scene.ws.closeReason]).toEqual([4000, "bye"]);
    });

    test("a Close frame without a code is 1005 and answered by an empty one", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`88 00`);
      expect(scene.sent()).toBe("88 00");
      const info = await endTcp(scene);
      expect(info).toMatchObject({ code: 1005, reason: "", sent: { code: 1005 } });
      expect(info.error).toBeInstanceOf(ConnectionClosedOK);
    });

    test.each([
      [999, "", RangeError],
      [1005, "", RangeError],
      [1006, "", RangeError],
      [1015, "", RangeError],
      [5000, "", RangeError],
      [1000.5, "", RangeError],
      [1000, "x".repeat(124), RangeError],
      [1000, "é".repeat(62), RangeError],
    ])("close(%d, %j) is refused, and the connection stays open", async (code, reason, type) => {
      const scene = await openRaw(side);
      await expect(scene.ws.close(code, reason)).rejects.toBeInstanceOf(type);
      await scene.ws.send("ok");
      await scene.settle();
      expect(scene.sent()).toBe("81 02 6f 6b");
    });

    test("69: close() twice sends one Close, and both calls wait", async () => {
      const scene = await openRaw(side);
      const both = [scene.ws.close(), scene.ws.close(1001)];
      await scene.settle();
      expect(scene.sent()).toBe("88 02 03 e8");
      expect(await isSettled(both[1] as Promise<void>)).toBe(false);
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await Promise.all(both);
      await scene.ws.close();
    });

    test("69: close() after the Close of the peer only waits", async () => {
      const scene = await openRaw(side);
      await feedAtOnce(scene, CLOSE_1011);
      const closing = scene.ws.close();
      await endTcp(scene);
      await closing;
      expect(scene.sent()).toBe(toHex(CLOSE_1011));
    });

    test("close() in the turn of the peer's Close answers that Close", async () => {
      const scene = await openRaw(side);
      void scene.ws.recv().then(() => scene.ws.close(1001));
      await feedAtOnce(scene, SPAM, CLOSE_1011);
      expect(scene.sent()).toBe(toHex(CLOSE_1011));
    });

    test("Close frames that cross are no error", async () => {
      const { clientWs, serverWs } = await openPair();
      await Promise.all([clientWs.close(1000, "client"), serverWs.close(1001, "server")]);
      expect(await clientWs.closed).toMatchObject({ code: 1001, reason: "server", sent: { reason: "client" } });
      expect(await serverWs.closed).toMatchObject({ code: 1000, reason: "client", sent: { reason: "server" } });
    });

    test("close() lets what was sent before leave first, with a peer that reads slowly too", async () => {
      const scene = await openRaw(side, { writeLimit: 10 });
      scene.outbound.capacity = 20;
      void scene.ws.send("Spam");
      void scene.ws.send(new Uint8Array(50));
      void scene.ws.close();
      await scene.settle();
      expect(scene.sent()).toBe(`81 04 53 70 61 6d 82 32${" 00".repeat(50)} 88 02 03 e8`);
    });

    test("61: a recv() that waits while we close ends with ConnectionClosedOK without a cause", async () => {
      const scene = await openRaw(side);
      const waiting = reasonOf(scene.ws.recv());
      void scene.ws.close();
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      const error = await waiting;
      expect(error).toBeInstanceOf(ConnectionClosedOK);
      expect((error as Error).cause).toBeUndefined();
    });

    test("messages that arrive while we close are still received", async () => {
      const scene = await openRaw(side);
      void scene.ws.close();
      await feedAtOnce(scene, SPAM, BYTES, CLOSE_OK);
      await endTcp(scene);
      expect(await scene.ws.recv()).toBe("Spam");
      expect(await scene.ws.recv()).toStrictEqual(hex`01 02`);
      await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test("68: without the Close of the peer, close() ends after closeTimeout with 1006", async () => {
      const scene = await openRaw(side, { closeTimeout: 1000 });
      const closing = scene.ws.close();
      await scene.advance(999);
      expect(await isSettled(closing)).toBe(false);
      await scene.advance(1);
      await closing;
      const { code, error } = await scene.ws.closed;
      expect(code).toBe(1006);
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error.cause).toEqual(new TimeoutError("closing handshake not over after 1000 ms"));
      expect(scene.peer.isClosed).toBe(true);
      expect(scene.clock.pending).toBe(0);
    });

    test("68: without the end of TCP, close() ends after one closeTimeout in all, with 1000 and a cause", async () => {
      const scene = await openRaw(side, { closeTimeout: 1000 });
      const closing = scene.ws.close();
      await scene.advance(600);
      await scene.feed(CLOSE_OK);
      await scene.advance(399);
      expect(await isSettled(closing)).toBe(false);
      await scene.advance(1);
      await closing;
      const { code, error } = await scene.ws.closed;
      expect(code).toBe(1000);
      expect(error).toBeInstanceOf(ConnectionClosedOK);
      expect(error.cause).toBeInstanceOf(TimeoutError);
      expect(scene.clock.pending).toBe(0);
    });

    test("the Close of the peer starts closeTimeout too", async () => {
      const scene = await openRaw(side, { closeTimeout: 1000 });
      await scene.feed(CLOSE_OK);
      await scene.advance(1000);
      expect(scene.ws.state).toBe("closed");
    });

    test("the end of the peer's half of TCP starts closeTimeout, if our bytes cannot leave", async () => {
      const scene = await openRaw(side, { closeTimeout: 1000 });
      scene.outbound.capacity = 0;
      void scene.ws.send("stuck");
      await scene.settle();
      scene.peer.end();
      await scene.settle();
      expect(scene.peer.isClosed).toBe(false);
      await scene.advance(1000);
      expect((await scene.ws.closed).code).toBe(1006);
      expect(scene.clock.pending).toBe(0);
    });

    test("69: closeTimeout null waits for ever", async () => {
      const scene = await openRaw(side, { closeTimeout: null });
      const closing = scene.ws.close();
      await scene.advance(10_000_000);
      expect(await isSettled(closing)).toBe(false);
      expect(scene.clock.pending).toBe(0);
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await closing;
    });

    test("the deadline of a close in time leaves no timer", async () => {
      const scene = await openRaw(side, { closeTimeout: 1000, pingInterval: 100 });
      const closing = scene.ws.close();
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await closing;
      expect(scene.clock.pending).toBe(0);
    });

    test("close() before the opening handshake is over drops TCP", async () => {
      const scene = unopened(side);
      scene.link.start();
      await scene.ws.close();
      expect(scene.ws.state).toBe("closed");
      await scene.settle();
      expect(scene.peer.isClosed).toBe(true);
    });

    test("77: disposing closes with 1000", async () => {
      const scene = await openRaw(side);
      const disposed = (async () => {
        await using ws = scene.ws;
        await ws.send("x");
      })();
      await scene.settle();
      expect(scene.sent()).toBe("81 01 78 88 02 03 e8");
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await disposed;
    });

    test("77: disposing after an error closes with 1000 and keeps the error", async () => {
      const scene = await openRaw(side);
      const disposed = (async () => {
        await using ws = scene.ws;
        throw new Error(`of the application on ${ws.state}`);
      })();
      const reason = reasonOf(disposed);
      await scene.settle();
      expect(scene.sent()).toBe("88 02 03 e8");
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      expect(await reason).toEqual(new Error("of the application on open"));
    });
  });

  describe("loss", () => {
    test("abort() drops TCP at once", async () => {
      const scene = await openRaw(side);
      const waiting = reasonOf(scene.ws.recv());
      const closing = scene.ws.closed;
      scene.ws.abort();
      const info = await closing;
      expect(info).toMatchObject({ code: 1006, reason: "", received: null, sent: null });
      expect(info.error).toBeInstanceOf(ConnectionClosedError);
      expect(info.error.cause).toEqual(new NetworkError("other", "connection aborted"));
      expect(await waiting).toBe(info.error);
      expect([scene.ws.closeCode, scene.ws.closeReason]).toEqual([1006, ""]);
      scene.ws.abort();
      await scene.ws.close();
      await scene.settle();
      expect(scene.sent()).toBe("");
      expect(scene.peer.error).toMatchObject({ reason: "reset" });
    });

    test("abort() ends a close() that waits", async () => {
      const scene = await openRaw(side);
      const closing = scene.ws.close();
      scene.ws.abort();
      await closing;
      expect(scene.clock.pending).toBeLessThanOrEqual(1); // of the wheel, which wakes once for nothing
      await scene.advance(20_000);
      expect(scene.clock.pending).toBe(0);
    });

    test.each(["open", "closing", "closed by the peer"])("a reset of the peer when %s", async (state) => {
      const scene = await openRaw(side, { closeTimeout: 1000, pingInterval: 100 });
      const waiting = reasonOf(scene.ws.recv());
      if (state === "closing") void scene.ws.close();
      if (state === "closed by the peer") await scene.feed(CLOSE_OK);
      await scene.settle();
      scene.peer.transport.abort();
      const { error, code } = await scene.ws.closed;
      expect(code).toBe(state === "closed by the peer" ? 1000 : 1006);
      expect(error.cause).toMatchObject({ reason: "reset" });
      expect(await waiting).toBe(error);
      expect(scene.ws.state).toBe("closed");
      expect(scene.clock.pending).toBe(0);
    });

    test.each(["open", "closing"])(
      "the end of the peer's half of TCP when %s, without a Close frame",
      async (state) => {
        const scene = await openRaw(side, { closeTimeout: 1000, pingInterval: 100 });
        if (state === "closing") void scene.ws.close();
        await scene.settle();
        const info = await endTcp(scene);
        expect(info).toMatchObject({ code: 1006, received: null });
        expect(info.error.cause).toEqual(new NetworkError("eof", "connection closed without a close frame"));
        expect(scene.peer.isClosed).toBe(true);
        expect(scene.peer.error).toBeUndefined();
        expect(scene.clock.pending).toBe(0);
      },
    );

    test("the end of TCP inside a frame, and inside a message", async () => {
      for (const start of [hex`81`, hex`81 04 53`, hex`01 02 53 70`]) {
        const scene = await openRaw(side);
        scene.peer.send(side === "server" && start.length > 1 ? masked(start) : start);
        await scene.settle();
        expect((await endTcp(scene)).error.cause).toMatchObject({ reason: "eof" });
      }
    });

    test("72: a write that fails is the cause of the end", async () => {
      const scene = await openRaw(side);
      const error = new NetworkError("reset", "Cannot go on: connection reset by peer");
      await scene.feed(hex`89 00`);
      scene.transport.break(error);
      expect((await scene.ws.closed).error.cause).toBe(error);
    });

    test("72: a write that fails while a Ping is answered is the cause of the end", async () => {
      const scene = await openRaw(side);
      const waiting = scene.ws.recv();
      scene.outbound.capacity = 0;
      await scene.feed(hex`89 01 01`);
      const cause = new NetworkError("reset", "Cannot write: connection reset by peer");
      scene.transport.break(cause);
      await scene.settle();
      const { error } = await scene.ws.closed;
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error.cause).toBe(cause);
      await expect(waiting).rejects.toBe(error);
      await expect(scene.ws.send("A")).rejects.toBe(error);
    });

    test("a fault of the peer is the cause of the end, however TCP ends", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`83 00`);
      scene.peer.transport.abort();
      const { error, sent, received } = await scene.ws.closed;
      expect(error.cause).toEqual(new ProtocolError("invalid opcode: 0x3"));
      expect({ sent, received }).toEqual({ sent: { code: 1002, reason: "invalid opcode: 0x3" }, received: null });
      expect(error.message).toBe("sent 1002 (protocol error) invalid opcode: 0x3; no close frame received");
    });

    test("after a fault the Close of the peer is not looked at", async () => {
      const scene = await openRaw(side);
      await scene.feed(hex`83 00`);
      await scene.feed(CLOSE_OK);
      expect(await endTcp(scene)).toMatchObject({ code: 1006, received: null });
    });

    test("a fault with a peer that never ends ends after closeTimeout", async () => {
      const scene = await openRaw(side, { closeTimeout: 1000 });
      await scene.feed(hex`83 00`);
      await scene.advance(1000);
      expect((await scene.ws.closed).error.cause).toBeInstanceOf(ProtocolError);
      expect(scene.clock.pending).toBe(0);
    });
  });

  describe("promises", () => {
    test("a forgotten await of send, ping, pong and close is no unhandled rejection", async () => {
      const found = await unhandledDuring(async () => {
        const scene = await openRaw(side, { writeLimit: 1 });
        scene.outbound.capacity = 0;
        void scene.ws.send(new Uint8Array(1000));
        void scene.ws.send(1 as never);
        void scene.ws.ping();
        void scene.ws.ping(new Uint8Array(126));
        void scene.ws.pong(new Uint8Array(126));
        void scene.ws.pong();
        void scene.ws.close(1);
        await scene.settle();
        void scene.ws.close();
        void scene.ws.send("closing");
        scene.ws.abort();
        await scene.settle();
        void scene.ws.send("closed");
        void scene.ws.ping();
        void scene.ws.pong();
        void scene.ws.close();
        void scene.ws.closed;
      });
      expect(found).toEqual([]);
    });

    test("methods that return promises do not throw", async () => {
      const { ws } = await openRaw(side);
      const calls: (() => Promise<unknown>)[] = [
        () => ws.send(Symbol("x") as never),
        () => ws.send("x", { signal: AbortSignal.abort() }),
        () => ws.ping({} as never),
        () => ws.pong(7 as never),
        () => ws.close("1000" as never),
        () => ws.close(1000, 7 as never),
        () => ws.recv({ signal: AbortSignal.abort() }),
      ];
      for (const call of calls) {
        let promise: Promise<unknown> | undefined;
        expect(() => {
          promise = call();
        }).not.toThrow();
        await expect(promise).rejects.toBeDefined();
      }
      expect(ws.state).toBe("open");
    });
  });

  test("keepalive measures latency, and fails a connection that is dead", async () => {
    const scene = await openRaw(side, { pingInterval: 1000, pingTimeout: 500, closeTimeout: 100 });
    await scene.advance(1000);
    const ping = scene.sent();
    await scene.advance(7);
    await scene.feed(hex`8a ${ping.slice(2)}`);
    expect(scene.ws.latency).toBe(7);
    await scene.advance(993);
    await scene.advance(500);
    await scene.advance(100);
    expect((await scene.ws.closed).sent).toEqual({ code: 1011, reason: "keepalive ping timeout" });
    expect(scene.clock.pending).toBe(0);
  });

  describe("stats, bufferedAmount, signal and data", () => {
    test("stats count what was sent: text, bytes, fragments and a Blob", async () => {
      const scene = await openRaw(side);
      const before = scene.ws.stats;
      const messages = [
        "é€😀",
        "a".repeat(100),
        "é".repeat(20_000),
        new Uint8Array(70_000),
        ["é", "a"],
        new Blob(["abc"]),
      ];
      for (const message of messages) await scene.ws.send(message);
      scene.ws.trySend("x");
      void scene.ws.ping("not counted");
      await scene.ws.pong("not counted");
      expect(scene.ws.stats).toEqual({
        messagesReceived: 0,
        messagesSent: 7,
        bytesReceived: 0,
        bytesSent: 9 + 100 + 40_000 + 70_000 + 3 + 3 + 1,
      });
      expect(before.messagesSent).toBe(0);
    });

    test("stats count what arrived: text, bytes, fragments, and what is not finished", async () => {
      const scene = await openRaw(side);
      const arrive = scene.feed;
      await arrive(text("abc"), hex`81 04 f0 9f 98 80`, BYTES);
      await arrive(text("a"), text("b"), text("c"));
      await arrive(BYTES, BYTES);
      await arrive(hex`01 01 41`, hex`89 02 01 02`, hex`00 02 c3 a9`);
      expect(scene.ws.stats).toMatchObject({ messagesReceived: 8, bytesReceived: 3 + 4 + 2 + 3 + 4 + 3 });
      await arrive(hex`80 01 42`);
      expect(scene.ws.stats).toMatchObject({ messagesReceived: 9, bytesReceived: 20 });
    });

    test("bufferedAmount is what waits: exact for one message, 0 when all was written", async () => {
      const scene = await openRaw(side);
      expect(scene.ws.bufferedAmount).toBe(0);
      scene.outbound.capacity = 0;
      for (const size of [5, 1000, 100_000]) {
        void scene.ws.send(new Uint8Array(size));
        await scene.settle();
        expect(scene.ws.bufferedAmount).toBe(size);
        scene.outbound.capacity = Infinity;
        scene.outbound.pump();
        await scene.settle();
        expect(scene.ws.bufferedAmount).toBe(0);
        scene.outbound.capacity = 0;
        scene.peer.take();
      }
      void scene.ws.ping();
      await scene.settle();
      expect(scene.ws.bufferedAmount).toBe(0);
      void scene.ws.send("é");
      expect(scene.ws.bufferedAmount).toBe(2);
      scene.ws.abort();
      await scene.settle();
      expect(scene.ws.bufferedAmount).toBe(0);
    });

    test("bufferedAmount of a lost connection does not count what was written while something always waited", async () => {
      const scene = await openRaw(side, { writeLimit: 0 });
      scene.outbound.hold();
      scene.outbound.capacity = 0;
      for (let i = 0; i < 10; i++) {
        void scene.ws.send(new Uint8Array(70_000));
        void scene.ws.send(new Uint8Array(70_000));
        scene.outbound.capacity += scene.transport.bufferedAmount;
        scene.outbound.pump();
        await scene.settle();
      }
      const waiting = scene.ws.bufferedAmount;
      vi.spyOn(scene.transport, "bufferedAmount", "get").mockReturnValue(Infinity);
      scene.ws.abort();
      await scene.settle();
      expect(scene.ws.bufferedAmount).toBeGreaterThanOrEqual(waiting);
      expect(scene.ws.bufferedAmount).toBeLessThan(waiting + 71_000);
    });

    test("signal is aborted with the error of the end, whenever it was asked for", async () => {
      for (const isEarly of [true, false]) {
        const scene = await openRaw(side);
        const early = isEarly ? scene.ws.signal : undefined;
        expect(early?.aborted ?? false).toBe(false);
        const reasons: unknown[] = [];
        early?.addEventListener("abort", () => reasons.push(early.reason, scene.ws.state));
        void scene.ws.close();
        expect(scene.ws.state).toBe("closing");
        if (isEarly) expect(scene.ws.signal.aborted).toBe(false);
        await scene.feed(CLOSE_OK);
        const { error } = await endTcp(scene);
        expect(scene.ws.signal.reason).toBe(error);
        expect(scene.ws.signal).toBe(early ?? scene.ws.signal);
        expect(reasons).toEqual(isEarly ? [error, "closed"] : []);
      }
    });

    test("data is undefined at first, and whatever was put there", async () => {
      const { ws } = await openRaw(side);
      expect(ws.data).toBeUndefined();
      const typed = ws as Connection<{ user: string }>;
      typed.data = { user: "ada" };
      expectTypeOf(typed.data.user).toBeString();
      expectTypeOf<Connection["data"]>().toBeUnknown();
      expect(ws.data).toEqual({ user: "ada" });
    });
  });

  describe("what its halves do", () => {
    test("recvStreaming() reads a message in pieces, readable and writable are streams over messages", async () => {
      const scene = await openRaw(side);
      await scene.feed(text("A"), text("B"));
      const pieces: unknown[] = [];
      for await (const piece of scene.ws.recvStreaming()) pieces.push(piece);
      expect(pieces).toEqual(["A"]);
      expect(scene.ws.readable).toBe(scene.ws.readable);
      expect(await scene.ws.readable.getReader().read()).toEqual({ done: false, value: "B" });
      expect(scene.ws.writable).toBe(scene.ws.writable);
      await scene.ws.writable.getWriter().write("C");
      await scene.settle();
      expect(scene.sent()).toBe("81 01 43");
      await scene.feed(CLOSE_OK);
      await endTcp(scene);
      await scene.advance(0);
    });

    test("66: close() during a fragmented message of ours is 1011, whatever was asked for", async () => {
      const scene = await openRaw(side);
      const sent = scene.ws.send(never());
      await scene.settle();
      void scene.ws.close(1000, "bye");
      await endTcp(scene);
      await expect(sent).rejects.toBeInstanceOf(ConnectionClosedError);
      expect((await scene.ws.closed).sent).toMatchObject({ code: 1011, reason: "close during fragmented message" });
    });
  });

  describe("abort()", () => {
    test.each([
      ["open", (): void => {}, null, null],
      ["closing", (scene: RawScene): void => void scene.ws.close(), null, 1000],
      [
        "answered by the peer",
        async (scene: RawScene): Promise<void> => {
          void scene.ws.close();
          await scene.feed(CLOSE_OK);
        },
        1000,
        1000,
      ],
      ["closed by the peer", (scene: RawScene): Promise<void> => scene.feed(CLOSE_1011), 1011, 1011],
      ["failing", (scene: RawScene): Promise<void> => scene.feed(hex`83 00`), null, 1002],
      ["fragmenting", (scene: RawScene): void => void scene.ws.send(never()), null, null],
      [
        "streaming",
        async (scene: RawScene): Promise<void> => {
          void scene.ws.recvStreaming().next();
          await scene.feed(hex`01 01 41`);
        },
        null,
        null,
      ],
    ] as const)("when %s is closing at once, and keeps what is known", async (_what, prepare, received, sent) => {
      const scene = await openRaw(side);
      await prepare(scene);
      scene.ws.abort();
      expect(scene.ws.state).toBe("closing");
      expect(scene.ws.trySend("no")).toBe(false);
      await scene.settle();
      expect(scene.ws.state).toBe("closed");
      const info = await scene.ws.closed;
      expect([info.received?.code ?? null, info.sent?.code ?? null]).toEqual([received, sent]);
      expect(info.code).toBe(received ?? 1006);
      scene.ws.abort();
      expect(scene.ws.state).toBe("closed");
    });

    test("with the Close of the peer in the same turn keeps that", async () => {
      const scene = await openRaw(side);
      scene.link.onData(side === "server" ? masked(CLOSE_1011) : CLOSE_1011.slice());
      scene.ws.abort();
      await scene.settle();
      expect(await scene.ws.closed).toMatchObject({ code: 1011, reason: "oops", sent: null });
    });

    test("with a fault of the peer in the same turn keeps that as the cause", async () => {
      const scene = await openRaw(side);
      scene.link.onData(side === "server" ? masked(hex`83 00`) : hex`83 00`);
      scene.ws.abort();
      await scene.settle();
      expect((await scene.ws.closed).error.cause).toBeInstanceOf(ProtocolError);
    });

    test("after our Close, with that of the peer in the same turn, keeps their order", async () => {
      const scene = await openRaw(side);
      void scene.ws.close();
      scene.link.onData(side === "server" ? masked(CLOSE_OK) : CLOSE_OK.slice());
      scene.ws.abort();
      await scene.settle();
      const { error } = await scene.ws.closed;
      expect(error).toMatchObject({ received: { code: 1000 }, sent: { code: 1000 }, receivedThenSent: false });
    });
  });

  describe("what is known", () => {
    test("78: of an open connection", async () => {
      const logger = new RecordingLogger();
      const scene = await openRaw(side, { logger });
      const { ws } = scene;
      expect(ws.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(ws.id).toBe(ws.id);
      expect(ws.logger).toBe(logger);
      expect(ws.latency).toBeNull();
      expect(ws.subprotocol).toBeNull();
      expect(ws.extensions).toEqual([]);
      expect(ws.request?.headers.get("Upgrade")).toBe("websocket");
      expect(ws.response?.statusCode).toBe(101);
      expect([ws.localAddress, ws.remoteAddress]).toEqual(
        side === "server"
          ? [
              { host: "192.0.2.2", port: 80 },
              { host: "192.0.2.1", port: 40_000 },
            ]
          : [
              { host: "192.0.2.1", port: 40_000 },
              { host: "192.0.2.2", port: 80 },
            ],
      );
      expect([ws.closeCode, ws.closeReason]).toEqual([null, null]);
    });

    test("78: before the opening handshake", () => {
      const { ws } = unopened(side);
      expect([ws.request, ws.response, ws.subprotocol, ws.closeCode, ws.closeReason]).toEqual(
        Array.from({ length: 5 }, () => null),
      );
      expect(ws.extensions).toEqual([]);
    });

    test("isOwnEnd() knows its own end and no other", async () => {
      const [scene, other] = [await openRaw(side), await openRaw(side)];
      scene.ws.abort();
      other.ws.abort();
      const { error } = await scene.ws.closed;
      expect(scene.ws.isOwnEnd(error)).toBe(true);
      expect(scene.ws.isOwnEnd((await other.ws.closed).error)).toBe(false);
      expect(scene.ws.isOwnEnd(new Error("other"))).toBe(false);
    });
  });
});
