// The library against `ws`, both ways, over real sockets.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ClientConnection, Connection, Server, ServerConnection } from "../../src/node.ts";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/node.ts";
import { connect, serve } from "../support/plain.ts";
import { Prng } from "../support/prng.ts";

const MIB = 0x100000;
const OPTIONS = { maxSize: 32 * MIB, pingInterval: null };

/** Both ends of a connection: ours, and that of `ws`. */
interface Ends {
  readonly ours: Connection;
  readonly theirs: WebSocket;
}

let server: Server;
let wsServer: WebSocketServer;
let accepted: (ws: ServerConnection) => void = () => {};

beforeAll(async () => {
  server = await serve(
    async (ws) => {
      accepted(ws);
      await ws.closed;
    },
    { ...OPTIONS, host: "127.0.0.1" },
  );
  wsServer = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: 32 * MIB });
  await once(wsServer, "listening");
});

afterAll(async () => {
  for (const client of wsServer.clients) client.terminate();
  wsServer.close();
  await server.close();
});

/** Our server, and a client of theirs. */
async function theirClient(): Promise<Ends> {
  const accepting = new Promise<ServerConnection>((resolve) => {
    accepted = resolve;
  });
  const { port } = server.addresses[0] as { port: number };
  const theirs = new WebSocket(`ws://127.0.0.1:${port}/`, { maxPayload: 32 * MIB });
  theirs.on("error", () => {});
  await once(theirs, "open");
  return { ours: await accepting, theirs };
}

/** Our client, and a server of theirs. */
async function ourClient(): Promise<Ends> {
  const accepting = once(wsServer, "connection") as Promise<[WebSocket]>;
  const ours: ClientConnection = await connect(`ws://127.0.0.1:${(wsServer.address() as AddressInfo).port}/`, OPTIONS);
  const [theirs] = await accepting;
  theirs.on("error", () => {});
  return { ours, theirs };
}

/** Keeps the messages of theirs from now on; each call of the result gives the next one. */
function messagesOf(theirs: WebSocket): () => Promise<string | Uint8Array> {
  const queue: (string | Uint8Array)[] = [];
  let wake: () => void = () => {};
  theirs.on("message", (data: Buffer, isBinary: boolean) => {
    queue.push(isBinary ? new Uint8Array(data) : data.toString());
    wake();
  });
  return async () => {
    while (queue.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return queue.shift() as string | Uint8Array;
  };
}

async function closeOf(theirs: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(theirs, "close")) as [number, Buffer];
  return [code, reason.toString()];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000];

