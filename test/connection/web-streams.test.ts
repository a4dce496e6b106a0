import { describe, expect, test } from "vitest";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { ConcurrencyError } from "../../src/errors/protocol.ts";
import { feedAtOnce, frameOf, outcomeOf } from "../support/frames.ts";
import { hex, toHex } from "../support/hex.ts";
import { openPair, openRaw, unhandledDuring } from "../support/network.ts";

const SIDES = ["client", "server"] as const;
const DONE = { done: true, value: undefined };
const CLOSE_1011 = toHex(Uint8Array.of(0x88, 2, 3, 0xf3));

describe.each(SIDES)("%s", (side) => {
  describe("readable", () => {
    test("is one stream, and gives messages in order, one recv a read", async () => {
      const scene = await openRaw(side);
      const { readable } = scene.ws;
      expect(scene.ws.readable).toBe(readable);
      const reader = readable.getReader();
      const first = reader.read();
      await feedAtOnce(scene, frameOf(0x81, "A"), frameOf(0x82, "B"), frameOf(0x81, "C"));
      expect(await first).toEqual({ done: false, value: "A" });
      expect(await reader.read()).toEqual({ done: false, value: Uint8Array.of(0x42) });
      // Nothing was read ahead.
      expect(await scene.ws.recv()).toBe("C");
    });

    test.each([
      ["1000", hex`88 02 03 e8`],
      ["1001", hex`88 02 03 e9`],
      ["no code", hex`88 00`],
    ])("ends when the peer closes with %s, after the messages", async (_what, close) => {
      const scene = await openRaw(side);
      await feedAtOnce(scene, frameOf(0x81, "A"), close);
      scene.peer.end();
      await scene.settle();
      const reader = scene.ws.readable.getReader();
      expect(await reader.read()).toEqual({ done: false, value: "A" });
      expect(await reader.read()).toEqual(DONE);
    });

    test("fails when the connection does, while it is read too", async () => {
      for (const isReading of [true, false]) {
        const scene = await openRaw(side);
        const reader = scene.ws.readable.getReader();
        const early = isReading ? outcomeOf(reader.read()) : undefined;
        scene.peer.transport.abort();
        await scene.settle();
        const { error } = await scene.ws.closed;
        expect(await (early ?? outcomeOf(reader.read()))).toEqual({ threw: error });
      }
    });

    test("fails when somebody else reads", async () => {
      const scene = await openRaw(side);
      const first = scene.ws.recv();
      await expect(scene.ws.readable.getReader().read()).rejects.toBeInstanceOf(ConcurrencyError);
      await scene.feed(frameOf(0x81, "A"));
      expect(await first).toBe("A");
    });

    test("cancelling closes the connection, and ends a read that waits", async () => {
      for (const isReading of [true, false]) {
        const scene = await openRaw(side);
        const reader = scene.ws.readable.getReader();
        const waiting = isReading ? reader.read() : undefined;
        await scene.settle();
        const cancelled = reader.cancel("enough");
        await scene.feed(hex`88 02 03 e8`);
        scene.peer.end();
        await cancelled;
        expect(await (waiting ?? DONE)).toEqual(DONE);
        expect(scene.sent()).toBe("88 02 03 e8");
        expect((await scene.ws.closed).code).toBe(1000);
        await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedOK);
      }
    });

    test("cancelling with a message on its way to the reader is no fault", async () => {
      const found = await unhandledDuring(async () => {
        const scene = await openRaw(side);
        const reader = scene.ws.readable.getReader();
        void reader.read();
        await scene.settle();
        scene.link.onData(side === "server" ? hex`81 81 00 00 00 00 41` : hex`81 01 41`);
        void reader.cancel();
        await scene.settle();
        scene.peer.transport.abort();
        await scene.settle();
      });
      expect(found).toEqual([]);
    });

    test("pauses the network when it is not read", async () => {
      const scene = await openRaw(side, { maxQueue: 2 });
      const reader = scene.ws.readable.getReader();
      await feedAtOnce(scene, frameOf(0x81, "A"), frameOf(0x81, "B"), frameOf(0x81, "C"));
      expect(scene.link.isPaused).toBe(true);
      for (const expected of ["A", "B", "C"]) expect((await reader.read()).value).toBe(expected);
      expect(scene.link.isPaused).toBe(false);
    });
  });

  describe("writable", () => {
    test("fails when the peer closes well, too", async () => {
      const scene = await openRaw(side, { closeTimeout: 100 });
      const writer = scene.ws.writable.getWriter();
      await scene.feed(hex`88 02 03 e8`);
      scene.peer.end();
      await scene.settle();
      await scene.advance(0);
      const { error } = await scene.ws.closed;
      expect(error).toBeInstanceOf(ConnectionClosedOK);
      await expect(writer.closed).rejects.toBe(error);
      expect(scene.clock.pending).toBe(0);
    });

    test("is one stream, and sends what is written", async () => {
      const scene = await openRaw(side);
      const { writable } = scene.ws;
      expect(scene.ws.writable).toBe(writable);
      const writer = writable.getWriter();
      await writer.write("A");
      await writer.write(hex`01`);
      const closed = writer.close();
      await scene.settle();
      expect(scene.sent()).toBe("81 01 41 82 01 01 88 02 03 e8");
      await scene.feed(hex`88 02 03 e8`);
      scene.peer.end();
      await closed;
      expect(scene.ws.state).toBe("closed");
    });

    test("waits for room", async () => {
      const scene = await openRaw(side, { writeLimit: 10 });
      scene.outbound.capacity = 0;
      const writer = scene.ws.writable.getWriter();
      const writes = [writer.write(new Uint8Array(100)), writer.write("A"), writer.ready];
      expect(await outcomeOf(Promise.race(writes))).toBe("pending");
      expect(scene.ws.stats.messagesSent).toBe(1);
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await Promise.all(writes);
      expect(scene.ws.stats.messagesSent).toBe(2);
    });

    test("writing what cannot be sent fails the stream, not the connection", async () => {
      const scene = await openRaw(side);
      const writer = scene.ws.writable.getWriter();
      await expect(writer.write(1 as never)).rejects.toBeInstanceOf(TypeError);
      expect(await outcomeOf(writer.closed)).toEqual({ threw: expect.any(TypeError) });
      expect(scene.ws.state).toBe("open");
    });

    test("fails when the connection ends", async () => {
      const scene = await openRaw(side);
      const writer = scene.ws.writable.getWriter();
      scene.peer.transport.abort();
      await scene.settle();
      const { error } = await scene.ws.closed;
      await expect(writer.closed).rejects.toBe(error);
      await expect(writer.write("A")).rejects.toBe(error);
    });

    test("aborting closes the connection with 1011, also behind a write that waits for room", async () => {
      for (const isStuck of [false, true]) {
        const scene = await openRaw(side, { writeLimit: 10, closeTimeout: 100 });
        const writer = scene.ws.writable.getWriter();
        if (isStuck) scene.outbound.capacity = 0;
        const write = writer.write(new Uint8Array(100));
        write.catch(() => {});
        await scene.settle();
        const aborted = writer.abort("enough");
        await scene.settle();
        expect(scene.ws.state).toBe("closing");
        if (!isStuck) expect(scene.sent().endsWith(CLOSE_1011)).toBe(true);
        await scene.advance(100);
        await aborted;
        expect((await scene.ws.closed).sent?.code).toBe(1011);
        await expect(writer.write("A")).rejects.toBe("enough");
        expect(scene.clock.pending).toBe(0);
      }
    });
  });

  test("pipes both ways, with the backpressure of both", async () => {
    const scene = await openPair({
      client: { maxQueue: 2, writeLimit: 1000 },
      server: { maxQueue: 2, writeLimit: 1000 },
    });
    const [ws, peer] = side === "client" ? [scene.clientWs, scene.serverWs] : [scene.serverWs, scene.clientWs];
    scene.toClient.capacity = 2000;
    scene.toServer.capacity = 2000;
    // The peer sends everything back; nobody reads that for now.
    const echo = peer.readable.pipeTo(peer.writable);
    let pulled = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (pulled === 200) controller.close();
          else controller.enqueue(new Uint8Array(500).fill(pulled++));
        },
      },
      { highWaterMark: 0 },
    );
    const sent = source.pipeTo(ws.writable, { preventClose: true });
    await scene.settle();
    expect(pulled).toBeLessThan(40);
    const got: number[] = [];
    const reader = ws.readable.getReader();
    while (got.length < 200) got.push(((await reader.read()).value as Uint8Array)[0] as number);
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await sent;
    await ws.close();
    await expect(reader.read()).resolves.toEqual(DONE);
    await scene.settle();
    await scene.advance(0);
    await echo;
  });

  test("an echo that is piped fails with the connection", async () => {
    const scene = await openRaw(side);
    const echo = scene.ws.readable.pipeTo(scene.ws.writable);
    await scene.feed(frameOf(0x81, "A"));
    expect(scene.sent()).toBe("81 01 41");
    scene.peer.transport.abort();
    await expect(echo).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test("streams that nobody looks at any more are no unhandled rejection", async () => {
    const found = await unhandledDuring(async () => {
      const scene = await openRaw(side);
      expect(scene.ws.readable.locked || scene.ws.writable.locked).toBe(false);
      void scene.ws.writable.getWriter().write("A");
      await scene.settle();
      scene.peer.transport.abort();
      await scene.settle();
    });
    expect(found).toEqual([]);
  });
});
