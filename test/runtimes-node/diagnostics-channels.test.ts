import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { bridgeDiagnostics, diagnostics } from "../../src/connection/diagnostics.ts";
import { outsideChannel } from "../../src/runtimes/node/diagnostics-channels.ts";
import { openRaw } from "../support/network.ts";

test("outsideChannel() is the channel of node:diagnostics_channel that is called wsasm:name", () => {
  expect(outsideChannel("open")).toBe(channel("wsasm:open"));
});

test("events are told on channels of Node once these are bridged, whenever somebody subscribes", async () => {
  const { ws } = await openRaw("server");
  const heard: unknown[] = [];
  const listener = (message: unknown, name: string | symbol): void => void heard.push([name, message]);
  subscribe("wsasm:open", listener);
  bridgeDiagnostics(outsideChannel);
  diagnostics.open.publish({ connection: ws });
  expect(diagnostics.latency.isWatched).toBe(false);
  subscribe("wsasm:latency", listener);
  expect(diagnostics.latency.isWatched).toBe(true);
  diagnostics.latency.publish({ connection: ws, latency: 2 });
  unsubscribe("wsasm:latency", listener);
  expect(diagnostics.latency.isWatched).toBe(false);
  unsubscribe("wsasm:open", listener);
  expect(heard).toEqual([
    ["wsasm:open", { connection: ws }],
    ["wsasm:latency", { connection: ws, latency: 2 }],
  ]);
});
