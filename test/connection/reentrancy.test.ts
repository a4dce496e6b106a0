// Code of the application that is called while something is sent, and uses the connection: frames stay whole and in order, nothing
// follows a Close frame, and nothing is thrown where nobody expects it.
import { afterEach, describe, expect, test } from "vitest";
import { broadcast } from "../../src/connection/broadcast.ts";
import type { Connection } from "../../src/connection/connection.ts";
import { subscribe } from "../../src/connection/diagnostics.ts";
import type { ConnectionOptions } from "../../src/connection/options.ts";
import { frameWatch } from "../../src/frames/frame-watch.ts";
import { Opcode } from "../../src/frames/opcode.ts";
import type { ClientProtocol } from "../../src/protocol/client-protocol.ts";
import { openDeflated } from "../support/deflated.ts";
import { hex } from "../support/hex.ts";
import type { RawScene } from "../support/network.ts";
import { goodResponse, openRaw, unhandledDuring, unopened } from "../support/network.ts";

const CLOSE = "88 02 03 e8";
const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
  frameWatch.in = null;
  frameWatch.out = null;
});

/** What is called for frames of an opcode that are sent. */
type Hook = (opcode: Opcode, call: (times: number) => void) => ConnectionOptions;

/** A listener of diagnostics; a debug log. Both are called for all connections: there is one in each of these tests. */
const HOOKS: readonly (readonly [string, Hook])[] = [
  [
    "a listener of frame-out",
    (opcode, call) => {
      let times = 0;
      endings.push(subscribe("frame-out", (event) => void (event.opcode === opcode && call(++times))));
      return {};
    },
  ],
  [
    "a debug log",
    (opcode, call) => {
      let times = 0;
      const name = { [Opcode.TEXT]: "> TEXT", [Opcode.CLOSE]: "> CLOSE" }[opcode as number] as string;
      const debug = (line: string): void => void (line.startsWith(name) && call(++times));
      return { logger: { debug, warn() {}, error() {} } };
    },
  ],
];

