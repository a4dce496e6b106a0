import { describe, expect, test, vi } from "vitest";
import { broadcast } from "../../src/connection/broadcast.ts";
import type { Connection } from "../../src/connection/connection.ts";
import { subscribe } from "../../src/connection/diagnostics.ts";
import { ConcurrencyError } from "../../src/errors/protocol.ts";
import { hex } from "../support/hex.ts";
import { openPair, openRaw, RecordingLogger } from "../support/network.ts";

type Scene = Awaited<ReturnType<typeof openRaw>>;

const SIDES = ["client", "server"] as const;

test("the only broadcast of a turn is written at once, several leave together from the second turn on", async () => {
  const scene = await openRaw("server");
  const { writes } = scene.transport;
  const turn = async (count: number): Promise<[atOnce: number, inAll: number]> => {
    writes.length = 0;
    for (let i = 0; i < count; i++) broadcast([scene.ws], "news");
    const atOnce = writes.length;
    await scene.settle();
    return [atOnce, writes.length];
  };
  await turn(1);
  expect(await turn(1)).toEqual([1, 1]);
  expect(await turn(3)).toEqual([1, 2]);
  expect(await turn(3)).toEqual([0, 1]);
  expect(await turn(1)).toEqual([0, 1]);
  expect(await turn(1)).toEqual([1, 1]);
  expect(scene.ws.bufferedAmount).toBe(0);
  expect(scene.sent()).toBe("81 04 6e 65 77 73 ".repeat(10).trim());
});

test("a broadcast at once comes behind what waits, and counts against the limit of a peer that does not read", async () => {
  const scene = await openRaw("server", { writeLimit: 1000 });
  broadcast([scene.ws], "");
  await scene.settle();
  void scene.ws.send("a");
  broadcast([scene.ws], "b");
  await scene.settle();
  expect(scene.sent()).toBe("81 00 81 01 61 81 01 62");
  scene.outbound.capacity = 0;
  broadcast([scene.ws], new Uint8Array(2000));
  expect(scene.ws.trySend("x")).toBe(false);
  expect(scene.ws.bufferedAmount).toBe(2000);
});

describe("what is called in the middle comes behind the broadcast for all before it:", () => {
  async function closedBy(call: (first: Scene, second: Scene) => unknown, maxBuffered?: number): Promise<void> {
    const [first, second, third] = [await openRaw("server"), await openRaw("server"), await openRaw("server")];
    // A turn with one, so that the next one is written at once.
    broadcast([third.ws], "");
    await third.settle();
    const end = await call(first, second);
    broadcast([first.ws, second.ws, third.ws], "news", maxBuffered === undefined ? {} : { maxBuffered });
    await first.settle();
    if (typeof end === "function") end();
    await third.settle();
    expect(first.sent()).toBe("81 04 6e 65 77 73 88 02 03 e8");
    expect(third.sent()).toBe("81 00 81 04 6e 65 77 73");
  }

  test("a listener of diagnostics", () =>
    closedBy((first, second) =>
      subscribe("frame-out", ({ connection }) => {
        if (connection === second.ws) void first.ws.close();
      }),
    ));

  test("a listener of diagnostics that hears of one that is slow", async () => {
    const [slow, other] = [await openRaw("server", { writeLimit: 1 }), await openRaw("server")];
    broadcast([other.ws], "");
    await other.settle();
    slow.outbound.capacity = 0;
    const end = subscribe("buffered", ({ connection }) => {
      if (connection === slow.ws) void other.ws.close();
    });
    broadcast([slow.ws, other.ws], "news");
    end();
    await other.settle();
    expect(other.sent()).toBe("81 00 81 04 6e 65 77 73 88 02 03 e8");
  });

  test("a logger", () =>
    closedBy(async (first, second) => {
      void second.ws.send(
        (async function* () {
          yield "a";
          await new Promise(() => {});
        })(),
      );
      await second.settle();
      vi.spyOn(second.link.settings.log, "warn").mockImplementation(() => void first.ws.close());
    }));

  test("the end of a slow connection", () =>
    closedBy((first, second) => {
      second.outbound.capacity = 0;
      vi.spyOn(second.ws, "backlog", "get").mockReturnValue(100);
      vi.spyOn(second.ws, "close").mockImplementation(() => first.ws.close());
    }, 100));
});

