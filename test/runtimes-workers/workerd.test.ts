// The entry for Workers in workerd itself, bundled with its conditions: a server, and both clients.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../build/project.mjs";
import { connect, serve, type Server } from "../../src/node.ts";
import { type Running, temporaryFolder } from "../repo/programs.ts";
import { application } from "../support/bundle.ts";
import { hasWorkerd, startWorker } from "../support/workerd.ts";

describe.skipIf(!hasWorkerd())("wsasm in workerd", { tags: ["external"] }, () => {
  const folder = temporaryFolder();
  let running: Running;
  let port: number;
  let server: Server;

  beforeAll(async () => {
    const source = readFileSync(join(ROOT, "test/runtimes-workers/worker.js"), "utf8");
    const entry = application(folder.path, source);
    ({ running, port } = await startWorker(entry, folder.path));
    server = await serve(
      async (ws) => {
        for await (const message of ws) await ws.send(message);
      },
      { host: "127.0.0.1", port: 0, selectSubprotocol: (offered) => offered[0] ?? null },
    );
  });

  afterAll(async () => {
    await running?.kill();
    await server?.close();
    folder[Symbol.dispose]();
  });

  const uri = (path: string): string => `ws://127.0.0.1:${port}${path}`;
  const ask = async (path: string): Promise<unknown> => {
    const [address] = server.addresses;
    const at = address !== undefined && "port" in address ? address.port : 0;
    const target = encodeURIComponent(`ws://127.0.0.1:${at}/`);
    const response = await fetch(`http://127.0.0.1:${port}${path}?uri=${target}`);
    const text = await response.text();
    return response.status === 200 ? (JSON.parse(text) as unknown) : text;
  };

  test("#wasm is the module itself, and its bytes are not in the bundle", () => {
    const names = readdirSync(folder.path).filter((name) => name.endsWith(".wasm"));
    expect(names.toSorted()).toEqual(["deflate.wasm", "protocol.wasm"]);
    expect(readFileSync(join(folder.path, "worker.js"), "utf8")).not.toContain("AGFzbQ");
  });

  test("upgradeWebSocket echoes text, bytes and a large message", async () => {
    const ws = await connect(uri("/echo"));
    for (const message of ["Grüße", new Uint8Array([1, 2]), "x".repeat(300_000)]) {
      await ws.send(message);
      expect(await ws.recv()).toEqual(message);
    }
    await ws.close(3210, "enough");
    expect(await ws.closed).toMatchObject({ received: { code: 3210 }, sent: { code: 3210, reason: "enough" } });
  });

  test("the handler knows the request and the subprotocol; when it returns, 1000", async () => {
    const ws = await connect(uri("/once?room=1"), { subprotocols: ["chat", "other"] });
    expect(ws.subprotocol).toBe("chat");
    expect(await ws.recv()).toBe("/once?room=1 chat");
    expect(await ws.closed).toMatchObject({ code: 1000 });
  });

  test("a handler that throws closes with 1011, a queue over its limit with 1009", async () => {
    const thrown = await connect(uri("/throw"));
    expect(await thrown.closed).toMatchObject({ code: 1011 });
    const full = await connect(uri("/full"));
    for (let i = 0; i < 10; i++) void full.send("x");
    expect(await full.closed).toMatchObject({ code: 1009 });
  });

  test("closes with codes that browsers may not send", async () => {
    const ws = await connect(uri("/close"));
    await ws.send("go");
    expect(await ws.closed).toMatchObject({ code: 1013, reason: "later" });
  });

  test("refuses what is no upgrade and origins that are not allowed", async () => {
    const plain = await fetch(`http://127.0.0.1:${port}/echo`);
    expect([plain.status, await plain.text()]).toEqual([426, expect.stringContaining("WebSocket client")]);
    await expect(connect(uri("/echo"), { origin: "https://evil.example" })).rejects.toMatchObject({
      response: { statusCode: 403 },
    });
    await (await connect(uri("/echo"), { origin: "https://example.com" })).close();
  });

  test.each(["/native", "/tcp"])("the client %s", async (path) => {
    const close = { code: 1001, reason: "bye" };
    expect(await ask(path)).toEqual(["chat", "Grüße", [1, 2, 3], true, close, close]);
  });

  test("over TCP there is the whole protocol: pings, addresses, compression", async () => {
    expect(await ask("/ping")).toEqual(["number", "127.0.0.1", ["permessage-deflate"]]);
  });

  test("nobody there is a NetworkError", async () => {
    const response = await fetch(`http://127.0.0.1:${port}/fail?uri=${encodeURIComponent("ws://127.0.0.1:1/")}`);
    expect(await response.json()).toEqual(["NETWORK_ERROR"]);
  });
});
