import { describe, expect, test, vi } from "vitest";
import { TimeoutError } from "../../src/errors/network.ts";
import { hex, parseHex } from "../support/hex.ts";
import type { RawScene } from "../support/network.ts";
import { openRaw } from "../support/network.ts";

const SIDES = ["client", "server"] as const;
const PING = /^89 04( [0-9a-f]{2}){4}$/;
const FAILED = "88 18 03 f3 6b 65 65 70 61 6c 69 76 65 20 70 69 6e 67 20 74 69 6d 65 6f 75 74";
const CLOSE_OK = "88 02 03 e8";

/** Answers a ping that was read as hexadecimal. */
async function answer(scene: RawScene, ping: string): Promise<void> {
  expect(ping).toMatch(PING);
  await scene.feed(parseHex(`8a${ping.slice(2)}`));
}

/** The peer closes, and all is over. */
async function finish(scene: RawScene): Promise<void> {
  await scene.feed(hex`88 02 03 e8`);
  scene.peer.end();
  await scene.settle();
  expect(scene.ws.state).toBe("closed");
  expect(scene.clock.pending).toBe(0);
}

/** The connection fails after so many milliseconds and no earlier, and leaves no timer behind. */
async function expectFailure(scene: RawScene, delay: number): Promise<void> {
  await scene.advance(delay - 1);
  expect(scene.ws.state).toBe("open");
  await scene.advance(1);
  expect(scene.ws.state).toBe("closing");
  scene.ws.abort();
  await scene.settle();
  expect(scene.clock.pending).toBe(0);
}

