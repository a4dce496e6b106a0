import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ServerConnection } from "../../src/server/server-connection.ts";
import { GOOD_REQUEST, masked } from "../support/network.ts";
import { hex } from "../support/hex.ts";
import { fakeTimers, idle, serveInMemory } from "./scene.ts";

beforeAll(fakeTimers);
beforeEach(() => {
  vi.advanceTimersByTime(100_000);
});
afterAll(() => {
  vi.useRealTimers();
});

const TOO_MANY_CONNECTIONS =
  /^HTTP\/1\.1 503 Service Unavailable\r\n(?=[^]*\r\nRetry-After: 5\r\n)[^]*\r\n\r\nToo many connections\.\n$/;
const TOO_MANY_HANDSHAKES =
  /^HTTP\/1\.1 503 Service Unavailable\r\n(?=[^]*\r\nRetry-After: 5\r\n)[^]*\r\n\r\nToo many opening handshakes\.\n$/;
const SWITCHING = /^HTTP\/1\.1 101 /;

describe("maxConnections", () => {
  test("answers the next one with 503, until one is gone", async () => {
    const scene = await serveInMemory(idle, { maxConnections: 2 });
    const first = await scene.ask();
    const second = await scene.ask();
    expect([first.answer, second.answer]).toEqual([expect.stringMatching(SWITCHING), expect.stringMatching(SWITCHING)]);
    const third = await scene.ask();
    expect(third.answer).toMatch(TOO_MANY_CONNECTIONS);
    expect(third.peer.hasEnded).toBe(true);
    // A connection counts up to the end of TCP.
    first.peer.send(masked(hex`88 02 03 e8`));
    await scene.settle();
    first.peer.end();
    await scene.settle();
    expect(first.peer.isClosed).toBe(true);
    expect((await scene.ask()).answer).toMatch(SWITCHING);
    expect((await scene.ask()).answer).toMatch(TOO_MANY_CONNECTIONS);
  });

  test("counts those that are opened in the same turn", async () => {
    const scene = await serveInMemory(idle, { maxConnections: 2 });
    const peers = [1, 2, 3].map(() => scene.dial().peer);
    for (const peer of peers) peer.send(GOOD_REQUEST);
    await scene.settle();
    expect(peers.map((peer) => peer.takenText().slice(9, 12))).toEqual(["101", "101", "503"]);
  });

  test("does not concern other answers", async () => {
    const processRequest = (ws: ServerConnection, { path }: { path: string }): ReturnType<typeof ws.respond> | null =>
      path === "/health" ? ws.respond(200, "OK\n") : null;
    const scene = await serveInMemory(idle, { maxConnections: 0, processRequest });
    expect((await scene.ask(GOOD_REQUEST.replace("/chat", "/health"))).answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect((await scene.ask(GOOD_REQUEST.replace("GET", "PUT"))).answer).toMatch(/^HTTP\/1\.1 405 /);
    expect((await scene.ask()).answer).toMatch(TOO_MANY_CONNECTIONS);
  });
});

describe("maxHandshakes", () => {
  test("answers the next one with 503 at once, before it asked for anything", async () => {
    const scene = await serveInMemory(idle, { maxHandshakes: 2 });
    const [first] = [scene.dial(), scene.dial()];
    const third = scene.dial();
    await scene.settle();
    expect(third.peer.takenText()).toMatch(TOO_MANY_HANDSHAKES);
    expect(third.peer.hasEnded).toBe(true);
    // Who is turned away takes no place.
    first?.peer.send(GOOD_REQUEST);
    await scene.settle();
    expect(first?.peer.takenText()).toMatch(SWITCHING);
    expect((await scene.ask()).answer).toMatch(SWITCHING);
  });

  test("makes room when a handshake was lost, or took too long", async () => {
    const scene = await serveInMemory(idle, { maxHandshakes: 1, openTimeout: 1000 });
    const { peer } = scene.dial();
    await scene.settle();
    peer.transport.abort();
    await scene.settle();
    scene.dial();
    await scene.settle();
    expect((await scene.ask()).answer).toMatch(TOO_MANY_HANDSHAKES);
    await scene.advance(1000);
    expect((await scene.ask()).answer).toMatch(SWITCHING);
  });

  test("a client that was turned away and stays is dropped, and the server waits for it to be gone", async () => {
    const scene = await serveInMemory(idle, { maxHandshakes: 0 });
    const { peer } = scene.dial();
    await scene.settle();
    const closed = scene.server.close();
    let isOver = false;
    void closed.then(() => {
      isOver = true;
    });
    await scene.settle();
    expect(isOver).toBe(false);
    await scene.advance(1000);
    expect(peer.isClosed).toBe(true);
    await closed;
  });

  test("of those that were turned away 1,000 are answered, and the next ones dropped", async () => {
    const scene = await serveInMemory(idle, { maxHandshakes: 0 });
    const peers = Array.from({ length: 1001 }, () => scene.dial().peer);
    await scene.settle();
    expect(peers.filter((peer) => TOO_MANY_HANDSHAKES.test(peer.takenText()))).toHaveLength(1000);
    expect(peers.at(-1)?.isClosed).toBe(true);
    await scene.advance(1000);
    expect((await scene.ask()).answer).toMatch(TOO_MANY_HANDSHAKES);
  });

  test("null: no limit", async () => {
    const scene = await serveInMemory(idle, { maxHandshakes: null });
    for (let i = 0; i < 1100; i++) scene.dial();
    expect((await scene.ask()).answer).toMatch(SWITCHING);
  });

  test("1000 by default", async () => {
    const scene = await serveInMemory();
    for (let i = 0; i < 999; i++) scene.dial();
    const last = scene.dial();
    expect((await scene.ask()).answer).toMatch(TOO_MANY_HANDSHAKES);
    last.peer.send(GOOD_REQUEST);
    await scene.settle();
    expect(last.peer.takenText()).toMatch(SWITCHING);
  });
});

describe("createConnection", () => {
  test("makes connections of a class of the user", async () => {
    class Mine extends ServerConnection {
      readonly name = "mine";
    }
    const seen: ServerConnection[] = [];
    const scene = await serveInMemory((ws) => void seen.push(ws), { createConnection: Mine });
    expect((await scene.ask()).answer).toMatch(SWITCHING);
    expect(seen).toEqual([expect.any(Mine)]);
    expect(seen[0]?.server).toBe(scene.server);
  });

  test("a connection that closes itself in a constructor that throws comes to its end", async () => {
    const ended: Promise<void>[] = [];
    class Bad extends ServerConnection {
      constructor(...args: ConstructorParameters<typeof ServerConnection>) {
        super(...args);
        ended.push(this.close());
        throw new Error("bad");
      }
    }
    const scene = await serveInMemory(idle, { createConnection: Bad });
    const { peer } = scene.dial();
    await scene.settle();
    expect(peer.isClosed).toBe(true);
    expect(ended).toHaveLength(1);
    await Promise.all(ended);
  });

  test("that throws drops TCP, and is logged", async () => {
    class Bad extends ServerConnection {
      constructor(...args: ConstructorParameters<typeof ServerConnection>) {
        super(...args);
        throw new Error("bad");
      }
    }
    const scene = await serveInMemory(idle, { createConnection: Bad });
    const { peer, answer } = await scene.ask();
    expect([answer, peer.isClosed]).toEqual(["", true]);
    expect(scene.logger.lines).toEqual([
      { level: "error", message: "! createConnection failed", details: [new Error("bad")] },
    ]);
    await scene.server.close();
  });
});
