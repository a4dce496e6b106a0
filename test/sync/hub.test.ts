// The blocking side of a thread: questions, answers, and a thread that gives none.
import { afterEach, expect, test, vi } from "vitest";
import { NetworkError } from "../../src/errors/network.ts";
import { InvalidState } from "../../src/errors/protocol.ts";
import { bindBlockingConnect } from "../../src/sync/connect.ts";
import type { Hub } from "../../src/sync/hub.ts";
import { startHub } from "../../src/sync/hub.ts";
import { ConnectionMemory, ThreadWord } from "../../src/sync/layout.ts";
import { encodeError } from "../../src/sync/wire.ts";
import type { ScriptedThread } from "./scripted.ts";
import { ScriptedThreads } from "./scripted.ts";
import { thrownBy } from "./support.ts";

const NOWHERE = new URL("file:///thread.js");

function hubOf(answer: ConstructorParameters<typeof ScriptedThreads>[0], silence = 5): [Hub, ScriptedThread] {
  const threads = new ScriptedThreads(answer);
  const { hub } = startHub({ threads, url: NOWHERE, silence });
  return [hub, threads.started[0] as ScriptedThread];
}

afterEach(() => {
  vi.restoreAllMocks();
});

test("Hub.call() returns the value, of any size, and throws the error", () => {
  const [hub] = hubOf(({ do: kind }) =>
    kind === "count" ? { value: "x".repeat(150_000) } : { error: encodeError(new RangeError("no")) },
  );
  expect(hub.call({ do: "count" })).toBe("x".repeat(150_000));
  expect(thrownBy(() => hub.call({ do: "flush" }))).toBeInstanceOf(RangeError);
});

test("Hub.call() wakes a writer that waits for room", () => {
  const [hub, thread] = hubOf((_command, { memory }) => {
    memory.replies.announceWaiting();
    return { value: 1 };
  });
  expect(hub.call({ do: "count" })).toBe(1);
  expect(thread.posted).toEqual([{ do: "count" }, 0]);
});

test("Hub.call() throws NetworkError when the thread has ended, before and while it waits", () => {
  const [hub] = hubOf((_command, thread) => thread.die());
  hub.add(new ConnectionMemory());
  expect(hub.isDead).toBe(false);
  expect(thrownBy(() => hub.call({ do: "count" }))).toBeInstanceOf(NetworkError);
  expect(hub.isDead).toBe(true);
  expect(thrownBy(() => hub.call({ do: "count" }))).toBeInstanceOf(NetworkError);
  hub.flush();
});

test("a thread that answers nothing is asked, and ended", () => {
  const [hub, thread] = hubOf(() => undefined);
  expect(thrownBy(() => hub.wait(() => false))).toBeInstanceOf(NetworkError);
  expect(thread.posted.filter((message) => typeof message === "object" && message.do === "live")).toHaveLength(5);
  expect([thread.isTerminated, hub.isDead]).toEqual([true, true]);
});

test("a thread that says it lives is waited for", () => {
  let asked = 0;
  const [hub, thread] = hubOf((_command, { memory }) => {
    asked++;
    Atomics.add(memory.words, ThreadWord.ALIVE, 1);
    return undefined;
  });
  expect(hub.wait(() => asked === 12)).toBe(true);
  expect(thread.isTerminated).toBe(false);
});

test("Hub.wait() ends at its deadline, without questions when that is near", () => {
  const [hub, thread] = hubOf(() => undefined, 1000);
  expect(hub.wait(() => false, performance.now() + 10)).toBe(false);
  expect(thread.posted).toEqual([]);
});

test("Hub.flush() asks only for connections, and tells nobody what fails", () => {
  const [hub, thread] = hubOf((_command, one) => one.die());
  hub.flush();
  expect(thread.posted).toEqual([]);
  const id = hub.add(new ConnectionMemory());
  hub.flush();
  expect(thread.posted).toEqual([{ do: "flush" }]);
  hub.remove(id);
});

test("Hub.flush() waits once for the end of the process, though it comes in two steps", () => {
  const [hub, thread] = hubOf(() => ({ value: null }));
  const id = hub.add(new ConnectionMemory());
  hub.flush();
  hub.flush();
  expect(thread.posted).toEqual([{ do: "flush" }]);
  // Something was sent in between.
  hub.post(id);
  hub.flush();
  expect(thread.posted).toEqual([{ do: "flush" }, id, { do: "flush" }]);
});

test("connect() where threads must not block is an InvalidState that says so", () => {
  vi.spyOn(Atomics, "wait").mockImplementation(() => {
    throw new TypeError("Atomics.wait cannot be called in this context");
  });
  const threads = new ScriptedThreads(() => undefined);
  const error = thrownBy(() => bindBlockingConnect({ threads, url: NOWHERE })("ws://localhost"));
  expect(error).toBeInstanceOf(InvalidState);
  expect(error.cause).toBeInstanceOf(TypeError);
  expect(threads.started).toEqual([]);
});

test("connect() starts another thread when the first has ended, and listens to the end of the process once", () => {
  const threads = new ScriptedThreads((_command, thread) => thread.die());
  const connect = bindBlockingConnect({ threads, url: NOWHERE });
  expect(thrownBy(() => connect("ws://localhost"))).toBeInstanceOf(NetworkError);
  expect(thrownBy(() => connect("ws://localhost"))).toBeInstanceOf(NetworkError);
  expect([threads.started.length, threads.exits.length]).toEqual([2, 1]);
  for (const exit of threads.exits) exit();
});

test("connect.forever() asks processException, waits, and ends with the delays", () => {
  const threads = new ScriptedThreads(({ do: kind }) =>
    kind === "connect" ? { error: encodeError(new NetworkError("refused", "no")) } : undefined,
  );
  const connect = bindBlockingConnect({ threads, url: NOWHERE });
  expect(thrownBy(() => connect.forever("ws://localhost", { reconnectDelays: () => [1, 1] }).next())).toBeInstanceOf(
    NetworkError,
  );
  expect(threads.started[0]?.posted).toHaveLength(3);
  let ended = 0;
  const delays = function* delays(): Generator<number> {
    try {
      yield -1;
    } finally {
      ended++;
    }
  };
  const loop = connect.forever("ws://localhost", { reconnectDelays: delays });
  expect(thrownBy(() => loop.next())).toBeInstanceOf(RangeError);
  expect(ended).toBe(1);
  const mine = new Error("mine");
  expect(thrownBy(() => connect.forever("ws://localhost", { processException: () => mine }).next())).toBe(mine);
});
