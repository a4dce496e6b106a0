// How servers of the shared suite behave, by the first part of a path: those that every connection can do, on the WebSocket of a
// runtime too. Nothing here is of a runtime.
import { bytesOf, FLOOD } from "./payloads.mjs";

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function echo(ws) {
  for await (const message of ws) await ws.send(message);
}

export const BEHAVIOURS = {
  echo,
  async many(ws) {
    for (let i = 0; i < 2000; i++) void ws.send(`${i}`);
    await ws.recv();
  },
  return() {},
  throw() {
    throw new Error("the handler failed");
  },
  async close(ws) {
    await ws.close(4002, "bye");
  },
  async abort(ws) {
    await ws.recv();
    ws.abort();
  },
  /** Sends right before it closes: all of it must arrive. */
  async last(ws) {
    for (let i = 0; i < 100; i++) void ws.send(bytesOf(10_000));
    await ws.close(4003, "last");
  },
  /** Closes when it is told to, while the client does. */
  async both(ws) {
    await ws.recv();
    await ws.close(4004, "server");
  },
  /** Sends as fast as the client reads, and tells how far it got in time. */
  async flood(ws) {
    const message = bytesOf(FLOOD.message);
    let sent = 0;
    const finished = (async () => {
      for (; sent < FLOOD.total; sent += message.length) await ws.send(message);
    })();
    // Well before the client reads.
    await sleep(700);
    await ws.send(JSON.stringify({ sent })).catch(() => {});
    await finished;
    await ws.recv().catch(() => {});
  },
};