describe.each([
  ["our server, a client of ws", theirClient],
  ["our client, a server of ws", ourClient],
] as const)("%s", (_name, open) => {
  test("text and binary of all sizes, both ways", async () => {
    const { ours, theirs } = await open();
    const received = messagesOf(theirs);
    const random = new Prng(1);
    for (const size of SIZES) {
      const bytes = random.bytes(size);
      const text = "é".repeat(size >> 1) + "x".repeat(size & 1);
      void ours.send(bytes);
      void ours.send(text);
      expect(Buffer.compare((await received()) as Uint8Array, bytes)).toBe(0);
      expect(await received()).toBe(text);
      theirs.send(bytes);
      theirs.send(text);
      expect(Buffer.compare((await ours.recv()) as Uint8Array, bytes)).toBe(0);
      expect(await ours.recv()).toBe(text);
    }
    await ours.close();
  });

  test("fragments of theirs, with a ping between them", async () => {
    const { ours, theirs } = await open();
    const ponged = once(theirs, "pong");
    theirs.send("Sp", { fin: false });
    theirs.ping("!");
    theirs.send("a", { fin: false });
    theirs.send("m", { fin: true });
    theirs.send(Buffer.from([1]), { binary: true, fin: false });
    theirs.send(Buffer.from([2]), { binary: true, fin: true });
    expect(await ours.recv()).toBe("Spam");
    expect(await ours.recv()).toEqual(Uint8Array.of(1, 2));
    expect(String(await ponged)).toBe("!");
    await ours.close();
  });

  test("16 MiB both ways, whole and in fragments", async () => {
    const { ours, theirs } = await open();
    const received = messagesOf(theirs);
    const big = new Uint8Array(16 * MIB);
    for (let i = 0; i < big.length; i += 4099) big[i] = i;
    const sent = ours.send(big);
    expect(Buffer.compare((await received()) as Uint8Array, big)).toBe(0);
    await sent;
    theirs.send(big);
    expect(Buffer.compare((await ours.recv()) as Uint8Array, big)).toBe(0);
    for (let at = 0; at < big.length; at += MIB) {
      theirs.send(big.subarray(at, at + MIB), { fin: at + MIB === big.length });
    }
    expect(Buffer.compare((await ours.recv()) as Uint8Array, big)).toBe(0);
    const text = "0123456789abcde\n".repeat(MIB);
    void ours.send(text);
    expect((await received()) === text).toBe(true);
    theirs.send(text);
    expect((await ours.recv()) === text).toBe(true);
    await ours.close();
  });

  test("pings both ways", async () => {
    const { ours, theirs } = await open();
    const pinged = once(theirs, "ping");
    expect(await ours.ping("ours")).toBeGreaterThanOrEqual(0);
    expect(String((await pinged)[0])).toBe("ours");
    expect(await ours.ping()).toBeGreaterThanOrEqual(0);
    expect(ours.latency).toBeGreaterThanOrEqual(0);
    const ponged = once(theirs, "pong");
    theirs.ping("theirs");
    expect(String((await ponged)[0])).toBe("theirs");
    const unsolicited = once(theirs, "pong");
    void ours.pong("just so");
    expect(String((await unsolicited)[0])).toBe("just so");
    theirs.pong("ignored");
    await ours.close();
  });

  test.each([
    [1000, ""],
    [1001, "going away"],
    [1011, ""],
    [3000, "é".repeat(61)],
    [4999, "x".repeat(123)],
  ])("we close with %d %j", async (code, reason) => {
    const { ours, theirs } = await open();
    const closed = closeOf(theirs);
    await ours.close(code, reason);
    expect(await closed).toEqual([code, reason]);
    expect(await ours.closed).toMatchObject({ code, received: { code }, sent: { code, reason } });
  });

  test.each([
    [1000, "", ConnectionClosedOK],
    [1001, "bye", ConnectionClosedOK],
    [1011, "oops", ConnectionClosedError],
    [3000, "x".repeat(123), ConnectionClosedError],
    [undefined, "", ConnectionClosedOK],
  ])("they close with %s %j", async (code, reason, type) => {
    const { ours, theirs } = await open();
    const closed = closeOf(theirs);
    theirs.close(code, reason);
    const error = await ours.recv().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(type);
    expect(await ours.closed).toMatchObject({ code: code ?? 1005, reason, sent: { code: code ?? 1005 } });
    expect(await closed).toEqual([code ?? 1005, reason]);
  });

  test("both close at once", async () => {
    const { ours, theirs } = await open();
    const closed = closeOf(theirs);
    theirs.close(1000, "theirs");
    await ours.close(1000, "ours");
    expect((await ours.closed).error).toBeInstanceOf(ConnectionClosedOK);
    expect((await closed)[0]).toBe(1000);
  });

  test("they terminate", async () => {
    const { ours, theirs } = await open();
    theirs.terminate();
    await expect(ours.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(await ours.closed).toMatchObject({ code: 1006, received: null, sent: null });
  });

  test("we abort", async () => {
    const { ours, theirs } = await open();
    const closed = closeOf(theirs);
    ours.abort();
    expect((await ours.closed).code).toBe(1006);
    expect((await closed)[0]).toBe(1006);
  });

  test("messages in front of a close arrive", async () => {
    const { ours, theirs } = await open();
    const got: unknown[] = [];
    theirs.on("message", (data: Buffer) => got.push(data.toString()));
    const closed = closeOf(theirs);
    for (let i = 0; i < 100; i++) void ours.send(String(i));
    await ours.close();
    await closed;
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));

    const again = await open();
    for (let i = 0; i < 100; i++) again.theirs.send(String(i));
    again.theirs.close();
    const read: unknown[] = [];
    for await (const message of again.ours) read.push(message);
    expect(read).toEqual(got);
  });

  test("1,000 messages in bursts both ways, in order", async () => {
    const { ours, theirs } = await open();
    const random = new Prng(2);
    const received = messagesOf(theirs);
    const sizes = Array.from({ length: 1000 }, () => random.pick([0, 5, 30, 200, 3000]));
    const name = (i: number): string => `${i} ${"x".repeat(sizes[i] as number)}`;
    const sending = (async () => {
      for (let i = 0; i < 1000; i++) {
        void ours.send(name(i));
        theirs.send(name(i));
        if (random.chance(0.05)) {
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
      }
    })();
    for (let i = 0; i < 1000; i++) {
      expect(await ours.recv()).toBe(name(i));
      expect(await received()).toBe(name(i));
    }
    await sending;
    await ours.close();
  });

  test("an echo of ours gives back all of theirs in order", async () => {
    const { ours, theirs } = await open();
    const echo = (async () => {
      for await (const message of ours) await ours.send(message);
    })();
    const received = messagesOf(theirs);
    for (let i = 0; i < 1000; i++) theirs.send(String(i));
    for (let i = 0; i < 1000; i++) expect(await received()).toBe(String(i));
    theirs.close();
    await echo;
  });

  test("a slow reader of theirs stalls us, memory stays bounded, and everything arrives", async () => {
    const { ours, theirs } = await open();
    theirs.pause();
    const message = new Uint8Array(0x10000);
    const total = 1000;
    let sent = 0;
    const sending = (async () => {
      for (let i = 0; i < total; i++) {
        message[0] = i;
        await ours.send(message);
        sent++;
      }
    })();
    let before = -1;
    while (sent !== before) {
      before = sent;
      for (let i = 0; i < 50; i++) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    }
    // What the kernel takes, and not 64 MB.
    expect(sent).toBeLessThan(total / 2);
    expect(ours.link.backlog).toBeLessThan(MIB);
    let received = 0;
    theirs.on("message", (data: Buffer) => {
      expect(data[0]).toBe(received & 0xff);
      received++;
    });
    theirs.resume();
    await sending;
    await until(() => received === total);
    await ours.close();
  });

  test("a slow reader of ours stalls them, memory stays bounded, and everything arrives", async () => {
    const { ours, theirs } = await open();
    const total = 1000;
    const message = Buffer.alloc(0x10000);
    for (let i = 0; i < total; i++) {
      const copy = Buffer.from(message);
      copy.writeUInt32LE(i);
      theirs.send(copy);
    }
    let before = -1;
    while (theirs.bufferedAmount !== before) {
      before = theirs.bufferedAmount;
      for (let i = 0; i < 50; i++) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
    }
    expect(theirs.bufferedAmount).toBeGreaterThan((total / 2) * 0x10000);
    for (let i = 0; i < total; i++) {
      const received = (await ours.recv()) as Uint8Array;
      expect(new DataView(received.buffer, received.byteOffset).getUint32(0, true)).toBe(i);
      expect(received).toHaveLength(0x10000);
    }
    await ours.close();
  });
});

