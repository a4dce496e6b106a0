// Names with several addresses, which the machine of the test need not have.
import { lookup } from "node:dns/promises";
import { createServer } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { listen } from "../../src/runtimes/node/listen.ts";
import { listening } from "./sockets.ts";

vi.mock("node:dns/promises", () => ({ lookup: vi.fn() }));

const refuse = (): void => {};

function resolveTo(...addresses: readonly string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  vi.mocked(lookup).mockResolvedValue(found as never);
}

afterEach(() => {
  vi.resetAllMocks();
});

test("listen() binds every address of a name once, on one port", async () => {
  resolveTo("127.0.0.1", "127.0.0.2", "127.0.0.1");
  const listener = await listen({ host: "name" }, refuse);
  const [first, second] = listener.addresses as { host: string; port: number }[];
  expect([first?.host, second?.host]).toEqual(["127.0.0.1", "127.0.0.2"]);
  expect(first?.port).toBe(second?.port);
  expect(listener.addresses).toHaveLength(2);
  await listener.close();
});

test.each([
  ["last", ["127.0.0.1", "203.0.113.77"]],
  ["first", ["203.0.113.77", "127.0.0.1"]],
])("listen() leaves out an address that the machine does not have: %s", async (_where, addresses) => {
  resolveTo(...addresses);
  const listener = await listen({ host: "name" }, refuse);
  expect(listener.addresses).toMatchObject([{ host: "127.0.0.1" }]);
  await listener.close();
});

test("listen() fails on a name all whose addresses the machine does not have", async () => {
  resolveTo("203.0.113.77", "198.51.100.77");
  await expect(listen({ host: "name" }, refuse)).rejects.toMatchObject({ reason: "other" });
});

test("listen() with a port that is taken on the second address fails, and leaves the first free", async () => {
  const server = createServer();
  const port = await listening(server);
  resolveTo("127.0.0.2", "127.0.0.1");
  await expect(listen({ host: "name", port }, refuse)).rejects.toMatchObject({ reason: "address-in-use" });
  resolveTo("127.0.0.2");
  const listener = await listen({ host: "name", port }, refuse);
  await listener.close();
  server.close();
});

test("listen() with port 0 looks for a port that is free on all addresses, and gives up after some", async () => {
  // The same address in two spellings: never free twice.
  resolveTo("127.0.0.1", "127.1");
  await expect(listen({ host: "name" }, refuse)).rejects.toMatchObject({ reason: "address-in-use" });
});
