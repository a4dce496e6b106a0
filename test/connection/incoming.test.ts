import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import type { Message } from "../../src/protocol/events.ts";
import { feedAtOnce, frameOf, outcomeOf } from "../support/frames.ts";
import { hex } from "../support/hex.ts";
import { openPair, openRaw, unhandledDuring } from "../support/network.ts";

const SIDES = ["client", "server"] as const;
const utf8 = new TextEncoder();

describe.each(SIDES)("%s", (side) => {
  const WHOLE = [frameOf(0x81, "é"), frameOf(0x82, "é")];
  const FRAGMENTED = [frameOf(0x01, utf8.encode("é").subarray(0, 1)), frameOf(0x80, utf8.encode("é").subarray(1))];
  test.each(
    [undefined, true, false].flatMap((decode) => [
      [decode, "whole", "text", [WHOLE[0] as Uint8Array]] as const,
      [decode, "whole", "binary", [WHOLE[1] as Uint8Array]] as const,
      [decode, "fragmented", "text", FRAGMENTED] as const,
      [
        decode,
        "fragmented",
        "binary",
        FRAGMENTED.map((frame, i) => (i === 0 ? Uint8Array.from([2, ...frame.subarray(1)]) : frame)),
      ] as const,
    ]),
  )("54: recv() with decode %s of a %s %s message", async (decode, _form, kind, frames) => {
    const isString = decode ?? kind === "text";
    const options = decode === undefined ? {} : { decode };
    const expected = isString ? "é" : utf8.encode("é");
    const { signal } = new AbortController();
    for (const isEarly of [true, false]) {
      for (const all of [options, { ...options, signal }]) {
        const scene = await openRaw(side);
        const early = isEarly ? scene.ws.recv(all) : undefined;
        for (const frame of frames) await scene.feed(frame);
        expect(await (early ?? scene.ws.recv(all))).toEqual(expected);
      }
    }
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test.each([
    ["before any frame", 0],
    ["in the middle of a fragmented message", 1],
  ])("56: recv() aborted %s: the next recv() returns the whole message", async (_what, count) => {
    const scene = await openRaw(side);
    for (const frame of FRAGMENTED.slice(0, count)) await scene.feed(frame);
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = scene.ws.recv({ signal });
    controller.abort("enough");
    await expect(aborted).rejects.toBe("enough");
    await expect(scene.ws.recv({ signal })).rejects.toBe("enough");
    expect(getEventListeners(signal, "abort")).toEqual([]);
    for (const frame of FRAGMENTED.slice(count)) await scene.feed(frame);
    expect(await scene.ws.recv()).toBe("é");
  });

  test("recv() with a signal that is refused, or ends with the connection, lets go of it", async () => {
    const scene = await openRaw(side);
    const { signal } = new AbortController();
    const first = scene.ws.recv({ signal });
    await expect(scene.ws.recv({ signal })).rejects.toThrow("another call of recv");
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    scene.peer.transport.abort();
    await scene.settle();
    await expect(first).rejects.toBeInstanceOf(ConnectionClosedError);
    await expect(scene.ws.recv({ signal })).rejects.toBe(await scene.ws.closed.then(({ error }) => error));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("59: invalid UTF-8 fails the connection although nobody reads, and our Close says so", async () => {
    for (const decode of [true, false]) {
      const scene = await openRaw(side, { decode });
      await scene.feed(hex`81 01 ff`);
      scene.peer.end();
      await scene.settle();
      expect((await scene.ws.closed).sent?.code).toBe(1007);
    }
  });

  test("99: a control frame may be longer than what is left of maxSize in the middle of a message", async () => {
    const scene = await openRaw(side, { maxSize: 4 });
    await scene.feed(frameOf(0x01, "abcd"));
    await scene.feed(frameOf(0x89, "a long payload"));
    await scene.feed(hex`80 00`);
    expect(await scene.ws.recv()).toBe("abcd");
    expect(scene.ws.state).toBe("open");
  });

  test.each([
    ["97: a 16-bit length that fits 7 bits", hex`82 7e 00 01 01`],
    ["97: a 64-bit length that fits 16 bits", hex`82 7f 00 00 00 00 00 00 00 01 01`],
    ["98: a length with the top bit set", hex`82 7f 80 00 00 00 00 00 00 00`],
  ])("%s fails with 1002, with maxSize null too", async (_what, frame) => {
    const scene = await openRaw(side, { maxSize: null });
    scene.peer.send(side === "client" ? frame : withMaskBit(frame));
    await scene.settle();
    expect(scene.sent()).toMatch(/^88 .. 03 ea/);
  });

  test("74: the peer may send control frames between messages that wait, and each message is read once", async () => {
    const scene = await openRaw(side, { maxQueue: { high: 4, low: 2 } });
    for (let i = 0; i < 6; i++) await feedAtOnce(scene, frameOf(0x81, String(i)), hex`89 00`);
    expect(scene.link.isPaused).toBe(true);
    const got: Message[] = [];
    for (let i = 0; i < 6; i++) {
      got.push(await scene.ws.recv());
      await scene.settle();
    }
    expect(got).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(scene.sent()).toBe("8a 00 ".repeat(6).trim());
  });

  test("109: a reader that pauses during a Ping and a Close of the peer answers them when it reads on", async () => {
    const scene = await openRaw(side, { maxQueue: 0 });
    await scene.feed(frameOf(0x81, "A"));
    expect(scene.link.isPaused).toBe(true);
    await scene.feed(hex`89 01 01`);
    await scene.feed(frameOf(0x81, "B"));
    await scene.feed(hex`88 02 03 e8`);
    expect(scene.sent()).toBe("");
    expect(await scene.ws.recv()).toBe("A");
    await scene.settle();
    expect(scene.sent()).toBe("8a 01 01");
    expect(await scene.ws.recv()).toBe("B");
    await scene.settle();
    expect(scene.sent()).toBe("88 02 03 e8");
  });

  test("75: close() while reading is paused and a stream is half read finds the Close of the peer", async () => {
    const scene = await openRaw(side, { maxSize: null });
    const stream = scene.ws.recvStreaming();
    const first = stream.next();
    await scene.feed(hex`02 01 01`);
    await first;
    await scene.feed(frameOf(0x00, new Uint8Array(70_000)));
    await scene.feed(frameOf(0x80, new Uint8Array(10)));
    await scene.feed(hex`88 02 03 e8`);
    expect(scene.link.isPaused).toBe(true);
    const closed = scene.ws.close();
    scene.peer.end();
    await closed;
    expect((await scene.ws.closed).code).toBe(1000);
    expect((await stream.next()).value).toHaveLength(70_000);
  });

  test("after a gap nothing is given out: no message, no piece, and nothing of a message under way", async () => {
    for (const frames of [[hex`81 01 42`], [hex`81 01 42`, hex`01 01 43`]]) {
      const scene = await openRaw(side, { maxQueue: 0 });
      await scene.feed(hex`81 01 41`);
      const closed = scene.ws.close();
      await scene.settle();
      await feedAtOnce(scene, ...frames);
      expect(await scene.ws.recv()).toBe("A");
      const end = scene.ws
        .recvStreaming()
        .next()
        .catch((reason: unknown) => reason);
      await feedAtOnce(scene, frames.length === 1 ? hex`81 01 43` : hex`80 01 44`, hex`88 02 03 e8`);
      scene.peer.end();
      await closed;
      expect(await end).toBeInstanceOf(ConnectionClosedOK);
    }
  });

  test("57: a stream that is given up before its message began leaves it whole", async () => {
    const scene = await openRaw(side);
    const stream = scene.ws.recvStreaming();
    void stream.next();
    await stream.return?.();
    for (const frame of FRAGMENTED) await scene.feed(frame);
    expect(await scene.ws.recv()).toBe("é");
  });

  test.each([[{}], ["signal"], [null]])("a signal that is none is a TypeError: %j", async (signal) => {
    const scene = await openRaw(side);
    const options = { signal: signal as never };
    await expect(scene.ws.recv(options)).rejects.toThrow(/^Cannot use signal: .*, expected an AbortSignal$/);
    expect(() => scene.ws.recvStreaming(options)).toThrow(TypeError);
    await expect(scene.ws.ping("x", options)).rejects.toBeInstanceOf(TypeError);
    await scene.feed(frameOf(0x81, "A"));
    expect(await scene.ws.recv()).toBe("A");
  });

  test("counts every whole message, read, dropped or left early", async () => {
    const scene = await openRaw(side, { maxQueue: 0 });
    await scene.feed(hex`81 01 41`);
    const left = scene.ws.recvStreaming();
    await left.next();
    await feedAtOnce(scene, hex`01 01 41`, hex`80 01 41`, hex`82 01 01`);
    expect(scene.ws.stats).toMatchObject({ messagesReceived: 3, bytesReceived: 4 });
    void scene.ws.close();
    await scene.settle();
    await feedAtOnce(scene, hex`81 01 41`, hex`81 01 41`);
    expect(scene.ws.stats).toMatchObject({ messagesReceived: 5, bytesReceived: 6 });
  });

  test("recv() with decode true of bytes that no string can hold rejects, and the next message is read", async () => {
    const scene = await openPair({ client: { maxSize: null }, server: { maxSize: null } });
    const ws = side === "client" ? scene.clientWs : scene.serverWs;
    const bytes = new Uint8Array(0x1fffffe8 + 1);
    for (const isStreamed of [false, true]) {
      const pending = isStreamed ? ws.recvStreaming({ decode: true }).next() : ws.recv({ decode: true });
      ws.link.owner?.onEvents([bytes]);
      expect(await outcomeOf(pending)).toMatchObject({ threw: expect.any(Error) });
      ws.link.owner?.onEvents(["A"]);
      expect(await ws.recv()).toBe("A");
    }
  });

  test("iteration and recv() share the messages, and leaving the loop loses none", async () => {
    const scene = await openRaw(side);
    await feedAtOnce(scene, hex`81 01 41`, hex`81 01 42`, hex`81 01 43`);
    for await (const message of scene.ws) {
      expect(message).toBe("A");
      break;
    }
    expect(await scene.ws.recv()).toBe("B");
    expect(await scene.ws[Symbol.asyncIterator]().next()).toEqual({ done: false, value: "C" });
  });

  test("nobody needs to look at what recv() ends with", async () => {
    const found = await unhandledDuring(async () => {
      const scene = await openRaw(side);
      const controller = new AbortController();
      void scene.ws.recv({ signal: controller.signal });
      void scene.ws.recv();
      void scene.ws[Symbol.asyncIterator]().next();
      controller.abort();
      void scene.ws.recv({ signal: controller.signal });
      void scene.ws[Symbol.asyncIterator]().next();
      scene.peer.transport.abort();
      await scene.settle();
      void scene.ws.recv();
      void scene.ws[Symbol.asyncIterator]().next();
    });
    expect(found).toEqual([]);
  });
});

/** A frame with the mask bit, and a key of zeros before its payload. */
function withMaskBit(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const code = (frame[1] as number) & 0x7f;
  const headerLength = code === 127 ? 10 : code === 126 ? 4 : 2;
  const bytes = Uint8Array.from([...frame.subarray(0, headerLength), 0, 0, 0, 0, ...frame.subarray(headerLength)]);
  bytes[1] = (bytes[1] as number) | 0x80;
  return bytes;
}
