import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { LoggerLike } from "../../src/connection/logger.ts";
import type { ServeOptions } from "../../src/server/options.ts";

// What a thread loads with its first connection: modules are new for each test, so that it was not loaded before.

beforeEach(() => {
  vi.resetModules();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

type Log = { readonly lines: string[]; readonly logger: LoggerLike };

function log(): Log {
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text);
  return { lines, logger: { debug: () => {}, info: line, warn: line, error: line } };
}

/** Opens a connection between a server and a client of modules that nobody used before. */
async function open(ofServer: ServeOptions, ofClient: ConnectOptions): Promise<{ extensions: readonly unknown[] }> {
  const { bindServe } = await import("../../src/server/serve.ts");
  const { bindConnect } = await import("../../src/client/connect.ts");
  const { MemoryRuntime } = await import("../support/network.ts");
  const runtime = new MemoryRuntime();
  const server = await bindServe(runtime)((ws) => ws.closed.then(() => {}), { pingInterval: null, ...ofServer });
  const uri = `ws://memory:${(server.addresses[0] as { port: number }).port}/`;
  const ws = await bindConnect(runtime)(uri, { pingInterval: null, ...ofClient });
  await ws.close();
  await server.close();
  return ws;
}

test.each<[string, ServeOptions, ConnectOptions, boolean]>([
  ["by default", {}, {}, true],
  ["by a client, when the server wants none", { compression: null }, {}, false],
  ["by a server, when the client wants none", {}, { compression: null }, false],
])("codecs are loaded %s", async (_when, ofServer, ofClient, isAgreed) => {
  const { isCompressionLoaded } = await import("../../src/kernels/load-compression.ts");
  expect(isCompressionLoaded()).toBe(false);
  const ws = await open(ofServer, ofClient);
  expect(isCompressionLoaded()).toBe(true);
  expect(ws.extensions).toHaveLength(isAgreed ? 1 : 0);
});

test("codecs are not loaded where nobody wants any", async () => {
  const { isCompressionLoaded } = await import("../../src/kernels/load-compression.ts");
  await open({ compression: null }, { compression: null });
  expect(isCompressionLoaded()).toBe(false);
});

test("a signal that is aborted meanwhile ends the call, and nothing is dialled", async () => {
  const { bindConnect } = await import("../../src/client/connect.ts");
  const { MemoryRuntime } = await import("../support/network.ts");
  const runtime = new MemoryRuntime();
  const dial = vi.spyOn(runtime, "dial");
  const controller = new AbortController();
  const connecting = bindConnect(runtime)("ws://memory:1/", { signal: controller.signal });
  const outcome = connecting.then(
    () => "open",
    (error: unknown) => error,
  );
  controller.abort("enough");
  expect(await outcome).toBe("enough");
  expect(dial).not.toHaveBeenCalled();
});

const NOTICE = "Messages are not compressed: there is no WebAssembly here";

test("without WebAssembly messages are not compressed, and a client says so once", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  const { lines, logger } = log();
  const ws = await open({}, { logger });
  await open({}, { logger });
  expect(ws.extensions).toEqual([]);
  expect(lines.filter((line) => line === NOTICE)).toHaveLength(1);
});

test("so does a server, when a client offers compression", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  const { loadCompression } = await import("../../src/kernels/load-compression.ts");
  const { readServeOptions } = await import("../../src/server/options.ts");
  await loadCompression();
  const { lines, logger } = log();
  const [factory] = readServeOptions({ logger }, "test").handshake.extensions ?? [];
  for (let i = 0; i < 2; i++) {
    expect(() => factory?.processRequest([], [])).toThrow("there is no WebAssembly here");
  }
  expect(lines).toEqual([NOTICE]);
});
