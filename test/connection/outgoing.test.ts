import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { BytesLike, Fragment } from "../../src/connection/data.ts";
import { ConnectionClosed, ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { feedAtOnce, frameOf, outcomeOf } from "../support/frames.ts";
import { hex, toHex } from "../support/hex.ts";
import { turn } from "../support/memory-transport.ts";
import type { RawScene } from "../support/network.ts";
import { openPair, openRaw, unhandledDuring, unmaskAll, unopened } from "../support/network.ts";

const SIDES = ["client", "server"] as const;
const CLOSE_OK = hex`88 02 03 e8`;
const BIG = 0x10000;

/** Close frame of a failure in a fragmented message. */
const FAILED = toHex(frameOf(0x88, "\x03_error in fragmented message")).replace("03 5f", "03 f3");
const CLOSED_INSIDE = toHex(frameOf(0x88, "\x03_close during fragmented message")).replace("03 5f", "03 f3");

/** A source of fragments that a test drives, and what was done to it. */
class Source implements AsyncIterable<Fragment>, AsyncIterator<Fragment, undefined> {
  readonly calls: string[] = [];
  #give: ((result: IteratorResult<Fragment, undefined>) => void) | undefined;
  #fail: ((reason: unknown) => void) | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Fragment, undefined>> {
    this.calls.push("next");
    return new Promise((resolve, reject) => {
      this.#give = resolve;
      this.#fail = reject;
    });
  }

  return(): Promise<IteratorResult<Fragment, undefined>> {
    this.calls.push("return");
    return Promise.resolve({ done: true, value: undefined });
  }

  /** What the last call of `next` gives, now. */
  settle(result: IteratorResult<Fragment, undefined>): void {
    this.#give?.(result);
  }

  async give(value: Fragment): Promise<void> {
    await turn();
    this.#give?.({ done: false, value });
    await turn();
  }

  async end(): Promise<void> {
    await turn();
    this.#give?.({ done: true, value: undefined });
    await turn();
  }

  async fail(reason: unknown): Promise<void> {
    await turn();
    this.#fail?.(reason);
    await turn();
  }
}

async function* slowly(...items: readonly Fragment[]): AsyncGenerator<Fragment> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

function streamOf(...items: readonly Fragment[]): ReadableStream<Fragment> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}

async function sentAfterAll(scene: RawScene): Promise<string> {
  await scene.settle();
  return scene.sent();
}

/** The end of the peer: Close, then TCP. */
async function endBy(scene: RawScene, close: Uint8Array): Promise<void> {
  await scene.feed(close);
  scene.peer.end();
  await scene.settle();
}

