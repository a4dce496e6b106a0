// Nagle's algorithm holds a second small write back until the peer acknowledges the first, 40 ms with its delayed ACK.
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import type { Connection } from "../../src/node.ts";
import { connect, serve } from "../../src/node.ts";
import { GOOD_REQUEST, goodResponse } from "../support/network.ts";
import { connectTo, listening } from "./sockets.ts";

const ROUNDS = 20;
const LIMIT = 5;

/** Notes when chunks arrive that hold a byte of `marks`. */
function arrivals(socket: Socket, marks: readonly string[]): Promise<number[]> {
  return new Promise((resolve) => {
    const times: number[] = [];
    socket.on("data", (chunk: Buffer) => {
      for (const mark of marks) if (chunk.includes(mark)) times.push(performance.now());
      if (times.length >= marks.length) resolve(times);
    });
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Sends two small messages over two turns and returns how much later than the first the second arrives. */
async function measure(ws: Connection, socket: Socket): Promise<number[]> {
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const seen = arrivals(socket, ["first", "second"]);
    const start = performance.now();
    void ws.send("first");
    await nextTurn();
    void ws.send("second");
    const [, last] = await seen;
    gaps.push((last as number) - start);
    socket.removeAllListeners("data");
  }
  return gaps.toSorted((a, b) => a - b);
}

function median(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1] as number;
}

test("two small messages of a server over two turns arrive within 5 ms", async () => {
  let opened: (ws: Connection) => void = () => {};
  const opening = new Promise<Connection>((resolve) => {
    opened = resolve;
  });
  const server = await serve(
    async (ws) => {
      opened(ws);
      await ws.closed;
    },
    { host: "127.0.0.1", pingInterval: null },
  );
  const socket = await connectTo((server.addresses[0] as { port: number }).port);
  socket.write(GOOD_REQUEST);
  await new Promise((resolve) => socket.once("data", resolve));
  const gaps = await measure(await opening, socket);
  // With Nagle's algorithm every round takes 40 ms; one that was disturbed may be late.
  expect(median(gaps)).toBeLessThan(LIMIT);
  socket.destroy();
  await server.close();
});

test("two small messages of a client over two turns arrive within 5 ms", async () => {
  let accepted: (socket: Socket) => void = () => {};
  const accepting = new Promise<Socket>((resolve) => {
    accepted = resolve;
  });
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (chunk: Buffer) => {
      socket.write(goodResponse(chunk.toString("latin1")));
      accepted(socket);
    });
  });
  const port = await listening(server);
  const ws = await connect(`ws://127.0.0.1:${port}/`, { pingInterval: null });
  const socket = await accepting;
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const lengths: number[] = [];
    const seen = new Promise<number>((resolve) => {
      socket.on("data", (chunk: Buffer) => {
        lengths.push(chunk.length);
        // A masked frame of 5 bytes has 11.
        if (lengths.reduce((sum, length) => sum + length, 0) >= 22) resolve(performance.now());
      });
    });
    const start = performance.now();
    void ws.send("first");
    await nextTurn();
    void ws.send("again");
    gaps.push((await seen) - start);
    socket.removeAllListeners("data");
  }
  expect(median(gaps.toSorted((a, b) => a - b))).toBeLessThan(LIMIT);
  ws.abort();
  await ws.closed;
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