describe.each(SIDES)("%s", (side) => {
  const OPTIONS = { pingInterval: 1000, pingTimeout: 500, closeTimeout: 100 };

  test("71: Keepalive pings after one interval, not before, and measures latency", async () => {
    const scene = await openRaw(side, OPTIONS);
    await scene.advance(999);
    expect(scene.sent()).toBe("");
    expect(scene.ws.latency).toBeNull();
    await scene.advance(1);
    const ping = scene.sent();
    await scene.advance(30);
    await answer(scene, ping);
    expect(scene.ws.latency).toBe(30);
    await finish(scene);
  });

  test("Keepalive pings every interval while pings are answered, with another payload each", async () => {
    const scene = await openRaw(side, OPTIONS);
    const pings = new Set<string>();
    for (let i = 0; i < 5; i++) {
      await scene.advance(1000);
      const ping = scene.sent();
      pings.add(ping);
      await answer(scene, ping);
    }
    expect(pings.size).toBe(5);
    expect(scene.ws.state).toBe("open");
    await finish(scene);
  });

  test("Keepalive pings every interval with the defaults, too", async () => {
    const scene = await openRaw(side, { pingInterval: 20_000 });
    const sentAt: number[] = [];
    for (let second = 1; second <= 85; second++) {
      await scene.advance(1000);
      const ping = scene.sent();
      if (ping === "") continue;
      sentAt.push(second);
      await answer(scene, ping);
    }
    expect(sentAt).toHaveLength(4);
    await scene.feed(hex`88 02 03 e8`);
    scene.peer.end();
    await scene.advance(60_000);
    expect(scene.clock.pending).toBe(0);
  });

  test("71: Keepalive fails the connection with 1011 after pingTimeout in silence", async () => {
    const scene = await openRaw(side, OPTIONS);
    await scene.advance(1000);
    expect(scene.sent()).toMatch(PING);
    await scene.advance(499);
    expect(scene.ws.state).toBe("open");
    await scene.advance(1);
    expect(scene.sent()).toBe(FAILED);
    expect(scene.ws.state).toBe("closing");
    await scene.advance(100);
    const { code, sent, received, error } = await scene.ws.closed;
    expect({ code, sent, received }).toEqual({
      code: 1006,
      sent: { code: 1011, reason: "keepalive ping timeout" },
      received: null,
    });
    expect(error.cause).toEqual(new TimeoutError("keepalive ping not answered within 500 ms"));
    expect(scene.clock.pending).toBe(0);
  });

  test("Keepalive counts from the ping where a write is over only in a later turn, as on Deno and with TLS", async () => {
    const scene = await openRaw(side, OPTIONS);
    scene.outbound.capacity = 0;
    await scene.advance(1000);
    scene.outbound.capacity = Infinity;
    scene.outbound.pump();
    await scene.settle();
    expect(scene.sent()).toMatch(PING);
    await expectFailure(scene, 500);
  });

  test("Keepalive goes on while bytes arrive, and fails pingTimeout after the last one", async () => {
    const scene = await openRaw(side, OPTIONS);
    await scene.advance(1000);
    for (let i = 0; i < 20; i++) {
      await scene.advance(400);
      await scene.feed(hex`82 00`);
      await scene.ws.recv();
      expect(scene.ws.state).toBe("open");
    }
    await expectFailure(scene, 500);
  });

  test("Keepalive fails the connection when our own bytes are stuck for pingTimeout", async () => {
    const scene = await openRaw(side, OPTIONS);
    scene.outbound.capacity = 10;
    scene.peer.transport.pause();
    void scene.ws.send(new Uint8Array(100));
    // The peer talks all the time, and answers nothing as it does not read.
    for (let i = 0; i < 15; i++) {
      await scene.advance(100);
      expect(scene.ws.state).toBe(i < 14 ? "open" : "closing");
      if (i < 14) await scene.feed(hex`82 00`);
      if (i < 14) await scene.ws.recv();
    }
    await scene.advance(100);
    expect((await scene.ws.closed).error.cause).toBeInstanceOf(TimeoutError);
    expect(scene.clock.pending).toBe(0);
  });

  test.each([
    ["stay stuck after the pong", false, "closing"],
    ["leave after the pong", true, "open"],
  ] as const)("Keepalive watches over our bytes that %s", async (_what, leave, state) => {
    const scene = await openRaw(side, OPTIONS);
    await scene.advance(1000);
    const ping = scene.sent();
    scene.outbound.capacity = 10;
    scene.peer.transport.pause();
    void scene.ws.send(new Uint8Array(100));
    await scene.settle();
    await answer(scene, ping);
    expect(scene.ws.latency).toBe(0);
    if (leave) {
      await scene.advance(100);
      scene.outbound.capacity = Infinity;
      scene.outbound.pump();
      await scene.settle();
      await scene.advance(400);
    } else {
      // The ten bytes that left are seen at the first look, that no more followed at the second.
      await scene.advance(1000);
    }
    expect(scene.ws.state).toBe(state);
    scene.ws.abort();
    await scene.settle();
    expect(scene.clock.pending).toBe(0);
  });

  test("Keepalive lets a peer read as slowly as it likes, if it reads", async () => {
    const scene = await openRaw(side, { ...OPTIONS, writeLimit: 10 });
    scene.outbound.capacity = 10;
    scene.outbound.isManual = true;
    void scene.ws.send(new Uint8Array(1000));
    for (let i = 0; i < 20; i++) {
      await scene.advance(400);
      scene.outbound.deliver();
      await scene.feed(hex`82 00`);
      await scene.ws.recv();
      expect(scene.ws.state).toBe("open");
    }
    scene.ws.abort();
    await scene.settle();
    expect(scene.clock.pending).toBe(0);
  });

  test("Keepalive does not fail a silent peer while we are the ones who do not read", async () => {
    const scene = await openRaw(side, { ...OPTIONS, maxQueue: { high: 1, low: 0 } });
    await scene.feed(hex`82 00 82 00`.subarray(0, 2), hex`82 00`);
    expect(scene.transport.isPaused).toBe(true);
    for (let i = 0; i < 30; i++) {
      await scene.advance(100);
      expect(scene.ws.state).toBe("open");
    }
    // Reading again, the peer has the whole of pingTimeout.
    await scene.ws.recv();
    await scene.ws.recv();
    expect(scene.transport.isPaused).toBe(false);
    await scene.advance(499);
    expect(scene.ws.state).toBe("open");
    await scene.advance(1);
    expect(scene.ws.state).toBe("closing");
    scene.ws.abort();
    await scene.settle();
  });

  test.each([500, null])(
    "Keepalive sends Pongs while it does not read, with pingTimeout %s, so that a peer that is gone is noticed",
    async (pingTimeout) => {
      const scene = await openRaw(side, { ...OPTIONS, pingTimeout, maxQueue: { high: 1, low: 0 } });
      await scene.feed(hex`82 00`, hex`82 00`);
      await scene.advance(1000);
      expect(scene.sent()).toMatch(PING);
      for (let i = 0; i < 5; i++) {
        await scene.advance(1000);
        expect(scene.sent()).toBe("8a 00");
      }
      // What waits to be written does as well.
      if (pingTimeout === null) {
        scene.outbound.capacity = 10;
        scene.peer.transport.pause();
        void scene.ws.send(new Uint8Array(100));
        await scene.advance(1000);
        expect(scene.link.backlog).toBe(side === "client" ? 96 : 92);
      }
      scene.ws.abort();
      await scene.settle();
      expect(scene.clock.pending).toBe(0);
    },
  );

  test("Keepalive fails the connection where not even a Pong can be made", async () => {
    const scene = await openRaw(side, { ...OPTIONS, maxQueue: { high: 1, low: 0 } });
    await scene.feed(hex`82 00`, hex`82 00`);
    await scene.advance(1000);
    const error = new Error("cannot encode");
    vi.spyOn(scene.link.protocol, "sendPong").mockImplementation(() => {
      throw error;
    });
    await scene.advance(1000);
    expect(scene.ws.state).toBe("closing");
    scene.ws.abort();
    await scene.settle();
    expect((await scene.ws.closed).error.cause).toBe(error);
  });

  test("Keepalive without pingTimeout pings for ever and never fails", async () => {
    const scene = await openRaw(side, { pingInterval: 1000, pingTimeout: null, closeTimeout: 100 });
    for (let i = 0; i < 10; i++) {
      await scene.advance(1000);
      expect(scene.sent()).toMatch(PING);
    }
    expect(scene.ws.state).toBe("open");
    await finish(scene);
  });

  test("Keepalive sends no second ping while it waits for the first", async () => {
    const scene = await openRaw(side, { pingInterval: 100, pingTimeout: 1000, closeTimeout: 100 });
    await scene.advance(100);
    expect(scene.sent()).toMatch(PING);
    await scene.advance(1000);
    expect(scene.sent()).toBe(FAILED);
    scene.ws.abort();
    await scene.settle();
    expect(scene.clock.pending).toBe(0);
  });

  test("pingInterval null means no ping, no latency and no timer", async () => {
    const scene = await openRaw(side, { pingInterval: null });
    expect(scene.clock.pending).toBe(0);
    await scene.advance(1_000_000);
    expect(scene.sent()).toBe("");
    expect(scene.ws.latency).toBeNull();
  });

  test.each([
    ["while it sleeps", 500],
    ["while it waits for a pong", 1200],
  ])("Keepalive ends with the connection %s", async (_when, duration) => {
    const scene = await openRaw(side, OPTIONS);
    await scene.advance(duration);
    scene.sent();
    await finish(scene);
    expect(scene.sent()).toBe(CLOSE_OK);
    await scene.advance(10_000);
    expect(scene.clock.pending).toBe(0);
  });

  test("Keepalive pauses nothing: a connection that failed while not reading sees the end of its peer", async () => {
    const scene = await openRaw(side, { ...OPTIONS, closeTimeout: 10_000, maxQueue: { high: 0, low: 0 } });
    await scene.feed(hex`82 00`);
    expect(scene.transport.isPaused).toBe(true);
    scene.outbound.capacity = 10;
    scene.peer.transport.pause();
    void scene.ws.send(new Uint8Array(100));
    await scene.advance(1000);
    await scene.advance(500);
    expect(scene.ws.state).toBe("closing");
    scene.outbound.capacity = Infinity;
    scene.peer.transport.resume();
    scene.outbound.pump();
    scene.peer.end();
    await scene.settle();
    expect(scene.peer.isClosed).toBe(true);
    expect(scene.ws.state).toBe("closed");
  });

  test("Keepalive does not take a peer that reads a large message slowly for dead, and notices when it is", async () => {
    const scene = await openRaw(side, {
      pingInterval: 1000,
      pingTimeout: 1000,
      closeTimeout: 500,
      writeLimit: 0x10000,
    });
    scene.outbound.capacity = 50_000;
    scene.outbound.isManual = true;
    const sent = scene.ws.send(new Uint8Array(8_000_000));
    // A megabyte a second; the Ping waits behind the frame.
    for (let step = 0; scene.link.backlog > 0; step++) {
      scene.outbound.deliver();
      await scene.advance(50);
      expect(scene.ws.state, `after ${step} steps`).toBe("open");
    }
    expect(scene.clock.now()).toBeGreaterThan(7000);
    await sent;
    // The Ping has left now, and its answer is due.
    await scene.advance(900);
    expect(scene.ws.state).toBe("open");
    await scene.advance(1100);
    expect(scene.ws.state).toBe("closing");
    scene.transport.abort();
    await scene.settle();
    expect(scene.clock.pending).toBe(0);
  });

  test("Keepalive fails a connection whose peer stops in the middle of a large message", async () => {
    const scene = await openRaw(side, {
      pingInterval: 1000,
      pingTimeout: 1000,
      closeTimeout: 500,
      writeLimit: 0x10000,
    });
    scene.outbound.capacity = 50_000;
    scene.outbound.isManual = true;
    void scene.ws.send(new Uint8Array(8_000_000));
    for (let step = 0; step < 60; step++) {
      scene.outbound.deliver();
      await scene.advance(50);
    }
    expect(scene.ws.state).toBe("open");
    await scene.advance(2100);
    expect(scene.ws.state).not.toBe("open");
    scene.transport.abort();
    await scene.settle();
  });

  test("Keepalive does not watch a connection that is closing", async () => {
    const scene = await openRaw(side, { pingInterval: 1000, pingTimeout: 500, closeTimeout: 10_000 });
    await scene.advance(1000);
    expect(scene.sent()).toMatch(PING);
    const closed = scene.ws.close();
    await scene.advance(1000);
    // Only the deadline of closing is left.
    expect(scene.clock.pending).toBe(1);
    await scene.advance(10_000);
    await closed;
    expect((await scene.ws.closed).error.cause).toEqual(new TimeoutError("closing handshake not over after 10000 ms"));
    expect(scene.clock.pending).toBe(0);
  });

  test("Keepalive leaves a connection alone whose reader takes a message slowly, and notices the end of its peer later", async () => {
    const scene = await openRaw(side, { pingInterval: 1000, pingTimeout: 500, closeTimeout: 100, maxSize: null });
    const stream = scene.ws.recvStreaming();
    const first = stream.next();
    await scene.feed(hex`02 01 41`);
    await first;
    const fragment = Uint8Array.from([0, 126, 0xff, 0xff, ...new Uint8Array(0xffff)]);
    for (let i = 0; i < 10; i++) {
      await scene.feed(fragment, fragment);
      expect(scene.link.isPaused).toBe(true);
      await scene.advance(3000);
      expect(scene.ws.state).toBe("open");
      expect((await stream.next()).value).toHaveLength(0xffff * 2);
    }
    expect(scene.link.isPaused).toBe(false);
    await scene.advance(2000);
    expect(scene.ws.state).not.toBe("open");
    scene.transport.abort();
    await scene.settle();
  });
});
