import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { ServerConnection } from "../../src/server/server-connection.ts";
import { fakeTimers, serveInMemory } from "./scene.ts";

beforeAll(fakeTimers);
afterAll(() => {
  vi.useRealTimers();
});

test("ServerConnection knows its server", async () => {
  let seen: ServerConnection | undefined;
  const { server, ask } = await serveInMemory((ws) => {
    seen = ws;
  });
  await ask();
  expect(seen?.server).toBe(server);
});

test("ServerConnection.respond() makes a plain text response with headers", async () => {
  const { ask } = await serveInMemory(undefined, {
    processRequest: (ws) => ws.respond(503, "é\n", { "Retry-After": "60", "Content-Type": "text/html" }),
  });
  const { answer } = await ask();
  expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(answer).toContain("\r\nRetry-After: 60\r\n");
  expect(answer).toContain("\r\nContent-Type: text/html\r\n");
  expect(answer).not.toContain("text/plain");
  expect(answer).toMatch(/\r\nContent-Length: 3\r\n.*\r\n\r\n\u00c3\u00a9\n$/s);
});
