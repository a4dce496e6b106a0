// permessage-deflate against `ws`, both ways, over real sockets.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type PerMessageDeflateOptions as WsOptions, WebSocket, WebSocketServer } from "ws";
import type { ClientCompression, ServerCompression } from "../../src/extensions/compression-option.ts";
import { connect, serve } from "../../src/node.ts";
import { Prng } from "../support/prng.ts";

/** Sent in this order, and echoed; the last ones refer to the first. */
const MESSAGES: readonly (string | Uint8Array)[] = [
  "Hello world! ".repeat(30),
  "",
  "short",
  new Prng(7).bytes(70_000),
  new Uint8Array(200_000),
  "Hello world! ".repeat(30),
  new Prng(7).bytes(3000),
  new Prng(7).bytes(3000),
];

function isSame(received: string | Uint8Array, sent: string | Uint8Array): boolean {
  if (typeof received === "string" || typeof sent === "string") return received === sent;
  return Buffer.compare(received, sent) === 0;
}

const PRESETS = ["deflate", "shared", "max"] as const;

test.each(
  PRESETS.flatMap((option) =>
    [
      {},
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
      { serverMaxWindowBits: 15, clientMaxWindowBits: 15, threshold: 0 },
      { clientMaxWindowBits: true },
    ].map((theirs): [ServerCompression, WsOptions | object] => [option, theirs]),
  ),
)("our server with %j understands their client with %j", async (option, theirs) => {
  await using server = await serve(
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
    { host: "127.0.0.1", compression: option },
  );
  const { port } = server.addresses[0] as { port: number };
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: theirs });
  await once(client, "open");
  expect(client.extensions).toContain("permessage-deflate");
  for (const message of MESSAGES) {
    const echoed = once(client, "message");
    client.send(message);
    const [data, isBinary] = (await echoed) as [Buffer, boolean];
    expect(isSame(isBinary ? data : data.toString(), message)).toBe(true);
  }
  const closed = once(client, "close");
  client.close(1000);
  expect((await closed)[0]).toBe(1000);
});

test.each(
  [...PRESETS, { serverMaxWindowBits: 9, clientMaxWindowBits: 9 }, { serverNoContextTakeover: true }].flatMap(
    (option) =>
      [
        {},
        { serverNoContextTakeover: true, clientNoContextTakeover: true },
        { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
        { threshold: 0 },
      ].map((theirs): [ClientCompression, WsOptions | object] => [option, theirs]),
  ),
)("our client with %j understands their server with %j", async (option, theirs) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: theirs });
  try {
    await once(server, "listening");
    server.on("connection", (ws) => ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary })));
    await using ws = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      compression: option,
    });
    expect(ws.extensions.map(({ name }) => name)).toEqual(["permessage-deflate"]);
    for (const message of MESSAGES) {
      await ws.send(message);
      expect(isSame(await ws.recv(), message)).toBe(true);
    }
  } finally {
    server.close();
  }
});

test.each([false, 15])(
  "our client takes the second offer where their server has no smaller window than %j",
  async (serverMaxWindowBits) => {
    const perMessageDeflate = { serverMaxWindowBits } as WsOptions;
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate });
    try {
      await once(server, "listening");
      await using ws = await connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, {});
      expect(ws.extensions).toMatchObject([{ decoding: { windowBits: 15 }, encoding: { windowBits: 12 } }]);
    } finally {
      server.close();
    }
  },
);
