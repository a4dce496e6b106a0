import { getEventListeners } from "node:events";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ClientConnection } from "../../src/client/client-connection.ts";
import { bindConnect } from "../../src/client/connect.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { decodeLatin1 } from "../../src/bytes/ascii.ts";
import { processException } from "../../src/client/process-exception.ts";
import type { Listener } from "../../src/connection/runtime.ts";
import type { LoggerLike } from "../../src/connection/logger.ts";
import { InvalidStatus, InvalidURI } from "../../src/errors/handshake.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { bindServe } from "../../src/server/serve.ts";
import { memoryPair, turn } from "../support/memory-transport.ts";
import { goodResponse, MemoryRuntime, RawPeer, RecordingLogger, unhandledDuring } from "../support/network.ts";

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterAll(() => {
  vi.useRealTimers();
});

/** What the server does with the next client. */
type Answer = (peer: RawPeer, request: string) => void;

const accept: Answer = (peer, request) => peer.send(goodResponse(request));
const greet: Answer = (peer, request) => {
  peer.send(goodResponse(request), Uint8Array.of(0x81, 2, 0x68, 0x69));
};
const drop: Answer = (peer, request) => {
  peer.send(goodResponse(request));
  peer.end();
};
const close: Answer = (peer) => peer.end();
const reset: Answer = (peer) => peer.transport.abort();
const stay: Answer = () => {};
const reject =
  (status: number, ...headers: readonly string[]): Answer =>
  (peer) => {
    peer.send([`HTTP/1.1 ${status} No`, "Content-Length: 0", ...headers, "", ""].join("\r\n"));
  };

interface Scene {
  readonly runtime: MemoryRuntime;
  readonly peers: RawPeer[];
  readonly iterator: AsyncGenerator<ClientConnection, void, undefined>;
  /** Asks for the next connection and lets the server answer. */
  readonly begin: () => Promise<{ readonly outcome: () => unknown }>;
  readonly advance: (duration: number) => Promise<void>;
}

/** A server that answers its clients as listed, the last answer again and again. */
async function serving(answers: readonly Answer[], options: ConnectOptions = {}): Promise<Scene> {
  const runtime = new MemoryRuntime();
  const peers: RawPeer[] = [];
  const waiting = [...answers];
  const port = await runtime.listenRaw((peer) => {
    peers.push(peer);
    const answer = waiting.length > 1 ? (waiting.shift() as Answer) : (waiting[0] as Answer);
    peer.onData = (chunk) => {
      const request = decodeLatin1(chunk);
      if (request.startsWith("GET ")) answer(peer, request);
    };
  });
  const connecting = bindConnect(runtime)(`ws://memory:${port}/`, {
    pingInterval: null,
    reconnectDelays: () => [1000, 2000, 4000],
    ...options,
  });
  const iterator = connecting[Symbol.asyncIterator]();
  return {
    runtime,
    peers,
    iterator,
    async begin() {
      let found: unknown = "waiting";
      iterator.next().then(
        ({ value }) => {
          found = value;
        },
        (error: unknown) => {
          found = error;
        },
      );
      await runtime.settle();
      return { outcome: () => found };
    },
    async advance(duration) {
      vi.advanceTimersByTime(duration);
      await runtime.settle();
    },
  };
}

function stateOf(outcome: unknown): string {
  return (outcome as ClientConnection).state ?? outcome;
}

