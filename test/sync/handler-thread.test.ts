// The inside of a thread of handlers: jobs come from the test, which answers what the handler asks.
import { describe, expect, test } from "vitest";
import { toUtf8 } from "../../src/bytes/text-codec.ts";
import { runHandlers } from "../../src/sync/handler-thread.ts";
import type { Command } from "../../src/sync/layout.ts";
import { ConnectionMemory, ThreadMemory } from "../../src/sync/layout.ts";
import { Flag, Kind } from "../../src/sync/records.ts";
import { until } from "../real/support.ts";
import { FakeHost } from "./scripted.ts";

const END = {
  state: "closed",
  closeCode: 1006,
  closeReason: "",
  latency: null,
  bufferedAmount: 0,
  stats: {},
  error: { name: "ConnectionClosedError", message: "no close frame", fields: { received: null, sent: null } },
};

/** Runs the handler of a path; returns what the thread posted. */
async function run(path: string, module = "./handlers.mjs"): Promise<Command[]> {
  const host = new FakeHost();
  const memory = new ThreadMemory(host.memory);
  const connection = new ConnectionMemory();
  host.onPost = (message) => {
    if (typeof message !== "object" || !("do" in (message as Command)) || (message as Command).do !== "close") return;
    memory.replies.write(Kind.REPLY, Flag.LAST, toUtf8(JSON.stringify({ value: END })));
  };
  connection.received.write(Kind.END, Flag.LAST, toUtf8(JSON.stringify(END)));
  runHandlers(host);
  const opened = { request: { path: `/${path}`, headers: [] }, response: null, username: null, isDecoding: true };
  const handlerModule = new URL(module, import.meta.url).href;
  host.send({ handlerModule, connection: { id: 1, buffer: connection.buffer, opened } });
  await until("the end", () => host.posted.some((message) => (message as Command).do === "done"));
  return host.posted.filter((message): message is Command => typeof message === "object");
}

describe("runHandlers()", () => {
  test("closes with 1000 behind a handler that returns", async () => {
    const posted = await run("later");
    expect(posted).toContainEqual({ do: "close", id: 1, code: 1000, reason: "" });
    expect(posted.at(-1)).toEqual({ do: "done", error: undefined });
  });

  test("closes with 1011 behind one that throws, and tells the error with its stack", async () => {
    const posted = await run("throws");
    expect(posted).toContainEqual({ do: "close", id: 1, code: 1011, reason: "" });
    expect(posted.at(-1)).toMatchObject({
      error: { message: "a fault of the handler", stack: expect.stringContaining("handlers.mjs") as string },
    });
  });

  test("tells what is thrown and is no error", async () => {
    expect((await run("throws-text")).at(-1)).toMatchObject({ error: { message: "text", stack: undefined } });
    expect((await run("throws-nothing-known")).at(-1)).toMatchObject({ error: { message: "[object Object]" } });
  });

  test("the end of the connection is no fault of the handler", async () => {
    expect((await run("echo")).at(-1)).toEqual({ do: "done", error: undefined });
  });

  test("passes shutdown() on", async () => {
    expect(await run("shutdown")).toContainEqual({ do: "shutdown", options: {} });
  });

  test("tells a module that has no handler", async () => {
    expect((await run("x", "./no-options.mjs")).at(-1)).toMatchObject({ error: { name: "TypeError" } });
  });
});
