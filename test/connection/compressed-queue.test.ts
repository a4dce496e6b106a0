// Compressed messages that nobody reads yet: they wait encoded, in order, and nothing that follows them is lost or early.
import { describe, expect, test } from "vitest";
import type { Connection } from "../../src/connection/connection.ts";
import { ConnectionClosedError, ConnectionClosedOK } from "../../src/errors/closed.ts";
import { InvalidCompressedData, PayloadTooBig, ProtocolError } from "../../src/errors/protocol.ts";
import { deflatedFrame, openDeflated } from "../support/deflated.ts";
import { frameOf, outcomeOf } from "../support/frames.ts";
import { hex } from "../support/hex.ts";
import { GOOD_REQUEST, latin1, masked, MemoryRuntime } from "../support/network.ts";
import { bindServe } from "../../src/server/serve.ts";

const SIDES = ["client", "server"] as const;
const SIZE = 100_000;
const MIB = 0x100000;
const COUNT = 1000;
/** What may be decoded and not read: as many messages as the queue has, and one more. */
const WAITING = 2;

/** A hundred kilobytes that begin with their number. */
function numbered(i: number): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  new DataView(bytes.buffer).setUint32(0, i);
  return bytes;
}

const FLOOD = Array.from({ length: COUNT }, (_, i) => deflatedFrame(0x82, numbered(i)));

/** Reads them all, and sees that no more is decoded than was asked for. */
async function readFlood(ws: Connection, count: number = COUNT): Promise<void> {
  for (let i = 0; i < count; i++) {
    const message = (await ws.recv()) as Uint8Array;
    if (message.length !== SIZE || new DataView(message.buffer, message.byteOffset).getUint32(0) !== i) {
      throw new Error(`message ${i} is another one`);
    }
    if (ws.stats.bytesReceived > (i + 1 + WAITING) * SIZE) throw new Error(`too much is decoded at ${i}`);
  }
}

/** Lets timers and everything else go on that is under way. */
async function rest(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
  }
}

