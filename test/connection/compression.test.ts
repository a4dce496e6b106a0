// permessage-deflate end to end in memory: what is negotiated, what is compressed, and what a queue and a limit do to it.
import { describe, expect, test } from "vitest";
import type { ClientCompression, ServerCompression } from "../../src/extensions/compression-option.ts";
import { bindConnect } from "../../src/client/connect.ts";
import { broadcast } from "../../src/connection/broadcast.ts";
import type { Connection } from "../../src/node.ts";
import { bindServe } from "../../src/server/serve.ts";
import { ConnectionClosedError } from "../../src/errors/closed.ts";
import { deflatedFrame, inflated, openDeflated, RSV1 } from "../support/deflated.ts";
import { hex } from "../support/hex.ts";
import type { MemoryPair } from "../support/memory-transport.ts";
import { MemoryRuntime } from "../support/network.ts";
import { Prng } from "../support/prng.ts";

const SIDES = ["client", "server"] as const;
const NO_CONTEXT = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";

/** Opens both ends over a network in memory; `serve` is what the handler does. */
async function openBoth(
  ofClient: ClientCompression | undefined,
  ofServer: ServerCompression | undefined,
  serve: (ws: Connection) => Promise<void>,
): Promise<Connection> {
  const runtime = new MemoryRuntime();
  const common = { pingInterval: null, maxSize: null };
  const server = await bindServe(runtime)(serve, {
    ...common,
    ...(ofServer !== undefined && { compression: ofServer }),
  });
  const uri = `ws://memory:${(server.addresses[0] as { port: number }).port}/`;
  const connecting = bindConnect(runtime)(uri, { ...common, ...(ofClient !== undefined && { compression: ofClient }) });
  const opened = connecting.then((ws) => ws);
  await runtime.settle();
  return opened;
}

async function echo(ws: Connection): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

const random = new Prng(5).bytes(70_000);
/** The last ones refer to the first. */
const MESSAGES = [
  "Hello world! ".repeat(30),
  "",
  "short",
  "€".repeat(40_000),
  random,
  new Uint8Array(2_000_000),
  random,
];

/** `toEqual` takes seconds for a megabyte. */
function isSame(received: string | Uint8Array, sent: string | Uint8Array): boolean {
  if (typeof received === "string" || typeof sent === "string") return received === sent;
  return Buffer.compare(received, sent) === 0;
}

describe("both ends", () => {
  test.each<[ClientCompression | undefined, ServerCompression | undefined, object | null]>([
    [undefined, undefined, { client: [12, true], server: [12, true] }],
    ["shared", undefined, { client: [12, false], server: [12, false] }],
    [undefined, "shared", { client: [12, false], server: [12, false] }],
    ["max", "max", { client: [15, true], server: [15, true] }],
    ["max", "deflate", { client: [12, true], server: [12, true] }],
    ["deflate", "max", { client: [12, true], server: [12, true] }],
    [null, undefined, null],
    [undefined, null, null],
    [{ serverMaxWindowBits: 8 }, { clientMaxWindowBits: 9 }, { client: [9, true], server: [8, true] }],
    [{ clientNoContextTakeover: true }, {}, { client: [12, false], server: [12, true] }],
    [
      { level: 0 },
      { level: 9, memLevel: 9, serverNoContextTakeover: true },
      { client: [12, true], server: [12, false] },
    ],
    [{ threshold: 0 }, { threshold: 1e9 }, { client: [12, true], server: [12, true] }],
  ])("client %j with server %j: extensions are as agreed, and messages as sent", async (client, server, agreed) => {
    let accepted: Connection | undefined;
    const ws = await openBoth(client, server, (each) => {
      accepted = each;
      return echo(each);
    });
    const context = (name: "client" | "server"): object => {
      const [windowBits, keepsContext] = (agreed as Record<string, [number, boolean]>)[name] as [number, boolean];
      return { windowBits, keepsContext };
    };
    const name = "permessage-deflate";
    expect(ws.extensions).toMatchObject(
      agreed === null ? [] : [{ name, encoding: context("client"), decoding: context("server") }],
    );
    expect(accepted?.extensions).toMatchObject(
      agreed === null ? [] : [{ name, encoding: context("server"), decoding: context("client") }],
    );
    for (const message of MESSAGES) {
      await ws.send(message);
      expect(isSame(await ws.recv(), message)).toBe(true);
    }
    // In fragments, and many at once.
    await ws.send(["a".repeat(500), "", "b".repeat(100_000), "c"]);
    expect(await ws.recv()).toBe(`${"a".repeat(500)}${"b".repeat(100_000)}c`);
    const sent = MESSAGES.map((message) => ws.send(message));
    for (const message of MESSAGES) expect(isSame(await ws.recv(), message)).toBe(true);
    await Promise.all(sent);
    expect(ws.stats).toEqual(accepted?.stats);
    await ws.close();
  });

  test("a message that is read in pieces is the same", async () => {
    const ws = await openBoth(undefined, undefined, echo);
    for (const message of ["Grüße ".repeat(300_000), random]) {
      void ws.send(message);
      const pieces: (string | Uint8Array)[] = [];
      for await (const piece of ws.recvStreaming()) pieces.push(piece);
      if (typeof message === "string") expect(pieces.join("")).toBe(message);
      else expect(isSame(Buffer.concat(pieces as Uint8Array[]), message)).toBe(true);
    }
    await ws.close();
  });
});

