import { describe, expect, test, vi } from "vitest";
import type { Link } from "../../src/connection/link.ts";
import { ConnectionClosedError } from "../../src/errors/closed.ts";
import { InvalidMessage, InvalidStatus, RequestLineTooLong } from "../../src/errors/handshake.ts";
import { NetworkError, TimeoutError } from "../../src/errors/network.ts";
import { HandshakeRequest } from "../../src/http/request.ts";
import { HandshakeResponse } from "../../src/http/response.ts";
import type { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import type { ServerProtocol } from "../../src/protocol/server-protocol.ts";
import { hex } from "../support/hex.ts";
import {
  GOOD_REQUEST,
  goodResponse,
  latin1,
  masked,
  openRaw,
  type RawScene,
  unhandledDuring,
  unopened,
  unmaskAll,
} from "../support/network.ts";

const SPAM = hex`81 04 53 70 61 6d`;

type Opening = ReturnType<typeof unopened>;

/** Sends our request and returns what the server read. */
async function ask(scene: Opening): Promise<string> {
  const protocol = scene.link.protocol as ClientProtocol;
  protocol.sendRequest(protocol.connect());
  scene.link.start();
  scene.link.flush();
  await scene.settle();
  return scene.peer.takenText();
}

/** Answers the request that arrived. */
async function answer(scene: Opening, make?: () => HandshakeResponse): Promise<void> {
  const request = (await scene.handshake) as HandshakeRequest;
  const protocol = (scene.link as Link<ServerProtocol>).protocol;
  protocol.sendResponse(make?.() ?? protocol.accept(request));
  scene.link.answered();
}

describe("server", () => {
  test("the handshake resolves to the request, and the connection is open once it was answered", async () => {
    const scene = unopened("server", { pingInterval: 1000, pingTimeout: null });
    scene.link.start();
    scene.peer.send(GOOD_REQUEST);
    const request = await scene.handshake;
    expect(request).toBeInstanceOf(HandshakeRequest);
    expect(scene.ws.state).toBe("connecting");
    await scene.advance(5000);
    expect(scene.clock.pending).toBe(0);
    await answer(scene);
    expect(scene.ws.state).toBe("open");
    await scene.settle();
    expect(scene.peer.takenText()).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\n$/s);
    // Keepalive has begun.
    expect(scene.clock.pending).toBe(1);
    scene.ws.abort();
    await scene.settle();
  });

  test("frames that came with the request, or before the answer, are delivered", async () => {
    const scene = unopened("server", { pingInterval: null });
    scene.link.start();
    scene.peer.send(GOOD_REQUEST, masked(SPAM));
    await scene.settle();
    scene.peer.send(masked(hex`82 01 07`), masked(hex`89 00`));
    await scene.settle();
    await answer(scene);
    expect(await scene.ws.recv()).toBe("Spam");
    expect(await scene.ws.recv()).toStrictEqual(hex`07`);
    await scene.settle();
    expect(scene.peer.taken()).toMatch(/ 0d 0a 0d 0a 8a 00$/);
  });

  test("a client that sends more than a request before it was answered is not read from, and nothing is lost", async () => {
    const scene = unopened("server", { pingInterval: null, maxQueue: null, httpLimits: { total: 1000 } });
    scene.link.start();
    scene.peer.send(GOOD_REQUEST);
    for (let i = 0; i < 500; i++) scene.peer.send(masked(SPAM));
    await scene.settle();
    expect(scene.server.isPaused).toBe(true);
    expect(scene.toServer.size).toBeGreaterThan(3900);
    await answer(scene);
    await scene.settle();
    for (let i = 0; i < 500; i++) expect(await scene.ws.recv()).toBe("Spam");
  });

  test("a Close frame before the answer closes an open connection", async () => {
    const scene = unopened("server", { pingInterval: null });
    scene.link.start();
    scene.peer.send(GOOD_REQUEST, masked(hex`88 02 03 e8`));
    await answer(scene);
    await scene.settle();
    expect(scene.peer.taken()).toMatch(/ 0d 0a 0d 0a 88 02 03 e8$/);
    expect(scene.ws.state).toBe("closing");
  });

  test("bytes that are no request reject the handshake and are answered", async () => {
    const scene = unopened("server");
    scene.link.start();
    scene.peer.send("HELO\r\n\r\n");
    await expect(scene.handshake).rejects.toBeInstanceOf(InvalidMessage);
    await scene.settle();
    expect(scene.peer.takenText()).toMatch(/^HTTP\/1\.1 400 /);
    expect(scene.peer.hasEnded).toBe(true);
  });

  test("a request line over the limit rejects the handshake", async () => {
    const scene = unopened("server", { httpLimits: { line: 50 } });
    scene.link.start();
    scene.peer.send(`GET /${"x".repeat(100)}`);
    await expect(scene.handshake).rejects.toBeInstanceOf(RequestLineTooLong);
  });

  test.each([
    ["with nothing", ""],
    ["inside the request", "GET / HT"],
  ])("the end of the stream %s rejects the handshake and is not answered", async (_what, start) => {
    const scene = unopened("server", { closeTimeout: 100 });
    scene.link.start();
    if (start !== "") scene.peer.send(start);
    scene.peer.end();
    await expect(scene.handshake).rejects.toBeInstanceOf(InvalidMessage);
    await scene.settle();
    expect(scene.peer.takenText()).toBe("");
    expect(scene.peer.isClosed).toBe(true);
    expect(scene.clock.pending).toBe(0);
  });

  test("the loss of the connection rejects the handshake with its cause", async () => {
    const scene = unopened("server");
    scene.link.start();
    scene.peer.transport.abort();
    await expect(scene.handshake).rejects.toMatchObject({ reason: "reset" });
    expect(scene.ws.state).toBe("closed");
  });

  test("after plain HTTP a client that stays has one second, or closeTimeout if that is less", async () => {
    for (const [closeTimeout, expected] of [
      [10_000, 1000],
      [null, 1000],
      [300, 300],
    ] as const) {
      const scene = unopened("server", { closeTimeout });
      scene.link.start();
      scene.peer.send(GOOD_REQUEST);
      await answer(scene, () => (scene.link.protocol as ServerProtocol).reject(404, "no"));
      await scene.settle();
      expect(scene.peer.takenText()).toMatch(/^HTTP\/1\.1 404 /);
      expect(scene.peer.hasEnded).toBe(true);
      await scene.advance(expected - 1);
      expect(scene.peer.isClosed).toBe(false);
      await scene.advance(1);
      expect(scene.peer.isClosed).toBe(true);
      expect(scene.clock.pending).toBe(0);
    }
  });

  test("a client that leaves after plain HTTP leaves nothing", async () => {
    const scene = unopened("server");
    scene.link.start();
    scene.peer.send(GOOD_REQUEST);
    await answer(scene, () => (scene.link.protocol as ServerProtocol).reject(404, "no"));
    scene.peer.end();
    await scene.settle();
    expect(scene.ws.state).toBe("closed");
    expect(scene.clock.pending).toBe(0);
  });

  test("what a client sends behind a request that was refused is ignored, paused or not", async () => {
    const scene = unopened("server", { httpLimits: { total: 1000 } });
    scene.link.start();
    scene.peer.send(GOOD_REQUEST, new Uint8Array(2000));
    await scene.settle();
    expect(scene.server.isPaused).toBe(true);
    await answer(scene, () => (scene.link.protocol as ServerProtocol).reject(404, "no"));
    expect(scene.server.isPaused).toBe(false);
    scene.peer.send(new Uint8Array(2000));
    scene.peer.end();
    await scene.settle();
    expect(scene.ws.state).toBe("closed");
  });

  test("bytes are lent until they are written, also when pings have overtaken them", async () => {
    const scene = await openRaw("server", { writeLimit: 0 });
    scene.outbound.hold();
    scene.outbound.capacity = 0;
    void scene.ws.send("Spam");
    await scene.settle();
    let isWritten = false;
    // In two parts: the second one is shorter than the ping.
    void scene.ws.send(new Uint8Array(0x40000 + 3)).then(() => {
      isWritten = true;
    });
    void scene.ws.ping();
    scene.outbound.capacity = SPAM.length;
    scene.outbound.pump();
    await scene.settle();
    scene.outbound.capacity += scene.transport.bufferedAmount;
    scene.outbound.pump();
    await scene.settle();
    expect([isWritten, scene.transport.bufferedAmount]).toEqual([false, 3]);
    scene.outbound.capacity = Infinity;
    scene.outbound.pump();
    await scene.settle();
    expect([isWritten, scene.link.backlog]).toEqual([true, 0]);
  });
});

