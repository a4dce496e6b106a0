import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test, vi } from "vitest";
import type { Listener } from "../../src/connection/runtime.ts";
import type { Transport } from "../../src/connection/transport.ts";
import { NetworkError } from "../../src/errors/network.ts";
import { listen } from "../../src/runtimes/node/listen.ts";
import { connectTo, listening, RecordingSink, until } from "./sockets.ts";

const refuse = (transport: Transport): void => transport.abort();

function portOf(listener: Listener): number {
  return (listener.addresses[0] as { port: number }).port;
}

test("listen() accepts on an address, with the port that it was given or any", async () => {
  const accepted: Transport[] = [];
  const listener = await listen({ host: "127.0.0.1" }, (transport) => accepted.push(transport));
  const port = portOf(listener);
  expect(listener.addresses).toEqual([{ host: "127.0.0.1", port }]);
  const client = await connectTo(port);
  client.write("Spam");
  await until(() => accepted.length === 1);
  const sink = new RecordingSink();
  accepted[0]?.attach(sink);
  await until(() => sink.received === 4);
  client.end();
  await until(() => sink.events.includes("end"));
  expect(sink.isClosed).toBe(false); // half-open
  accepted[0]?.abort();
  client.destroy();
  await listener.close();
  // Free again.
  const again = await listen({ host: "127.0.0.1", port, backlog: 5 }, refuse);
  expect(portOf(again)).toBe(port);
  await again.close();
});

test("listen() on an address in use says so, also on localhost", async () => {
  const server = createServer();
  const port = await listening(server);
  for (const host of ["127.0.0.1", "localhost"]) {
    const error = await listen({ host, port }, refuse).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      reason: "address-in-use",
      message: `Cannot listen on ${host}:${port}: address already in use`,
    });
  }
  server.close();
  await once(server, "close");
});

test("listen() on a name that does not exist is a failure of DNS", async () => {
  await expect(listen({ host: "name.invalid", port: 1 }, refuse)).rejects.toMatchObject({
    reason: "dns",
    message: "Cannot listen on name.invalid:1: name not found",
  });
});

test("listen() on an address that the machine does not have fails", async () => {
  await expect(listen({ host: "203.0.113.77" }, refuse)).rejects.toMatchObject({
    reason: "other",
    message: expect.stringContaining("Cannot listen on 203.0.113.77:0: network error: ") as string,
  });
});

test("listen() on localhost binds all its addresses that the machine has, on one port", async () => {
  const listener = await listen({ host: "localhost" }, refuse);
  const port = portOf(listener);
  const own = new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));
  const names = (await lookup("localhost", { all: true })).map(({ address }) => address);
  const expected = [...new Set(names)].filter((address) => own.has(address));
  expect(listener.addresses).toEqual(expected.map((host) => ({ host, port })));
  for (const host of expected) (await connectTo(port, host)).destroy();
  await listener.close();
});

test("listen() without a host binds all addresses of the machine", async () => {
  const listener = await listen({}, refuse);
  (await connectTo(portOf(listener))).destroy();
  await listener.close();
});

test("Listener.unref() and ref() do what they say", async () => {
  const listener = await listen({ host: "127.0.0.1" }, refuse);
  listener.unref();
  listener.ref();
  await listener.close();
});

test.each([
  ["is not given", true, false, false],
  ["is given", true, true, true],
  ["is not known to this Node", false, false, true],
])("listen() when permission for the network %s", async (_what, isKnown, isGiven, listens) => {
  const permission = { value: { has: (scope: string) => scope === "net" && isGiven } };
  const flags = { value: new Set(isKnown ? ["--allow-net"] : []) };
  vi.stubGlobal("process", Object.create(process, { permission, allowedNodeEnvironmentFlags: flags }));
  try {
    const listened = listen({ host: "127.0.0.1" }, refuse);
    if (listens) return await (await listened).close();
    const message = "Cannot listen on 127.0.0.1:0: permission denied";
    await expect(listened).rejects.toMatchObject({ name: "NetworkError", reason: "permission", message });
  } finally {
    vi.unstubAllGlobals();
  }
});