describe.each(HOOKS)("%s that", (_name, hook) => {
  async function scene(opcode: Opcode, call: (scene: RawScene, times: number) => void): Promise<RawScene> {
    const opened: RawScene[] = [];
    const options = hook(opcode, (times) => opened.forEach((each) => call(each, times)));
    opened.push(await openRaw("server", { ...options, closeTimeout: 1000 }));
    return opened[0] as RawScene;
  }

  test("aborts as the Close frame of the peer is answered", async () => {
    const it = await scene(Opcode.CLOSE, ({ ws }) => ws.abort());
    await it.feed(hex`88 02 03 e8`);
    await it.settle();
    expect(it.ws.state).toBe("closed");
    expect(it.ws.closeCode).toBe(1000);
  });

  test("aborts as close() is called", async () => {
    const it = await scene(Opcode.CLOSE, ({ ws }) => ws.abort());
    const closing = it.ws.close();
    await it.settle();
    await closing;
    expect(it.ws.closeCode).toBe(1006);
  });

  test("closes as close() is called", async () => {
    const nested: Promise<void>[] = [];
    const it = await scene(Opcode.CLOSE, ({ ws }) => void nested.push(ws.close(1001)));
    const closing = it.ws.close();
    await it.settle();
    expect(it.sent()).toBe(CLOSE);
    it.peer.transport.abort();
    await it.settle();
    await Promise.all([closing, ...nested]);
    expect(nested).toHaveLength(1);
  });

  test("sends as close() is called", async () => {
    let late: Promise<unknown> | undefined;
    const it = await scene(Opcode.CLOSE, ({ ws }) => {
      late = ws.send("late").catch((error: unknown) => error);
    });
    void it.ws.close();
    await it.settle();
    expect(it.sent()).toBe(CLOSE);
    it.peer.transport.abort();
    await it.settle();
    expect(await late).toMatchObject({ code: "CONNECTION_CLOSED_ERROR" });
  });

  test.each<[string, (it: RawScene) => void]>([
    ["send()", (it) => void it.ws.send("first")],
    ["trySend()", (it) => void it.ws.trySend("first")],
    ["broadcast()", (it) => broadcast([it.ws], "first")],
  ])("sends, closes or aborts as %s is called", async (_how, send) => {
    const second = await scene(Opcode.TEXT, (it, times) => void (times === 1 && it.ws.send("second")));
    send(second);
    await second.settle();
    expect(second.sent()).toBe("81 05 66 69 72 73 74 81 06 73 65 63 6f 6e 64");
    for (const end of endings.splice(0)) end();

    const closing = await scene(Opcode.TEXT, (it) => void it.ws.close());
    send(closing);
    await closing.settle();
    expect(closing.sent()).toBe(`81 05 66 69 72 73 74 ${CLOSE}`);
    for (const end of endings.splice(0)) end();

    const aborting = await scene(Opcode.TEXT, (it) => it.ws.abort());
    expect(await unhandledDuring(async () => send(aborting))).toEqual([]);
    await aborting.settle();
    expect(aborting.ws.state).toBe("closed");
  });

  test("closes as what waited behind a Blob is sent, which sends the rest of that", async () => {
    const it = await scene(Opcode.TEXT, ({ ws }) => void ws.close());
    const never = {
      size: 10,
      arrayBuffer: () => new Promise<ArrayBuffer>(() => {}),
      stream: () => new ReadableStream(),
    };
    const ends = Promise.allSettled([it.ws.send(never as never), it.ws.send("A"), it.ws.send("B"), it.ws.send("C")]);
    await it.settle();
    void it.ws.close();
    await it.settle();
    expect(it.sent()).toBe(`81 01 41 81 01 42 81 01 43 ${CLOSE}`);
    it.ws.abort();
    expect((await ends).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
  });
});

/** The same for frames that arrive. */
const ARRIVALS: readonly (readonly [string, (call: () => void) => ConnectionOptions])[] = [
  ["a listener of frame-in", (call) => (endings.push(subscribe("frame-in", call)), {})],
  [
    "a debug log",
    (call) => ({ logger: { debug: (line) => void (/^< [A-Z]+ /.test(line) && call()), warn() {}, error() {} } }),
  ],
];

describe.each(ARRIVALS)("%s of what arrives that", (_name, hook) => {
  const CALLS = ["abort", "close", "send", "ping"] as const;
  const FRAMES: readonly (readonly [string, Uint8Array])[] = [
    ["a Ping", hex`89 01 41`],
    ["a Close frame", hex`88 02 03 e8`],
    ["text", hex`81 01 41`],
    ["a fault behind text", hex`81 01 41 83 00`],
    ["many frames", hex`81 01 41 89 00 81 01 42 88 02 03 e9 81 00`],
  ];
  const ROWS = FRAMES.flatMap(([what, frames]) => CALLS.map((call) => ({ call, what, frames })));

  test.each(ROWS)("calls $call() as $what arrives", async ({ call, frames }) => {
    const opened: RawScene[] = [];
    const calls: unknown[] = [];
    const options = hook(() => {
      for (const { ws } of opened) {
        calls.push(
          call === "send" ? ws.send("B").catch(() => {}) : call === "ping" ? ws.ping().catch(() => {}) : ws[call](),
        );
      }
    });
    const scene = await openRaw("server", { ...options, closeTimeout: 1000 });
    opened.push(scene);
    expect(await unhandledDuring(() => scene.feed(frames))).toEqual([]);
    expect(calls.length).toBeGreaterThan(0);
    scene.peer.transport.abort();
    await scene.settle();
    await Promise.all(calls);
    expect(scene.ws.state).toBe("closed");
    // No frame of ours behind a Close frame, and only one of these.
    const sent = scene.sent();
    expect(sent.includes("88 0") ? sent.slice(sent.indexOf("88 0") + 6) : "").not.toMatch(/8[1289] 0/);
  });
});

test("a listener of frame-out that closes as a long compressed message is sent", async () => {
  let isOpen = false;
  const { ws, settle, sent } = await openDeflated("server", { closeTimeout: 1000 });
  endings.push(
    subscribe("frame-out", ({ opcode }) => {
      if (opcode === Opcode.TEXT && isOpen) void ws.close();
    }),
  );
  isOpen = true;
  await ws.send("x".repeat(300_000));
  await settle();
  expect(sent().map(({ firstByte }) => firstByte.toString(16))).toEqual(["c1", "88"]);
});

test("frames that were sent are told before the end of the connection", async () => {
  const told: string[] = [];
  const { ws, link, settle } = await openRaw("server");
  endings.push(subscribe("frame-out", ({ opcode }) => void told.push(String(opcode))));
  endings.push(subscribe("close", () => void told.push("close")));
  void ws.send("");
  // In the same turn, as Node tells it of a socket that was lost outside of any promise.
  link.onClose();
  await settle();
  expect(told).toEqual(["1", "close"]);
});

test("a debug log that aborts as it reads the response: the connection was never open", async () => {
  const lines: string[] = [];
  const debug = (line: string): void => {
    if (lines.push(line) > 0 && line.startsWith("< HTTP/1.1 101")) it.ws.abort();
  };
  const it = unopened("client", { logger: { debug, warn() {}, error() {} } });
  const opened: Connection[] = [];
  endings.push(subscribe("open", ({ connection }) => void opened.push(connection as Connection)));
  const protocol = it.link.protocol as ClientProtocol;
  protocol.sendRequest(protocol.connect());
  it.link.start();
  it.link.flush();
  await it.settle();
  it.peer.send(goodResponse(it.peer.takenText()));
  await it.settle();
  expect(opened).toEqual([]);
  expect(lines).not.toContain("= connection is OPEN");
  expect(it.ws.state).toBe("closed");
});
