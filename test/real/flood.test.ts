// A handler that sends in a loop, and awaits only that: everybody else goes on, and the end of its client is noticed.
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { describe, expect, test } from "vitest";
import { serve } from "../../src/index.ts";
import type { ServerConnection } from "../../src/server/server-connection.ts";
import { GOOD_REQUEST } from "../support/network.ts";

/** A loop that never ends could not even be failed by its test. */
const MOST = 3_000_000;

const SENDERS: readonly (readonly [string, (ws: ServerConnection) => Promise<void>])[] = [
  ["text", (ws) => ws.send("x".repeat(1000))],
  ["long bytes", (ws) => ws.send(new Uint8Array(100_000))],
  ["fragments", (ws) => ws.send(["x".repeat(500), "x".repeat(500)])],
  ["pongs", (ws) => ws.pong(new Uint8Array(100))],
];

describe.each([
  ["without compression", null],
  ["with compression", "deflate"],
] as const)("%s", (_name, compression) => {
  test.each(SENDERS)("a loop of awaited %s", async (_what, send) => {
    let report: (how: string) => void = () => {};
    const handled = new Promise<string>((resolve) => {
      report = resolve;
    });
    await using server = await serve(
      async (ws) => {
        try {
          for (let i = 0; i < MOST; i++) await send(ws);
          report("went on to the end");
        } catch (error) {
          report((error as Error).name);
        }
      },
      { host: "127.0.0.1", port: 0, compression, logger: { warn() {}, error() {} } },
    );
    const { port } = server.addresses[0] as { port: number };
    const socket = connectSocket(port, "127.0.0.1");
    const extensions = compression === null ? "" : "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    socket.write(`${GOOD_REQUEST.trimEnd()}\r\n${extensions}\r\n`);
    socket.on("error", () => {});
    let received = 0;
    socket.on("data", ({ length }) => {
      received += length;
    });
    let longest = 0;
    let last = performance.now();
    const ticks = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 5);
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    expect(received).toBeGreaterThan(10_000);
    socket.resetAndDestroy();
    await once(socket, "close");
    expect(await handled).toBe("ConnectionClosedError");
    clearInterval(ticks);
    // Far above what is meant, and far below what a loop takes that lets nobody else go on.
    expect(longest).toBeLessThan(1000);
  });
});