describe.each(SIDES)("%s: what is compressed", (side) => {
  const text = "Hello world! ".repeat(10);

  test.each([
    ["permessage-deflate", 64],
    [NO_CONTEXT, 256],
  ])("with %s messages of %i bytes and more", async (extensions, threshold) => {
    const { ws, sent, settle } = await openDeflated(side, {}, extensions);
    await ws.send("a".repeat(threshold - 1));
    await ws.send("a".repeat(threshold));
    await settle();
    const [plain, compressed] = sent();
    expect(plain?.firstByte).toBe(0x81);
    expect(compressed?.firstByte).toBe(0x81 | RSV1);
    expect(inflated(compressed?.payload as Uint8Array)).toEqual(Buffer.from("a".repeat(threshold)));
  });

  test("as the caller says, for whole messages and those in fragments", async () => {
    const { ws, sent, settle } = await openDeflated(side);
    await ws.send(text, { compress: false });
    await ws.send("x", { compress: true });
    await ws.send(["x", "y"]);
    await ws.send([text, text], { compress: false });
    expect(ws.trySend(text, { compress: false })).toBe(true);
    void ws.ping("p".repeat(100));
    await settle();
    expect(sent().map(({ firstByte }) => firstByte.toString(16))).toEqual([
      "81",
      "c1",
      "41",
      "0",
      "80",
      "1",
      "0",
      "80",
      "81",
      "89",
    ]);
  });

  test("with a threshold of its own; and not a message that would grow where no history is kept", async () => {
    const { ws, sent, settle } = await openDeflated(side, { compression: { threshold: 10 } }, NO_CONTEXT);
    await ws.send("a".repeat(9));
    await ws.send("a".repeat(10));
    await ws.send(random.subarray(0, 1000));
    await settle();
    expect(sent().map(({ firstByte }) => firstByte)).toEqual([0x81, 0xc1, 0x82]);
  });
});