describe("for await (const ws of connect(uri))", () => {
  test("gives one open connection after the other, and closes each before the next", async () => {
    const { runtime, peers, begin, advance } = await serving([greet]);
    const first = (await begin()).outcome() as ClientConnection;
    expect(first.state).toBe("open");
    expect(runtime.pairs).toHaveLength(1);
    const second = await begin();
    expect(first.state).toBe("closing");
    peers[0]?.send(Uint8Array.of(0x88, 2, 3, 0xe8));
    peers[0]?.end();
    await advance(0);
    expect(first.state).toBe("closed");
    expect(stateOf(second.outcome())).toBe("open");
    expect(runtime.pairs).toHaveLength(2);
  });

  test("leaving the loop closes the connection with 1000, and ends", async () => {
    for (const how of ["break", "throw"]) {
      const runtime = new MemoryRuntime();
      const closed: (number | null)[] = [];
      const server = await bindServe(runtime)(
        async (peer) => {
          closed.push((await peer.closed).code);
        },
        { port: 8765, pingInterval: null },
      );
      const loop = async (): Promise<string> => {
        for await (const ws of bindConnect(runtime)("ws://memory:8765/", { pingInterval: null })) {
          expect(ws.state).toBe("open");
          if (how === "throw") throw new Error("mine");
          break;
        }
        return "left";
      };
      expect(await loop().catch((error: Error) => error.message)).toBe(how === "throw" ? "mine" : "left");
      await runtime.settle();
      expect(closed).toEqual([1000]);
      expect(runtime.pairs).toHaveLength(1);
      await server.close();
    }
  });

  test("waits between attempts as the policy says, and begins anew after a success", async () => {
    const { runtime, begin, advance, peers } = await serving([close, reject(503), reset, greet, close, accept, accept]);
    const { outcome } = await begin();
    for (const [i, delay] of [1000, 2000, 4000].entries()) {
      expect(runtime.pairs).toHaveLength(i + 1);
      await advance(delay - 1);
      expect(runtime.pairs).toHaveLength(i + 1);
      await advance(1);
      expect(runtime.pairs).toHaveLength(i + 2);
    }
    expect(stateOf(outcome())).toBe("open");
    peers[3]?.transport.abort();
    const next = await begin();
    // At once, because the last connection brought a message; then after the first delay again.
    expect(runtime.pairs).toHaveLength(5);
    await advance(1000);
    expect(stateOf(next.outcome())).toBe("open");
  });

  test("the last error is thrown when the policy has no more delays", async () => {
    const { begin, advance, iterator } = await serving([reject(502)]);
    const { outcome } = await begin();
    await advance(1000);
    await advance(2000);
    expect(outcome()).toBe("waiting");
    await advance(4000);
    expect(outcome()).toMatchObject({ code: "INVALID_STATUS", response: { statusCode: 502 } });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test("Retry-After of 429 and 503 makes a delay longer", async () => {
    const { begin, advance, runtime } = await serving([
      reject(429, "Retry-After: 30"),
      reject(503, "Retry-After: 1"),
      accept,
    ]);
    const { outcome } = await begin();
    await advance(29_999);
    expect(runtime.pairs).toHaveLength(1);
    await advance(1);
    expect(runtime.pairs).toHaveLength(2);
    await advance(2000);
    expect(stateOf(outcome())).toBe("open");
  });

  test.each<[string, Answer, number, boolean]>([
    ["drops at once", drop, 0, true],
    ["drops after a while", accept, 4999, true],
    ["drops after 5 s", accept, 5000, false],
    ["sends a message", greet, 0, false],
  ])("a server that %s", async (_what, answer, duration, isPaced) => {
    const { begin, advance, peers, runtime } = await serving([answer]);
    const { outcome } = await begin();
    expect(outcome()).not.toBe("waiting");
    await advance(duration);
    peers[0]?.transport.abort();
    await begin();
    expect(runtime.pairs).toHaveLength(isPaced ? 1 : 2);
    await advance(999);
    expect(runtime.pairs).toHaveLength(isPaced ? 1 : 2);
    await advance(1);
    expect(runtime.pairs).toHaveLength(2);
  });

  test("a server that drops again and again ends the loop with what closed the connection", async () => {
    const { begin, advance } = await serving([drop]);
    await begin();
    for (const delay of [1000, 2000, 4000]) {
      await begin();
      await advance(delay);
    }
    const { outcome } = await begin();
    expect(outcome()).toMatchObject({ code: "CONNECTION_CLOSED_ERROR" });
  });

  test("openTimeout holds for each attempt", async () => {
    const { begin, advance, runtime } = await serving([stay, accept], { openTimeout: 3000 });
    const { outcome } = await begin();
    await advance(3000);
    await advance(1000);
    expect(runtime.pairs).toHaveLength(2);
    expect(stateOf(outcome())).toBe("open");
  });

  test("tells the logger about each delay", async () => {
    const lines: unknown[][] = [];
    const logger: LoggerLike = { info: (...line) => lines.push(line), warn() {}, error() {} };
    const { begin } = await serving([close], { logger });
    await begin();
    expect(lines).toEqual([["! connecting again in 1000 ms", expect.objectContaining({ code: "INVALID_MESSAGE" })]]);
    await (await serving([close], { logger: new RecordingLogger() })).begin();
  });

  test("works as it is by default", async () => {
    const { begin, advance, runtime } = await serving([close, accept], { reconnectDelays: undefined });
    const { outcome } = await begin();
    await advance(5000);
    expect(runtime.pairs).toHaveLength(2);
    expect(stateOf(outcome())).toBe("open");
  });
});

describe("processException", () => {
  const after = async (decide: (error: unknown) => unknown): Promise<unknown> => {
    const { begin, advance } = await serving([reject(404), accept], { processException: decide });
    const { outcome } = await begin();
    await advance(1000);
    return outcome();
  };

  test.each([null, undefined])("tries again when it returns %s", async (decision) => {
    expect(stateOf(await after(() => decision))).toBe("open");
  });

  test("ends the loop with the error, or with another one, returned or thrown", async () => {
    const mine = new Error("mine");
    expect(await after((error) => error)).toBeInstanceOf(InvalidStatus);
    expect(await after(processException)).toBeInstanceOf(InvalidStatus);
    expect(await after(() => mine)).toBe(mine);
    expect(
      await after(() => {
        throw mine;
      }),
    ).toBe(mine);
  });

  test("is not asked about mistakes of the caller", async () => {
    const asked: unknown[] = [];
    const decide = (error: unknown): null => {
      asked.push(error);
      return null;
    };
    const connect = bindConnect(new MemoryRuntime());
    const pair = memoryPair();
    for (const [uri, options, expected] of [
      ["http://memory/", {}, InvalidURI],
      ["ws://memory/", { maxSize: -1 }, RangeError],
      ["ws://memory/", { transport: pair.client }, TypeError],
    ] as const) {
      const iterator = connect(uri, { ...options, processException: decide })[Symbol.asyncIterator]();
      await expect(iterator.next()).rejects.toBeInstanceOf(expected);
    }
    expect(asked).toEqual([]);
  });

  test("delays that are none end the loop, and the loop ends them", async () => {
    let ended = 0;
    const delays: IterableIterator<number> = {
      [Symbol.iterator]: () => delays,
      next: () => ({ done: false, value: Number.NaN }),
      return: () => ({ done: true, value: ended++ }),
    };
    const { begin } = await serving([close], { reconnectDelays: () => delays });
    expect((await begin()).outcome()).toBeInstanceOf(RangeError);
    expect(ended).toBe(1);
  });
});

describe("signal", () => {
  test.each<[string, Answer, number]>([
    ["before anything", accept, -1],
    ["while it connects", stay, 0],
    ["while it waits", close, 500],
  ])("aborted %s ends the loop with its reason, and leaves nothing", async (_when, answer, duration) => {
    const controller = new AbortController();
    if (duration < 0) controller.abort("enough");
    const { begin, advance, peers, iterator } = await serving([answer], { signal: controller.signal });
    const { outcome } = await begin();
    if (duration > 0) await advance(duration);
    controller.abort("enough");
    await advance(0);
    expect(outcome()).toBe("enough");
    for (const peer of peers) expect(peer.isClosed).toBe(true);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await advance(100_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("aborted while a connection is open leaves it open, and ends the loop after it", async () => {
    const controller = new AbortController();
    // Without delays, the end of the connection would be thrown in place of the reason.
    const options = { signal: controller.signal, reconnectDelays: () => [] };
    const { begin, advance, peers, runtime } = await serving([accept], options);
    const ws = (await begin()).outcome() as ClientConnection;
    controller.abort("enough");
    await advance(10);
    expect(ws.state).toBe("open");
    peers[0]?.transport.abort();
    expect((await begin()).outcome()).toBe("enough");
    expect(runtime.pairs).toHaveLength(1);
  });

  test.each([
    ["go on", null],
    ["throw something else", new Error("else")],
  ])("its reason counts although processException would %s", async (_what, decision) => {
    const controller = new AbortController();
    const { begin, advance } = await serving([stay], { signal: controller.signal, processException: () => decision });
    const { outcome } = await begin();
    controller.abort("enough");
    await advance(0);
    expect(outcome()).toBe("enough");
  });
});

/** Lets time pass and the network move until a condition holds, at most for a while. */
async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1000 && !condition(); turns++) {
    vi.advanceTimersByTime(10);
    await turn();
  }
  expect(condition()).toBe(true);
}

test("200 clients come back to a server that is killed and started 100 times", { tags: ["slow"] }, async () => {
  const found = await unhandledDuring(async () => {
    const runtime = new MemoryRuntime();
    let peers: RawPeer[] = [];
    const listen = (): Promise<Listener> =>
      runtime.listen({ port: 4000 }, (transport) => {
        const peer = new RawPeer(transport);
        peers.push(peer);
        peer.onData = (chunk) => peer.send(goodResponse(decodeLatin1(chunk)), Uint8Array.of(0x81, 2, 0x68, 0x69));
      });
    let open = 0;
    const delays: number[] = [];
    const info = (line: string): void => void delays.push(Number(/ in (\d+) ms/.exec(line)?.[1]));
    const controller = new AbortController();
    const clients = Array.from({ length: 200 }, async () => {
      const options: ConnectOptions = {
        pingInterval: null,
        signal: controller.signal,
        reconnectDelays: () => [100, 200, 400],
        logger: { info, warn() {}, error() {} },
      };
      for await (const ws of bindConnect(runtime)("ws://memory:4000/", options)) {
        open++;
        await ws.closed;
        open--;
      }
    });
    const ended = Promise.allSettled(clients);
    for (let round = 0; round < 100; round++) {
      const listener = await listen();
      await until(() => open === 200);
      await listener.close();
      delays.length = 0;
      for (const peer of peers) peer.transport.abort();
      peers = [];
      runtime.pairs.length = 0;
      await until(() => open === 0 && delays.length === 200);
      expect(new Set(delays)).toEqual(new Set([100]));
    }
    expect(getEventListeners(controller.signal, "abort").length).toBeLessThanOrEqual(1);
    controller.abort(new NetworkError("other", "over"));
    const outcomes = await ended;
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(200);
    vi.advanceTimersByTime(100_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
  expect(found).toEqual([]);
});
