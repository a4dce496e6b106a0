import { expect, test } from "vitest";
import { ClientConnection } from "../../src/client/client-connection.ts";
import { hex } from "../support/hex.ts";
import { openRaw } from "../support/network.ts";

test("ClientConnection knows whether a message has arrived", async () => {
  const { link, feed } = await openRaw("client");
  const ws = new ClientConnection(link);
  await feed(hex`89 00`);
  expect(ws.hasReceived()).toBe(false);
  await feed(hex`81 02 68 69`);
  expect(ws.hasReceived()).toBe(true);
  expect(await ws.recv()).toBe("hi");
});