describe("a long message", () => {
  test("whose bytes are transferred while it is encoded is not sent, and the next one is understood", async () => {
    const ws = await openBoth(undefined, undefined, echo);
    await ws.send("Hello world! ".repeat(100));
    await ws.recv();
    const bytes = new Prng(3).bytes(8_000_000).map((byte) => byte & 15);
    const sent = ws.send(bytes);
    // Encoding has begun, and goes on in other turns of the event loop.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await expect(sent).rejects.toBeInstanceOf(TypeError);
    for (const message of ["Hello world! ".repeat(100), new Uint8Array(1_000_000), "Hello world! ".repeat(100)]) {
      await ws.send(message);
      expect(isSame(await ws.recv(), message)).toBe(true);
    }
    await ws.close();
  });

  test("leaves whole when it is aborted while it is encoded, whatever becomes of its bytes", async () => {
    const ws = await openBoth(undefined, undefined, echo);
    const controller = new AbortController();
    const bytes = new Prng(3).bytes(8_000_000).map((byte) => byte & 15);
    const original = bytes.slice();
    const sent = ws.send(bytes, { signal: controller.signal });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    controller.abort("no");
    await expect(sent).rejects.toBe("no");
    bytes.fill(255);
    void ws.send("next");
    expect(isSame(await ws.recv(), original)).toBe(true);
    expect(await ws.recv()).toBe("next");
    await ws.close();
  });

  test("that waits while another one is encoded is not sent when it is aborted", async () => {
    const ws = await openBoth(undefined, undefined, echo);
    const controller = new AbortController();
    void ws.send("first ".repeat(100_000));
    const sent = ws.send("aborted ".repeat(100_000), { signal: controller.signal });
    controller.abort("no");
    await expect(sent).rejects.toBe("no");
    await ws.send("next");
    expect(await ws.recv()).toHaveLength(600_000);
    expect(await ws.recv()).toBe("next");
    await ws.close();
  });

  test("is followed by what is broadcast meanwhile", async () => {
    const ws = await openBoth(undefined, undefined, echo);
    for (let i = 0; i < 3; i++) {
      void ws.send("x".repeat(1_000_000 + i));
      broadcast([ws], "b");
      broadcast([ws], hex`01 02`);
      broadcast([ws], "y".repeat(1_000_000));
      void ws.send("c");
    }
    for (let i = 0; i < 3; i++) {
      expect(await ws.recv()).toHaveLength(1_000_000 + i);
      expect(await ws.recv()).toBe("b");
      expect(await ws.recv()).toEqual(hex`01 02`);
      expect(await ws.recv()).toBe("y".repeat(1_000_000));
      expect(await ws.recv()).toBe("c");
    }
    await ws.close();
  });

  test("counts as what waits for a connection, and so do broadcasts behind it", async () => {
    const ws = await openBoth(undefined, undefined, echo);
    void ws.send("x".repeat(1_000_000));
    broadcast([ws], "left out", { onSlow: "skip", maxBuffered: 1_000_007 });
    broadcast([ws], "y".repeat(500), { onSlow: "skip", maxBuffered: 1_000_500 });
    broadcast([ws], "left out", { onSlow: "skip", maxBuffered: 1_000_507 });
    await ws.send("c");
    expect(await ws.recv()).toHaveLength(1_000_000);
    expect(await ws.recv()).toHaveLength(500);
    expect(await ws.recv()).toBe("c");
    broadcast([ws], "not any more", { onSlow: "skip", maxBuffered: 12 });
    expect(await ws.recv()).toBe("not any more");
    await ws.close();
  });

  test.each([undefined, { compress: false }])(
    "that leaves as it is, is lent until it is written: %j",
    async (options) => {
      const runtime = new MemoryRuntime();
      const bytes = new Prng(3).bytes(300_000);
      let waiting = -1;
      const server = await bindServe(runtime)(
        async (ws) => {
          (runtime.pairs[0] as MemoryPair).toClient.capacity = 290_000;
          await ws.send(bytes, options);
          waiting = ws.bufferedAmount;
        },
        { pingInterval: null },
      );
      const uri = `ws://memory:${(server.addresses[0] as { port: number }).port}/`;
      const ws = await bindConnect(runtime)(uri, { pingInterval: null });
      expect(isSame(await ws.recv(), bytes)).toBe(true);
      await ws.closed;
      expect(waiting).toBe(0);
    },
  );

  test("is given up when the connection is lost while it is encoded", async () => {
    const ws = await openBoth(undefined, undefined, echo);
    const before = ws.stats;
    // Not bytes of all values: what cannot be compressed is stored, which a turn or two can be enough for.
    const sent = ws.send(new Prng(3).bytes(8_000_000).map((byte) => byte & 15));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    ws.abort();
    await expect(sent).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(ws.stats).toEqual(before);
  });
});

test.each(SIDES)(
  "%s: what arrived of a message before a fault is given out to who reads it in pieces",
  async (side) => {
    const { ws, feed } = await openDeflated(side);
    const stream = ws.recvStreaming();
    const first = stream.next();
    await feed(deflatedFrame(0x01, "Hello"), hex`80 01 ff`);
    expect(await first).toEqual({ done: false, value: "Hello" });
    await expect(stream.next()).rejects.toBeInstanceOf(ConnectionClosedError);
  },
);
