// Every combination of the parameters of permessage-deflate that `ws` has, both ways, over real sockets.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from "ws";
import type { ClientCompression } from "../../src/extensions/compression-option.ts";
import { type Connection, connect, type Server, serve } from "../../src/node.ts";
import { Prng } from "../support/prng.ts";

const HOST = "127.0.0.1";
const FLAGS = [undefined, false, true] as const;
const WINDOWS = [undefined, 8, 9, 10, 11, 12, 13, 14, 15] as const;
/** Ours, in turn. */
const OURS: readonly ClientCompression[] = [
  "deflate",
  "max",
  "shared",
  { serverMaxWindowBits: null, clientMaxWindowBits: null },
  { level: 9, memLevel: 9, threshold: 0, serverMaxWindowBits: 15, clientMaxWindowBits: 15 },
];

const [SHARED, NO_CLIENT_WINDOW] = [2, 3];

/** Text and bytes that repeat what is far back and near; the last ones need all of a window of 2^15. */
const random = new Prng(11).bytes(30_000);
const MESSAGES: readonly (string | Uint8Array)[] = [
  "Hello world! ".repeat(30),
  "",
  random,
  "Hello world! ".repeat(31),
  random.subarray(0, 3000),
  random.subarray(20_000),
];

type Theirs = Record<string, boolean | number>;

const COMBINATIONS: readonly Theirs[] = FLAGS.flatMap((serverNoContextTakeover) =>
  FLAGS.flatMap((clientNoContextTakeover) =>
    WINDOWS.flatMap((serverMaxWindowBits) =>
      WINDOWS.map((clientMaxWindowBits): Theirs => ({
        threshold: 0,
        ...(serverNoContextTakeover !== undefined && { serverNoContextTakeover }),
        ...(clientNoContextTakeover !== undefined && { clientNoContextTakeover }),
        ...(serverMaxWindowBits !== undefined && { serverMaxWindowBits }),
        ...(clientMaxWindowBits !== undefined && { clientMaxWindowBits }),
      })),
    ),
  ),
);

function isSame(received: string | Uint8Array, sent: string | Uint8Array): boolean {
  if (typeof received === "string" || typeof sent === "string") return received === sent;
  return Buffer.compare(received, sent) === 0;
}

/** The windows and contexts of both directions as our side knows them, and as the header of the response has them. */
function expectAgreement(ws: Connection, side: "client" | "server", header: string): void {
  const [extension] = ws.extensions as unknown as [Record<"encoding" | "decoding", object>];
  const direction = (name: "client" | "server"): object => ({
    windowBits: Number(new RegExp(`${name}_max_window_bits=(\\d+)`).exec(header)?.[1] ?? 15),
    keepsContext: !header.includes(`${name}_no_context_takeover`),
  });
  const [own, others] = side === "server" ? (["server", "client"] as const) : (["client", "server"] as const);
  expect(extension.encoding).toMatchObject({
    keepsContext: (direction(own) as { keepsContext: boolean }).keepsContext,
  });
  const { windowBits } = extension.encoding as { windowBits: number };
  expect(windowBits).toBeLessThanOrEqual((direction(own) as { windowBits: number }).windowBits);
  expect(extension.decoding).toEqual(direction(others));
}

/** Whether their server forbids what our client insists on, or wants what it does not offer. Then it refuses, where it could do without. */
function isRefused(ours: number, theirs: Theirs): boolean {
  if (ours === SHARED) return theirs["serverNoContextTakeover"] === false;
  return ours === NO_CLIENT_WINDOW && theirs["clientMaxWindowBits"] !== undefined;
}

test("our server understands their client", { tags: ["slow"] }, async () => {
  let accepted: Connection | undefined;
  const handler = async (ws: Connection): Promise<void> => {
    accepted = ws;
    for await (const message of ws) await ws.send(message);
  };
  const servers = await Promise.all(
    OURS.map((compression) => serve(handler, { host: HOST, compression: compression as "max" })),
  );
  try {
    for (const [i, theirs] of COMBINATIONS.entries()) {
      const [address] = (servers[i % servers.length] as Server).addresses;
      const { port } = address as { port: number };
      const client = new WebSocket(`ws://${HOST}:${port}/`, {
        perMessageDeflate: theirs as PerMessageDeflateOptions,
      });
      if (i % OURS.length === SHARED && theirs["clientNoContextTakeover"] === false) {
        // It forbids what our server asks for.
        await expect(once(client, "open")).rejects.toThrow("Invalid Sec-WebSocket-Extensions header");
        continue;
      }
      await once(client, "open");
      for (const message of MESSAGES) {
        const echoed = once(client, "message");
        client.send(message);
        const [data, isBinary] = (await echoed) as [Buffer, boolean];
        expect(isSame(isBinary ? data : data.toString(), message), JSON.stringify(theirs)).toBe(true);
      }
      const { headers } = accepted?.response ?? {};
      expectAgreement(accepted as Connection, "server", headers?.get("Sec-WebSocket-Extensions") ?? "");
      client.terminate();
    }
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

test("our client understands their server", { tags: ["slow"] }, async () => {
  for (const [i, theirs] of COMBINATIONS.entries()) {
    const server = new WebSocketServer({ host: HOST, port: 0, perMessageDeflate: theirs as PerMessageDeflateOptions });
    server.on("connection", (ws) => ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary })));
    await once(server, "listening");
    const uri = `ws://${HOST}:${(server.address() as AddressInfo).port}/`;
    const compression = OURS[i % OURS.length] as ClientCompression;
    try {
      if (isRefused(i % OURS.length, theirs)) {
        await expect(connect(uri, { compression })).rejects.toThrow("HTTP 400");
        continue;
      }
      await using ws = await connect(uri, { compression });
      expect(ws.extensions.map(({ name }) => name)).toEqual(["permessage-deflate"]);
      for (const message of MESSAGES) {
        await ws.send(message);
        expect(isSame(await ws.recv(), message), JSON.stringify([compression, theirs])).toBe(true);
      }
      expectAgreement(ws, "client", ws.response?.headers.get("Sec-WebSocket-Extensions") ?? "");
    } finally {
      server.close();
    }
  }
});
