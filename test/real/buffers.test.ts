// Whose bytes are whose: the user's are never changed, and not read once send has resolved; kept messages pin little
// more than themselves, and a connection that waits holds none.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ROOT } from "../../build/project.mjs";
import type { BytesLike, Connection, ConnectionOptions } from "../../src/node.ts";
import { connect, serve } from "../support/plain.ts";
import { start } from "../repo/programs.ts";
import { memoryInUse } from "./million.mjs";
import { portOf, until, within } from "./support.ts";

const MIB = 0x100000;
const SIZES = [0, 1, 125, 126, 32_767, 32_768, 65_535, 65_536, MIB];
const OPTIONS = { pingInterval: null, maxSize: null };

interface Ends {
  readonly ours: Connection;
  readonly theirs: WebSocket;
  readonly close: () => Promise<void>;
}

async function serveThem(options: ConnectionOptions = {}): Promise<Ends> {
  let accept: (ws: Connection) => void = () => {};
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  const server = await serve(
    async (ws) => {
      accept(ws);
      await ws.closed;
    },
    { ...OPTIONS, ...options, host: "127.0.0.1" },
  );
  const theirs = new WebSocket(`ws://127.0.0.1:${portOf(server)}/`);
  await once(theirs, "open");
  return { ours: await accepted, theirs, close: () => server.close() };
}

async function askThem(options: ConnectionOptions = {}): Promise<Ends> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const accepted = once(server, "connection") as Promise<[WebSocket]>;
  await once(server, "listening");
  const ours = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    ...OPTIONS,
    ...options,
  });
  const [theirs] = await accepted;
  const close = async (): Promise<void> => {
    await ours.close();
    server.close();
  };
  return { ours, theirs, close };
}

const ROLES = [
  ["a server", serveThem],
  ["a client", askThem],
] as const;

function patternOf(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) + size) & 255);
}

function shared(size: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(size);
  new Uint8Array(buffer).set(patternOf(size));
  return buffer;
}

/** Forms of the same bytes: what is sent, and all the memory that it lies in. */
const FORMS: Readonly<Record<string, (size: number) => { sent: BytesLike; memory: Uint8Array }>> = {
  "a Uint8Array": (size) => {
    const bytes = patternOf(size);
    return { sent: bytes, memory: bytes };
  },
  "an ArrayBuffer": (size) => {
    const bytes = patternOf(size);
    return { sent: bytes.buffer, memory: bytes };
  },
  "a Buffer": (size) => {
    const bytes = Buffer.from(patternOf(size));
    return { sent: bytes, memory: bytes };
  },
  "a view in the middle of a buffer": (size) => {
    const memory = new Uint8Array(size + 20).fill(0x55);
    memory.set(patternOf(size), 10);
    return { sent: new DataView(memory.buffer, 10, size), memory };
  },
  "a SharedArrayBuffer": (size) => {
    const buffer = shared(size);
    return { sent: buffer, memory: new Uint8Array(buffer) };
  },
  "a view of a SharedArrayBuffer": (size) => {
    const memory = new Uint8Array(shared(size));
    return { sent: memory, memory };
  },
};

describe.each(ROLES)("the bytes that %s sends", (_role, open) => {
  test.each([
    ...Object.keys(FORMS).map((form) => [form, 32_768] as const),
    ["a Uint8Array", 0] as const,
    // Whoever lets much wait is not told earlier that bytes are free.
    ["a Uint8Array", 4 * MIB] as const,
    ["a Uint8Array", null] as const,
  ])("%s of every size, writeLimit %s: not changed, and free once they are sent", async (form, writeLimit) => {
    const { ours, theirs, close } = await open({ writeLimit });
    const received: Buffer[] = [];
    theirs.on("message", (data: Buffer) => received.push(data));
    theirs.pause();
    // More than the system takes: these wait.
    const filling = Array.from({ length: 16 }, () => ours.send(new Uint8Array(MIB)));
    const sending = SIZES.map(async (size) => {
      const { sent, memory } = (FORMS[form] as (typeof FORMS)[string])(size);
      const before = Uint8Array.from(memory);
      await ours.send(sent);
      expect(Buffer.compare(memory, before)).toBe(0);
      memory.fill(0xee);
    });
    theirs.resume();
    await within("all to be sent", Promise.all([...filling, ...sending]));
    await until("all to arrive", () => received.length === filling.length + SIZES.length);
    SIZES.forEach((size, i) => {
      expect(Buffer.compare(received[filling.length + i] as Buffer, patternOf(size)), `${size} bytes`).toBe(0);
    });
    await close();
  });

  test("sent as text, or as the payload of a ping; not sent in a call that is aborted before there is room", async () => {
    const { ours, theirs, close } = await open();
    const received: string[] = [];
    theirs.on("message", (data: Buffer) => received.push(data.toString()));
    theirs.on("ping", (data: Buffer) => received.push(data.toString()));
    theirs.pause();
    const filling = Array.from({ length: 16 }, () => ours.send("x".repeat(MIB)));
    const controller = new AbortController();
    const bytes = ["a", "b", "c"].map((letter) => Buffer.from(letter.repeat(MIB)));
    const text = ours.send(bytes[0] as Buffer, { text: true });
    const aborted = ours.send(bytes[1] as Buffer, { signal: controller.signal });
    const ping = Buffer.from("ping");
    const pinging = ours.ping(ping);
    ping.fill(0xee);
    controller.abort();
    await expect(aborted).rejects.toBe(controller.signal.reason);
    bytes[1]?.fill(0xee);
    theirs.resume();
    await within("all to be sent", Promise.all([...filling, text, pinging]));
    bytes[0]?.fill(0xee);
    await until("all to arrive", () => received.length === filling.length + 2);
    const expected = ["a".repeat(MIB), "ping"];
    expect(received.filter((message) => !message.startsWith("x")).toSorted()).toEqual(expected);
    await close();
  });
});