describe.each(SIDES)("%s: a queue of one message, and 1,000 of 100 KB in one chunk of 200 KB", (side) => {
  test("they are decoded as they are read, and the peer waits meanwhile", async () => {
    const { ws, feed, settle, sent, peer } = await openDeflated(side, { maxQueue: 1 });
    await feed(...FLOOD.slice(0, COUNT / 2), hex`89 01 01`, ...FLOOD.slice(COUNT / 2));
    await rest();
    expect(ws.stats.bytesReceived).toBe(WAITING * SIZE);
    // Control frames do not wait.
    expect(sent()).toMatchObject([{ firstByte: 0x8a }]);
    const before = ws.stats;
    peer.send(hex`89 01 02`);
    await settle();
    await rest();
    expect([ws.stats, sent()]).toEqual([before, []]);
    await readFlood(ws);
    expect(await outcomeOf(ws.recv())).toBe("pending");
  });

  test.each<[string, Uint8Array, object]>([
    ["a Close", hex`88 02 03 e8`, { kind: ConnectionClosedOK, cause: undefined, answer: 1000 }],
    ["a fault", hex`83 00`, { kind: ConnectionClosedError, cause: ProtocolError, answer: 1002 }],
    [
      "data that is not compressed",
      hex`c2 01 ff`,
      { kind: ConnectionClosedError, cause: InvalidCompressedData, answer: 1007 },
    ],
  ])("all arrive when %s follows", async (_what, last, expected) => {
    const { kind, cause, answer } = expected as { kind: typeof Error; cause: typeof Error; answer: number };
    const { ws, feed, peer, settle, sent } = await openDeflated(side, { maxQueue: 1 });
    await feed(...FLOOD, last);
    await rest();
    await readFlood(ws);
    const end = ws.recv().catch((error: unknown) => error as Error);
    await rest();
    await settle();
    const [close] = sent();
    expect(close?.firstByte).toBe(0x88);
    expect(Buffer.from(close?.payload ?? []).readUInt16BE()).toBe(answer);
    peer.end();
    const error = (await end) as Error;
    expect(error).toBeInstanceOf(kind);
    if (cause === undefined) expect(error.cause).toBeUndefined();
    else expect(error.cause).toBeInstanceOf(cause);
  });

  test("recvStreaming() reads all that came before the end", async () => {
    const { ws, feed, peer, settle } = await openDeflated(side, { maxQueue: 1 });
    await feed(...Array.from({ length: 10 }, (_, i) => deflatedFrame(0x81, `message ${i}`)), hex`88 02 03 e8`);
    await rest();
    peer.end();
    await settle();
    const messages: string[] = [];
    for (;;) {
      let message = "";
      try {
        for await (const piece of ws.recvStreaming()) message += String(piece);
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectionClosedOK);
        break;
      }
      messages.push(message);
    }
    expect(messages).toEqual(Array.from({ length: 10 }, (_, i) => `message ${i}`));
  });

  test.each<[string, Uint8Array]>([
    ["that is not compressed", hex`c2 01 ff`],
    ["that is too big", deflatedFrame(0x82, new Uint8Array(SIZE * 20))],
  ])("data %s, found only after a regular Close, is the end for who reads", async (_what, wrong) => {
    for (const how of ["recv", "iterate", "stream"]) {
      const { ws, feed, peer, settle, sent } = await openDeflated(side, { maxQueue: 1, maxSize: SIZE * 10 });
      await feed(...FLOOD.slice(0, 6), wrong, deflatedFrame(0x82, "last"), hex`88 02 03 e8`);
      peer.end();
      await rest();
      await settle();
      expect(sent()).toMatchObject([{ firstByte: 0x88, payload: hex`03 e8` }]);
      expect((await ws.closed).error).toBeInstanceOf(ConnectionClosedOK);
      await readFlood(ws, 6);
      const reads = {
        recv: () => ws.recv(),
        iterate: () => ws[Symbol.asyncIterator]().next(),
        stream: () => ws.recvStreaming().next(),
      };
      const error = await reads[how as keyof typeof reads]().catch((thrown: unknown) => thrown as Error);
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect((error as ConnectionClosedError).cause).toBeInstanceOf(
        wrong.length < 4 ? InvalidCompressedData : PayloadTooBig,
      );
      expect(ws.isOwnEnd(error)).toBe(true);
      await expect(ws.recv()).rejects.toBe(error);
    }
  });

  test.each(["reset", "ended"])("all arrive after TCP was %s", async (how) => {
    const { ws, feed, peer, settle } = await openDeflated(side, { maxQueue: 1, closeTimeout: 100 });
    await feed(...FLOOD);
    if (how === "reset") peer.transport.abort();
    else peer.end();
    ws.link.resume(); // the end lies behind what is not read
    await settle();
    expect((await ws.closed).code).toBe(1006);
    await readFlood(ws);
    await expect(ws.recv()).rejects.toBe((await ws.closed).error);
  });

  test("close() does not wait for a reader, and what does not fit is dropped behind what does", async () => {
    const { ws, feed, peer, settle, sent } = await openDeflated(side, { maxQueue: 1 });
    await feed(...FLOOD);
    const closed = ws.close(1001);
    await settle();
    expect(sent()).toMatchObject([{ firstByte: 0x88 }]);
    await feed(deflatedFrame(0x82, numbered(COUNT)), hex`88 02 03 e9`);
    peer.end();
    await closed;
    expect((await ws.closed).code).toBe(1001);
    await readFlood(ws, WAITING);
    await expect(drain(ws, WAITING)).resolves.toBeInstanceOf(Error);
  });

  test("abort() too", async () => {
    const { ws, feed } = await openDeflated(side, { maxQueue: 1 });
    await feed(...FLOOD);
    ws.abort();
    expect((await ws.closed).code).toBe(1006);
    expect(await drain(ws, 0)).toBe((await ws.closed).error);
  });

  test("the first of them may be read in pieces", async () => {
    const { ws, feed } = await openDeflated(side, { maxQueue: 1 });
    await feed(...FLOOD);
    for (let i = 0; i < 3; i++) {
      let size = 0;
      for await (const piece of ws.recvStreaming()) size += piece.length;
      expect(size).toBe(SIZE);
    }
    expect(new DataView(((await ws.recv()) as Uint8Array<ArrayBuffer>).buffer).getUint32(0)).toBe(3);
  });
});

/** Reads to the end, in order, from message `from` on, and returns the error there. */
async function drain(ws: Connection, from: number): Promise<unknown> {
  for (let i = from; ; i++) {
    try {
      const message = (await ws.recv()) as Uint8Array;
      expect(new DataView(message.buffer, message.byteOffset).getUint32(0)).toBe(i);
    } catch (error) {
      return error;
    }
  }
}

