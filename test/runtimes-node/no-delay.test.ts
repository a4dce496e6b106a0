// Nagle's algorithm holds a second small write back until the peer acknowledges the first, and a peer that has just sent
// something itself delays that for 40 ms: a reply in two turns shows it in every round but the first.
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import type { Connection } from "../../src/node.ts";
import { connect, serve } from "../../src/node.ts";
import { hex } from "../support/hex.ts";
import { GOOD_REQUEST, goodResponse, masked } from "../support/network.ts";
import { connectTo, listening } from "./sockets.ts";

const ROUNDS = 20;
const LIMIT = 5;
const QUESTION = hex`81 01 3f`;

/** Answers every message with two, over two turns. */
async function answerTwice(ws: Connection): Promise<void> {
  for await (const message of ws) {
    void ws.send(message);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    void ws.send(message);
  }
}

/** Asks over and over; returns how long the answers of `length` bytes together took, in the median of the rounds. */
async function measure(socket: Socket, question: Uint8Array, length: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const answered = new Promise<number>((resolve) => {
      let received = 0;
      socket.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received >= length) resolve(performance.now());
      });
    });
    const start = performance.now();
    socket.write(question);
    times.push((await answered) - start);
    socket.removeAllListeners("data");
  }
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1] as number;
}

test("two small messages of a server over two turns arrive within 5 ms", async () => {
  const server = await serve(answerTwice, { host: "127.0.0.1", pingInterval: null });
  const socket = await connectTo((server.addresses[0] as { port: number }).port);
  socket.write(GOOD_REQUEST);
  await new Promise((resolve) => {
    socket.once("data", resolve);
  });
  expect(await measure(socket, masked(QUESTION), 2 * QUESTION.length)).toBeLessThan(LIMIT);
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
  const ws = await connect(`ws://127.0.0.1:${await listening(server)}/`, { pingInterval: null });
  const answering = answerTwice(ws).catch(() => {});
  const socket = await accepting;
  expect(await measure(socket, QUESTION, 2 * masked(QUESTION).length)).toBeLessThan(LIMIT);
  ws.abort();
  await answering;
  socket.destroy();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});