test.each(ROLES)("what %s could not send any more is not kept with the connection", async (_role, open) => {
  const { ours, theirs, close } = await open();
  theirs.pause();
  const before = await memoryInUse();
  for (let i = 0; i < 32; i++) void ours.send(new Uint8Array(MIB));
  ours.abort();
  await within("the end", ours.closed);
  expect((await memoryInUse()) - before).toBeLessThan(2 * MIB);
  expect(ours.state).toBe("closed");
  theirs.terminate();
  await within("all closed", close());
});

/** One of so many is kept. */
const STEP = 100;
/** What a string or an object that holds bytes takes itself, and what moves while it is measured. */
const OVERHEAD = 800;

const KEPT = [
  ["bytes", 1, 100_000],
  ["bytes", 20, 100_000],
  ["bytes", 300, 50_000],
  ["bytes", 1000, 50_000],
  ["bytes", 3000, 20_000],
  ["bytes", 17_000, 5000],
  ["bytes", 60_000, 2000],
  ["text", 20, 100_000],
  ["text", 1000, 50_000],
  ["text that is not ASCII", 20, 50_000],
] as const;

describe("messages that an application keeps pin four times their size or 1 KiB", () => {
  test.each([
    ...KEPT.map((row) => ["a server", ...row, serveThem] as const),
    ...KEPT.filter(([, size]) => size === 20).map((row) => ["a client", ...row, askThem] as const),
  ])("%s: %s of %d, of %d", async (_role, kind, size, count, open) => {
    const { ours, theirs, close } = await open();
    const message = kind === "bytes" ? Buffer.alloc(size) : (kind === "text" ? "a" : "é").repeat(size);
    const kept: unknown[] = [];
    const before = [await memoryInUse(), process.memoryUsage().arrayBuffers] as const;
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        if (theirs.bufferedAmount < MIB) theirs.send(message);
        else await new Promise((resolve) => theirs.send(message, resolve));
      }
    })();
    for (let i = 0; i < count; i++) {
      const received = await ours.recv();
      if (i % STEP === 0) kept.push(received);
    }
    await sending;
    const after = [await memoryInUse(), process.memoryUsage().arrayBuffers] as const;
    const limit = Math.max(4 * size, 1024);
    expect((after[1] - before[1]) / kept.length).toBeLessThanOrEqual(limit);
    expect((after[0] - before[0]) / kept.length).toBeLessThan(limit + OVERHEAD);
    expect(kept).toHaveLength(count / STEP);
    await close();
  });
});

describe("1,000 connections that were used once", { tags: ["external"] }, () => {
  interface Measured {
    readonly unused: number;
    readonly used: number;
    readonly buffers: number;
  }

  const known = new Map<string, Promise<Measured>>();

  function measured(subject: "ours" | "ws", role: string): Promise<Measured> {
    const key = `${subject} ${role}`;
    const measuring = known.get(key) ?? measure(subject, role);
    known.set(key, measuring);
    return measuring;
  }

  async function measure(subject: string, role: string): Promise<Measured> {
    const program = start(process.execPath, ["test/real/idle.mjs", subject, role, "1000"], ROOT);
    await program.exited(60_000);
    return JSON.parse(program.output()) as Measured;
  }

  test.each(["server", "client"])("a %s's hold no chunk, no slab and no string", async (role) => {
    const { unused, used, buffers } = await measured("ours", role);
    expect(buffers).toBeLessThan(64);
    expect(used - unused).toBeLessThan(1024);
  });

  // Known fault: they take two to three times as much, headers, closures and promises of the opening above all.
  test.fails.each(["server", "client"])("a %s's take no more memory than those of ws", async (role) => {
    const [ours, theirs] = [await measured("ours", role), await measured("ws", role)];
    expect(ours.used).toBeLessThan(theirs.used);
  });
});