describe.each(SIDES)("%s: nothing waits for ever", (side) => {
  test.each([
    ["a queue of none", { maxQueue: 0 }, 0],
    ["a queue of one", { maxQueue: 1 }, 0],
    ["more pings than the queue has messages", { maxQueue: 2 }, 40],
  ])("%s: a reader who waited gets all messages of a chunk", async (_what, options, pings) => {
    const { ws, feed } = await openDeflated(side, options);
    const first = ws.recv();
    const ping = Array.from({ length: pings }, () => hex`89 00`);
    await feed(...ping, ...["A", "B", "C"].map((text) => deflatedFrame(0x81, text)), ...ping);
    expect([await first, await ws.recv(), await ws.recv()]).toEqual(["A", "B", "C"]);
    await feed(...ping, deflatedFrame(0x81, "D"));
    expect(await ws.recv()).toBe("D");
  });

  test.each([0, 1, null])("maxQueue %j: reading goes on after a message that took several turns", async (maxQueue) => {
    const { ws, feed } = await openDeflated(side, { maxQueue, maxSize: null });
    for (let i = 0; i < 3; i++) {
      const message = ws.recv();
      await feed(deflatedFrame(0x82, new Uint8Array(4_000_000)), deflatedFrame(0x81, "next"));
      expect(await message).toHaveLength(4_000_000);
      expect(await ws.recv()).toBe("next");
    }
  });

  test("reading goes on after a fragment that took several turns, and completed nothing", async () => {
    const { ws, feed } = await openDeflated(side, { maxSize: null });
    const message = ws.recv();
    await feed(deflatedFrame(0x02, new Uint8Array(4_000_000)));
    await rest();
    await feed(frameOf(0x80, hex`00`));
    expect(await message).toHaveLength(4_000_000);
  });

  test("fragments that are more than the queue holds, and the end of TCP", async () => {
    const { ws, feed, peer, settle } = await openDeflated(side, { maxSize: null });
    const fragments = Array.from({ length: 20 }, (_, i) => {
      const frame = deflatedFrame(0x02, new Uint8Array(1_000_000));
      if (i > 0) frame[0] = 0;
      return frame;
    });
    const message = ws.recv();
    await feed(...fragments, frameOf(0x80, hex`00`));
    peer.transport.abort();
    ws.link.resume();
    await settle();
    expect(await message).toHaveLength(20_000_000);
    await expect(ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  test("messages behind one whose stream was left come in their order", async () => {
    const { ws, feed } = await openDeflated(side, { maxQueue: 0 });
    const stream = ws.recvStreaming();
    const piece = stream.next();
    await feed(deflatedFrame(0x01, "A".repeat(100)));
    expect((await piece).value).toBe("A".repeat(100));
    await feed(frameOf(0x80, hex`4a 04 00`), ...["B", "C", "D"].map((text) => deflatedFrame(0x81, text)));
    await stream.return?.();
    expect([await ws.recv(), await ws.recv(), await ws.recv()]).toEqual(["B", "C", "D"]);
  });

  test("messages behind one that is read to its end in pieces come in their order", async () => {
    const { ws, feed } = await openDeflated(side, { maxQueue: 1 });
    const pieces: unknown[] = [];
    const reading = (async () => {
      for await (const piece of ws.recvStreaming()) pieces.push(piece);
    })();
    await feed(deflatedFrame(0x01, "A"));
    await feed(frameOf(0x80, hex`00`), ...["B", "C", "D", "E"].map((text) => deflatedFrame(0x81, text)));
    await reading;
    expect(pieces.join("")).toBe("A");
    expect([await ws.recv(), await ws.recv(), await ws.recv(), await ws.recv()]).toEqual(["B", "C", "D", "E"]);
  });
});

test("a long compressed message that comes with the request is decoded", async () => {
  const runtime = new MemoryRuntime();
  const received: number[] = [];
  const server = await bindServe(runtime)(
    async (ws) => {
      for await (const message of ws) received.push(message.length);
    },
    { pingInterval: null, maxSize: 16 * MIB },
  );
  const { peer } = runtime.dialRaw((server.addresses[0] as { port: number }).port);
  const request = `${GOOD_REQUEST.trimEnd()}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;
  peer.send(Buffer.concat([latin1(request), masked(deflatedFrame(0x82, new Uint8Array(5 * MIB)))]));
  for (let i = 0; i < 10; i++) {
    await runtime.settle();
    await rest();
  }
  expect(received).toEqual([5 * MIB]);
  peer.transport.abort();
  await server.close();
});
