import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { GuardedLogger } from "../../src/connection/logger.ts";
import { readConnectionOptions } from "../../src/connection/options.ts";
import { ServerLog } from "../../src/server/server-log.ts";
import { RecordingLogger } from "../support/network.ts";
import { fakeTimers, idle, requestWith, serveInMemory } from "./scene.ts";

beforeAll(fakeTimers);
afterAll(() => {
  vi.useRealTimers();
});

class InfoLogger extends RecordingLogger {
  info(message: string): void {
    this.lines.push({ level: "info", message, details: [] });
  }

  get texts(): readonly string[] {
    return this.lines.map(({ level, message }) => `${level} ${message.replaceAll(/: [^ ,]+:\d+/g, ": A")}`);
  }
}

test("a server tells at info what comes and goes", async () => {
  const logger = new InfoLogger();
  const { server, ask, settle } = await serveInMemory(idle, {
    logger,
    compression: null,
    host: "localhost",
    port: 8765,
    maxConnections: 1,
  });
  const { peer: plain } = await ask(requestWith({ Upgrade: undefined }));
  plain.end();
  const { peer } = await ask();
  const { peer: second } = await ask();
  second.end();
  peer.transport.abort();
  await settle();
  void server.close();
  await settle();
  vi.advanceTimersByTime(1000);
  await server.finished;
  expect(logger.texts).toEqual([
    "info = server listening on localhost:8765",
    "info = connection rejected: A, 426 Upgrade Required",
    "info = connection open: A",
    "info = connection rejected: A, 503 Service Unavailable",
    "info x connection closed: A, 1006",
    "info = server closing",
    "info = server closed",
  ]);
});

test.each([
  [[{ host: "::1", port: 1 }, { path: "/run/a" }], ["= server listening on [::1]:1, unix:/run/a"]],
  [[{ path: "" }], ["= server listening on unix"]],
  [[], []],
])("ServerLog.listening(%j)", (addresses, expected) => {
  const logger = new InfoLogger();
  new ServerLog({ ...readConnectionOptions({ logger }), log: new GuardedLogger(logger) }).listening(addresses);
  expect(logger.lines.map(({ message }) => message)).toEqual(expected);
});
