import { subscribe as subscribeOutside, unsubscribe } from "node:diagnostics_channel";
import { afterEach, expect, test } from "vitest";
import type { DiagnosticChannel } from "../../src/connection/diagnostics.ts";
import { subscribe } from "../../src/connection/diagnostics.ts";
import { connect, serve, ServerConnection } from "../../src/node.ts";

const CHANNELS: readonly DiagnosticChannel[] = [
  "handshake",
  "open",
  "frame-in",
  "frame-out",
  "latency",
  "close",
  "error",
];
const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** What happens on the server and on the client, a line an event. */
function record(lines: Record<"server" | "client", string[]>): void {
  for (const channel of CHANNELS) {
    endings.push(
      subscribe(channel, (event) => {
        const { connection, ...rest } = event;
        const facts = JSON.stringify(rest, (key, value) =>
          /request|response|duration|latency|error/.test(key) && value !== null ? key : value,
        );
        lines[connection instanceof ServerConnection ? "server" : "client"].push(`${channel} ${facts}`);
      }),
    );
  }
}

test("events tell the life of a connection on both sides", async () => {
  const lines = { server: [] as string[], client: [] as string[] };
  record(lines);
  const server = await serve(
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", port: 0 },
  );
  const { port } = server.addresses[0] as { port: number };
  const ws = await connect(`ws://127.0.0.1:${port}`);
  await ws.send("Hello");
  await ws.recv();
  await ws.ping("p");
  await ws.close();
  await server.close();
  const frame = (direction: string, opcode: number, length: number): string =>
    `frame-${direction} {"opcode":${opcode},"fin":true,"rsv1":false,"length":${length}}`;
  const handshake = 'handshake {"request":"request","response":"response","error":null,"duration":"duration"}';
  const close = 'close {"code":1000,"reason":"","error":"error"}';
  expect(lines.server).toEqual([
    handshake,
    "open {}",
    frame("in", 1, 5),
    frame("out", 1, 5),
    frame("in", 9, 1),
    frame("out", 10, 1),
    frame("in", 8, 2),
    frame("out", 8, 2),
    close,
  ]);
  expect(lines.client).toEqual([
    "open {}",
    handshake,
    frame("out", 1, 5),
    frame("in", 1, 5),
    frame("out", 9, 1),
    frame("in", 10, 1),
    'latency {"latency":"latency"}',
    frame("out", 8, 2),
    frame("in", 8, 2),
    close,
  ]);
});

test("events are told on Node's channels too; buffered bytes and errors among them", async () => {
  const heard: string[] = [];
  const listener = (_message: unknown, name: string | symbol): void => void heard.push(String(name));
  for (const name of ["wsasm:open", "wsasm:buffered", "wsasm:error"]) {
    subscribeOutside(name, listener);
    endings.push(() => void unsubscribe(name, listener));
  }
  const logger = { warn() {}, error() {} };
  const server = await serve(
    async (ws) => {
      void ws.send(new Uint8Array(8_000_000));
      await ws.recv();
      throw new Error("broken");
    },
    { host: "127.0.0.1", port: 0, logger, compression: null },
  );
  const { port } = server.addresses[0] as { port: number };
  const ws = await connect(`ws://127.0.0.1:${port}`, { maxSize: null });
  await ws.recv();
  await ws.send("x");
  await ws.closed;
  await server.close();
  expect(heard.toSorted()).toEqual(["wsasm:buffered", "wsasm:buffered", "wsasm:error", "wsasm:open", "wsasm:open"]);
});