describe("client", () => {
  test("the handshake resolves to the response, and the connection is open", async () => {
    const scene = unopened("client", { pingInterval: 1000 });
    scene.peer.send(goodResponse(await ask(scene)));
    expect(await scene.handshake).toBeInstanceOf(HandshakeResponse);
    expect(scene.ws.state).toBe("open");
    expect(scene.clock.pending).toBe(1);
    scene.ws.abort();
    await scene.settle();
    expect(scene.clock.pending).toBe(0);
  });

  test("frames in the chunk of the response are delivered, those behind it too", async () => {
    const scene = unopened("client", { pingInterval: null });
    scene.peer.send(goodResponse(await ask(scene)), SPAM, hex`81 01`);
    await scene.settle();
    scene.peer.send(hex`31`);
    expect(await scene.ws.recv()).toBe("Spam");
    expect(await scene.ws.recv()).toBe("1");
  });

  test("a response byte by byte, and frames byte by byte", async () => {
    const scene = unopened("client", { pingInterval: null });
    for (const char of goodResponse(await ask(scene))) scene.peer.send(char);
    for (const byte of SPAM) scene.peer.send(Uint8Array.of(byte));
    await scene.settle();
    expect(await scene.ws.recv()).toBe("Spam");
  });

  test("a status other than 101 comes with its body", async () => {
    const scene = unopened("client");
    await ask(scene);
    scene.peer.send("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n");
    const response = (await scene.handshake) as HandshakeResponse;
    expect(response.body).toStrictEqual(latin1("no\n"));
    expect(scene.link.protocol.handshakeError).toBeInstanceOf(InvalidStatus);
    await scene.settle();
    expect(scene.peer.hasEnded).toBe(true);
  });

  test("a response whose body ends with the stream", async () => {
    const scene = unopened("client");
    await ask(scene);
    scene.peer.send("HTTP/1.1 404 Not Found\r\n\r\nno");
    await scene.settle();
    scene.peer.end();
    expect(((await scene.handshake) as HandshakeResponse).body).toStrictEqual(latin1("no"));
  });

  test.each([
    ["no HTTP", "220 mail.example.com ESMTP\r\n"],
    ["the end of the stream", ""],
    ["the end inside the response", "HTTP/1.1 101 Swi"],
  ])("%s rejects the handshake", async (_what, response) => {
    const scene = unopened("client");
    await ask(scene);
    if (response !== "") scene.peer.send(response);
    scene.peer.end();
    await expect(scene.handshake).rejects.toBeInstanceOf(InvalidMessage);
    await scene.settle();
    expect(scene.ws.state).toBe("closed");
  });

  test("abort() with a cause rejects the handshake with it", async () => {
    const scene = unopened("client");
    await ask(scene);
    const cause = new TimeoutError("too slow");
    scene.link.abort(cause);
    scene.link.abort(new TimeoutError("again"));
    await expect(scene.handshake).rejects.toBe(cause);
    expect((await scene.ws.closed).error.cause).toBe(cause);
  });

  test("settings without pauses: room() and hasRoom before anything was sent", async () => {
    const scene = unopened("server");
    expect(scene.link.hasRoom).toBe(true);
    await scene.link.room();
    expect([scene.link.bufferedAmount, scene.link.backlog, scene.link.departed]).toEqual([0, 0, 0]);
  });

  test("abort() without a cause says that we did it", async () => {
    const scene = unopened("client");
    await ask(scene);
    scene.link.abort();
    await expect(scene.handshake).rejects.toEqual(new NetworkError("other", "connection aborted"));
  });

  test("the end of both halves without a word rejects the handshake", async () => {
    const scene = unopened("client");
    await ask(scene);
    scene.client.closeWrite();
    scene.peer.end();
    await expect(scene.handshake).rejects.toBeInstanceOf(Error);
  });

  test("nobody needs to look at the handshake", async () => {
    const found = await unhandledDuring(async () => {
      const scene = unopened("client");
      await ask(scene);
      scene.link.abort();
      await scene.settle();
    });
    expect(found).toEqual([]);
  });
});

