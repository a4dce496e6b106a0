// What `upgradeWebSocket` does on every runtime, seen by our client on Node.
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { connect } from "../../src/node.ts";
import { type Running, start } from "../repo/programs.ts";
import { MIB } from "./upgrade-handlers.ts";

const OPENING = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

/** Status, version, and the body. */
async function described(response: IncomingMessage): Promise<string> {
  let text = `${response.statusCode} ${response.headers["sec-websocket-version"] ?? "-"} `;
  for await (const chunk of response) text += String(chunk);
  return text;
}

/** The answer to a request with these headers. Those that are undefined are left out. */
function answer(port: string, headers: Record<string, string | undefined>): Promise<string> {
  const given = Object.fromEntries(Object.entries({ ...OPENING, ...headers }).filter(([, value]) => value));
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path: "/echo", headers: given as Record<string, string> });
    asked.on("response", (response) => resolve(described(response)));
    asked.on("upgrade", ({ statusCode }, socket) => {
      socket.destroy();
      resolve(String(statusCode));
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Tests the server that `command` starts. `close` gives the code that arrives for one of ours. */
export function upgradeCases(
  name: string,
  command: string | undefined,
  args: readonly string[],
  close: (code: number) => number,
): void {
  describe.skipIf(command === undefined)(`upgradeWebSocket on ${name}`, { tags: ["external"] }, () => {
    let running: Running;
    let port: string;

    beforeAll(async () => {
      running = start(command ?? "", args, ROOT);
      port = await vi.waitUntil(
        () => {
          if (running.child.exitCode !== null) throw new Error(`ended: ${running.output()}`);
          return /port (\d+)/.exec(running.output())?.[1];
        },
        { timeout: 30_000, interval: 20 },
      );
    });

    afterAll(() => running?.kill());

    const uri = (path: string): string => `ws://127.0.0.1:${port}${path}`;

    test("echoes text, bytes and a large message; the peer closes", async () => {
      const ws = await connect(uri("/echo"));
      for (const message of ["Grüße", new Uint8Array([1, 2]), "", "x".repeat(300_000)]) {
        await ws.send(message);
        expect(await ws.recv()).toEqual(message);
      }
      await ws.close(3210, "enough");
      expect(await ws.closed).toMatchObject({ received: { code: 3210 }, sent: { code: 3210, reason: "enough" } });
    });

    test("the handler knows the request and the subprotocol; when it returns, 1000", async () => {
      const ws = await connect(uri("/once?room=1"), { subprotocols: ["chat", "other"] });
      expect([ws.subprotocol, await ws.recv()]).toEqual(["chat", "/once?room=1 chat"]);
      expect(await ws.closed).toMatchObject({ code: 1000 });
    });

    test("without a subprotocol that is chosen there is none at either end", async () => {
      const ws = await connect(uri("/once"), { subprotocols: ["unwanted"] });
      expect([ws.subprotocol, ws.response?.headers.get("Sec-WebSocket-Protocol")]).toEqual([null, null]);
      expect(await ws.recv()).toBe("/once null");
    });

    test("sends much to a slow reader", async () => {
      const ws = await connect(uri("/many"), { maxQueue: 1 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      let count = 0;
      for await (const message of ws) count += message.length;
      expect(count).toBe(20_000_000);
    });

    test("what is sent without waiting is kept for a slow reader", async () => {
      const ws = await connect(uri("/burst"), { maxQueue: 1 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      let count = 0;
      for await (const message of ws) count += message.length;
      expect(count).toBe(48 * MIB);
    });

    test("a handler that throws, a queue over its limit, codes, and what cannot be done", async () => {
      const thrown = await connect(uri("/throw"));
      expect(await thrown.closed).toMatchObject({ code: close(1011) });
      const full = await connect(uri("/full"));
      for (let i = 0; i < 10; i++) void full.send("x");
      // Deno drops TCP, mostly without its Close frame, when a message of ours follows: see upgrade.test.ts there.
      expect([close(1009), ...(name === "Deno" ? [1006] : [])]).toContain((await full.closed).code);
      const closing = await connect(uri("/close"));
      await closing.send("go");
      expect(await closing.closed).toMatchObject({ code: close(1013), reason: "later" });
      const ping = await connect(uri("/ping"));
      expect(await ping.recv()).toContain("Cannot send a ping");
      const aborted = await connect(uri("/abort"));
      expect([1006, 4006]).toContain((await aborted.closed).code);
    });

    /** How the connection for `path` has ended, once it has. */
    async function endOf(path: string): Promise<unknown> {
      return vi.waitUntil(
        async () => {
          const ends = JSON.parse(String(await (await connect(uri("/ends"))).recv())) as Record<string, unknown>;
          return ends[path];
        },
        { timeout: 10_000, interval: 20 },
      );
    }

    test("a peer that is lost has sent no Close frame, and one that closes has", async () => {
      (await connect(uri("/watched?lost"))).abort();
      expect(await endOf("/watched?lost")).toEqual({ code: 1006, received: null, sent: null, isLost: true });
      await (await connect(uri("/watched?closed"))).close(4001, "bye");
      const frame = { code: 4001, reason: "bye" };
      expect(await endOf("/watched?closed")).toEqual({ code: 4001, received: frame, sent: frame, isLost: false });
    });

    test("what we close ends the iteration; Bun does not tell what the peer answered", async () => {
      const ws = await connect(uri("/leaves"));
      const sent = { code: 1000, reason: "done" };
      expect((await ws.closed).received).toEqual(sent);
      const received = name === "Bun" ? null : sent;
      expect(await endOf("/leaves")).toEqual({ code: 1000, received, sent, isLost: false });
    });

    test.each<[string, Record<string, string | undefined>, string]>([
      ["a good one", {}, "101"],
      ["no Connection", { Connection: undefined }, "426 - Failed to open a WebSocket connection: invalid Connection"],
      [
        "no key",
        { "Sec-WebSocket-Key": undefined },
        "400 - Failed to open a WebSocket connection: missing Sec-WebSocket-Key",
      ],
      [
        "a bad key",
        { "Sec-WebSocket-Key": "abc" },
        "400 - Failed to open a WebSocket connection: invalid Sec-WebSocket-Key",
      ],
      [
        "no version",
        { "Sec-WebSocket-Version": undefined },
        "400 - Failed to open a WebSocket connection: missing Sec-WebSocket-V",
      ],
      [
        "version 8",
        { "Sec-WebSocket-Version": "8" },
        "426 13 Failed to open a WebSocket connection: invalid Sec-WebSocket-V",
      ],
    ])("answers an opening handshake itself: %s", async (_what, headers, expected) => {
      expect((await answer(port, headers)).slice(0, expected.length)).toBe(expected);
    });

    test("refuses what is no upgrade, and origins that are not allowed", async () => {
      const plain = await fetch(`http://127.0.0.1:${port}/echo`);
      expect([plain.status, await plain.text()]).toEqual([426, expect.stringContaining("WebSocket client")]);
      await expect(connect(uri("/echo"), { origin: "https://evil.example" })).rejects.toMatchObject({
        response: { statusCode: 403 },
      });
      await (await connect(uri("/echo"), { origin: "https://example.com" })).close();
    });
  });
}