test("a subprotocol, both ways", async () => {
  const chat = await serve(async (ws) => void (await ws.closed), {
    host: "127.0.0.1",
    subprotocols: ["superchat", "chat"],
  });
  const { port } = chat.addresses[0] as { port: number };
  const theirs = new WebSocket(`ws://127.0.0.1:${port}/`, ["chat", "superchat"]);
  await once(theirs, "open");
  expect(theirs.protocol).toBe("superchat");
  theirs.close();
  const refused = new WebSocket(`ws://127.0.0.1:${port}/`, ["other"]);
  const [error] = (await once(refused, "error")) as [Error];
  expect(error.message).toBe("Unexpected server response: 400");
  await chat.close();

  const wss = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "chat" });
  await once(wss, "listening");
  const uri = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/`;
  const ours = await connect(uri, { subprotocols: ["superchat", "chat"] });
  expect(ours.subprotocol).toBe("chat");
  await ours.close();
  wss.close();
});

test("a server of ws that refuses us, and permessage-deflate that nobody wants", async () => {
  const refusing = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    perMessageDeflate: true,
    verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== "/no",
  });
  await once(refusing, "listening");
  const uri = `ws://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  await expect(connect(`${uri}/no`)).rejects.toMatchObject({ code: "INVALID_STATUS", response: { statusCode: 401 } });
  const ours = await connect(`${uri}/yes`);
  expect(ours.extensions).toEqual([]);
  await ours.close();
  refusing.close();

  const { port } = server.addresses[0] as { port: number };
  const theirs = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: true });
  await once(theirs, "open");
  expect(theirs.extensions).toBe("");
  theirs.close();
  await once(theirs, "close");
});
