// The example that shows how a server ends without hurting anybody, as a process of its own.
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { ROOT } from "../../build/project.mjs";
import { type Running, start } from "../repo/programs.ts";

const EXAMPLE = join(ROOT, "examples/graceful-shutdown.mjs");
const LIMIT = 10_000;

const running: Running[] = [];
const clients: WebSocket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  for (const example of running.splice(0)) await example.kill();
});

async function startExample(drain: number): Promise<{ readonly example: Running; readonly port: number }> {
  vi.stubEnv("PORT", "0");
  vi.stubEnv("DRAIN", String(drain));
  const example = start(process.execPath, [EXAMPLE], ROOT);
  vi.unstubAllEnvs();
  running.push(example);
  const port = await vi.waitUntil(() => /"port":(\d+)/.exec(example.output())?.[1], { timeout: LIMIT, interval: 20 });
  return { example, port: Number(port) };
}

async function openClient(port: number): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  clients.push(client);
  await once(client, "open");
  return client;
}

const healthOf = async (port: number): Promise<number> => (await fetch(`http://127.0.0.1:${port}/healthz`)).status;

describe("examples/graceful-shutdown.mjs", { tags: ["external"], timeout: 30_000 }, () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "fails its health check on %s, then closes with 1001, then ends",
    async (signal) => {
      const { example, port } = await startExample(1000);
      expect(await healthOf(port)).toBe(200);
      const client = await openClient(port);
      const closed = once(client, "close");
      example.child.kill(signal);
      await vi.waitUntil(async () => (await healthOf(port)) === 503, { timeout: LIMIT, interval: 20 });
      // Who is connected goes on meanwhile.
      client.send("still here");
      expect(String((await once(client, "message"))[0])).toBe("still here");
      const [code, reason] = await closed;
      expect([code, String(reason)]).toEqual([1001, "server restarts"]);
      expect(await example.exited(LIMIT)).toBe(0);
      expect(example.output().trim().split("\n").slice(1)).toEqual([
        `${signal}: draining`,
        "Closing 1 connections",
        "Closed",
      ]);
    },
  );

  test("ends at once when it is told twice", async () => {
    const { example, port } = await startExample(60_000);
    await openClient(port);
    example.child.kill("SIGTERM");
    await vi.waitUntil(() => example.output().includes("draining"), { timeout: LIMIT, interval: 20 });
    example.child.kill("SIGTERM");
    expect(await example.exited(LIMIT)).toBeNull();
    expect(example.child.signalCode).toBe("SIGTERM");
  });
});