test("a broadcast at once of which some is left counts as buffered until it is written", async () => {
  const scene = await openRaw("server", { writeLimit: 1000 });
  broadcast([scene.ws], "");
  await scene.settle();
  scene.outbound.capacity = 0;
  broadcast([scene.ws, scene.ws], "x".repeat(300));
  expect([scene.ws.bufferedAmount, scene.ws.trySend("")]).toEqual([600, true]);
  await scene.settle();
  broadcast([scene.ws], "x".repeat(600));
  await scene.settle();
  expect([scene.ws.bufferedAmount, scene.ws.trySend("")]).toEqual([1200, false]);
  const room = scene.ws.send("last");
  scene.outbound.capacity = Infinity;
  scene.outbound.pump();
  await room;
  await scene.settle();
  expect(scene.ws.bufferedAmount).toBe(0);
});

describe.each(SIDES)("broadcast() from a %s", (side) => {
  const ends = (pair: Awaited<ReturnType<typeof openPair>>): [Connection, Connection] =>
    side === "server" ? [pair.serverWs, pair.clientWs] : [pair.clientWs, pair.serverWs];

  test.each([
    ["text", "é", {}, "é"],
    ["bytes", hex`01 02`, {}, hex`01 02`],
    ["a buffer", hex`01 02`.buffer, {}, hex`01 02`],
    ["bytes as text", hex`61`, { text: true }, "a"],
    ["text as binary", "a", { text: false }, hex`61`],
    ["nothing", "", {}, ""],
    ["much", "x".repeat(100_000), {}, "x".repeat(100_000)],
  ])("case 79: sends %s to all that are open", async (_what, message, options, expected) => {
    const pairs = [await openPair(), await openPair(), await openPair()];
    const senders = pairs.map((pair) => ends(pair)[0]);
    senders[2]?.abort();
    broadcast(senders, message, options);
    for (const pair of pairs.slice(0, 2)) expect(await ends(pair)[1].recv()).toStrictEqual(expected);
    expect(senders.map(({ stats }) => stats.messagesSent)).toEqual([1, 1, 0]);
    broadcast([], message, options);
  });

  test("what goes wrong with one is told, and the others get the message", async () => {
    const pair = await openPair();
    const other = await openPair();
    const [from] = ends(pair);
    const error = new Error("no memory");
    vi.spyOn(from, "sendPrepared").mockImplementation(() => {
      throw error;
    });
    expect(() => broadcast([from, ends(other)[0]], "news", { raiseExceptions: true })).toThrow(
      expect.objectContaining({ name: "AggregateError", errors: [error] }),
    );
    expect(await ends(other)[1].recv()).toBe("news");
  });

  test("sends to a connection as often as it is named, and does not read the bytes later", async () => {
    const pair = await openPair();
    const [from, to] = ends(pair);
    const bytes = new Uint8Array(5000).fill(7);
    broadcast([from, from], bytes);
    bytes.fill(8);
    expect(await to.recv()).toStrictEqual(new Uint8Array(5000).fill(7));
    expect(await to.recv()).toStrictEqual(new Uint8Array(5000).fill(7));
  });

  test("leaves out who is in the middle of another message, with a warning or an error", async () => {
    const logger = new RecordingLogger();
    const pair = await openPair({ client: { logger }, server: { logger } });
    const other = await openPair();
    const [from, to] = ends(pair);
    const gate = gated();
    const sending = from.send(slowly(gate.promise));
    await pair.settle();
    const text = "a message in fragments or of a Blob is under way";
    broadcast([from, ends(other)[0]], "news");
    expect(logger.lines).toEqual([{ level: "warn", message: `! cannot broadcast: ${text}`, details: [] }]);
    expect(await ends(other)[1].recv()).toBe("news");
    expect(() => broadcast([from, ends(other)[0]], "again", { raiseExceptions: true })).toThrow(
      expect.objectContaining({
        name: "AggregateError",
        message: "Cannot broadcast to 1 of the connections",
        errors: [new ConcurrencyError(text)],
      }),
    );
    expect(await ends(other)[1].recv()).toBe("again");
    gate.resolve();
    await sending;
    expect(await to.recv()).toBe("ab");
    broadcast([from], "last");
    expect(await to.recv()).toBe("last");
  });
});