describe.each(SIDES)("%s", (side) => {
  describe("send() of fragments", () => {
    const bytes = [hex`01`, hex`02 03`] as const;
    const TEXT = "01 01 41 00 02 c3 a9 80 00";
    const BINARY = "02 01 01 00 02 02 03 80 00";
    test.each([
      ["a list of strings", () => ["A", "é"], undefined, TEXT],
      ["a list of strings, text true", () => ["A", "é"], true, TEXT],
      ["a list of strings, text false", () => ["A", "é"], false, TEXT.replace("01", "02")],
      ["a list of bytes", () => bytes, undefined, BINARY],
      ["a list of bytes, text true", () => bytes, true, BINARY.replace("02", "01")],
      ["a list of bytes, text false", () => bytes, false, BINARY],
      ["a set", () => new Set(["A", "é"]), undefined, TEXT],
      ["an async generator", () => slowly("A", "é"), undefined, TEXT],
      ["an async generator, text false", () => slowly("A", "é"), false, TEXT.replace("01", "02")],
      ["an async generator of bytes, text true", () => slowly(...bytes), true, BINARY.replace("02", "01")],
      ["a ReadableStream", () => streamOf("A", "é"), undefined, TEXT],
      ["bytes in all their forms", () => [hex`01`.buffer, new DataView(hex`02 03`.buffer)], undefined, BINARY],
    ] as const)("63: %s", async (_what, make, text, expected) => {
      const scene = await openRaw(side);
      await scene.ws.send(make(), text === undefined ? {} : { text });
      expect(await sentAfterAll(scene)).toBe(expected);
      expect(scene.ws.stats).toMatchObject({ messagesSent: 1, bytesSent: 3 });
      expect(scene.ws.state).toBe("open");
    });

    test("a generator", async () => {
      const scene = await openRaw(side);
      await scene.ws.send(
        (function* () {
          yield "A";
          yield "";
          yield "B";
        })(),
      );
      expect(await sentAfterAll(scene)).toBe("01 01 41 00 00 00 01 42 80 00");
    });

    test("63: the trailing empty frame is seen by a streaming reader", async () => {
      const scene = await openPair();
      const [from, to] = side === "client" ? [scene.clientWs, scene.serverWs] : [scene.serverWs, scene.clientWs];
      const pieces: unknown[] = [];
      const read = (async () => {
        for await (const piece of to.recvStreaming()) pieces.push(piece);
      })();
      const source = new Source();
      const sent = from.send(source);
      for (const item of ["A", "B"]) {
        await source.give(item);
        await scene.settle();
      }
      expect(pieces).toEqual(["A", "B"]);
      await source.end();
      await sent;
      await read;
      expect(pieces).toEqual(["A", "B", ""]);
    });

    test.each([
      ["a list", []],
      ["an async generator", slowly()],
      ["a ReadableStream", streamOf()],
    ])("64: an empty one sends nothing: %s", async (_what, empty) => {
      const scene = await openRaw(side);
      await scene.ws.send(empty);
      await scene.ws.send("A");
      expect(await sentAfterAll(scene)).toBe("81 01 41");
    });

    test.each([
      ["an object", { a: "b" }, "Cannot send Object: expected a string, bytes, or an iterable of them"],
      ["null", null, "Cannot send null: expected a string, bytes, or an iterable of them"],
      ["undefined", undefined, "Cannot send undefined: expected a string, bytes, or an iterable of them"],
      ["a number", 3, "Cannot send number: expected a string, bytes, or an iterable of them"],
      ["a function", () => {}, "Cannot send function: expected a string, bytes, or an iterable of them"],
      ["a list of numbers", [1], "Cannot send number as a fragment: expected a string or bytes"],
      ["a Map", new Map([["a", "b"]]), "Cannot send Array as a fragment: expected a string or bytes"],
      ["a list of lists", [["A"]], "Cannot send Array as a fragment: expected a string or bytes"],
    ])("64: %s is a TypeError, and the connection is unharmed", async (_what, message, expected) => {
      const scene = await openRaw(side);
      await expect(scene.ws.send(message as never)).rejects.toEqual(new TypeError(expected));
      await scene.ws.send("A");
      expect(await sentAfterAll(scene)).toBe("81 01 41");
    });

    test.each([
      ["bytes after text", ["A", hex`01`], "Cannot send Uint8Array as a fragment: expected string as before"],
      ["text after bytes", [hex`01`, "A"], "Cannot send string as a fragment: expected bytes as before"],
      ["a number after text", ["A", 1], "Cannot send number as a fragment: expected a string or bytes"],
    ])("64: %s is a TypeError, and fails the connection with 1011", async (_what, items, expected) => {
      const scene = await openRaw(side);
      await expect(scene.ws.send(items as Fragment[])).rejects.toEqual(new TypeError(expected));
      expect((await sentAfterAll(scene)).endsWith(FAILED)).toBe(true);
      expect(scene.ws.state).toBe("closing");
    });

    test("an error of the source before its first item is thrown on, and nothing is sent", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const sent = scene.ws.send(source);
      await source.fail(new Error("oops"));
      await expect(sent).rejects.toEqual(new Error("oops"));
      await scene.ws.send("A");
      expect(await sentAfterAll(scene)).toBe("81 01 41");
      expect(source.calls).toEqual(["next", "return"]);
    });

    test.each(["rejects", "throws"])(
      "an error of the source after its first item fails the connection: it %s",
      async (how) => {
        const scene = await openRaw(side);
        const failing =
          how === "throws"
            ? (function* () {
                yield "A";
                throw new Error("oops");
              })()
            : (async function* () {
                yield "A";
                throw new Error("oops");
              })();
        const sent = scene.ws.send(failing);
        const behind = scene.ws.send("B");
        await expect(sent).rejects.toEqual(new Error("oops"));
        expect(await sentAfterAll(scene)).toBe(`01 01 41 ${FAILED}`);
        scene.peer.end();
        await scene.settle();
        await expect(behind).rejects.toBeInstanceOf(ConnectionClosedError);
        expect((await scene.ws.closed).sent?.code).toBe(1011);
      },
    );

    test.each([
      [
        "throws",
        () => {
          throw new Error("return");
        },
      ],
      ["rejects", () => Promise.reject(new Error("return"))],
      ["never resolves", () => new Promise<never>(() => {})],
      ["gives nothing", () => undefined],
    ])("a source whose return() %s is let go of, and the first error counts", async (_what, giveBack) => {
      const found = await unhandledDuring(async () => {
        const scene = await openRaw(side);
        const source = {
          [Symbol.asyncIterator]: () => ({
            next: () => Promise.resolve({ done: false, value: 1 as never }),
            return: giveBack as never,
          }),
        };
        await expect(scene.ws.send(source)).rejects.toBeInstanceOf(TypeError);
        await scene.ws.send("A");
      });
      expect(found).toEqual([]);
    });

    test("a source without return() is no problem, nor one whose iterator cannot be made", async () => {
      const scene = await openRaw(side);
      const bare = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 as never }) }) };
      await expect(scene.ws.send(bare)).rejects.toBeInstanceOf(TypeError);
      const broken = {
        [Symbol.iterator](): Iterator<string> {
          throw new Error("oops");
        },
      };
      await expect(scene.ws.send(broken)).rejects.toEqual(new Error("oops"));
      await scene.ws.send("A");
      expect(await sentAfterAll(scene)).toBe("81 01 41");
    });

    test("a ReadableStream that fails to be sent is cancelled and unlocked", async () => {
      for (const hasIterator of [true, false]) {
        const scene = await openRaw(side);
        let isCancelled = false;
        const stream = new ReadableStream<Fragment>({
          pull: (controller) => controller.enqueue(1 as never),
          cancel: () => {
            isCancelled = true;
          },
        });
        if (!hasIterator) Object.defineProperty(stream, Symbol.asyncIterator, { value: undefined });
        const source = hasIterator ? stream : { getReader: () => stream.getReader() };
        await expect(scene.ws.send(source as never)).rejects.toBeInstanceOf(TypeError);
        await scene.settle();
        expect([isCancelled, stream.locked]).toEqual([true, false]);
      }
    });

    test.each(["abort()", "close()", "signal"] as const)(
      "a ReadableStream whose next chunk never comes is cancelled by %s",
      async (how) => {
        const scene = await openRaw(side);
        const controller = new AbortController();
        const cancelled: unknown[] = [];
        const stream = new ReadableStream<Fragment>({
          start: (chunks) => chunks.enqueue("A"),
          pull: () => new Promise(() => {}),
          cancel: (reason) => void cancelled.push(reason),
        });
        const sent = scene.ws.send(stream, { signal: controller.signal });
        await scene.settle();
        if (how === "signal") controller.abort("no");
        else if (how === "close()") void scene.ws.close();
        else scene.ws.abort();
        await scene.settle();
        scene.ws.abort();
        await expect(sent).rejects.toBeDefined();
        await scene.settle();
        expect([cancelled, stream.locked]).toEqual([[undefined], false]);
      },
    );

    test("a ReadableStream of a runtime that cannot iterate over it is read all the same", async () => {
      const scene = await openRaw(side);
      const stream = streamOf("A", "B");
      await scene.ws.send({ getReader: () => stream.getReader() } as never);
      expect(await sentAfterAll(scene)).toBe("01 01 41 00 01 42 80 00");
    });

    test("pings and pongs go between fragments", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const sent = scene.ws.send(source);
      await source.give("A");
      await scene.feed(hex`89 01 01`);
      void scene.ws.ping("x");
      await scene.settle();
      await source.give("B");
      await source.end();
      await sent;
      expect(await sentAfterAll(scene)).toBe("01 01 41 8a 01 01 89 01 78 00 01 42 80 00");
    });

    test("a source that reuses one buffer is sent as it was at each item", async () => {
      const scene = await openPair({ client: { maxSize: null }, server: { maxSize: null } });
      const [from, to] = side === "client" ? [scene.clientWs, scene.serverWs] : [scene.serverWs, scene.clientWs];
      const outbound = side === "client" ? scene.toServer : scene.toClient;
      outbound.capacity = 10_000;
      for (const size of [10, 1000, 40_000, 400_000]) {
        const buffer = new Uint8Array(size);
        const source = (function* () {
          for (let i = 1; i <= 5; i++) yield buffer.fill(i);
        })();
        const sent = from.send(source);
        const message = (await to.recv()) as Uint8Array;
        await sent;
        for (let i = 0; i < 5; i++)
          expect(new Set(message.subarray(i * size, (i + 1) * size))).toEqual(new Set([i + 1]));
      }
    });

    test("a source is not pulled ahead of the network", async () => {
      const scene = await openRaw(side, { writeLimit: 1000 });
      scene.outbound.capacity = 0;
      let pulled = 0;
      const source = (function* () {
        for (; pulled < 100; pulled++) yield new Uint8Array(600);
      })();
      const sent = scene.ws.send(source);
      await scene.settle();
      expect(pulled).toBeLessThan(4);
      expect(scene.ws.bufferedAmount).toBeLessThan(2500);
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await sent;
      expect(pulled).toBe(100);
    });
  });

  describe("order", () => {
    test("65: a send() waits behind a fragmented one", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const first = scene.ws.send(source);
      const others = [scene.ws.send("1"), scene.ws.send(["2"]), scene.ws.send(hex`03`), scene.ws.send(new Blob(["4"]))];
      await source.give("A");
      expect(await outcomeOf(Promise.race(others))).toBe("pending");
      expect(scene.ws.trySend("no")).toBe(false);
      await source.end();
      await Promise.all([first, ...others]);
      expect(await sentAfterAll(scene)).toBe("01 01 41 80 00 81 01 31 01 01 32 80 00 82 01 03 82 01 34");
    });

    test("65: fragments wait for room like others do", async () => {
      const scene = await openRaw(side, { writeLimit: 10 });
      scene.outbound.capacity = 0;
      void scene.ws.send(new Uint8Array(100));
      const sent = scene.ws.send(["A", "B"]);
      const behind = scene.ws.send("C");
      await scene.settle();
      expect(await outcomeOf(Promise.race([sent, behind]))).toBe("pending");
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await Promise.all([sent, behind]);
      expect((await sentAfterAll(scene)).endsWith(" 01 01 41 00 01 42 80 00 81 01 43")).toBe(true);
    });

    test("104: two concurrent sources whose first items are late, in the order of the calls", async () => {
      const scene = await openRaw(side);
      const [one, two] = [new Source(), new Source()];
      const sent = [scene.ws.send(one), scene.ws.send(two)];
      await scene.settle();
      expect(two.calls).toEqual([]);
      await one.give("1");
      await one.end();
      await scene.settle();
      await two.give("2");
      await two.end();
      await Promise.all(sent);
      expect(await sentAfterAll(scene)).toBe("01 01 31 80 00 01 01 32 80 00");
    });

    test("what waits behind a fragmented message can be aborted: nothing of it is sent, the others keep their order", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const first = scene.ws.send(source);
      const controller = new AbortController();
      const { signal } = controller;
      const never = new Source();
      const aborted = [
        scene.ws.send("x", { signal }),
        scene.ws.send(never, { signal }),
        scene.ws.send(new Blob(["x"]), { signal }),
        scene.ws.send(new Uint8Array(BIG), { signal }),
      ];
      const others = [scene.ws.send("1"), scene.ws.send("2", { signal: new AbortController().signal })];
      aborted.push(scene.ws.send("x", { signal }));
      await source.give("A");
      controller.abort("no");
      for (const promise of aborted) await expect(promise).rejects.toBe("no");
      await source.end();
      await Promise.all([first, ...others]);
      expect(await sentAfterAll(scene)).toBe("01 01 41 80 00 81 01 31 81 01 32");
      expect(never.calls).toEqual(["return"]);
      expect(getEventListeners(signal, "abort")).toEqual([]);
      expect(scene.ws.state).toBe("open");
    });

    test("an abort in the moment in which the turn comes sends nothing", async () => {
      for (const message of ["x", ["x"], new Blob(["x"])] as const) {
        const scene = await openRaw(side);
        const source = new Source();
        const first = scene.ws.send(source);
        const controller = new AbortController();
        const second = scene.ws.send(message, { signal: controller.signal });
        void first.then(() => controller.abort("no"));
        await source.end();
        await first;
        await expect(second).rejects.toBe("no");
        await scene.ws.send("A");
        expect(await sentAfterAll(scene)).toBe("81 01 41");
      }
    });

    test("an abort of one that waits holds when the connection is closed in the same turn", async () => {
      const scene = await openRaw(side);
      const controller = new AbortController();
      const first = scene.ws.send(new Blob(["B"]));
      const second = scene.ws.send("x", { signal: controller.signal });
      const third = scene.ws.send("A");
      controller.abort("no");
      void scene.ws.close();
      await expect(second).rejects.toBe("no");
      expect(await sentAfterAll(scene)).toBe("81 01 41 88 02 03 e8");
      scene.ws.abort();
      await third;
      await expect(first).rejects.toBeInstanceOf(ConnectionClosed);
    });

    test(
      "100,000 sends that nobody awaits take linear time, behind a fragmented one too",
      { timeout: 60_000 },
      async () => {
        const scene = await openPair({ client: { maxQueue: null }, server: { maxQueue: null } });
        const [from, to] = side === "client" ? [scene.clientWs, scene.serverWs] : [scene.serverWs, scene.clientWs];
        const source = new Source();
        for (const isBehind of [false, true]) {
          const start = performance.now();
          if (isBehind) void from.send(source);
          for (let i = 0; i < 100_000; i++) void from.send(String(i));
          if (isBehind) {
            await source.give("A");
            await source.end();
            expect(await to.recv()).toBe("A");
          }
          let inOrder = 0;
          for (let i = 0; i < 100_000; i++) if ((await to.recv()) === String(i)) inOrder++;
          expect(inOrder).toBe(100_000);
          expect(performance.now() - start).toBeLessThan(8000);
        }
      },
    );
  });

  describe("cancelling", () => {
    test("103: aborting a fragmented message under way fails the connection with 1011, and later sends tell", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const controller = new AbortController();
      const sent = scene.ws.send(source, { signal: controller.signal });
      await source.give("A");
      controller.abort("enough");
      await expect(sent).rejects.toBe("enough");
      expect(source.calls).toEqual(["next", "next", "return"]);
      expect(await sentAfterAll(scene)).toBe(`01 01 41 ${FAILED}`);
      const later = scene.ws.send("B");
      scene.peer.end();
      await scene.settle();
      await expect(later).rejects.toBeInstanceOf(ConnectionClosedError);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    });

    test("aborting before the first item sends nothing, and the connection goes on", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const controller = new AbortController();
      const sent = scene.ws.send(source, { signal: controller.signal });
      await scene.settle();
      controller.abort("enough");
      await expect(sent).rejects.toBe("enough");
      await scene.ws.send("A");
      expect(await sentAfterAll(scene)).toBe("81 01 41");
      expect(source.calls).toEqual(["next", "return"]);
    });

    test("a source that aborts its own message is heard", async () => {
      const scene = await openRaw(side);
      const controller = new AbortController();
      const source = (function* () {
        yield "A";
        controller.abort("enough");
        yield "B";
      })();
      await expect(scene.ws.send(source, { signal: controller.signal })).rejects.toBe("enough");
      expect(await sentAfterAll(scene)).toBe(`01 01 41 ${FAILED}`);
    });

    test("aborting while a large fragment is written fails the connection, and its bytes may be changed", async () => {
      const scene = await openRaw(side);
      scene.outbound.capacity = 0;
      const bytes = new Uint8Array(BIG).fill(7);
      const controller = new AbortController();
      const sent = scene.ws.send([bytes], { signal: controller.signal });
      await scene.settle();
      controller.abort("enough");
      await expect(sent).rejects.toBe("enough");
      bytes.fill(9);
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await scene.settle();
      const frames = side === "client" ? unmaskAll(scene.peer.take()) : scene.peer.take();
      expect(frames.subarray(10, 10 + BIG).every((byte) => byte === 7)).toBe(true);
      expect(toHex(frames.subarray(10 + BIG))).toBe(FAILED);
    });

    test("aborting while a Blob is read sends nothing", async () => {
      const scene = await openRaw(side);
      const blob = { size: 3, arrayBuffer: () => new Promise<never>(() => {}), stream: () => streamOf() };
      const controller = new AbortController();
      const sent = scene.ws.send(blob as never, { signal: controller.signal });
      const behind = scene.ws.send("A");
      await scene.settle();
      controller.abort("enough");
      await expect(sent).rejects.toBe("enough");
      await behind;
      expect(await sentAfterAll(scene)).toBe("81 01 41");
    });

    test.each([[{}], ["signal"], [null]])("a signal that is none is a TypeError: %j", async (signal) => {
      const scene = await openRaw(side);
      const sent = scene.ws.send("A", { signal: signal as never });
      await expect(sent).rejects.toBeInstanceOf(TypeError);
      await expect(scene.ws.send(["A"], { signal: signal as never })).rejects.toThrow("Cannot use signal");
      expect(await sentAfterAll(scene)).toBe("");
    });
  });

  describe("Blob", () => {
    test.each([
      ["binary", undefined, "82 03 61 62 63"],
      ["text: true", true, "81 03 61 62 63"],
      ["text: false", false, "82 03 61 62 63"],
    ])("a small one is sent in one frame: %s", async (_what, text, expected) => {
      const scene = await openRaw(side);
      await scene.ws.send(new Blob(["abc"]), text === undefined ? {} : { text });
      await scene.ws.send(new Blob([]));
      expect(await sentAfterAll(scene)).toBe(`${expected} 82 00`);
    });

    test("a large one is sent in fragments, and arrives as it is", async () => {
      const scene = await openPair();
      const [from, to] = side === "client" ? [scene.clientWs, scene.serverWs] : [scene.serverWs, scene.clientWs];
      const bytes = new Uint8Array(200_000).map((_, i) => i);
      await from.send(new Blob([bytes]));
      expect(await to.recv()).toEqual(bytes);
    });

    test("one that cannot be read rejects, and the connection goes on", async () => {
      const scene = await openRaw(side);
      const blob = { size: 3, arrayBuffer: () => Promise.reject(new Error("gone")), stream: () => streamOf() };
      await expect(scene.ws.send(blob as never)).rejects.toEqual(new Error("gone"));
      await scene.ws.send("A");
      expect(await sentAfterAll(scene)).toBe("81 01 41");
    });
  });

  describe("the end of the connection", () => {
    const STUCK = {
      "a source that never gives anything": () => new Source(),
      "a Blob that is never read": () => ({
        size: 3,
        arrayBuffer: () => new Promise<never>(() => {}),
        stream: () => streamOf(),
      }),
      "an endless source": () =>
        (function* () {
          for (;;) yield new Uint8Array(1000);
        })(),
    };

    test.each(Object.keys(STUCK) as (keyof typeof STUCK)[])("ends %s, and what waits behind it", async (name) => {
      const scene = await openRaw(side);
      scene.outbound.capacity = 0;
      const sends = [scene.ws.send(STUCK[name]() as never), scene.ws.send("A"), scene.ws.send(["B"])];
      await scene.settle();
      scene.peer.transport.abort();
      await scene.settle();
      const { error } = await scene.ws.closed;
      for (const send of sends) await expect(send).rejects.toBe(error);
    });

    test.each(Object.keys(STUCK) as (keyof typeof STUCK)[])("before send(): %s", async (name) => {
      for (const isOver of [false, true]) {
        const scene = await openRaw(side);
        void scene.ws.close();
        await scene.settle();
        const early = isOver ? undefined : scene.ws.send(STUCK[name]() as never);
        await endBy(scene, CLOSE_OK);
        const { error } = await scene.ws.closed;
        await expect(early ?? scene.ws.send(STUCK[name]() as never)).rejects.toBe(error);
        await expect(scene.ws.send([])).rejects.toBe(error);
      }
    });

    test("close() in the moment in which an item or a turn comes is no InvalidState", async () => {
      for (const result of [{ done: false, value: "B" } as const, { done: true, value: undefined } as const]) {
        for (let hops = 0; hops < 24; hops++) {
          const scene = await openRaw(side);
          const source = new Source();
          const sends = [
            scene.ws.send(source),
            scene.ws.send("C"),
            scene.ws.send(new Blob(["D"])),
            scene.ws.send(["E"]),
          ];
          await source.give("A");
          source.settle(result);
          for (let i = 0; i < hops; i++) await Promise.resolve();
          void scene.ws.close();
          await endBy(scene, CLOSE_OK);
          for (const send of sends) {
            const outcome = await outcomeOf(send);
            if (outcome !== undefined) expect((outcome as { threw: unknown }).threw).toBeInstanceOf(ConnectionClosed);
          }
        }
      }
    });

    test("before the opening handshake a fragmented message is InvalidState too", async () => {
      const { ws } = unopened(side);
      const source = new Source();
      await expect(ws.send(source)).rejects.toThrow("Cannot send: the opening handshake is not over");
      expect(source.calls).toEqual(["return"]);
      expect(ws.trySend("A")).toBe(false);
    });

    test.each([
      ["well", hex`88 02 03 e8`, ConnectionClosedOK],
      ["with an error", hex`88 02 03 f3`, ConnectionClosedError],
    ])("67: sends after and during the end that the peer makes %s reject", async (_what, close, type) => {
      const scene = await openRaw(side);
      const source = new Source();
      const during = scene.ws.send(source);
      await source.give("A");
      await scene.feed(close);
      await source.give("B");
      const waiting = scene.ws.send("C");
      scene.peer.end();
      await scene.settle();
      const { error } = await scene.ws.closed;
      expect(error).toBeInstanceOf(type);
      for (const send of [during, waiting, scene.ws.send("D"), scene.ws.send(["E"])]) {
        await expect(send).rejects.toBe(error);
      }
      expect(scene.sent()).toMatch(/^01 01 41 88 02/);
    });

    test("a source that ends after the peer has closed rejects, for its message had no end", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const sent = scene.ws.send(source);
      await source.give("A");
      await scene.feed(CLOSE_OK);
      await source.end();
      scene.peer.end();
      await scene.settle();
      await expect(sent).rejects.toBeInstanceOf(ConnectionClosedOK);
    });

    test("66: close() during a fragmented message fails the connection with 1011", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const sent = scene.ws.send(source);
      await source.give("A");
      const closed = scene.ws.close(1000, "bye");
      scene.peer.end();
      await closed;
      await expect(sent).rejects.toBeInstanceOf(ConnectionClosedError);
      expect(scene.sent()).toBe(`01 01 41 ${CLOSED_INSIDE}`);
    });

    test("66: close() before the first item of a source is a normal one", async () => {
      const scene = await openRaw(side);
      const source = new Source();
      const sent = scene.ws.send(source);
      await scene.settle();
      const closed = scene.ws.close();
      await endBy(scene, CLOSE_OK);
      await closed;
      await expect(sent).rejects.toBeInstanceOf(ConnectionClosedOK);
      expect(scene.sent()).toBe("88 02 03 e8");
      expect(source.calls).toEqual(["next", "return"]);
    });
  });

  describe("trySend", () => {
    test.each([
      ["text", "A", undefined, "81 01 41"],
      ["bytes", hex`01`, undefined, "82 01 01"],
      ["text as binary", "A", false, "82 01 41"],
      ["bytes as text", hex`41`, true, "81 01 41"],
      ["a DataView", new DataView(hex`01 02`.buffer), undefined, "82 02 01 02"],
    ] as const)("sends %s at once", async (_what, message, text, expected) => {
      const scene = await openRaw(side);
      expect(scene.ws.trySend(message as string | BytesLike, text === undefined ? {} : { text })).toBe(true);
      expect(await sentAfterAll(scene)).toBe(expected);
    });

    test("copies large bytes: they may be changed at once", async () => {
      const scene = await openRaw(side);
      scene.outbound.capacity = 10;
      const bytes = new Uint8Array(BIG).fill(7);
      expect(scene.ws.trySend(bytes)).toBe(true);
      bytes.fill(9);
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await scene.settle();
      const frame = side === "client" ? unmaskAll(scene.peer.take()) : scene.peer.take();
      expect(frame.subarray(10).every((byte) => byte === 7)).toBe(true);
    });

    test("throws a TypeError for what is neither, in every state", async () => {
      const scene = await openRaw(side);
      for (const message of [1, null, undefined, {}, ["A"], new Blob([])]) {
        expect(() => scene.ws.trySend(message as never)).toThrow(TypeError);
      }
      scene.ws.abort();
      expect(() => scene.ws.trySend(1 as never)).toThrow("Cannot send number: expected a string or bytes");
      expect(await sentAfterAll(scene)).toBe("");
    });

    test("refuses above writeLimit, and works again below", async () => {
      const scene = await openRaw(side, { writeLimit: 100 });
      scene.outbound.capacity = 0;
      let count = 0;
      while (scene.ws.trySend(new Uint8Array(40))) count++;
      expect(count).toBeGreaterThan(1);
      expect(count).toBeLessThan(8);
      const { bufferedAmount } = scene.ws;
      expect(scene.ws.trySend("no")).toBe(false);
      expect(scene.ws.bufferedAmount).toBe(bufferedAmount);
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await scene.settle();
      expect(scene.ws.trySend("yes")).toBe(true);
    });

    test("refuses while closing and closed", async () => {
      const scene = await openRaw(side);
      void scene.ws.close();
      expect(scene.ws.trySend("no")).toBe(false);
      await endBy(scene, CLOSE_OK);
      expect(scene.ws.state).toBe("closed");
      expect(scene.ws.trySend("no")).toBe(false);
      expect(scene.sent()).toBe("88 02 03 e8");
    });
  });

  test.each(["text", "bytes", "a Blob"])(
    "all that wait for room with a signal, and %s behind them, hear of the loss",
    async (what) => {
      const scene = await openRaw(side, { writeLimit: 10 });
      scene.outbound.capacity = 0;
      while (scene.ws.trySend("x".repeat(20)));
      const { signal } = new AbortController();
      const last = { text: "a", bytes: Uint8Array.of(1), "a Blob": new Blob(["a"]) }[what] as string;
      const sent = [
        scene.ws.send("1", { signal }),
        scene.ws.send("2", { signal }),
        scene.ws.send("3", { signal }),
        scene.ws.send(last),
      ];
      await turn();
      scene.peer.transport.abort();
      await scene.settle();
      expect(scene.ws.state).toBe("closed");
      for (const each of sent) {
        expect(await outcomeOf(each)).toEqual({ threw: expect.any(ConnectionClosedError) });
      }
    },
  );

  test("nobody needs to await anything", async () => {
    const found = await unhandledDuring(async () => {
      const scene = await openRaw(side, { writeLimit: 10 });
      scene.outbound.capacity = 0;
      const controller = new AbortController();
      const { signal } = controller;
      const failing = (async function* () {
        yield "A";
        throw new Error("oops");
      })();
      for (const message of ["A", new Uint8Array(BIG), new Blob(["A"]), ["A", 1], 3, failing, slowly("A")]) {
        void scene.ws.send(message as never);
        void scene.ws.send(message as never, { signal });
        void scene.ws.send(message as never, { signal: AbortSignal.abort() });
      }
      await scene.settle();
      controller.abort();
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await scene.settle();
      await feedAtOnce(scene, hex`83 00`);
      scene.peer.transport.abort();
      await scene.settle();
      void scene.ws.send(["A"]);
      void scene.ws.send(slowly("A"), { signal: new AbortController().signal });
      await scene.settle();
    });
    expect(found).toEqual([]);
  });
});

test("a payload that is transferred while it waits ends its own connection", async () => {
  const scene = await openRaw("server", { writeLimit: 10 });
  scene.outbound.capacity = 0;
  void scene.ws.send("x".repeat(20));
  await turn();
  for (const size of [BIG, 0x100000]) {
    const bytes = new Uint8Array(size);
    const sent = [scene.ws.send(bytes), scene.ws.send("behind")];
    structuredClone(bytes, { transfer: [bytes.buffer] });
    for (const each of sent) void each.catch(() => {});
  }
  scene.outbound.capacity = Infinity;
  scene.outbound.pump();
  await scene.settle();
  expect(scene.ws.state).toBe("closed");
  await expect(scene.ws.recv()).rejects.toMatchObject({ cause: { name: "TypeError" } });
  expect(scene.sent()).toBe(toHex(frameOf(0x81, "x".repeat(20))));
});