describe("a link without an owner", () => {
  test("reads, writes and ends", async () => {
    for (const side of ["client", "server"] as const) {
      const scene = unopened(side);
      scene.link.owner = undefined;
      if (side === "client") {
        scene.peer.send(goodResponse(await ask(scene)), SPAM);
      } else {
        scene.link.start();
        scene.peer.send(GOOD_REQUEST, masked(SPAM));
        await answer(scene);
      }
      await scene.settle();
      scene.peer.send(side === "client" ? hex`89 00` : masked(hex`89 00`));
      await scene.settle();
      scene.peer.transport.abort();
      await scene.settle();
      expect(scene.link.isLost).toBe(true);
      expect(scene.link.protocol.state).toBe("closed");
    }
  });
});

describe.each(["client", "server"] as const)("%s", (side) => {
  test("queued() writes at once what is more than a batch", async () => {
    const scene = await openRaw(side, { writeLimit: null });
    for (let i = 0; i < 5; i++) scene.link.protocol.sendBinary(new Uint8Array(14_000));
    await scene.link.queued(false);
    expect(scene.transport.writes.length).toBeGreaterThan(0);
  });

  test("queued() of borrowed bytes waits until they are written", async () => {
    const scene = await openRaw(side);
    const bytes = new Uint8Array(70_000);
    scene.link.protocol.sendBinary(bytes);
    await scene.link.queued(true);
    expect(scene.link.backlog).toBe(0);
    scene.outbound.capacity = 0;
    scene.link.protocol.sendBinary(bytes);
    let isWritten = false;
    void scene.link.queued(true).then(() => {
      isWritten = true;
    });
    await scene.settle();
    expect(isWritten).toBe(false);
    scene.outbound.capacity = Infinity;
    scene.outbound.pump();
    await scene.settle();
    expect(isWritten).toBe(true);
  });

  test("flush() hands out no more than the transport takes", async () => {
    const scene = await openRaw(side, { writeLimit: 1000 });
    scene.outbound.capacity = 100;
    scene.outbound.hold();
    for (let i = 0; i < 100; i++) scene.link.protocol.sendBinary(new Uint8Array(10_000));
    scene.link.flush();
    expect(scene.transport.bufferedAmount).toBeLessThan(300_000);
    expect(scene.link.backlog).toBeGreaterThan(999_000);
    const before = scene.transport.writes.length;
    scene.link.flush();
    expect(scene.transport.writes).toHaveLength(before);
    scene.outbound.capacity = Infinity;
    scene.outbound.release();
    scene.outbound.pump();
    await scene.settle();
    expect(scene.link.backlog).toBe(0);
  });

  test("waiters go on as their bytes are written, the first ones first", async () => {
    const scene = await openRaw(side, { writeLimit: 10 });
    scene.outbound.capacity = 50_000;
    scene.outbound.hold();
    const done: number[] = [];
    const sends = Array.from({ length: 30 }, (_, i) => scene.ws.send(new Uint8Array(10_000)).then(() => done.push(i)));
    await scene.settle();
    expect(done.length).toBeLessThan(10);
    scene.outbound.release();
    await Promise.all(sends);
    expect(done).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  test("who waits for their bytes goes on, though a pong that was counted before them was replaced by a shorter one", async () => {
    const scene = await openRaw(side, { writeLimit: 0 });
    scene.outbound.capacity = 0;
    void scene.ws.send(new Uint8Array(10));
    await scene.settle();
    await scene.feed(Uint8Array.from([0x89, 0x7d, ...new Uint8Array(125)]));
    const sends = [scene.ws.send(new Uint8Array(70_000)), scene.ws.send("Spam")];
    await scene.feed(hex`89 00`);
    scene.outbound.capacity = Infinity;
    scene.outbound.pump();
    await scene.settle();
    expect(scene.link.backlog).toBe(0);
    await Promise.all(sends);
  });

  test("a drain that nobody waits for is no harm", async () => {
    const scene = await openRaw(side);
    scene.outbound.capacity = 5;
    await scene.ws.send("Spam and eggs");
    await scene.settle();
    expect(scene.sent()).toBe("81 0d 53 70 61 6d 20 61 6e 64 20 65 67 67 73");
  });

  test("nothing is written, and no turn begun, once TCP is gone", async () => {
    const scene = await openRaw(side);
    scene.link.protocol.sendBinary(hex`01`);
    void scene.link.queued(false);
    // The turn ends after the loss.
    scene.transport.break(new Error("gone"));
    scene.link.onClose(new Error("gone"));
    await scene.settle();
    scene.link.flush();
    expect(scene.transport.writes).toHaveLength(0);
    await expect(scene.ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test("a Ping that overtakes never gets into a frame that is half written", async () => {
    for (const [capacity, sizes] of [
      [1000, [1_000_000, 40_000, 10]],
      [300_000, [700_000, 300_000, 300_000]],
      [70_000, [10, 33_000, 400_000]],
    ] as const) {
      const scene = await openRaw(side, { writeLimit: 1000 });
      scene.outbound.capacity = capacity;
      scene.outbound.isManual = true;
      const sends = sizes.map((size, i) => scene.ws.send(new Uint8Array(size).fill(i + 1)));
      for (let i = 0; scene.link.backlog > 0 || scene.outbound.size > 0; i++) {
        if (i % 3 === 0 && i < 12) void scene.ws.ping(String(i));
        if (!scene.outbound.deliver()) await scene.settle();
      }
      await scene.settle();
      await Promise.all(sends);
      const bytes = side === "client" ? unmaskAll(scene.peer.take()) : scene.peer.take();
      const messages: number[] = [];
      let pings = 0;
      for (let at = 0; at < bytes.length;) {
        const view = new DataView(bytes.buffer, bytes.byteOffset + at);
        const code = view.getUint8(1);
        const length = code === 127 ? Number(view.getBigUint64(2)) : code === 126 ? view.getUint16(2) : code;
        const start = at + (code === 127 ? 10 : code === 126 ? 4 : 2);
        at = start + length;
        if (view.getUint8(0) === 0x89) {
          pings++;
          continue;
        }
        expect(view.getUint8(0)).toBe(0x82);
        messages.push(length);
        expect(new Set(bytes.subarray(start, at))).toEqual(new Set([messages.length]));
      }
      expect(messages).toEqual(sizes);
      expect(pings).toBeGreaterThan(0);
    }
  });

  test("the end of a turn that was asked for twice comes once, and an open end has no deadline with closeTimeout null", async () => {
    const scene = await openRaw(side, { closeTimeout: null });
    scene.link.protocol.sendBinary(hex`01`);
    void scene.link.queued(false);
    scene.link.protocol.sendBinary(hex`02`);
    void scene.link.queued(false);
    await scene.settle();
    expect(scene.transport.writes).toHaveLength(1);
    scene.link.protocol.sendClose(1000);
    scene.link.flush();
    await scene.advance(100_000);
    expect(scene.link.isLost).toBe(false);
    expect(scene.clock.pending).toBe(0);
    scene.link.abort();
    await scene.settle();
  });

  test("flush() of a connection that is closing resumes reading, for the end lies behind what is unread", async () => {
    const scene = await openRaw(side);
    scene.link.pause();
    scene.link.protocol.sendClose(1000);
    scene.link.flush();
    expect(scene.link.isPaused).toBe(false);
    scene.link.abort();
    await scene.settle();
  });

  test("lastReceivedAt is when the last byte came, or reading was resumed", async () => {
    const scene = await openRaw(side);
    await scene.advance(10);
    await scene.feed(SPAM);
    expect(scene.link.lastReceivedAt).toBe(10);
    await scene.advance(10);
    scene.link.pause();
    scene.link.resume();
    expect(scene.link.lastReceivedAt).toBe(20);
  });
});

test.each([false, true])(
  "what comes with the opening handshake is kept; later nothing that is lent: %s",
  async (isLending) => {
    const scene = unopened("server", {}, isLending);
    scene.link.start();
    scene.link.onData(latin1(GOOD_REQUEST));
    expect(scene.link.hasKept).toBe(true);
    scene.link.onData(masked(SPAM));
    expect(scene.link.hasKept).toBe(true);
    await answer(scene);
    const message = masked(hex`82 04 01 02 03 04`);
    scene.link.onData(message);
    expect(scene.link.hasKept).toBe(!isLending);
    await scene.ws.recv();
    const received = (await scene.ws.recv()) as Uint8Array;
    expect(received.buffer === message.buffer).toBe(!isLending);
    scene.link.abort();
    await scene.settle();
  },
);

test("a transport may take large payloads in larger parts", async () => {
  const scene = await openRaw("server");
  const lengths = (): number[] => scene.transport.writes.splice(0).map(({ length }) => length);
  await scene.ws.send(new Uint8Array(0x80000));
  expect(lengths()).toEqual([10 + 0x40000, 0x40000]);
  scene.transport.partSize = 0x70000;
  await scene.ws.send(new Uint8Array(0x80000));
  expect(lengths()).toEqual([10 + 0x70000, 0x10000]);
});

describe("a transport that delivers one read in several turns", () => {
  async function inParts(): Promise<{ readonly scene: RawScene; readonly ends: (() => void)[] }> {
    const scene = await openRaw("server");
    const ends: (() => void)[] = [];
    const endOfReading = (end: () => void): boolean => ends.push(end) > 0;
    Object.assign(scene.transport, { endOfReading });
    return { scene, ends };
  }

  const sendAll = (scene: RawScene, ...texts: readonly string[]): void => {
    for (const text of texts) void scene.ws.send(text);
  };

  test("what several turns sent leaves in one write", async () => {
    const { scene, ends } = await inParts();
    const before = scene.transport.writes.length;
    for (const texts of [
      ["1", "2"],
      ["3", "4"],
    ]) {
      sendAll(scene, ...texts);
      await scene.settle();
    }
    expect([scene.transport.writes.length - before, ends.length]).toEqual([0, 1]);
    ends[0]?.();
    expect(scene.transport.writes.slice(before)).toEqual([hex`81 01 31 81 01 32 81 01 33 81 01 34`]);
    sendAll(scene, "5");
    await scene.settle();
    ends[1]?.();
    expect(scene.transport.writes.at(-1)).toEqual(hex`81 01 35`);
    scene.ws.abort();
    await scene.settle();
  });

  test("the reply to a lone message is not held", async () => {
    const { scene, ends } = await inParts();
    const reading = scene.ws.recv().then(() => scene.ws.send("eggs"));
    await scene.feed(SPAM);
    await reading;
    expect(scene.transport.writes.at(-1)).toEqual(hex`81 04 65 67 67 73`);
    expect(ends).toEqual([]);
    scene.ws.abort();
    await scene.settle();
  });

  test("the reply to a message that ends in a full record, or in the chunk behind one, is held", async () => {
    const { scene, ends } = await inParts();
    const before = scene.transport.writes.length;
    const echoing = (async () => {
      for await (const message of scene.ws) await scene.ws.send(String(message.length));
    })();
    const frame = masked(new Uint8Array([0x82, 126, 0x40, 0, ...new Uint8Array(0x4000)]));
    for (const chunk of [frame.subarray(0, 0x4000), frame.subarray(0x4000), masked(SPAM)]) scene.peer.send(chunk);
    await scene.settle();
    // The third chunk holds a lone message, and what waits leaves with its reply.
    expect(scene.transport.writes.slice(before)).toEqual([hex`81 05 31 36 33 38 34 81 01 34`]);
    scene.peer.send(masked(new Uint8Array([0x82, 126, 0x3f, 0xf8, ...new Uint8Array(0x3ff8)])));
    await scene.settle();
    expect([scene.transport.writes.length - before, ends.length]).toEqual([1, 1]);
    scene.ws.abort();
    await expect(echoing).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test("what waits is lost with the connection, and leaves before its Close frame", async () => {
    const { scene, ends } = await inParts();
    sendAll(scene, "1");
    await scene.settle();
    void scene.ws.close();
    expect(scene.transport.writes.at(-1)).toEqual(hex`81 01 31 88 02 03 e8`);
    scene.ws.abort();
    await scene.settle();
    const { length } = scene.transport.writes;
    ends[0]?.();
    expect(scene.transport.writes).toHaveLength(length);
  });
});

test.each(["client", "server"] as const)(
  "%s: there is no deadline for a transport that is gone already",
  async (side) => {
    const scene = await openRaw(side, { pingInterval: null });
    for (const [amount, pending] of [
      [Infinity, 0],
      [0, 1],
    ] as const) {
      vi.spyOn(scene.link.transport, "bufferedAmount", "get").mockReturnValue(amount);
      scene.link.onEnd();
      expect(scene.clock.pending).toBe(pending);
    }
    vi.restoreAllMocks();
    scene.ws.abort();
    await scene.settle();
  },
);