function gated(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function* slowly(gate: Promise<unknown>): AsyncGenerator<string> {
  yield "a";
  await gate;
  yield "b";
}

describe("a slow connection", () => {
  test.each([
    ["close", 1013],
    ["skip", undefined],
    ["buffer", undefined],
  ] as const)("onSlow: %s", async (onSlow, code) => {
    const pair = await openPair({ server: { closeTimeout: 1000 } });
    const { clientWs: to, serverWs: from } = pair;
    pair.toClient.capacity = 10;
    pair.toClient.hold();
    void from.send(new Uint8Array(600));
    await pair.settle();
    broadcast([from], new Uint8Array(400), { onSlow, maxBuffered: 1100 });
    expect(from.state).toBe("open");
    broadcast([from], new Uint8Array(400), { onSlow, maxBuffered: 1100 });
    await pair.settle();
    expect(from.state).toBe(code === undefined ? "open" : "closing");
    expect(from.stats.messagesSent).toBe(onSlow === "buffer" ? 3 : 2);
    if (code === undefined) {
      pair.toClient.release();
      pair.toClient.capacity = Infinity;
      for (const size of onSlow === "buffer" ? [600, 400, 400] : [600, 400]) {
        expect(await to.recv()).toHaveLength(size);
      }
      return;
    }
    await pair.advance(1000);
    expect(await from.closed).toMatchObject({ code: 1006, sent: { code, reason: "too slow" } });
  });

  test("16 MiB are too much by default", async () => {
    const { ws } = await openRaw("server", { maxSize: null });
    broadcast([ws], new Uint8Array(16 * 0x100000));
    expect(ws.stats.messagesSent).toBe(1);
    const other = await openRaw("server");
    broadcast([other.ws], new Uint8Array(16 * 0x100000 + 1));
    expect(other.ws.stats.messagesSent).toBe(0);
    expect(other.ws.state).toBe("closing");
  });
});

test.each<[string, () => unknown, Error]>([
  ["a number", () => broadcast([], 1 as never), new TypeError("Cannot send number: expected a string or bytes")],
  [
    "no connections",
    () => broadcast([1 as never], ""),
    new TypeError("Cannot broadcast: expected an iterable of connections"),
  ],
  ["null", () => broadcast(null as never, ""), new TypeError("Cannot broadcast: expected an iterable of connections")],
  [
    "a policy",
    () => broadcast([], "", { onSlow: "wait" as never }),
    new TypeError('Cannot use onSlow: expected "close", "skip" or "buffer"'),
  ],
  [
    "a size",
    () => broadcast([], "", { maxBuffered: -1 }),
    new RangeError("Cannot use maxBuffered: -1, expected a number of bytes"),
  ],
])("broadcast() refuses %s", (_what, act, error) => {
  expect(act).toThrow(error);
});

test("broadcast() refuses a connection in place of an iterable, and sends nothing", async () => {
  const { ws } = await openRaw("server");
  expect(() => broadcast(ws as never, "")).toThrow(TypeError);
  expect(() => broadcast([ws, 1 as never], "")).toThrow(TypeError);
  expect(ws.stats.messagesSent).toBe(0);
});
