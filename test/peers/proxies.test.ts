// Through proxies that are not ours. Those that are not installed are skipped, and it is said so.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../src/client/options.ts";
import { connect, serve } from "../../src/node.ts";
import type { Server } from "../../src/server/server-connection.ts";
import { CA, LOCALHOST } from "../support/certificates.ts";
import type { ProxyProgram } from "./proxy-programs.ts";
import { hasProgram, startDante, startMicrosocks, startTinyproxy } from "./proxy-programs.ts";

let servers: readonly Server[] = [];

beforeAll(async () => {
  const options = { host: "127.0.0.1", closeTimeout: 1000 };
  servers = await Promise.all(
    [options, { ...options, tls: LOCALHOST }].map((each) =>
      serve(async (ws) => {
        for await (const message of ws) await ws.send(message);
      }, each),
    ),
  );
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

function portOf(index: number): number {
  const { addresses } = servers[index] as Server;
  return (addresses[0] as { port: number }).port;
}

const big = new Uint8Array(900_000).map((_, i) => i * 7);

/** Sends messages of all sizes both ways. */
async function echo(uri: string, options: ConnectOptions): Promise<void> {
  const ws = await connect(uri, options);
  for (const message of ["", "Spam", "\u00e9".repeat(40_000)]) {
    await ws.send(message);
    expect(await ws.recv()).toBe(message);
  }
  await ws.send(big);
  // toEqual() would take seconds.
  expect(Buffer.compare(big, await ws.recv({ decode: false }))).toBe(0);
  await ws.close();
  expect(ws.closeCode).toBe(1000);
}

function echoes(makeProxy: (proxy: ProxyProgram) => string, start: () => Promise<ProxyProgram>): void {
  test("carries ws: and wss: to a name and to an address", async () => {
    await using program = await start();
    const proxy = makeProxy(program);
    for (const host of ["localhost", "127.0.0.1"]) {
      await echo(`ws://${host}:${portOf(0)}/`, { proxy });
      await echo(`wss://${host}:${portOf(1)}/`, { proxy, tls: { ca: CA } });
    }
  });

  test("is taken from the environment", async () => {
    await using program = await start();
    process.env["wss_proxy"] = makeProxy(program);
    try {
      await echo(`wss://localhost:${portOf(1)}/`, { tls: { ca: CA } });
    } finally {
      delete process.env["wss_proxy"];
    }
  });

  test("carries connections side by side", async () => {
    await using program = await start();
    const proxy = makeProxy(program);
    await Promise.all(Array.from({ length: 20 }, () => echo(`ws://localhost:${portOf(0)}/`, { proxy })));
  });
}

async function failureOf(proxy: string, uri: string = `ws://localhost:${portOf(0)}/`): Promise<unknown> {
  return connect(uri, { proxy, tls: uri.startsWith("wss") ? { ca: CA } : undefined }).catch((error: unknown) => error);
}

describe.runIf(hasProgram("tinyproxy"))("tinyproxy", { tags: ["external"] }, () => {
  echoes(
    ({ port }) => `http://localhost:${port}`,
    () => startTinyproxy(),
  );

  test("wants credentials, and gets them", async () => {
    await using program = await startTinyproxy("user", "p-ss");
    const { port } = program;
    await echo(`ws://localhost:${portOf(0)}/`, { proxy: `http://user:p%2Dss@localhost:${port}` });
    for (const credentials of ["", "user:wrong@"]) {
      const error = await failureOf(`http://${credentials}localhost:${port}`);
      expect(error).toMatchObject({ code: "INVALID_PROXY_STATUS" });
      expect([401, 407]).toContain((error as { response: { statusCode: number } }).response.statusCode);
    }
  });

  test("refuses where it cannot reach the server", async () => {
    await using program = await startTinyproxy();
    expect(await failureOf(`http://localhost:${program.port}`, "ws://127.0.0.1:9/")).toMatchObject({
      code: "INVALID_PROXY_STATUS",
    });
  });
});

describe.runIf(hasProgram("microsocks"))("microsocks", { tags: ["external"] }, () => {
  for (const scheme of ["socks5", "socks5h"]) {
    describe(scheme, () =>
      echoes(
        ({ port }) => `${scheme}://localhost:${port}`,
        () => startMicrosocks(),
      ),
    );
  }

  test("wants credentials, and gets them", async () => {
    await using program = await startMicrosocks("user", "p@ss");
    const { port } = program;
    await echo(`ws://localhost:${portOf(0)}/`, { proxy: `socks5://user:p%40ss@localhost:${port}` });
    for (const credentials of ["", "user:wrong@"]) {
      expect(await failureOf(`socks5://${credentials}localhost:${port}`)).toMatchObject({
        code: "INVALID_PROXY_REPLY",
        reason: "authentication",
      });
    }
  });

  test("says that the server refuses", async () => {
    await using program = await startMicrosocks();
    expect(await failureOf(`socks5://localhost:${program.port}`, "ws://127.0.0.1:9/")).toMatchObject({
      code: "INVALID_PROXY_REPLY",
      reason: "refused",
    });
  });
});

describe.runIf(hasProgram("danted"))("Dante", { tags: ["external"] }, () => {
  // It takes names for SOCKS 5 alone.
  for (const scheme of ["socks4", "socks5", "socks5h"]) {
    describe(scheme, () => echoes(({ port }) => `${scheme}://localhost:${port}`, startDante));
  }

  test.each([
    ["socks5", "ws://127.0.0.1:9/", "refused"],
    ["socks5", "ws://127.0.0.3:9/", "not-allowed"],
    ["socks4", "ws://127.0.0.1:9/", "failure"],
    ["socks4", "ws://127.0.0.3:9/", "failure"],
  ])("with %s says why %s cannot be reached", async (scheme, uri, reason) => {
    await using program = await startDante();
    expect(await failureOf(`${scheme}://localhost:${program.port}`, uri)).toMatchObject({
      code: "INVALID_PROXY_REPLY",
      reason,
    });
  });
});
