import { expect, test } from "vitest";
import { watchForMessage } from "../../src/client/first-message.ts";
import { hex } from "../support/hex.ts";
import { openRaw } from "../support/network.ts";

test("watchForMessage() passes everything on, and leaves after the first message", async () => {
  const { link, ws, feed, peer, settle } = await openRaw("client", { maxQueue: 1 });
  const { owner } = link;
  const hasArrived = watchForMessage(link);
  expect(link.owner).not.toBe(owner);
  link.owner?.onOpen();
  await feed(hex`89 00`);
  link.owner?.onTurnEnd();
  expect([hasArrived(), link.owner?.isOverfull]).toEqual([false, false]);
  await feed(hex`81 01 61`, hex`82 00`);
  expect([hasArrived(), link.owner]).toEqual([true, owner]);
  expect(await ws.recv()).toBe("a");
  peer.end();
  await settle();
});

test("watchForMessage() passes on the end too", async () => {
  const { link, ws, transport, settle } = await openRaw("client");
  const hasArrived = watchForMessage(link);
  transport.abort();
  await settle();
  expect((await ws.closed).code).toBe(1006);
  expect(hasArrived()).toBe(false);
});
