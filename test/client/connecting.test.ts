import { expect, test } from "vitest";
import type { ClientConnection } from "../../src/client/client-connection.ts";
import { Connecting } from "../../src/client/connecting.ts";
import { InvalidState } from "../../src/errors/protocol.ts";
import { unhandledDuring } from "../support/network.ts";

const CONNECTION = { isConnection: true } as unknown as ClientConnection;

function counted(open: () => Promise<ClientConnection>): { readonly connecting: Connecting; count: () => number } {
  let count = 0;
  const connecting = new Connecting({
    open() {
      count++;
      return open();
    },
    async *iterate() {
      count++;
      yield await open();
    },
  });
  return { connecting, count: () => count };
}

test("Connecting does nothing before somebody asks", async () => {
  const { count } = counted(() => Promise.reject(new Error("unused")));
  await new Promise((resolve) => setImmediate(resolve));
  expect(count()).toBe(0);
});

test("Connecting opens once, whoever asks", async () => {
  const { connecting, count } = counted(() => Promise.resolve(CONNECTION));
  expect(await connecting).toBe(CONNECTION);
  expect(await connecting).toBe(CONNECTION);
  expect(await connecting.then((ws) => [ws])).toEqual([CONNECTION]);
  expect(await connecting.catch(() => "caught")).toBe(CONNECTION);
  let ended = 0;
  expect(await connecting.finally(() => ended++)).toBe(CONNECTION);
  expect(await Promise.all([connecting, connecting])).toEqual([CONNECTION, CONNECTION]);
  expect([count(), ended]).toEqual([1, 1]);
});

test("Connecting fails once, whoever asks", async () => {
  const error = new Error("refused");
  const { connecting, count } = counted(() => Promise.reject(error));
  await expect(connecting).rejects.toBe(error);
  expect(await connecting.catch((reason: unknown) => reason)).toBe(error);
  expect(
    await connecting.then(
      () => "opened",
      (reason: unknown) => reason,
    ),
  ).toBe(error);
  await expect(connecting.finally(null)).rejects.toBe(error);
  expect(count()).toBe(1);
});

test("Connecting is a Promise by name, and forgetting it is no unhandled rejection", async () => {
  const found = await unhandledDuring(async () => {
    const { connecting } = counted(() => Promise.reject(new Error("unused")));
    expect(Object.prototype.toString.call(connecting)).toBe("[object Connecting]");
  });
  expect(found).toEqual([]);
});

test("Connecting can be iterated over instead, once", async () => {
  const { connecting, count } = counted(() => Promise.resolve(CONNECTION));
  const found: ClientConnection[] = [];
  for await (const ws of connecting) found.push(ws);
  expect([found, count()]).toEqual([[CONNECTION], 1]);
  expect(() => connecting[Symbol.asyncIterator]()).toThrow(InvalidState);
  for (const asked of [connecting.then(null), connecting.catch(null), connecting.finally(null)]) {
    await expect(asked).rejects.toBeInstanceOf(InvalidState);
  }
  expect(count()).toBe(1);
});

test("Connecting cannot be iterated over once it was awaited", async () => {
  const { connecting, count } = counted(() => Promise.resolve(CONNECTION));
  await connecting;
  expect(() => connecting[Symbol.asyncIterator]()).toThrow(InvalidState);
  expect(count()).toBe(1);
});
