import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import type { ClientConnection } from "../../src/client/client-connection.ts";
import type { DiagnosticChannel, DiagnosticEvents, ObservedConnection } from "../../src/connection/diagnostics.ts";
import { bridgeDiagnostics, diagnostics, subscribe } from "../../src/connection/diagnostics.ts";
import { frameWatch } from "../../src/frames/frame-watch.ts";
import type { ServerConnection } from "../../src/server/server-connection.ts";
import { hex } from "../support/hex.ts";
import { openRaw, RecordingLogger } from "../support/network.ts";

const CHANNELS: readonly DiagnosticChannel[] = [
  "handshake",
  "open",
  "frame-in",
  "frame-out",
  "latency",
  "buffered",
  "close",
  "error",
];

const endings: (() => void)[] = [];

/** Subscribes until the test is over. */
function listen<C extends DiagnosticChannel>(channel: C): DiagnosticEvents[C][] {
  const heard: DiagnosticEvents[C][] = [];
  endings.push(subscribe(channel, (event) => void heard.push(event)));
  return heard;
}

afterEach(() => {
  for (const end of endings.splice(0)) end();
  for (const channel of CHANNELS) diagnostics[channel].outside = undefined;
  frameWatch.in = null;
  frameWatch.out = null;
});

describe("subscribe()", () => {
  test("hears what is told on its channel, until it ends", async () => {
    const { ws } = await openRaw("server");
    for (const channel of CHANNELS) {
      expect(diagnostics[channel].isWatched).toBe(false);
      const heard: unknown[] = [];
      const end = subscribe(channel, (event) => void heard.push(event));
      expect(CHANNELS.filter((one) => diagnostics[one].isWatched)).toEqual([channel]);
      diagnostics.open.publish({ connection: ws });
      diagnostics.latency.publish({ connection: ws, latency: 1 });
      expect(heard).toEqual(
        { open: [{ connection: ws }], latency: [{ connection: ws, latency: 1 }] }[channel as string] ?? [],
      );
      end();
      expect(diagnostics[channel].isWatched).toBe(false);
    }
  });

  test("tells what a listener throws to the logger of the connection", async () => {
    const logger = new RecordingLogger();
    const { ws } = await openRaw("server", { logger });
    endings.push(
      subscribe("open", () => {
        throw new Error("broken");
      }),
    );
    diagnostics.open.publish({ connection: ws });
    expect(logger.lines).toEqual([
      { level: "error", message: "! diagnostics listener failed", details: [new Error("broken")] },
    ]);
  });

  test("a fault of the peer is told before the end that it leads to", async () => {
    const { ws, feed, settle } = await openRaw("server");
    const heard: unknown[] = [];
    endings.push(
      subscribe("error", ({ connection, during, error }) => heard.push([connection, during, String(error)])),
    );
    endings.push(subscribe("close", ({ connection, code }) => heard.push([connection, code])));
    await feed(hex`83 00`);
    ws.abort();
    await settle();
    expect(heard).toEqual([
      [ws, "connection", "ProtocolError: invalid opcode: 0x3"],
      [ws, 1006],
    ]);
  });

  test("refuses channels that do not exist, and what is no function", () => {
    for (const channel of ["opened", "toString", ""]) {
      expect(() => subscribe(channel as never, () => {})).toThrow(
        new TypeError(`Cannot subscribe: there is no channel ${JSON.stringify(channel)}`),
      );
    }
    expect(() => subscribe("open", undefined as never)).toThrow(
      new TypeError("Cannot subscribe: expected a function as listener"),
    );
  });

  test("events are about connections of both roles", () => {
    expectTypeOf<ServerConnection>().toExtend<ObservedConnection>();
    expectTypeOf<ClientConnection>().toExtend<ObservedConnection>();
  });
});

describe("frames", () => {
  test("are watched by nobody before somebody subscribes to anything", () => {
    expect(frameWatch).toEqual({ in: null, out: null });
  });

  test.each(["in", "out"] as const)("%s are told with their connection", async (direction) => {
    const { ws } = await openRaw("server");
    const other = listen(direction === "in" ? "frame-out" : "frame-in");
    expect(frameWatch[direction]?.isWatched).toBe(false);
    const heard = listen(`frame-${direction}`);
    expect(frameWatch[direction]?.isWatched).toBe(true);
    const frame = { opcode: 1, fin: true, rsv1: false, length: 5 } as const;
    frameWatch[direction]?.report(ws, [frame, { ...frame, length: 6 }]);
    expect(heard).toEqual([
      { connection: ws, ...frame },
      { connection: ws, ...frame, length: 6 },
    ]);
    expect(other).toEqual([]);
  });
});

test("bridgeDiagnostics() tells events on outside channels as well, and asks for each once", async () => {
  const { ws } = await openRaw("server");
  const asked: string[] = [];
  const told: unknown[] = [];
  const bridge = (): void =>
    bridgeDiagnostics((name) => {
      asked.push(name);
      return { hasSubscribers: name !== "close", publish: (message) => void told.push([name, message]) };
    });
  bridge();
  bridge();
  expect(asked.toSorted()).toEqual(CHANNELS.toSorted());
  expect(frameWatch.in?.isWatched).toBe(true);
  expect(CHANNELS.filter((channel) => !diagnostics[channel].isWatched)).toEqual(["close"]);
  const heard = listen("open");
  diagnostics.open.publish({ connection: ws });
  expect(told).toEqual([["open", { connection: ws }]]);
  expect(heard).toEqual([{ connection: ws }]);
});
